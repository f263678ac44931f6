"""Numbers in sentences: one is singular, and a number beside its limit does not look like it."""

from decimal import Decimal

import pytest
from sqlalchemy import Engine, text

from flows.artifacts import markdown
from standing.contract.targets import TARGETS
from standing.decisions.undo import Undone
from standing.gate.verdict import LimitCheck
from standing.monitor.drift import Reconciliation
from standing.monitor.reconcile import NOT_LOGGED
from standing.publish.publish import TargetChanges
from standing.run.outcome import RunOutcome
from standing.sql import told_apart as told_apart_in_sql
from standing.text import percent, plural, told_apart

#: A value, its limits, the usual decimals, and what is shown.
BESIDE = (
    ("4.697674418604651", ("4.7",), 2, "4.698"),
    ("4.7", ("4.7",), 2, "4.70"),
    ("4.7000001", ("4.7",), 2, "4.7000001"),
    ("4.6977", ("4.7", "4.5", "500"), 1, "4.698"),
    ("4.95", ("5",), 0, "4.95"),
    ("-0.2504", ("0.25", "-0.25"), 2, "-0.2504"),
    ("2.04", ("2",), 1, "2.04"),
    ("90.87", ("2",), 1, "90.9"),
    ("0.125", (), 2, "0.13"),
)


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 members"), (1, "1 member"), (2, "2 members"), (2000, "2,000 members")]
)
def test_one_is_singular_and_thousands_have_a_comma(count: int, said: str) -> None:
    assert plural(count, "member") == said


def test_a_word_of_its_own_for_many_brings_its_verb() -> None:
    assert plural(1, "row waits", "rows wait") == "1 row waits"
    assert plural(2, "row waits", "rows wait") == "2 rows wait"


def test_a_run_of_points_speaks_of_points_and_of_members_left_alone() -> None:
    points = {"taken": 25, "issued": 1_234, "expired": 0}
    found = TargetChanges("points", 82, 12, 0, 3, {"points": 12}, "no sum", points)
    said = "points: 12 of 82 changed (12 points), 1,234 issued, 25 taken, 0 expired, 3 not written: no sum"
    assert found.words == said
    outcome = RunOutcome(7, "published", "", changes=(found,), written={"points": 11})
    assert f"{said}; the points of 11 members written" in markdown(outcome)


def test_one_document_that_was_put_back_or_differs_is_one() -> None:
    assert Undone(7, {"ratings": 1}, {}, {}).message == "run 7 undone: 1 document put back and held"
    undone = Undone(7, {"points": 2}, {}, {})
    assert undone.message == "run 7 undone: the points of 2 members put back and held"
    found = Reconciliation(
        RunOutcome(7, "published", "", published=TARGETS), 1504, {"ratings": {NOT_LOGGED: 1}}
    )
    assert found.message == "run 7: 1 document differs from a full recompute, of 1,504 compared"
    said = "1 document differs from a full recompute, of 1,504 compared: ratings: 1 where"
    assert str(found.error).startswith(said)


@pytest.mark.parametrize(("value", "limits", "digits", "shown"), BESIDE)
def test_a_number_has_the_digits_that_tell_it_apart_from_its_limits(
    value: str, limits: tuple[str, ...], digits: int, shown: str
) -> None:
    assert str(told_apart(Decimal(value), map(Decimal, limits), digits)) == shown


def test_the_server_tells_numbers_apart_in_the_same_way(engine: Engine) -> None:
    with engine.connect() as connection:
        for value, limits, digits, shown in BESIDE:
            limited = [*(f"({one})" for one in limits), "null::numeric"]
            expression = told_apart_in_sql(f"max(given.x * {value})", limited, digits)
            statement = f"select {expression} from (values (1), (0)) as given (x) where given.x > 0"
            assert connection.scalar(text(statement)) == shown


@pytest.mark.parametrize(
    ("measure", "observed", "limit", "said"),
    [
        (
            "changed_share",
            "0.12804",
            "0.128",
            "trust_score: 12.804% of the members change in points or level (limit 12.8%)",
        ),
        (
            "changed_share",
            "0.8035",
            "0.75",
            "trust_score: 80.4% of the members change in points or level (limit 75%)",
        ),
        ("mean_shift", "-0.2504", "0.25", "trust_score: the mean moves by -0.2504 (limit 0.25)"),
        ("mean_shift", "5.1", "5", "trust_score: the mean moves by +5.10 (limit 5)"),
    ],
)
def test_the_gate_shows_a_number_that_is_over_its_limit(
    measure: str, observed: str, limit: str, said: str
) -> None:
    check = LimitCheck("trust_score", measure, 100, Decimal(observed), None, Decimal(limit), "stopped")
    assert check.sentence == said
    assert percent(Decimal("0.8035")) == "80.4%"

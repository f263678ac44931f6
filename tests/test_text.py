"""What is counted is said in the singular where it is one."""

import pytest

from standing.decisions.undo import Undone
from standing.monitor.drift import Reconciliation
from standing.monitor.reconcile import NOT_LOGGED
from standing.run.outcome import RunOutcome
from standing.text import plural


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 members"), (1, "1 member"), (2, "2 members"), (2000, "2,000 members")]
)
def test_one_is_singular_and_thousands_have_a_comma(count: int, said: str) -> None:
    assert plural(count, "member") == said


def test_a_word_of_its_own_for_many_brings_its_verb() -> None:
    assert plural(1, "row waits", "rows wait") == "1 row waits"
    assert plural(2, "row waits", "rows wait") == "2 rows wait"


def test_one_document_that_was_put_back_or_differs_is_one() -> None:
    assert Undone(7, {"ratings": 1}, {}, {}).message == "run 7 undone: 1 document put back and held"
    found = Reconciliation(RunOutcome(7, "published", ""), 1504, {"ratings": {NOT_LOGGED: 1}})
    assert found.message == "run 7: 1 document differs from a full recompute, of 1,504 compared"
    said = "1 document differs from a full recompute, of 1,504 compared: ratings: 1 where"
    assert str(found.error).startswith(said)

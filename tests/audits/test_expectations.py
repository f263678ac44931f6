"""Verdicts and the suites as written down: no database."""

import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from expectations import AuditError, AuditScope, ExpectationResult, Verdict
from expectations.engine.catalog import Catalog, audit_url
from expectations.engine.later import when_used
from expectations.engine.rules import Rule, Scan, Whole
from expectations.suites.rewards import LEDGER_COLUMNS, READ, reward_scans
from expectations.validation import SUITES, split
from expectations.verdict import SEVERITIES, in_order
from standing.contract.points import POINTS
from standing.contract.sources import FAMILIES
from standing.contract.targets import DOCUMENTS
from standing.sql import literals, quoted

SCOPE = AuditScope("postgresql://localhost/shop", "standing_build", "public", DOCUMENTS)
NOTHING = Catalog({})


def outcome(severity: str, success: bool) -> ExpectationResult:
    return ExpectationResult(f"{severity}_{success}", severity, success, "meaning", "action", "observed")


@pytest.mark.parametrize(
    ("severity", "success", "passed", "warned"),
    [
        ("critical", True, True, False),
        ("critical", False, False, False),
        ("warning", False, True, True),
        ("info", False, True, False),
    ],
)
def test_severity_decides(severity: str, success: bool, passed: bool, warned: bool) -> None:
    verdict = Verdict("sources", (outcome(severity, success),), 0.1)

    assert (verdict.passed, verdict.warned) == (passed, warned)


def test_failures_come_first_gravest_first() -> None:
    mixed = [
        outcome("critical", True),
        outcome("info", False),
        outcome("warning", False),
        outcome("critical", False),
    ]

    assert [(one.severity, one.success) for one in in_order(mixed)] == [
        ("critical", False),
        ("warning", False),
        ("info", False),
        ("critical", True),
    ]


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(AuditError("what", "fix")))  # noqa: S301 - our own bytes

    assert (error.message, error.fix) == ("what", "fix")
    assert str(error) == "what\n  fix: fix"


@pytest.mark.parametrize("suite", SUITES)
def test_every_rule_says_what_it_means_and_what_to_do(suite: str) -> None:
    rules = [rule for scan in SUITES[suite](SCOPE, NOTHING) for rule in scan.rules]

    assert len(rules) > 10
    assert len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.severity in SEVERITIES[:2]
        assert len(rule.meaning) > 20, rule.name
        assert len(rule.action) > 10, rule.name


def test_a_rule_without_its_columns_is_left_out_and_said_so() -> None:
    kept = Rule("kept", "critical", "false", "meaning", "action")
    dropped = Whole("dropped", "critical", "0", "''", "meaning", "action", needs=("orders.paid_at",))

    scans, skipped = split([Scan("orders", "id", (kept, dropped))], NOTHING)

    assert scans == [Scan("orders", "id", (kept,))]
    assert [(one.expectation, one.severity, one.success) for one in skipped] == [("dropped", "info", False)]
    assert "orders.paid_at" in skipped[0].observed


def test_a_column_of_an_unfit_type_is_not_usable() -> None:
    catalog = Catalog({"orders.status": "integer", "orders.total_amount": "numeric"})

    assert not catalog.usable("orders.status")
    assert catalog.usable("orders.total_amount")
    assert not catalog.usable("orders.paid_at")


def test_names_and_texts_are_quoted() -> None:
    assert quoted('Old "Shop', "orders") == '"Old ""Shop"."orders"'
    assert literals(("it's",)) == "array['it''s']::text[]"


def test_the_password_stays_out_of_sight() -> None:
    scope = AuditScope("postgresql://me:hunter2@db/shop", "b", "public", ())

    assert "hunter2" not in repr(scope)


def test_an_audit_only_reads_on_the_socket_that_it_was_given() -> None:
    url = audit_url(AuditScope("postgresql://me@localhost/shop?host=/run/pg", "b", "public", ()))

    assert url.host == "localhost"
    assert url.query["host"] == "/run/pg"
    assert "default_transaction_read_only=on" in url.query["options"]


def test_what_a_library_hardly_uses_loads_when_it_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "seldom.py").write_text("answer = 42\n")
    (tmp_path / "library.py").write_text("import seldom\ndef ask():\n    return seldom.answer\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with when_used("seldom"):
        import library  # type: ignore[import-not-found]
    assert "seldom" not in sys.modules
    assert library.ask() == 42
    assert "seldom" in sys.modules
    del sys.modules["library"], sys.modules["seldom"]


def test_great_expectations_loads_without_its_statistics() -> None:
    code = "import sys, expectations.engine.gx; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "great_expectations.expectations.core.expect_column_kl_divergence_to_be_less_than" in loaded
    assert not {"scipy.stats", "altair"} & set(loaded)


def test_a_reward_of_an_odd_type_is_said_to_be_unchecked() -> None:
    types = {path: FAMILIES[family][0] for path, family in READ.items()}
    types |= {f"points_transactions.{column}": "text" for column in LEDGER_COLUMNS}
    types["points_transactions.amount"] = "integer"
    scope = replace(SCOPE, targets=(POINTS,))

    def unchecked(**odd: str) -> set[str]:
        catalog = Catalog(types | {path.replace("__", "."): kind for path, kind in odd.items()})
        _, skipped = split(reward_scans((POINTS,), scope, catalog), catalog)
        return {one.observed.rpartition(": ")[2] for one in skipped}

    assert unchecked() == set()
    assert unchecked(redeemed_rewards__points_spent="text") == {"redeemed_rewards.points_spent (number)"}

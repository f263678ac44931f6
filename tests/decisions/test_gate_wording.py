"""A difference as text: the largest changes, and only what explains them."""

from decimal import Decimal

import pytest

from standing.decisions.difference import ColumnChange, Difference, Matrix
from standing.decisions.wording import as_text
from standing.gate.verdict import GateVerdict
from standing.report.moves import FactorChange, MemberChange

FACTOR = FactorChange("email_verified", "E-mail address verified", "ยืนยันอีเมลแล้ว", Decimal("2.0"), None)


@pytest.mark.parametrize(
    ("before", "after", "step_before", "step_after", "said"),
    [
        ("66.5", "66.5", "silver", "bronze", "66.5, silver → bronze"),
        ("66.5", "64.5", "silver", "silver", "66.5 → 64.5, silver"),
        ("61.0", "59.0", "silver", "bronze", "61.0 → 59.0, silver → bronze"),
        ("50.0", "50.0", None, "bronze", "50.0, none → bronze"),
        ("95.24", "95.24", None, None, "95.24"),
        (None, "4.5", None, None, "none → 4.5"),
    ],
)
def test_a_change_has_an_arrow_only_where_something_moves(
    before: str | None, after: str, step_before: str | None, step_after: str | None, said: str
) -> None:
    change = MemberChange(
        target="trust_score",
        member_id="a",
        before=None if before is None else Decimal(before),
        after=Decimal(after),
        step_before=step_before,
        step_after=step_after,
        factors=(FACTOR,),
    )
    column = ColumnChange("trust_score", "users.trust_score", members=1, changed=1)
    lines = as_text(Difference(None, (column,), (), (change,), GateVerdict())).splitlines()
    assert f"    a: overall_score {said}" in lines
    assert "      -2.0 E-mail address verified: 2.0 → none" in lines


def test_a_difference_without_a_change_says_so_in_one_line() -> None:
    column = ColumnChange("trust_score", "users.trust_score", members=1, changed=0)
    assert as_text(Difference(None, (column,), (), (), GateVerdict())) == "nothing would change"


def test_members_by_level_are_shown_only_where_somebody_moves() -> None:
    column = ColumnChange("trust_score", "users.trust_score", members=3, changed=1)
    steps = (("bronze", "บรอนซ์"), ("silver", "ซิลเวอร์"))
    stays: dict[tuple[str | None, str], int] = {("bronze", "bronze"): 2, ("silver", "silver"): 1}
    moves: dict[tuple[str | None, str], int] = {("bronze", "bronze"): 2, ("bronze", "silver"): 1}
    shown = [
        as_text(Difference(None, (column,), (Matrix("trust_score", steps, cells),), (), GateVerdict()))
        for cells in (stays, moves)
    ]
    assert ["before (down)" in one for one in shown] == [False, True]

"""A difference as text for a terminal."""

from decimal import Decimal

from standing.contract.changes import counted
from standing.contract.targets import DOCUMENTS
from standing.decisions.difference import Difference, Matrix
from standing.report.changes import ReplacedValue
from standing.report.moves import FactorChange, MemberChange, by_cause
from standing.report.wording import FACTORS, name
from standing.text import percent, plural

#: Members listed of each cause.
EXAMPLES = 3


def as_text(difference: Difference, most: int | None = EXAMPLES) -> str:
    """The whole difference: columns, matrices, largest changes, and what the gate says of it.

    Of each cause `most` members are listed; None lists all.
    """
    if difference.run_id is None and not any(one.changed for one in difference.columns):
        return "nothing would change"
    lines = [f"run {difference.run_id} would write" if difference.run_id else "against what is published"]
    lines += [f"  because {one.words}" for one in difference.causes]
    for one in difference.columns:
        share = percent(Decimal(one.changed) / one.members if one.members else Decimal(0))
        how = f": {counted(one.by_class)}" if one.changed else ""
        lines.append(f"  {one.column:<32}{one.changed:>10,} of {one.members:,} change ({share}){how}")
        lines += [_replaced(replaced) for replaced in difference.replaced if replaced.target == one.target]
    for matrix in difference.matrices:
        if any(before != after for before, after in matrix.cells):
            lines += ["", *_matrix(matrix)]
    if difference.largest_changes:
        more = "" if most is None else "; with --all every member"
        lines += ["", f"largest moves, by cause, losses first{more}"]
        for changes in by_cause(difference.largest_changes):
            first = changes[0]
            arrow = {"down": "↓", "up": "↑"}.get(first.direction, "·")
            who = plural(first.alike, first.unit.removesuffix("s"))
            lines.append(f"  {first.target} {arrow} {who}: {first.cause}")
            for change in changes[:most]:
                lines += _change(change)
    lines.append("")
    stops, warns = ("stopped", "warned") if difference.run_id else ("would stop", "would warn")
    over = [(stops, one) for one in difference.gate.over("stopped")]
    over += [(warns, one) for one in difference.gate.over("warned")]
    lines += [f"gate: {verdict}: {one.sentence}" for verdict, one in over]
    if not over:
        lines.append("gate: within the limits")
    return "\n".join(lines)


def _replaced(one: ReplacedValue) -> str:
    such = ", such as" if one.pairs > 1 else ":"
    number = plural(one.documents, "document")
    before, after = ("none" if value is None else value for value in (one.before, one.after))
    return f"    {one.change}: {one.key} in {number}{such} {before} → {after}"


def _matrix(matrix: Matrix) -> list[str]:
    codes = [code for code, _ in matrix.steps]
    others = {before for before, _ in matrix.cells} - set(codes)
    rows = [*codes, *sorted(others, key=str)]
    width = max(len(code) for code in [*codes, "before"]) + 2
    lines = [f"{matrix.target}: members before (down) and after (across)"]
    lines.append("  " + " " * width + "".join(f"{code:>{max(len(code), 7) + 2}}" for code in codes))
    for row in rows:
        counts = [matrix.cells.get((row, code), 0) for code in codes]
        if not any(counts):
            continue
        shown = "".join(
            f"{format(count, ',') if count else '·':>{max(len(code), 7) + 2}}"
            for code, count in zip(codes, counts, strict=True)
        )
        label = dict(matrix.steps).get(row or "", "")
        lines.append(f"  {row or 'none':<{width}}{shown}   {label}".rstrip())
    return lines


def _change(change: MemberChange) -> list[str]:
    number = next(target.number for target in DOCUMENTS if target.name == change.target)
    parts = [f"{number} {_move(_number(change.before), _number(change.after))}"]
    if change.step_after:
        parts.append(_move(change.step_before or "none", change.step_after))
    lines = [f"    {change.member_id}: {', '.join(parts)}"]
    if change.requirement and not change.cause.startswith(change.requirement):
        lines.append(f"      {change.requirement}")
    return lines + [f"      {_factor(one)}" for one in change.factors[:FACTORS]]


def _move(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _factor(factor: FactorChange) -> str:
    change = (factor.after or Decimal(0)) - (factor.before or Decimal(0))
    label = name(factor.code) if factor.label_en == factor.code else factor.label_en
    return f"{change:+,f} {label}: {_move(_number(factor.before), _number(factor.after))}"


def _number(value: Decimal | None) -> str:
    return "none" if value is None else f"{value:,f}"

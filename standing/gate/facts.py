"""What the gate saw, as a fact with its number and its limit: the headline of a run and of a message."""

from standing.contract.targets import TARGETS, Target
from standing.gate.verdict import GateVerdict, LimitCheck
from standing.text import percent, told_apart

#: What a measure's members do; {step} is a level or a tier.
_FACTS = {
    "changed_share": "{who} {would}change",
    "moved_up_share": "{who} {would}gain a {step}",
    "moved_down_share": "{who} {would}lose a {step}",
    "lost_values_share": "{who} {would}lose a value that they had",
    "lost_members_share": "{who} {would}keep a document that no rule gives them any more",
}
#: The graver first.
_GRAVER = ("lost_members_share", "lost_values_share", "moved_down_share", "moved_up_share", "mean_shift")


def headline(verdict: GateVerdict, ended: str) -> str:
    """The gravest check that ended as `ended`, as a sentence, and how many limits more were passed."""
    over = sorted(verdict.over(ended), key=_gravity)
    more = f", and {len(over) - 1} more beyond limits" if len(over) > 1 else ""
    return f"{fact(over[0])}{more}." if over else ""


def fact(check: LimitCheck) -> str:
    """Such as: 255 members would lose a level: 12.8%, limit 10% (trust score)."""
    target = next(one for one in TARGETS if one.name == check.target)
    limit = {"warned": check.warn, "stopped": check.stop}.get(check.verdict)
    would = "would " if check.verdict == "stopped" else ""
    name = check.target.replace("_", " ")
    if check.measure == "mean_shift":
        beyond = "" if limit is None else f", limit {limit.normalize():f}"
        limits = () if limit is None else (limit, -limit)  # a mean's limit holds both ways
        shift = told_apart(check.observed, limits, 2)
        return f"The mean of {name} {would}move{'' if would else 's'} by {shift:+f}{beyond}"
    said = _FACTS[check.measure].format(who=_who(check, target), would=would, step=_step(target))
    beyond = "" if limit is None else f", limit {(100 * limit).normalize():f}%"
    return f"{said}: {percent(check.observed, limit)}{beyond} ({name})"


def _gravity(check: LimitCheck) -> int:
    return _GRAVER.index(check.measure) if check.measure in _GRAVER else len(_GRAVER)


def _who(check: LimitCheck, target: Target) -> str:
    unit = target.members.unit
    return f"{check.members:,} {unit.removesuffix('s') if check.members == 1 else unit}"


def _step(target: Target) -> str:
    return target.ladder.title.split()[-1].lower() if target.ladder else "level"

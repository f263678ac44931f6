"""What the gate saw, as a fact with its number and its limit: the headline of a run and of a message."""

from standing.contract.targets import TARGETS, AnyTarget, Target
from standing.gate.verdict import GateVerdict, LimitCheck
from standing.text import percent, told_apart

#: What a measure's members do; {step} is a level or a tier.
_FACTS = {
    "changed_share": "{who} {would}change",
    "moved_up_share": "{who} {would}gain a {step}",
    "moved_down_share": "{who} {would}lose a {step}",
    "lost_values_share": "{who} {would}lose a value that they had",
    "lost_members_share": "{who} {would}keep a document that no rule gives them any more",
    "issued_share": "{who} {would}get new points, in percent of all outstanding",
    "taken_share": "{who} {would}lose points that they had earned, in percent of all outstanding",
    "expired_share": "{who} {would}see points expire, in percent of all outstanding",
    "expired_unforeseen": "{who} {would}have points end otherwise than the last run had foreseen",
    "newly_negative_share": "{who} {would}fall below zero points",
    "left_alone_share": "{who} {would}be left alone, because their balance is not their ledger's sum",
}
#: The graver first.
_GRAVER = (
    "left_alone_share",
    "newly_negative_share",
    "largest_posting",
    "taken_share",
    "issued_share",
    "expired_unforeseen",
    "expired_share",
    "lost_members_share",
    "lost_values_share",
    "moved_down_share",
    "moved_up_share",
    "mean_shift",
)


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
    if check.measure == "largest_posting":
        beyond = "" if limit is None else f", limit {limit:,.0f}"
        is_of = "would be" if would else "is"
        return f"One posting {is_of} of {check.observed:,.0f} points{beyond} ({name})"
    said = _FACTS[check.measure].format(who=_who(check, target), would=would, step=_step(target))
    beyond = "" if limit is None else f", limit {(100 * limit).normalize():f}%"
    return f"{said}: {percent(check.observed, limit)}{beyond} ({name})"


def _gravity(check: LimitCheck) -> int:
    return _GRAVER.index(check.measure) if check.measure in _GRAVER else len(_GRAVER)


def _who(check: LimitCheck, target: AnyTarget) -> str:
    unit = target.members.unit
    return f"{check.members:,} {unit.removesuffix('s') if check.members == 1 else unit}"


def _step(target: AnyTarget) -> str:
    ladder = target.ladder if isinstance(target, Target) else None
    return ladder.title.split()[-1].lower() if ladder else "level"

"""What dbt is asked to build: policy, and marts with everything that they are made of."""

from standing import PROJECT_ROOT
from standing.contract.targets import AnyTarget

#: The models that read nothing but the tables of seeds/.
POLICY_MODELS = frozenset(
    {"int_problem_card", "int_scorecard", "int_scorecard_metrics", "int_trust_levels"}
)
#: The tables of seeds/, what is tested about them, and the models that read nothing else.
POLICY = ("path:seeds", "path:tests/dbt/*.sql", *sorted(POLICY_MODELS))
#: All of it, as a build has it.
SEEDS = sorted(path.stem for path in (PROJECT_ROOT / "seeds").glob("*.csv"))
POLICY_TABLES = (*SEEDS, *sorted(POLICY_MODELS))
#: The views that a prepared build's schema has (standing/build/prepared.py).
STAGING = "path:models/staging,config.materialized:view"
#: Rows that are set aside are counted in every run.
ALWAYS = "stg_quarantine_counts"


def needed(targets: tuple[AnyTarget, ...]) -> tuple[str, ...]:
    """The models that a run of the targets reads itself; everything else is there for one of them."""
    keys = dict.fromkeys(target.members.all_keys for target in targets)
    return (*(mart for target in targets for mart in target.marts), *keys, ALWAYS)


def _selected(targets: tuple[AnyTarget, ...]) -> tuple[str, ...]:
    return tuple(f"+{model}" for model in needed(targets))


def whole(targets: tuple[AnyTarget, ...]) -> tuple[str, ...]:
    """Everything of a run that finds nothing in its place."""
    return ("--select", *_selected(targets), *POLICY)


def without_policy(targets: tuple[AnyTarget, ...], is_prepared: bool = False) -> tuple[str, ...]:
    """The targets, over policy's tables as they are; over the staging views, too, if prepared."""
    prepared = (STAGING,) if is_prepared else ()
    return ("--select", *_selected(targets), "--exclude", "path:seeds", *sorted(POLICY_MODELS), *prepared)

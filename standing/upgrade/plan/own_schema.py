"""Standing's own tables, as a step of the upgrade."""

from standing.state.schema import STATEMENTS
from standing.upgrade.steps import Step


def plan_own_schema() -> list[Step]:
    """One step; the schema itself is there by then, for the version table."""
    return [Step("Standing's own tables", STATEMENTS)]

"""What stands in the application's columns now, and the last runs."""

from typing import Any

from sqlalchemy import Engine

from standing.database import rows
from standing.publish_sql import quoted
from standing.settings import Settings
from standing.state import last_runs

RUNS_SHOWN = 5
#: Title, unit, table, column and the key that members are counted by.
COUNTED = (
    ("trust levels", "members", "users", "trust_score", "level"),
    ("seller tiers", "sellers", "seller_profiles", "tier_info", "current_tier"),
)


def gather(engine: Engine, settings: Settings) -> dict[str, Any]:
    """Members by published level and tier, and the last runs: `documents` and `runs`."""
    documents = []
    with engine.connect() as connection:
        for title, unit, table, column, key in COUNTED:
            counted = rows(
                connection,
                f"select coalesce({column} ->> '{key}', 'none') as name, count(*) as members"
                f" from {quoted(settings.application_schema, table)} group by 1 order by 2 desc, 1",
            )
            documents.append(
                {
                    "title": title,
                    "unit": unit,
                    "members": sum(row["members"] for row in counted),
                    "steps": counted,
                }
            )
    return {"documents": documents, "runs": last_runs(engine, RUNS_SHOWN)}

"""The check of `standing preflight` on the schemas that Standing uses: whose they are."""

from collections.abc import Iterator
from typing import Any

from psycopg import Connection

from standing.database.owners import not_ours
from standing.errors import NotUpgraded
from standing.settings import Settings
from standing.upgrade.adopt import others
from standing.upgrade.checks.server import Check
from standing.upgrade.forward import require_not_newer


def schemas(connection: Connection[Any], settings: Settings) -> Iterator[Check]:
    """Nothing in them, or leaning on what is in them, is somebody else's."""
    try:
        require_not_newer(connection)
    except NotUpgraded as error:
        yield Check("version", "no-go", error.message, error.fix)
    if found := others(connection, settings):
        refusal = not_ours(found)
        yield Check("schemas", "no-go", refusal.message, refusal.fix)
    else:
        names = f"standing, {settings.build_schema} and the schemas that runs make beside it"
        yield Check("schemas", "ok", f"{names} are Standing's, or free")

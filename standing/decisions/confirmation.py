"""After an approval: whom the stopped run built is not due any more, as if it had published itself."""

from sqlalchemy import Connection, Engine, text

from standing.contract.targets import AnyTarget
from standing.database.chunks import write_chunk
from standing.database.lock import RunLock
from standing.incremental.acknowledge import Published
from standing.publish.destinations import destinations
from standing.publish.publish import confirm_in
from standing.settings import Settings
from standing.sql import quoted


def confirm_build(
    engine: Engine, lock: RunLock, settings: Settings, targets: tuple[AnyTarget, ...], of: tuple[int, int]
) -> None:
    """Confirm the build of the stopped run of[0], which run of[1] has published and nobody built over.

    Members whose document was left as it was stay due.
    """
    stopped, run_id = of

    def confirm(connection: Connection) -> None:
        everybody = connection.scalar(
            text(
                f"select everybody from {quoted(settings.build_schema, 'run_context')}"
                " where run_id = :stopped"
            ),
            {"stopped": stopped},
        )
        noted = connection.execute(
            text("select target, depends_on from standing.change_set_builds where run_id = :stopped"),
            {"stopped": stopped},
        )
        depends_on = {row.target: row.depends_on for row in noted}
        if everybody is None or not {target.name for target in targets} <= depends_on.keys():
            return
        connection.execute(text("set local statement_timeout = 0"))
        for place in destinations(settings, targets):
            connection.execute(
                text(
                    f"delete from {place.due} as built using standing.change_sets as left_alone"
                    " join standing.due using (target, member_id)"
                    f" where left_alone.run_id = :stopped and left_alone.member_id = built.{place.due_key}"
                ),
                {"stopped": stopped},
            )
        confirm_in(connection, settings, targets, Published(run_id, everybody, depends_on))

    write_chunk(engine, lock, "the members that are no longer due", f"standing approve {stopped}", confirm)

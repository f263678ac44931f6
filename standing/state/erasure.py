"""Who is gone from the application is erased from everything that Standing keeps in the database."""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from standing.contract.members import USERS, MemberKind
from standing.contract.targets import TARGETS, AnyTarget
from standing.database.connect import server_message
from standing.database.owners import is_marked
from standing.log import logger
from standing.settings import Settings
from standing.sql import quoted
from standing.state.history import prune

#: Standing's tables with a member's key next to a target. Not the due: until each target's next run they
#: say that its mart still has a row of somebody who is gone.
MEMBER_TABLES = ("history", "change_sets", "member_state", "holds")
#: How a key is written in the messages and summaries of runs.
KEY = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ERASED = "(erased)"


def tidy(engine: Engine, settings: Settings, run_id: int, everybody: bool) -> None:
    """At the end of a run, under its lock: drop old days, erase who is gone, forget strays.

    It looks for members who are gone among those whom the run built; everywhere, if the run built
    `everybody` or is the day's first. If the server is too busy, the next run does it.
    """
    try:
        with engine.begin() as connection:
            connection.execute(text("set local lock_timeout = '2s'"))
            prune(connection, settings)
        with engine.begin() as connection:
            erase(connection, settings, everybody or _is_first_today(connection, run_id))
            _drop_stray_change_sets(connection)
    except DBAPIError as error:
        logger(run_id, "tidy").warning("history not tidied: %s", server_message(error))


def erase(connection: Connection, settings: Settings, everywhere: bool = True) -> int:
    """Erase the members that the application no longer has, from every table of ours and the run registry.

    Gives how many. Without `everywhere` only those are looked for that the last build found due.
    """
    erased = 0
    for kind in dict.fromkeys(target.members for target in TARGETS):
        group = tuple(target for target in TARGETS if target.members == kind)
        connection.execute(text("drop table if exists pg_temp.gone"))
        query = _gone_everywhere(settings, group) if everywhere else _gone_of_the_due(settings, group)
        connection.execute(text(f"create temporary table gone on commit drop as {query}"))
        number = connection.scalar(text("select count(*) from pg_temp.gone"))
        if not number:
            continue
        erased += number
        for stored, key, condition in _keeping(connection, settings, group):
            connection.execute(
                text(
                    f"delete from {stored} as stored using pg_temp.gone"
                    f" where stored.{key} = gone.member_id{condition}"
                )
            )
        _erase_from_runs(connection)
    return erased


def _keeping(
    connection: Connection, settings: Settings, group: tuple[AnyTarget, ...]
) -> Iterator[tuple[str, str, str]]:
    """Our tables that have rows of these members: name, key, and a condition on its rows."""
    names = ", ".join(f"'{target.name}'" for target in group)
    for table in (*MEMBER_TABLES, "past_documents"):
        yield f"standing.{table}", "member_id", f" and stored.target in ({names})"
    yield "standing.upgrade_kept", "member_id", f" and stored.table_name = '{group[0].members.table}'"
    if group[0].members == USERS:
        yield "standing.loyalty_openings", "user_id", ""
    # What replays, reconciliations and trials built stays until the next of their kind; a run's own marts
    # follow the due.
    ours = is_marked("obj_description(oid, 'pg_class')")
    built = text(
        "select oid::regclass::text from pg_class where relname = :mart"
        f" and relnamespace is distinct from to_regnamespace(:own) and {ours}"
    )
    marts = ((one, mart) for one in group for mart in one.marts)
    for target, name in marts:
        named = {"mart": name, "own": quoted(settings.build_schema)}
        for mart in connection.scalars(built, named).all():
            yield mart, quoted(target.key), ""


def _is_gone(settings: Settings, kind: MemberKind, key: str) -> str:
    application = quoted(settings.application_schema, kind.table)
    return f"not exists (select from {application} as m where m.{quoted(kind.table_key)} = {key})"


def _gone_everywhere(settings: Settings, group: tuple[AnyTarget, ...]) -> str:
    names = ", ".join(f"'{target.name}'" for target in group)
    members = " union all ".join(
        f"select member_id from standing.{stored} where target in ({names}) and member_id is not null"
        for stored in MEMBER_TABLES
    )
    gone = _is_gone(settings, group[0].members, "stored.member_id")
    return f"select distinct member_id from ({members}) as stored where {gone}"


def _gone_of_the_due(settings: Settings, group: tuple[AnyTarget, ...]) -> str:
    kind = group[0].members
    due, key = quoted(settings.build_schema, kind.due_table), quoted(kind.key)
    return f"select {key} as member_id from {due} as due where {_is_gone(settings, kind, f'due.{key}')}"


def _erase_from_runs(connection: Connection) -> None:
    """A failed test's message may name a member; the samples of audits are not kept in the database."""
    mentioned = connection.execute(
        text(
            "select distinct runs.run_id, found.keys[1] as key from standing.runs"
            " cross join lateral regexp_matches("
            f"concat(runs.message, ' ', runs.summary), '{KEY}', 'g') as found (keys)"
            " join pg_temp.gone on gone.member_id = found.keys[1]::uuid"
        )
    )
    for row in mentioned.all():
        connection.execute(
            text(
                "update standing.runs set message = replace(message, :key, :erased),"
                " summary = replace(summary::text, :key, :erased)::jsonb where run_id = :run_id"
            ),
            {"run_id": row.run_id, "key": row.key, "erased": ERASED},
        )


def _is_first_today(connection: Connection, run_id: int) -> bool:
    return bool(
        connection.scalar(
            text(
                "select not exists (select from standing.runs"
                " where run_id != :run_id and status = 'published'"
                " and (finished_at at time zone 'UTC')::date = (now() at time zone 'UTC')::date)"
            ),
            {"run_id": run_id},
        )
    )


def _drop_stray_change_sets(connection: Connection) -> None:
    """What a killed run or decision left: only a stopped run has a change set."""
    for table in ("change_sets", "change_set_builds"):
        connection.execute(
            text(
                f"delete from standing.{table} as stored where not exists"
                " (select from standing.runs where runs.run_id = stored.run_id and runs.status = 'stopped')"
            )
        )

"""The history: what documents were before each run, in one partition a day (UTC).

Kept for STANDING_HISTORY_DAYS, whole days dropped at the end of a run. Who is gone from the application is
erased from it, and from everything else that Standing keeps in the database.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from standing.database import server_message
from standing.documents_sql import quoted
from standing.log import logger
from standing.publish_sql import DUE_TABLES
from standing.settings import Settings
from standing.targets import TARGETS, Target

#: Standing's tables with a member's key next to a target. Not the due: until each target's next run they say that its
#: mart still has a row of somebody who is gone.
KEPT_BY_MEMBER = ("history", "change_sets", "member_state", "holds")
#: How a key is written in the messages and summaries of runs.
KEY = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ERASED = "(erased)"


def open_partitions(engine: Engine) -> None:
    """The history's partitions for today and tomorrow (UTC): a run may pass midnight."""
    with engine.begin() as connection:
        days = connection.scalars(
            text(
                "select to_char(now() at time zone 'UTC' + n * interval '1 day', 'YYYYMMDD') from generate_series(0, 1) as n"
            )
        ).all()
        for day in days:
            connection.execute(
                text(
                    f"create table if not exists standing.history_{day} partition of standing.history"
                    f" for values from ('{day} 00:00+00') to (date '{day}' + 1)"
                )
            )


def written_by(connection: Connection, run_id: int, targets: tuple[Target, ...]) -> dict[str, int]:
    """Documents that a run has written, by target, also where it broke off; found by when they were written."""
    counted = (
        "select target, count(*) as written from standing.history where run_id = :run_id and published_at >="
        " (select started_at from standing.runs where run_id = :run_id) group by 1"
    )
    found = {row.target: row.written for row in connection.execute(text(counted), {"run_id": run_id})}
    return {target.name: found.get(target.name, 0) for target in targets}


def tidy(engine: Engine, settings: Settings, run_id: int, everybody: bool) -> None:
    """At the end of a run, under its lock: drop old days, erase who is gone, forget strays.

    Who is gone is looked for among those the run built, and everywhere if that was `everybody` or the run
    is the day's first. A server that is too busy is left alone: the next run does it.
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


def prune(connection: Connection, settings: Settings) -> int:
    """Drop the days (UTC) that are older than the history is kept; gives their number."""
    old = connection.scalars(
        text(
            "select class.relname from pg_inherits join pg_class as class on class.oid = inhrelid"
            " where inhparent = 'standing.history'::regclass and class.relname ~ '^history_[0-9]{8}$'"
            " and to_date(right(class.relname, 8), 'YYYYMMDD') < (now() at time zone 'UTC')::date - :days"
        ),
        {"days": settings.history_days},
    ).all()
    for name in old:
        connection.execute(text(f"drop table standing.{quoted(name)}"))
    return len(old)


def erase(connection: Connection, settings: Settings, everywhere: bool = True) -> int:
    """Erase the members that the application no longer has, from every table of ours and the book of runs.

    Gives how many. Without `everywhere` only those are looked for that the last build found due.
    """
    erased = 0
    for table in dict.fromkeys(target.table for target in TARGETS):
        group = tuple(target for target in TARGETS if target.table == table)
        connection.execute(text("drop table if exists pg_temp.gone"))
        query = _gone_everywhere(settings, group) if everywhere else _gone_of_the_due(settings, group)
        connection.execute(text(f"create temporary table gone on commit drop as {query}"))
        number = connection.scalar(text("select count(*) from pg_temp.gone"))
        if not number:
            continue
        erased += number
        for kept, key, condition in _keeping(connection, settings, group):
            connection.execute(
                text(
                    f"delete from {kept} as kept using pg_temp.gone where kept.{key} = gone.member_id{condition}"
                )
            )
        _erase_from_runs(connection)
    return erased


def _keeping(
    connection: Connection, settings: Settings, group: tuple[Target, ...]
) -> Iterator[tuple[str, str, str]]:
    """Tables of ours that keep something of a member of one application table: name, key, and which rows of it."""
    names = ", ".join(f"'{target.name}'" for target in group)
    for table in (*KEPT_BY_MEMBER, "backfilled"):
        if _exists(connection, f"standing.{table}"):
            yield f"standing.{table}", "member_id", f" and kept.target in ({names})"
    yield "standing.upgrade_kept", "member_id", f" and kept.table_name = '{group[0].table}'"
    # What replays, reconciliations and trials built stays until the next of their kind; a run's own marts follow the due.
    schemas = connection.scalars(
        text("select nspname from pg_namespace where nspname = any(:apart) or starts_with(nspname, :diff)"),
        {
            "apart": [settings.replay_schema, settings.shadow_schema, settings.why_schema],
            "diff": settings.diff_stem,
        },
    ).all()
    for schema in schemas:
        for target in group:
            if _exists(connection, mart := quoted(schema, target.mart)):
                yield mart, quoted(target.key), ""


def _exists(connection: Connection, table: str) -> bool:
    return bool(connection.scalar(text("select to_regclass(:table) is not null"), {"table": table}))


def _is_gone(settings: Settings, target: Target, key: str) -> str:
    application = quoted(settings.application_schema, target.table)
    return f"not exists (select from {application} as m where m.{quoted(target.table_key)} = {key})"


def _gone_everywhere(settings: Settings, group: tuple[Target, ...]) -> str:
    names = ", ".join(f"'{target.name}'" for target in group)
    members = " union all ".join(
        f"select member_id from standing.{kept} where target in ({names}) and member_id is not null"
        for kept in KEPT_BY_MEMBER
    )
    return f"select distinct member_id from ({members}) as kept where {_is_gone(settings, group[0], 'kept.member_id')}"


def _gone_of_the_due(settings: Settings, group: tuple[Target, ...]) -> str:
    due = quoted(settings.build_schema, DUE_TABLES[group[0].table])
    key = quoted(group[0].key)
    return f"select {key} as member_id from {due} as due where {_is_gone(settings, group[0], f'due.{key}')}"


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
                "select not exists (select from standing.runs where run_id != :run_id and status = 'published'"
                " and (finished_at at time zone 'UTC')::date = (now() at time zone 'UTC')::date)"
            ),
            {"run_id": run_id},
        )
    )


def _drop_stray_change_sets(connection: Connection) -> None:
    """What a killed run or decision left: only a stopped run has a change set."""
    connection.execute(
        text(
            "delete from standing.change_sets as kept where not exists"
            " (select from standing.runs where runs.run_id = kept.run_id and runs.status = 'stopped')"
        )
    )

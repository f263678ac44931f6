"""What the runner, a role that owns nothing, has to be allowed: each right once, with what it is for.

`standing roles --sql` prints the grants; preflight and the beginning of each command name those that lack.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy import Connection

from standing.contract.application import SOURCES
from standing.contract.tables import TABLES
from standing.contract.targets import DOCUMENTS, TARGETS, PostingTarget
from standing.database.build_rights import Lack, lacks_build
from standing.database.catalog import rows
from standing.database.connect import STANDING_SCHEMA
from standing.database.owners import Driver, driver
from standing.errors import UnfitDatabase
from standing.settings import Settings
from standing.sql import quoted, render
from standing.state.schema import NAMES
from standing.text import plural

#: What is named of what lacks; all of it is in `standing preflight` and `standing roles`.
NAMED = 4
#: Of Standing's own, what only the upgrade writes.
ONLY_READ = (
    "alembic_version",
    "versions",
    "upgrade_ledger",
    "upgrade_progress",
    "upgrade_rows",
    "strangers",
)
#: What the upgrade has replaced of members; who is gone is erased from it.
KEPT = "upgrade_kept"
#: What rights are needed by; each build has a schema of its own.
EVERY_COMMAND, RUN, REPLAY, RECONCILE = "every command", "run", "run --as-of", "reconcile"
COMMANDS = (EVERY_COMMAND, RUN, REPLAY, RECONCILE, "why --as-of", "diff")


@dataclass(frozen=True)
class Right:
    """One privilege on objects of one kind in a schema, and what it is for.

    `kind` is database, schema, table or sequence, `columns` the only ones of a table that are meant.
    """

    kind: str
    schema: str
    names: tuple[str, ...]
    privilege: str
    purpose: str
    columns: tuple[str, ...] = ()
    needed_by: str = RUN

    @property
    def what(self) -> str:
        columns = f" ({', '.join(self.columns)})" if self.columns else ""
        kind = self.kind if len(self.names) == 1 else f"{self.kind}s"
        names = (f"{self.schema}.{name}" if self.schema else name for name in self.names)
        return f"{self.privilege}{columns} on {kind} {', '.join(names)}"

    def grant(self, role: str) -> str:
        """The statement that gives it."""
        columns = f" ({', '.join(quoted(name) for name in self.columns)})" if self.columns else ""
        names = (quoted(self.schema, name) if self.schema else quoted(name) for name in self.names)
        return f"grant {self.privilege}{columns} on {self.kind} {', '.join(names)} to {quoted(role)}"

    def is_part_of(self, lack: Lack) -> bool:
        """Whether the lack is of this right, on some of its objects at least."""
        return lack.purpose == self.purpose and lack.what.startswith(f"{self.privilege} ")

    def lack(self, role: str) -> Lack:
        return Lack(self.what, self.purpose, self.grant(role), self.needed_by)


def rights(settings: Settings, database: str) -> tuple[Right, ...]:
    """All of them, in the order to give them, also on tables that a marketplace may do without."""
    application = settings.application_schema
    sources = {source.table for source in SOURCES}
    created = tuple(table.name for table in TABLES if table.name not in sources)
    usage = Right("schema", "", (application,), "usage", "the application's tables", (), EVERY_COMMAND)
    read = Right("table", application, tuple(sorted(sources)), "select", "scores are made of them")
    written = dict.fromkeys(target.table for target in DOCUMENTS)
    return (
        Right("database", "", (database,), "temporary", "lists of members, gone with their transaction"),
        usage,
        replace(read, needed_by=EVERY_COMMAND),
        replace(read, names=created, purpose="what the upgrade made is audited"),
        *(
            Right(
                "table", application, (table,), "update", "documents are published there", _columns(table)
            )
            for table in written
        ),
        *(
            right
            for target in TARGETS
            if isinstance(target, PostingTarget)
            for right in _posting(target, read)
        ),
        *_of_standing(),
    )


def _columns(table: str) -> tuple[str, ...]:
    """The columns that documents are written to."""
    targets = (target for target in DOCUMENTS if target.table == table)
    return tuple(dict.fromkeys(name for one in targets for name in one.stored_in))


def _posting(target: PostingTarget, read: Right) -> Iterator[Right]:
    """What a ledger needs besides being read."""
    post = replace(read, names=(target.ledger,), privilege="insert", purpose="points are posted there")
    yield post
    yield replace(post, names=(target.account,), purpose="whoever has no account yet gets one")
    columns = (target.balance, *target.totals, "last_updated")
    yield replace(post, names=(target.account,), privilege="update", columns=columns)


def _of_standing() -> Iterator[Right]:
    read_only = (*ONLY_READ, KEPT)
    written = tuple(name for name in NAMES if name not in read_only)
    usage = Right("schema", "", (STANDING_SCHEMA,), "usage", "Standing's own tables", (), EVERY_COMMAND)
    yield usage
    read = replace(usage, kind="table", schema=STANDING_SCHEMA, privilege="select")
    yield replace(read, names=read_only, purpose="what the upgrade did")
    yield replace(read, names=written, purpose="what runs keep")
    missed = "changes that could not be logged are counted there"
    yield replace(read, kind="sequence", names=("changes_missed",), purpose=missed)
    for privilege in ("insert", "update", "delete"):
        purpose = "what runs do is entered, changed and erased"
        yield Right("table", STANDING_SCHEMA, written, privilege, purpose)
    yield Right("table", STANDING_SCHEMA, (KEPT,), "delete", "who is gone is erased")


def lacking(
    connection: Driver, settings: Settings, role: str, commands: Collection[str] = COMMANDS
) -> list[Lack]:
    """Of what these commands need: the rights on what is there that the role has not, and the schemas in
    which it cannot build.
    """
    single = [
        replace(right, names=(name,), columns=(column,) if column else ())
        for right in rights(settings, connection.info.dbname)
        if right.needed_by in commands
        for name in right.names
        for column in right.columns or ("",)
    ]
    found = rows(
        connection,
        render("state/rights.sql.j2"),
        role=role,
        kinds=[one.kind for one in single],
        schemas=[one.schema for one in single],
        names=[one.names[0] for one in single],
        privileges=[one.privilege for one in single],
        columns=["".join(one.columns) for one in single],
    )
    lacks = _together(single[row["place"] - 1] for row in found)
    return [*(one.lack(role) for one in lacks), *builds(connection, settings, role, commands)]


def _together(singles: Iterable[Right]) -> Iterator[Right]:
    """Rights on single objects as one for the columns of a table, and one for all tables alike."""

    tables = [
        replace(key, columns=tuple(name for one in group for name in one.columns))
        for key, group in groupby(singles, lambda one: replace(one, columns=()))
    ]
    for key, group in groupby(tables, lambda one: replace(one, names=())):
        yield replace(key, names=tuple(name for one in group for name in one.names))


def builds(
    connection: Driver, settings: Settings, role: str, commands: Collection[str] = COMMANDS
) -> Iterator[Lack]:
    """The schemas in which the role cannot build."""
    needed_by = {
        RUN: settings.build_schema,
        REPLAY: settings.replay_schema,
        RECONCILE: settings.shadow_schema,
        "why --as-of": settings.why_schema,
        "diff": settings.diff_schema,
    }
    for command, schema in needed_by.items():
        purpose = f"`standing {command}` builds there"
        if command in commands and (lack := lacks_build(connection, schema, role, purpose, command)):
            yield lack


def require_rights(connection: Connection, settings: Settings, *commands: str) -> None:
    """Raise UnfitDatabase naming every right that this role lacks for any command, or for these too."""
    role = connection.exec_driver_sql("select current_user").scalar_one()
    if lacks := lacking(driver(connection), settings, role, {EVERY_COMMAND, *commands}):
        more = len(lacks) - NAMED
        named = "; ".join(map(str, lacks[:NAMED])) + (f"; and {more} more" if more > 0 else "")
        given = "; ".join(one.statement for one in lacks[:NAMED])
        raise UnfitDatabase(
            f"role {role!r} lacks {plural(len(lacks), 'right')}: {named}",
            f"as the owner: {given}; `standing roles --runner {role} --sql` prints all of them",
        )

"""Documents written from a table of ours where a member's document still is what it should be.

Approving a change set and undoing a run are both that. Like publishing, chunk by chunk: rows locked in
key order, only real differences written, nothing through Python but keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from standing.contract.targets import Target
from standing.database.chunks import write_chunk
from standing.database.lock import RunLock
from standing.settings import Settings
from standing.sql import quoted

#: Members who were not written, named for people; the others are counted.
NAMED = 5
#: Neither written now nor found as it was to be.
LEFT = "not is_written and old_document is distinct from new_document"


@dataclass(frozen=True)
class Rewriting:
    """What is written to one application table.

    `source` has run_id, target and member_id; `document` is an expression over it (as `kept`) for what is
    written, and `stands` a condition on {kept}, {target} and the present document, {column}. `followed_by`
    are further CTEs over `settled`: target, member_id, is_written, old_document, new_document.
    """

    settings: Settings
    targets: tuple[Target, ...]
    source: str
    document: str
    stands: str
    followed_by: str

    @property
    def table(self) -> str:
        return self.targets[0].table

    @property
    def _key(self) -> str:
        return f"application.{quoted(self.targets[0].table_key)}"

    @property
    def _names(self) -> str:
        return ", ".join(f"'{target.name}'" for target in self.targets)

    def chunk_end(self) -> str:
        """The last key of the chunk after `:after`, or null."""
        return f"""
            select member_id from (
                select distinct member_id from {self.source}
                where run_id = :run_id and target in ({self._names})
                    and (cast(:after as uuid) is null or member_id > cast(:after as uuid))
                order by member_id limit :chunk
            ) as members
            order by member_id desc limit 1
        """

    def statement(self) -> str:
        """Write one chunk; rows of target, written, left and the keys of some who were left."""
        columns = ", ".join(f"application.{quoted(target.column)}" for target in self.targets)
        application = quoted(self.settings.application_schema, self.table)
        decided = ",\n        ".join(self._decision(target) for target in self.targets)
        joins = "\n    ".join(
            f"left join batch as {t.name} on {t.name}.target = '{t.name}' and {t.name}.member_id = locked.member_id"
            for t in self.targets
        )
        settings = ", ".join(
            f"{quoted(t.column)} = case when decided.{t.name}_written then decided.{t.name}_new"
            f" else application.{quoted(t.column)} end"
            for t in self.targets
        )
        settled = "\n    union all\n    ".join(
            f"select '{t.name}' as target, member_id, {t.name}_written as is_written,"
            f" {quoted(t.column)} as old_document, {t.name}_new as new_document from decided where {t.name}_given"
            for t in self.targets
        )
        return f"""
with batch as materialized (
    select kept.target, kept.member_id, {self.document} as document, kept as whole
    from {self.source} as kept
    where kept.run_id = :run_id and kept.target in ({self._names})
        and (cast(:after as uuid) is null or kept.member_id > cast(:after as uuid))
        and kept.member_id <= cast(:upto as uuid)
),
locked as materialized (
    select {self._key} as member_id, {columns}
    from {application} as application
    where {self._key} in (select member_id from batch)
    order by {self._key}
    for no key update of application
),
decided as materialized (
    select locked.*,
        {decided}
    from locked
    {joins}
),
written as (
    update {application} as application set {settings}
    from decided
    where decided.member_id = {self._key}
        and ({" or ".join(f"decided.{t.name}_written" for t in self.targets)})
    returning 1
),
settled as materialized (
    {settled}
),
{self.followed_by}
select target,
    count(*) filter (where is_written) as written,
    count(*) filter (where {LEFT}) as left_alone,
    coalesce((array_agg(member_id::text order by member_id) filter (where {LEFT}))[1\\:{NAMED}], '{{}}') as named
from settled group by target
"""

    def _decision(self, target: Target) -> str:
        name = target.name
        stands = self.stands.format(
            column=f"locked.{quoted(target.column)}", kept=f"({name}.whole)", target=name
        )
        return (
            f"{name}.member_id is not null as {name}_given, {name}.document as {name}_new,"
            f" {name}.member_id is not null and coalesce({stands}, false) as {name}_written"
        )


@dataclass
class Tally:
    """What became of the documents of one target; `named` are the keys of some that were left."""

    written: int = 0
    left: int = 0
    named: tuple[str, ...] = ()


def rewrite(
    engine: Engine, lock: RunLock, rewriting: Rewriting, parameters: dict[str, Any], fix: str
) -> dict[str, Tally]:
    """Write all chunks in key order; gives target → tally. `parameters` are those of the CTEs, and run_id.

    Raises LockLost and StandingError, as `write_chunk` does; what is written by then stays.
    """
    tallies = {target.name: Tally() for target in rewriting.targets}
    given = {**parameters, "after": None, "chunk": rewriting.settings.publish_chunk}
    while True:
        with engine.connect() as connection:
            given["upto"] = connection.scalar(text(rewriting.chunk_end()), given)
        if given["upto"] is None:
            return tallies

        def write(connection: Connection) -> Sequence[Row[Any]]:
            return connection.execute(text(rewriting.statement()), given).all()

        for row in write_chunk(engine, lock, f"a chunk of {rewriting.table}", fix, write):
            tally = tallies[row.target]
            tally.written += row.written
            tally.left += row.left_alone
            tally.named = (*tally.named, *row.named)[:NAMED]
        given["after"] = given["upto"]

"""Postings to one ledger of the application: its relations in a build, and the statements about them.

A posting is written only onto a ledger that is as it was when the posting was computed, under the lock of
the member's account; whoever spent meanwhile is left for the next run.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from standing.contract.targets import DOCUMENTS, PostingTarget
from standing.publish import documents
from standing.publish.destination import NAMED, Kind, WrittenFrom
from standing.settings import Settings
from standing.sql import quoted, render

#: Rows of one chunk at most: an application's statement waits for one of them a tenth of a second.
CHUNK_ROWS = 1_000


@dataclass(frozen=True)
class Ledger:
    """The members to post to, in chunks of so many rows.

    Columns of `name`: member_id, chunk, is_left (their balance is not what their ledger adds up to, or that
    has moved since), and what each gets: `rows`, the points `issued`, `taken` and `expired`, the `largest`
    row, and the balance `before` and `after`.
    """

    settings: Settings
    targets: tuple[PostingTarget]
    kind: Kind = "postings"
    unfit: str = "their balance is not what their ledger adds up to, or it has moved since"

    @property
    def target(self) -> PostingTarget:
        return self.targets[0]

    @property
    def table(self) -> str:
        return self.target.ledger

    @property
    def entries(self) -> str:
        return quoted(self.settings.application_schema, self.target.ledger)

    @property
    def accounts(self) -> str:
        """The members' rows in the application."""
        return quoted(self.settings.application_schema, self.target.account)

    @property
    def members(self) -> str:
        return quoted(self.settings.application_schema, self.target.table)

    @property
    def balance(self) -> str:
        return quoted(self.target.balance)

    @property
    def name(self) -> str:
        return self._built(f"changed_{self.target.ledger}")

    def chunks(self, source: str) -> str:
        return self.name if source == "build" else self._built(f"decided_{self.target.ledger}")

    @property
    def due(self) -> str:
        return self._built(self.target.members.due_table)

    @property
    def due_key(self) -> str:
        return quoted(self.target.key)

    @property
    def totals(self) -> str:
        """What a build says of each member."""
        return self._built(self.target.mart)

    @property
    def worth(self) -> str:
        """What a build says of each key."""
        return self._built(self.target.postings)

    @property
    def types(self) -> str:
        return self._built(self.target.types)

    def _built(self, name: str) -> str:
        return quoted(self.settings.build_schema, name)

    def begin(self, connection: Connection) -> None:
        """Columns without a zone are read and written as SOURCE_TIME_ZONE's clock, and what is written is
        ours, which the change log leaves out.
        """
        ours = "set_config('timezone', :zone, true), set_config('standing.writes', 'postings', true)"
        connection.execute(text(f"select {ours}"), {"zone": self.settings.source_time_zone})

    def changes(self, target: PostingTarget) -> str:
        return self.statement("changes")

    def change_class(self, target: PostingTarget, old: str, new: str) -> str:
        return f"case when jsonb_array_length({new} -> 'postings') > 0 then 'points' else 'totals' end"

    def writing(self, source: WrittenFrom) -> tuple[str, ...]:
        """The lock and the ledger are read in statements of their own: one that waits for a lock sees the
        ledger as it was before it waited. What they find is put in tables and counted, for PostgreSQL to
        plan by.
        """
        names = {
            "source": source.kind,
            "decided": source.rows,
            "chunks": self.chunks(source.kind),
            "named": NAMED,
        }
        return (
            self.statement("enrol", **names),
            self.statement("lock", **names),
            self.statement("fit", **names),
            "analyze pg_temp.standing_fit",
            self.statement("deltas", **names),
            "analyze pg_temp.standing_deltas",
            self.statement("write", **names),
        )

    def stay_due(self, target: PostingTarget) -> str | None:
        return f"select member_id from {self.name} where is_left"

    def statement(self, name: str, **names: Any) -> str:
        """The statement in `postings/<name>.sql.j2` for this ledger."""
        return render(
            f"publish/postings/{name}.sql.j2",
            ledger=self,
            target=self.target,
            documents=documents,
            chunk_rows=CHUNK_ROWS,
            held=[one.name for one in DOCUMENTS if one.held_in == self.target.account],
            **{"decided": "", **{key: value for key, value in names.items() if key != "target"}},
        )

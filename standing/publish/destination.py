"""What a run can do with what it publishes: the documents of one table, or the postings to one ledger.

Comparing, the gate, writing, approving and undoing ask nothing else of it. Its statements have the same
names, parameters and columns for each kind (`<name>.sql.j2`):

    compare   the members to write, numbered by chunk: a build's marts beside what is published
    count     of one target: candidates, changed, by_class, due, unfit
    decided   the members whom a decision concerns, numbered by chunk
    confirm   of one target: when what stays as it is will be looked at again
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from sqlalchemy import Connection

from standing.settings import Settings

Kind = Literal["documents", "postings"]
#: Members who were not written, named for people; the others are counted.
NAMED = 5


@dataclass(frozen=True)
class WrittenFrom:
    """Where what is written comes from; `kind` is one of those that the writing statements tell apart.

    `parameters` are those of its statements. A build has it in the marts; that of a decision is in `rows`,
    a relation with run_id, target, member_id and what the kind needs, of the run `of`. `fix` is the command
    that goes on after a failure.
    """

    kind: Literal["build", "change_set", "history"]
    fix: str
    parameters: Mapping[str, Any]
    rows: str = ""


class Destination(Protocol):
    """One place that a build is written to, in chunks of its members."""

    @property
    def settings(self) -> Settings: ...
    @property
    def targets(self) -> tuple[Any, ...]: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def table(self) -> str:
        """The application's table, for people."""

    @property
    def unfit(self) -> str:
        """Why members are counted as unfit."""

    @property
    def name(self) -> str:
        """The relation of those who are to be written, by `member_id`, as `compare` leaves it."""

    @property
    def due(self) -> str:
        """The relation of those whom the run built, by `due_key`."""

    @property
    def due_key(self) -> str: ...

    def chunks(self, source: str) -> str:
        """The relation of the members to write, with their chunk."""

    def begin(self, connection: Connection) -> None:
        """What the transaction has to set before the first of its statements."""

    def statement(self, name: str, **names: Any) -> str: ...
    def writing(self, source: WrittenFrom) -> tuple[str, ...]:
        """The statements that write one chunk, in order, parameters `chunk` and the source's.

        The last gives a row a target: how many were written, how many were left though they differ
        (`left_alone`), and the keys of the first of these (`named`).
        """

    def changes(self, target: Any) -> str:
        """A query of member_id, old_document and new_document: what the gate keeps of a stopped run."""

    def change_class(self, target: Any, old: str, new: str) -> str:
        """An expression over these: how they differ (standing/contract/changes.py)."""

    def stay_due(self, target: Any) -> str | None:
        """A query of the member_id of those who were built and left alone, and stay due."""

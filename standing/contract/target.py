"""The words in which a target is declared: a document or points, whose they are, and what is measured."""

from dataclasses import dataclass
from typing import Literal

from standing.contract.document import Document
from standing.contract.members import MemberKind

#: What the gate measures of a target; seeds/gate_limits.csv has a limit of each, for the target or for all.
GATE_MEASURES = (
    "changed_share",
    "moved_up_share",
    "moved_down_share",
    "mean_shift",
    "lost_values_share",
    "lost_members_share",
)
#: What it measures of postings.
POSTING_MEASURES = (
    "issued_share",
    "taken_share",
    "expired_share",
    "expired_unforeseen",
    "newly_negative_share",
    "left_alone_share",
    "largest_posting",
)


@dataclass(frozen=True)
class Requirements:
    """What a step of a ladder asks for: columns of the build's `relation`, with phrases for their numbers.

    The first is always said, the others where they ask for more than 0.
    """

    relation: str
    phrases: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Ladder:
    """Levels or tiers: the document's `key`, and the policy table `seed` with their codes and ranks.

    `title` is what one of them is called.
    """

    key: str
    seed: str
    code: str
    rank: str
    title: str
    requirements: Requirements

    @property
    def plural(self) -> str:
        return f"{self.title}s"


@dataclass(frozen=True)
class Histogram:
    """Members counted by a number of the document, in steps of `width` from 0 to the key's highest.

    Who has 0 of what `counts` it has no such number, and is counted apart.
    """

    name: str
    title: str
    key: str
    width: float
    counts: str = ""


class OfMembers:
    """What is published of members of one kind: their key in the build, their table and its key."""

    members: MemberKind

    @property
    def key(self) -> str:
        return self.members.key

    @property
    def table(self) -> str:
        return self.members.table

    @property
    def table_key(self) -> str:
        return self.members.table_key


@dataclass(frozen=True)
class Target(OfMembers):
    """A document that runs build in `mart` and publish to the members' table.

    It is the whole `column` of its name there, or the keys that it owns of a column which the application
    writes, too, or plain `columns` with the names of its keys: `stored_as` says which. By `number`
    documents are compared as a whole. `lasting` are paths to numbers that are not lost in the ordinary
    course of days. `mart_columns` are keys that reports read from columns of the mart, which have their
    names. `facts` are the models of everybody from which the mart is built, and that stay as it does.
    `selection` is what `standing run` and a schedule name to publish it (INTERVALS in targets.py).
    `lists_changes` says that reports list the members whose document changes most; a change is explained by
    the evidence in `reasons`, else by the document's factors, else by its other numbers. `held_in` is
    another table that has at most one row of a member, by the members' key; who has none waits for it. A
    long document has `longest` bytes as JSON: a little more than the longest of a simulated marketplace.
    """

    name: str
    mart: str
    members: MemberKind
    selection: str
    document: Document
    number: str
    lasting: tuple[str, ...]
    ladder: Ladder | None = None
    histograms: tuple[Histogram, ...] = ()
    mart_columns: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
    lists_changes: bool = False
    reasons: tuple[str, ...] = ()
    stored_as: Literal["column", "owned keys", "columns"] = "column"
    longest: int = 4_100
    held_in: str = ""

    @property
    def table(self) -> str:
        return self.held_in or self.members.table

    @property
    def table_key(self) -> str:
        return self.members.key if self.held_in else self.members.table_key

    @property
    def column(self) -> str:
        return self.name

    @property
    def stored_in(self) -> tuple[str, ...]:
        """The columns of the table that it is written to."""
        return self.columns or (self.column,)

    @property
    def owned_keys(self) -> tuple[str, ...]:
        """Of a shared column, the keys that are not the application's."""
        return self.document.names if self.stored_as == "owned keys" else ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that hold one key each."""
        return self.document.names if self.stored_as == "columns" else ()

    @property
    def clock_fields(self) -> tuple[str, ...]:
        return self.document.clock_fields

    @property
    def review_field(self) -> str | None:
        return self.document.review_field

    @property
    def marts(self) -> tuple[str, ...]:
        return (self.mart,)

    @property
    def place(self) -> str:
        """Where it is published, for people."""
        return f"{self.table}: {', '.join(self.columns)}" if self.columns else f"{self.table}.{self.column}"

    @property
    def written(self) -> tuple[tuple[str, str], ...]:
        """The application's columns whose types it is made for, each with its table."""
        return tuple((self.table, column) for column in self.stored_in)

    @property
    def measures(self) -> tuple[str, ...]:
        return GATE_MEASURES


@dataclass(frozen=True)
class OwnedSource:
    """What runs post: rows of this `source`, of the type that `adds` or that `takes` points.

    Rows of a member are about the same thing, their key, where the column `by` has the same value; without
    one all of the source are.
    """

    source: str
    adds: str
    takes: str
    by: Literal["source_id", "expires_at"] | None = None


@dataclass(frozen=True)
class PostingTarget(OfMembers):
    """Points that runs post to a ledger of the application: differences, as new rows.

    The model `postings` has a row for each member and key, and says what the key is worth and what the rows
    of the `ledger` say of it already, which is not posted again. Keys are of the `owned` sources; other
    rows are the application's. The `mart` has a row for each member: the `totals`, columns that are written
    to the member's row of `account`, and what it saw of the ledger. The policy table `types` has the signs
    of points, and the model `lots`, for people, what is left of which points and until when.
    """

    name: str
    mart: str
    postings: str
    members: MemberKind
    selection: str
    ledger: str
    account: str
    balance: str
    totals: tuple[str, ...]
    owned: tuple[OwnedSource, ...]
    types: str
    lots: str | None = None
    facts: tuple[str, ...] = ()

    @property
    def marts(self) -> tuple[str, ...]:
        return (self.mart, self.postings, *([self.lots] if self.lots else []))

    @property
    def place(self) -> str:
        """Where it is published, for people."""
        return f"{self.ledger}.amount"

    @property
    def written(self) -> tuple[tuple[str, str], ...]:
        """The application's columns whose types it is made for, each with its table."""
        return tuple((self.account, column) for column in (self.balance, *self.totals))

    @property
    def measures(self) -> tuple[str, ...]:
        return POSTING_MEASURES


#: What runs build and publish: a document, or points.
AnyTarget = Target | PostingTarget

"""The application's tables as they are read: each column once, with everything that hangs on it.

The audit and the preflight take its type, the report what members lose without it, the change log whom a
row concerns, the upgrade which columns need an index. standing/contract/application.py has the columns.
"""

from dataclasses import dataclass

from standing.contract.declare import Index

_WHOLE = ("integer", "bigint", "smallint")
_WORDS = ("text", "character varying", "character", "citext")
_TIMES = ("timestamp with time zone", "timestamp without time zone")
#: What a column means → PostgreSQL's types that fit, the best one first; macros/application/ reads each.
#: A `reference` is a key that may be written as text, an `identity` is only compared, and a `deadline` may
#: be a day, with whose end it ends.
FAMILIES: dict[str, tuple[str, ...]] = {
    "key": ("uuid",),
    "reference": ("uuid", *_WORDS),
    "identity": ("uuid", *_WHOLE, *_WORDS),
    "moment": _TIMES,
    "deadline": (*_TIMES, "date"),
    "number": ("numeric", *_WHOLE, "double precision", "real"),
    "text": (*_WORDS, "enum"),
    "flag": ("boolean", *_WHOLE),
    "document": ("jsonb",),
}

Keys = dict[str, str]
#: The columns of the change log that name whom a row concerns, in order.
LOG_KEYS = ("user_id", "seller_id", "order_id", "thread_id", "review_id")


@dataclass(frozen=True)
class Loss:
    """What members lose where one of the columns is missing.

    `metrics` are those of the trust score that then have no evidence: their points are out of reach.
    """

    effect: str
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class SourceColumn:
    """A column of the application; one of no `family` may have any type.

    Its key `references` another table's, which audit and staging look for; an index leads with one that is
    `looked_up`. What is not `in_staging`, only the upgrade reads.
    """

    name: str
    family: str | None = None
    required: bool = False
    loss: Loss | None = None
    references: str | None = None
    looked_up: bool = False
    in_staging: bool = True


@dataclass(frozen=True)
class Source:
    """One table; `about` says what a row is.

    A row gives one row of the change log for each of its `members`: key of the log → column. A table
    without any is read, and its changes make nobody due. `left_behind` are members that only the old side
    of an update or a delete has to name, because a new row is found through its other keys. A change of one
    of the columns `affects_counterparties`, and a new or a deleted row, change documents of other members,
    too. Where `by_row`, a trigger on the columns read keeps our own writes to the same table out of the
    log; where `posted_to`, the session of a run says that it writes (standing/publish/ledger.py). A source
    `concerns` the targets of these names, without any all.
    """

    table: str
    about: str
    columns: tuple[SourceColumn, ...]
    members: tuple[Keys, ...]
    left_behind: tuple[Keys, ...] = ()
    affects_counterparties: tuple[str, ...] = ()
    by_row: bool = False
    posted_to: bool = False
    concerns: tuple[str, ...] = ()

    @property
    def required(self) -> bool:
        """Whether a marketplace cannot be scored without it."""
        return any(column.required for column in self.columns)

    @property
    def indexes(self) -> tuple[Index, ...]:
        """What members' rows are looked up by; made where no index leads with the column."""
        names = [column.name for column in self.columns if column.looked_up]
        return tuple(Index(f"standing_{self.table}_{name}", name) for name in names)

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that name whom a row concerns."""
        rows = (*self.members, *self.left_behind)
        return tuple(dict.fromkeys(column for row in rows for column in row.values()))

    @property
    def followed(self) -> tuple[str, ...]:
        """The columns whose changes are logged, keys first."""
        return tuple(dict.fromkeys((*self.keys, *(one.name for one in self.columns if one.in_staging))))

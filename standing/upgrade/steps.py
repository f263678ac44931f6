"""A step of the upgrade: the statements of one short transaction, and what they create."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """Something the upgrade creates.

    `kind` is schema, table, column, constraint, index, trigger or function; `table` is the table it
    hangs on, or the name itself.
    """

    kind: str
    schema: str
    table: str
    name: str


@dataclass(frozen=True)
class Step:
    """What to run, and what to write in the ledger in the same transaction.

    `cleanup` marks a statement that refuses transactions (CREATE INDEX CONCURRENTLY): its ledger entry
    is written just before it, it waits for locks as long as it takes (nobody queues behind it), and
    `cleanup` removes what it leaves when it fails. `patient` steps wait for locks in a transaction.
    `tables` are the qualified tables whose locks the step needs, to tell who stands in its way.
    """

    name: str
    statements: tuple[str, ...]
    creates: tuple[Item, ...] = ()
    drops: tuple[Item, ...] = ()
    cleanup: str | None = None
    patient: bool = False
    tables: tuple[str, ...] = ()

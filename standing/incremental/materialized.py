"""The models whose rows stay from run to run: what every order, review and thread came to, and what is made
of that.

A row changes with the row that it is made from and what hangs on that, which the change log names, or at a
moment that it names itself (`next_step_at`). Such rows are listed as stale (standing/incremental/stale.py),
and the next build derives them alone anew, in the transaction that empties the list. Where that cannot be
relied on, everything is derived anew.

Each model's own config() says that it is one of them. All of it is unlogged and goes together: after a
crash of the server nothing here says that anything is derived.
"""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from standing.build.fingerprint import MATERIALIZED, Fingerprint
from standing.build.project import materialized, upstream
from standing.incremental.context import TABLE
from standing.incremental.observed import BuildRequest
from standing.settings import Settings
from standing.sql import quoted


@dataclass(frozen=True)
class Model:
    """A model whose rows stay: `key` makes a row unique, and `stale` lists the keys to derive anew, if it
    has a list.

    `of` says what a row is: of "rows" of the application, such as an order, of "members", or None, an
    aggregate of rows. `source` is the application's table that its rows are of, where audit and quarantine
    look at them one by one, and `concerns` its columns that name a person and a shop. Of members, `sources`
    are the application's tables whose logged changes name those to count anew; the members' own is one of
    them where rows of nobody are set aside.
    """

    name: str
    key: tuple[str, ...]
    stale: str | None = None
    of: str | None = None
    source: str | None = None
    concerns: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def list_columns(self) -> str:
        columns = ", ".join(f"{column} {TYPES.get(column, 'uuid')}" for column in self.key)
        return f"{columns}, primary key ({', '.join(self.key)})"


#: Columns of keys that are no key of the application's.
TYPES = {"day": "date", "source": "text"}


def _read() -> dict[str, Model]:
    fields = ("key", "stale", "of", "source", "concerns", "sources")
    found = {}
    for name, config in sorted(materialized(MATERIALIZED).items()):
        given: dict[str, Any] = {field: config[field] for field in fields if field in config}
        lists = {field: tuple(value) for field, value in given.items() if isinstance(value, list)}
        found[name] = Model(name, **{**given, **lists})
    return found


MODELS = _read()
ORDERS, REVIEWS, THREADS = (MODELS[f"int_{name}_facts"] for name in ("order", "review", "thread"))
ROW_FACTS = (ORDERS, REVIEWS, THREADS)
MEMBER_FACTS = tuple(model for model in MODELS.values() if model.of == "members")
#: Rows that are set aside stay, too, of several sources in one model, and what they are a share of.
QUARANTINE = MODELS["stg_quarantine"]
SOURCE_SIZES = MODELS["stg_source_sizes"]
#: The note of what derived the rows of each model, and as of when.
DERIVED = "derived"
DERIVED_COLUMNS = "model text primary key, derived_by text not null, as_of timestamptz not null"


def is_current(
    connection: Connection,
    settings: Settings,
    asked: BuildRequest,
    fingerprint: Fingerprint,
    built: Set[str],
) -> bool:
    """Whether every row that the targets are made from is as it would be derived now, but for the listed
    ones.

    It is not after a crash, where other models or policy derived, as of a later moment, or where another
    schema's build has taken rows of the change log since.
    """
    needed = {QUARANTINE.name, SOURCE_SIZES.name}.union(
        *(upstream(mart) for target in asked.targets for mart in target.marts)
    )
    if not {DERIVED, TABLE, *(needed & MODELS.keys())} <= built:
        return False
    derived = connection.scalars(
        text(
            f"select model from {quoted(settings.build_schema, DERIVED)}"
            " where derived_by = :derived_by and as_of <= :as_of"
            " and not exists (select from standing.runs where run_id < :run_id and run_id > coalesce("
            f"(select max(run_id) from {quoted(settings.build_schema, 'run_context')}), 0)"
            " and status not in ('waiting', 'skipped', 'replayed')"
            " and not coalesce(summary ? 'approves', false))"
        ),
        {"derived_by": fingerprint.materialized, "as_of": asked.as_of, "run_id": asked.run_id},
    )
    return needed & MODELS.keys() <= set(derived)


def is_derived(connection: Connection, schema: str, model: str) -> bool:
    """Whether the rows of a model are there; after a crash of the server they are not."""
    statement = text(f"select exists (select from {quoted(schema, DERIVED)} where model = :model)")
    return bool(connection.scalar(statement, {"model": model}))


def forget(connection: Connection, settings: Settings, built: Set[str]) -> None:
    """Nothing counts as derived any more: what changed is in no list."""
    if DERIVED in built:
        connection.execute(text(f"delete from {quoted(settings.build_schema, DERIVED)}"))

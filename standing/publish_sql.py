"""The statements of publishing, composed from a table's targets.

Values are parameters; names are quoted.
"""

from dataclasses import dataclass

from sqlalchemy.dialects import postgresql

from standing.settings import Settings
from standing.targets import Target

#: Application table → the build's table of those whom the run built.
DUE_TABLES = {"users": "due_users", "seller_profiles": "due_sellers"}
#: A moment as documents write it.
MOMENT = r"^\d{4}-\d\d-\d\dT\d\d\:\d\d\:\d\dZ$"

_quote = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]


def quoted(*names: str) -> str:
    """A qualified name, quoted where PostgreSQL needs it."""
    return ".".join(_quote(name) for name in names)


@dataclass(frozen=True)
class ChangeTable:
    """The keys of one application table whose documents are to be written, in chunks of key order.

    Columns: member_id, chunk, and for each target two booleans, `<name>_changed` and `<name>_due`.
    """

    settings: Settings
    targets: tuple[Target, ...]

    @property
    def table(self) -> str:
        return self.targets[0].table

    @property
    def key(self) -> str:
        return quoted(self.targets[0].table_key)

    @property
    def application_table(self) -> str:
        return quoted(self.settings.application_schema, self.table)

    @property
    def name(self) -> str:
        return quoted(self.settings.build_schema, f"changed_{self.table}")

    @property
    def due(self) -> str:
        """Whom this run built."""
        return quoted(self.settings.build_schema, DUE_TABLES[self.table])

    @property
    def due_key(self) -> str:
        return quoted(self.targets[0].key)

    def mart(self, target: Target) -> str:
        return quoted(self.settings.build_schema, target.mart)

    def drop(self) -> str:
        return f"drop table if exists {self.name}"

    def create(self) -> str:
        flags = ",\n    ".join(
            f"{_changed(target)} as {target.name}_changed,\n    {_due(target)} as {target.name}_due"
            for target in self.targets
        )
        joins = "\n".join(
            f"left join {self.mart(target)} as {target.name} on {target.name}.{quoted(target.key)} = application.{self.key}"
            for target in self.targets
        )
        wanted = " or ".join(f"{target.name}_changed or {target.name}_due" for target in self.targets)
        return f"""
create unlogged table {self.name} as
with compared as (
    select application.{self.key} as member_id,
    {flags}
    from {self.application_table} as application
    join {self.due} as built on built.{self.due_key} = application.{self.key}
    {joins}
)
select
    ((row_number() over (order by member_id) - 1) / :chunk + 1)::integer as chunk,
    compared.*
from compared
where {wanted}
"""

    def index(self) -> str:
        return f"create index on {self.name} (chunk)"

    def analyze(self) -> str:
        return f"analyze {self.name}"

    def last_chunk(self) -> str:
        return f"select max(chunk) from {self.name}"

    def count(self, target: Target) -> str:
        name = target.name
        return f"""
select
    (
        select count(*) from {self.mart(target)} as mart
        join {self.due} as built on built.{self.due_key} = mart.{self.due_key}
    ) as candidates,
    count(*) filter (where {name}_changed) as changed,
    count(*) filter (where {name}_due and not {name}_changed) as due
from {self.name}
"""

    def publish(self) -> str:
        """Lock the chunk's rows in key order, write them, keep the old documents; counts per target.

        Whoever is written is no longer due, and it is noted when they will be again.
        """
        columns = ", ".join(f"application.{quoted(target.column)}" for target in self.targets)
        joins = "\n    ".join(
            f"left join {self.mart(target)} as {target.name} on {target.name}.{quoted(target.key)} = locked.member_id"
            for target in self.targets
        )
        decided = ",\n        ".join(
            f"{_new_document(target)} as {target.name}_new, {target.name}.valid_until as {target.name}_valid_until"
            for target in self.targets
        )
        flags = ", ".join(f"batch.{t.name}_changed, batch.{t.name}_due" for t in self.targets)
        # A document that stays keeps its stored value, so a large one is not written again.
        settings = ", ".join(
            f"{quoted(t.column)} = coalesce(decided.{t.name}_new, application.{quoted(t.column)})"
            for t in self.targets
        )
        histories = "\n    union all\n    ".join(
            f"select '{t.name}' as target, member_id, {quoted(t.column)} as old_document, {t.name}_new as new_document,"
            f" {due_again(t, f'{t.name}_new', f'{t.name}_valid_until')} as due_at"
            f" from decided where {t.name}_new is not null"
            for t in self.targets
        )
        return f"""
with batch as materialized (
    select * from {self.name} where chunk = :chunk
),
locked as materialized (
    select application.{self.key} as member_id, {columns}, {flags}
    from {self.application_table} as application
    join batch on batch.member_id = application.{self.key}
    order by application.{self.key}
    for no key update of application
),
decided as materialized (
    select locked.*,
        {decided}
    from locked
    {joins}
),
written as (
    update {self.application_table} as application set {settings}
    from decided
    where decided.member_id = application.{self.key}
    returning application.{self.key}
),
documents as (
    {histories}
),
kept as (
    insert into standing.history (run_id, target, member_id, old_document, new_hash, published_at)
    select :run_id, target, member_id, old_document,
        sha256(convert_to(new_document::text, 'UTF8')), transaction_timestamp()
    from documents
    returning target
),
noted as (
    insert into standing.member_state (target, member_id, due_at, run_id)
    select target, member_id, due_at, :run_id from documents
    on conflict (target, member_id) do update set due_at = excluded.due_at, run_id = excluded.run_id
),
settled as (
    delete from standing.due using documents
    where due.target = documents.target and due.member_id = documents.member_id
)
select target, count(*) as written from kept group by target
"""

    def confirm(self, target: Target) -> str:
        """Note when the documents that were built and stay as they are will be looked at again."""
        name = target.name
        column = f"application.{quoted(target.column)}"
        due_at = due_again(target, column, f"{name}.valid_until")
        return f"""
insert into standing.member_state (target, member_id, due_at, run_id)
select '{name}', application.{self.key}, {due_at}, :run_id
from {self.application_table} as application
join {self.due} as built on built.{self.due_key} = application.{self.key}
join {self.mart(target)} as {name} on {name}.{quoted(target.key)} = application.{self.key}
left join {self.name} as written on written.member_id = application.{self.key}
left join standing.member_state as known on known.target = '{name}' and known.member_id = application.{self.key}
where not coalesce(written.{name}_changed or written.{name}_due, false)
    and (known.member_id is null or known.due_at is distinct from {due_at})
on conflict (target, member_id) do update set due_at = excluded.due_at
"""


def due_again(target: Target, document: str, valid_until: str) -> str:
    """When a document is to be built anew though nothing happens: its step, or its review.

    A review that has passed or cannot be read is due at once.
    """
    if target.review_field is None:
        return valid_until
    review = f"{document} ->> '{target.review_field}'"
    moment = (
        f"case when {review} ~ '{MOMENT}' then ({review})::timestamptz else '-infinity'::timestamptz end"
    )
    return f"least({valid_until}, {moment})"


def _not_held(target: Target) -> str:
    """No undo holds the member's document."""
    return (
        f"not exists (select from standing.holds as held where held.target = '{target.name}'"
        f" and held.member_id = {target.name}.{quoted(target.key)})"
    )


def _clock_fields(target: Target) -> str:
    return "array[" + ", ".join(f"'{field}'" for field in target.clock_fields) + "]::text[]"


def without_clock(target: Target, document: str) -> str:
    """A document less the keys that move with time alone; what is no object is left as it is."""
    return f"case when jsonb_typeof({document}) = 'object' then {document} - {_clock_fields(target)} else {document} end"


def _is_object(target: Target) -> str:
    return f"coalesce(jsonb_typeof(application.{quoted(target.column)}) = 'object', false)"


def _changed(target: Target) -> str:
    """Whether there is a candidate and it differs from the column, clock fields aside."""
    column = f"application.{quoted(target.column)}"
    clock = _clock_fields(target)
    return (
        f"{target.name}.document is not null and {_not_held(target)} and case when {_is_object(target)}"
        f" then {target.name}.document - {clock} is distinct from {column} - {clock} else true end"
    )


def _due(target: Target) -> str:
    """Whether the published document says that it was to be looked at again by now."""
    if target.review_field is None:
        return "false"
    moment = "to_char(cast(:as_of as timestamptz) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS\"Z\"')"
    column = f"application.{quoted(target.column)}"
    return (
        f"{target.name}.document is not null and {_not_held(target)} and case when {_is_object(target)}"
        f" then coalesce({column} ->> '{target.review_field}' <= {moment}, true) else true end"
    )


def _new_document(target: Target) -> str:
    """The candidate; where only its review was due, the clock of the last change stays."""
    name = target.name
    kept = [field for field in target.clock_fields if field != target.review_field]
    column = f"locked.{quoted(target.column)}"
    stays = " || ".join(
        [f"{name}.document"]
        + [
            f"case when {column} ? '{field}' then jsonb_build_object('{field}', {column} -> '{field}') else '{{}}' end"
            for field in kept
        ]
    )
    return f"case when locked.{name}_changed then {name}.document when locked.{name}_due then {stays} end"

"""The statements of publishing, composed from a table's targets.

Values are parameters; names are quoted.
"""

from dataclasses import dataclass

from standing.contract.targets import Target
from standing.publish.documents import content_hash, due_again, is_changed, is_due, new_document
from standing.settings import Settings
from standing.sql import quoted


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
        return quoted(self.settings.build_schema, self.targets[0].members.due_table)

    @property
    def due_key(self) -> str:
        return quoted(self.targets[0].key)

    def mart(self, target: Target) -> str:
        return quoted(self.settings.build_schema, target.mart)

    def drop(self) -> str:
        return f"drop table if exists {self.name}"

    def create(self) -> str:
        flags = ",\n    ".join(
            f"{is_changed(target)} as {target.name}_changed,\n    {is_due(target)} as {target.name}_due"
            for target in self.targets
        )
        joins = "\n".join(
            f"left join {self.mart(target)} as {target.name} on {target.name}.{quoted(target.key)} = application.{self.key}\n"
            f"left join standing.holds as held_{target.name} on held_{target.name}.target = '{target.name}'"
            f" and held_{target.name}.member_id = application.{self.key}"
            for target in self.targets
        )
        wanted = " or ".join(f"{target.name}_changed or {target.name}_due" for target in self.targets)
        return f"""
create unlogged table {self.name} as
with compared as materialized (
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
            f"{new_document(target)} as {target.name}_new, {target.name}.valid_until as {target.name}_valid_until"
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
        {content_hash("new_document")}, transaction_timestamp()
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

"""After everything is written: who is not due any more, and until when."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from standing.contract.targets import AnyTarget
from standing.settings import Settings
from standing.sql import quoted


@dataclass(frozen=True)
class Published:
    """The build that run `run_id` has published: whether it was of everybody, and target → what its
    documents depend on.
    """

    run_id: int
    everybody: bool
    depends_on: Mapping[str, str]


def acknowledge(
    connection: Connection,
    settings: Settings,
    targets: tuple[AnyTarget, ...],
    published: Published,
    stay_due: Mapping[str, str | None],
) -> None:
    """After everything is written: who was built is not due any more, except held members and those whom
    `stay_due` has, target → a query of member_id.
    """
    names, run_id = [target.name for target in targets], published.run_id
    for target in targets:
        for statement in _statements(settings, target, stay_due.get(target.name)):
            connection.execute(text(statement), {"target": target.name, "run_id": run_id})
    if published.everybody:
        connection.execute(
            text("delete from standing.due where member_id is null and target = any(:names)"),
            {"names": names},
        )
    for target in targets:
        connection.execute(
            text(
                "insert into standing.target_state (target, depends_on, run_id)"
                " values (:target, :depends_on, :run_id)"
                " on conflict (target) do update set depends_on = excluded.depends_on,"
                " run_id = excluded.run_id"
            ),
            {"target": target.name, "depends_on": published.depends_on[target.name], "run_id": run_id},
        )


def _statements(settings: Settings, target: AnyTarget, stay_due: str | None) -> Iterator[str]:
    """Forget members who are gone. A member who joins after as_of falls due at that time."""
    kind = target.members

    def exists(schema: str, table: str, key: str) -> str:
        return f"exists (select from {quoted(schema, table)} as m where m.{quoted(key)} = built.{kind.key})"

    built = f"{quoted(settings.build_schema, kind.due_table)} as built"
    is_made = exists(settings.build_schema, target.mart, kind.key)
    is_known = exists(settings.build_schema, kind.known, kind.key)
    is_there = exists(settings.application_schema, target.table, target.table_key)
    yield f"""
insert into standing.due (target, member_id)
select :target, built.{kind.key} from {built} where {is_there} and {is_known} and not {is_made}
on conflict do nothing
"""
    yield f"""
insert into standing.member_state (target, member_id, due_at, run_id)
select :target, built.{kind.key},
    min(joined.created_at) filter (where joined.created_at > run_context.as_of), :run_id
from {built}
join {quoted(settings.build_schema, kind.all_keys)} as joined on joined.{kind.key} = built.{kind.key}
cross join {quoted(settings.build_schema, "run_context")} as run_context
where {is_there} and not {is_known}
group by built.{kind.key}
on conflict (target, member_id) do update set due_at = excluded.due_at, run_id = excluded.run_id
"""
    yield f"""
delete from standing.member_state as state using {built}
where state.target = :target and state.member_id = built.{kind.key} and not {is_there}
"""
    stays = ""
    if stay_due:
        left_alone = f"({stay_due}) as left_alone"
        stays = f"and not exists (select from {left_alone} where left_alone.member_id = due.member_id)"
        yield f"""
insert into standing.due (target, member_id) select :target, member_id from {left_alone}
on conflict do nothing
"""
    yield f"""
delete from standing.due using {built}
where due.target = :target and due.member_id = built.{kind.key}
    and ({is_made} or not {is_known} or not {is_there}) {stays}
    and not exists (
        select from standing.holds as held where held.target = due.target and held.member_id = due.member_id
    )
"""

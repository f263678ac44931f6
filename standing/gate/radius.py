"""The blast radius of a build, measured in SQL and laid beside the limits of policy."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from standing.contract.changes import MOVING
from standing.contract.targets import AnyTarget, PostingTarget, Target
from standing.publish.destination import Destination, Kind
from standing.publish.documents import candidate, is_published, number, present
from standing.publish.ledger import Ledger
from standing.publish.statement import ChangeTable
from standing.sql import literal, literals, quoted, render

#: Above so many members the planner's estimate of their number is exact enough; where documents have just
#: been written, counting looks at every row.
COUNTED_UP_TO = 10_000


@dataclass(frozen=True)
class BlastRadius:
    """One statement per target: each measure, what was observed, and its limits.

    Members whose document is published for the first time are left out of every share, and a document
    changes where its points or its level do: what policy calls them moves nobody.
    """

    table: ChangeTable
    target: Target

    def _policy(self, seed: str) -> str:
        return quoted(self.table.settings.build_schema, seed)

    def _ranks(self) -> tuple[str, str]:
        """The joins to the old and the new rank, and the pair of expressions for them."""
        ladder = self.target.ladder
        if ladder is None:
            return "", "null::integer as old_rank, null::integer as new_rank"
        joins = "\n".join(
            f"    left join {self._policy(ladder.seed)} as {side}_step"
            f" on {side}_step.{ladder.code} = pairs.{side} ->> '{ladder.key}'"
            for side in ("old", "new")
        )
        return joins, f"old_step.{ladder.rank} as old_rank, new_step.{ladder.rank} as new_rank"

    def _lost_members(self) -> str:
        """Members with a published document, without a candidate."""
        published = present(self.target, "application")
        return f"""
    select count(*) from {self.table.application_table} as application
    join {self.table.due} as due on due.{self.table.due_key} = application.{self.table.key}
    left join {self.table.mart(self.target)} as mart
        on mart.{quoted(self.target.key)} = application.{self.table.key}
    where mart.{quoted(self.target.key)} is null and {is_published(published)}"""

    def statement(self) -> str:
        name, old = self.target.name, present(self.target, "application")
        new = candidate(self.target, "mart.document", self.table.application_table)
        joins, ranks = self._ranks()
        value = "{" + self.target.number + "}"
        lost = " or ".join(
            f"(coalesce({number('pairs.old', path)}, 0) != 0 and coalesce({number('pairs.new', path)},"
            " 0) = 0)"
            for path in self.target.lasting
        )
        return f"""
with pairs as (
    select {old} as old, {new} as new, change.{name}_class as class
    from {self.table.name} as change
    join {self.table.application_table} as application on application.{self.table.key} = change.member_id
    join {self.table.mart(self.target)} as mart on mart.{quoted(self.target.key)} = change.member_id
    where change.{name}_changed and {is_published(old)}
),
compared as (
    select
        {ranks},
        {number("pairs.new", value)} - {number("pairs.old", value)} as shift,
        {lost} as has_lost,
        class = any({literals(MOVING)}) as moves
    from pairs
{joins}
),
counted as (
    select
        count(*) filter (where moves) as changed,
        count(*) filter (where new_rank > old_rank) as moved_up,
        count(*) filter (where new_rank < old_rank) as moved_down,
        coalesce(sum(shift), 0) as shift,
        count(*) filter (where has_lost) as lost_values,
        (select count(*) from {self.table.name} where {name}_changed) - count(*) as first_published,
        ({self._lost_members()}
        ) as lost_members
    from compared
),
sized as (
    select
        counted.*,
        greatest((
            select case
                when reltuples > {COUNTED_UP_TO} then reltuples::bigint
                else (select count(*) from {self.table.application_table})
            end
            from pg_class where oid = {literal(self.table.application_table)}::regclass
        ) - first_published, 1) as members
    from counted
),
measured as (
    select measures.measure, measures.concerned, measures.observed
    from sized
    cross join lateral (
        values
        ('changed_share', changed, changed::numeric / members),
        ('moved_up_share', moved_up, moved_up::numeric / members),
        ('moved_down_share', moved_down, moved_down::numeric / members),
        ('mean_shift', changed, shift / members),
        ('lost_values_share', lost_values, lost_values::numeric / members),
        ('lost_members_share', lost_members, lost_members::numeric / members)
    ) as measures (measure, concerned, observed)
)
select
    measured.measure,
    measured.concerned as members,
    measured.observed,
    limits.warn,
    limits.stop,
    case
        when measured.concerned < policy_numbers.value then 'passed'
        when abs(measured.observed) > limits.stop then 'stopped'
        when abs(measured.observed) > limits.warn then 'warned'
        else 'passed'
    end as verdict
from measured
cross join lateral (
    select * from {self._policy("gate_limits")} as limits
    where limits.measure = measured.measure and limits.target in ('{name}', 'all')
    order by limits.target = 'all'
    limit 1
) as limits
join {self._policy("policy_numbers")} as policy_numbers on policy_numbers.name = 'gate_min_members'
order by measured.measure
"""


def _of_documents(table: ChangeTable, target: Target) -> str:
    return BlastRadius(table, target).statement()


def _of_postings(ledger: Ledger, target: PostingTarget) -> str:
    build = ledger.settings.build_schema
    policy = {name: quoted(build, name) for name in ("gate_limits", "policy_numbers")}
    return render("gate/postings.sql.j2", ledger=ledger, target=target, **policy)


_RADII: Mapping[Kind, Callable[[Any, Any], str]] = {
    "documents": _of_documents,
    "postings": _of_postings,
}


def radius(place: Destination, target: AnyTarget) -> str:
    """The statement that measures a build: measure, members, observed, warn, stop, verdict."""
    return _RADII[place.kind](place, target)

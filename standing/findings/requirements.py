"""What levels and tiers ask for, by the policy of a build and by the one that was published before it."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from standing.contract.target import Ladder
from standing.contract.targets import SELECTIONS, Target
from standing.database.connect import rows
from standing.settings import Settings
from standing.sql import quoted
from standing.text import plain


class Requirement(NamedTuple):
    """What a level or tier asks for: in words, the least of the number that it always asks for, and all."""

    words: str
    least: Decimal
    numbers: tuple[Decimal, ...]


#: The policy of the newest run before that published a target, also where the gate held others of it.
#: Parameters: run_id, selections, target.
BEFORE = """
    select policies.tables from standing.runs join standing.policies on runs.policy = policies.version
    where runs.selection = any(:selections)
        and (
            runs.status = 'published'
            or runs.status in ('stopped', 'approved', 'rejected', 'expired')
            and runs.summary -> 'targets' ? :target and not runs.summary -> 'held' ? :target
        )
        and (cast(:run_id as bigint) is null or runs.run_id < :run_id)
    order by runs.run_id desc limit 1
"""


def required(
    connection: Connection, settings: Settings, ladder: Ladder, tables: Mapping[str, Any] | None = None
) -> dict[str, Requirement]:
    """Code → what it asks for, from the lowest on, such as: Silver asks for 60 points.

    By the policy in the build's schema, or by these policy tables, as runs note them.
    """
    (always, first), *others = ladder.requirements.phrases
    phrases = [f"format('{first}', trim_scale(step.{always}::numeric))"]
    phrases += [
        f"case when step.{one} > 0 then format('{phrase}', trim_scale(step.{one}::numeric)) end"
        for one, phrase in others
    ]
    numbers = ", ".join(f"step.{one}" for one, _ in ladder.requirements.phrases)
    named = {"step": ladder.requirements.relation, "labels": ladder.seed}
    built = {alias: quoted(settings.build_schema, name) for alias, name in named.items()}
    if tables is None:
        asking, labels, given = built["step"], built["labels"], {}
    else:
        asking, labels = (
            f"jsonb_populate_recordset(null::{table}, cast(:{alias} as jsonb))"
            for alias, table in built.items()
        )
        given = {alias: json.dumps(tables[name]) for alias, name in named.items()}
    found = rows(
        connection,
        f"select step.{ladder.code} as code, step.{always}::numeric as least,"
        f" array_remove(array[{numbers}]::numeric[], null) as numbers,"
        f" format('%s asks for %s', labels.label_en, concat_ws(' and ', {', '.join(phrases)})) as wanted"
        f" from {asking} as step join {labels} as labels on labels.{ladder.code} = step.{ladder.code}"
        f" order by step.{ladder.rank}",
        **given,
    )
    return {row["code"]: Requirement(row["wanted"], row["least"], tuple(row["numbers"])) for row in found}


def required_before(
    connection: Connection, settings: Settings, target: Target, run_id: int | None
) -> dict[str, Requirement]:
    """As `required`, by the policy that was published before that run, or is; empty where none is known."""
    ladder = target.ladder
    if ladder is None:
        return {}
    selections = [name for name, some in SELECTIONS.items() if target.name in some]
    tables = (
        connection.scalar(text(BEFORE), {"run_id": run_id, "selections": selections, "target": target.name})
        or {}
    )
    if not all(tables.get(name) for name in (ladder.requirements.relation, ladder.seed)):
        return {}
    return required(connection, settings, ladder, tables)


def as_steps(now: Mapping[str, Requirement], before: Mapping[str, Requirement]) -> str:
    """Each level or tier with its place, what it asks for, and whether that is new, as JSON.

    `asks` is such as: Silver asks for 64 points, was 60 points.
    """
    steps = []
    for place, (code, asks) in enumerate(now.items()):
        known = before.get(code, asks)
        is_new = known.words != asks.words
        was = f", was {known.words.partition(' asks for ')[2]}" if is_new else ""
        steps.append(
            {"code": code, "place": place, "asks": asks.words + was, "is_new": is_new}
            | {"least": asks.least, "least_before": known.least}
        )
    return json.dumps(plain(steps))

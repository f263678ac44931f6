"""What a build finds in its schema and need not make again: tested policy and the staging views.

Loading and testing the seeds and making the views costs seconds, and most runs change nothing about either.
"""

from collections.abc import Iterator, Set
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

from standing.build.fingerprint import Fingerprint
from standing.build.project import upstream
from standing.build.selection import POLICY_MODELS, needed
from standing.contract.targets import AnyTarget
from standing.settings import Settings
from standing.sql import quoted

#: The table that says for which targets it is done: what a crash of the server empties is not prepared.
PREPARED = "prepared"
PREPARED_COLUMNS = "target text primary key, depends_on text not null"


def is_prepared(
    connection: Connection,
    settings: Settings,
    targets: tuple[AnyTarget, ...],
    fingerprint: Fingerprint,
    built: Set[str],
) -> bool:
    """Whether policy and staging of the targets are among the relations `built`, as their files say."""
    if not _lasting(targets) | {PREPARED} <= built:
        return False
    known = _known(connection, settings)
    return all(known.get(target.name) == _wanted(fingerprint, target.name) for target in targets)


@contextmanager
def preparing(
    engine: Engine, settings: Settings, targets: tuple[AnyTarget, ...], fingerprint: Fingerprint
) -> Iterator[None]:
    """Note that policy and staging of the targets are made, if the build in this block succeeds."""
    table = quoted(settings.build_schema, PREPARED)
    with engine.begin() as connection:
        known = _known(connection, settings)
        forget_prepared(connection, settings)
    yield
    made = {target.name for target in targets}
    with engine.begin() as connection:
        connection.execute(
            text(f"insert into {table} values (:target, :depends_on)"),
            [
                {"target": name, "depends_on": _wanted(fingerprint, name)}
                for name in fingerprint.targets
                if name in made or known.get(name) == _wanted(fingerprint, name)
            ],
        )


def forget_prepared(connection: Connection, settings: Settings) -> None:
    """Policy and staging count as not made, whatever is there."""
    connection.execute(text(f"delete from {quoted(settings.build_schema, PREPARED)}"))


def _known(connection: Connection, settings: Settings) -> dict[str, str]:
    table = quoted(settings.build_schema, PREPARED)
    return {
        row.target: row.depends_on
        for row in connection.execute(text(f"select target, depends_on from {table}"))
    }


def _wanted(fingerprint: Fingerprint, target: str) -> str:
    return f"{fingerprint.targets[target]} {fingerprint.policy}"


def _lasting(targets: tuple[AnyTarget, ...]) -> set[str]:
    """The models that stay from build to build; a new seed drops the views that read it."""
    return {
        name
        for model in needed(targets)
        for name, part in upstream(model).items()
        if {"staging", "quality"} & set(part.path.parts) or name in POLICY_MODELS
    }

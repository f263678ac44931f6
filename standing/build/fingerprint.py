"""Hashes of what a build depends on besides rows; only this module says what counts.

Equal hashes mean that a member to whom nothing happened would get the same document. In those of a
target are

- the text of its mart, of every model and seed below, and of all macros, materializations and hooks among
  them, but for comments and white space of SQL (standing/build/normalized.py);
- what YAML says of how those models, seeds and sources are built (configuration, contract, types), and
  dbt_project.yml;
- the settings that models read (`SETTINGS`; standing/incremental/context.py writes them for the models);
- the application's columns that the models read with their types, the column that is written, the
  constraints that models rely on, and the columns that switch a rule off by being empty;
- the Python that logs changes and lists what has to be derived anew (`PYTHON`): what it missed before, it
  may find now.

Out are what decides whether a build ends well and not what it gives: data tests, unit tests, descriptions,
and the policy's own tests, which `policy` has (standing/build/prepared.py). Out, too, is how and where a
build works: profiles.yml, the session's settings, threads. Versions of dbt and of PostgreSQL are out:
`standing reconcile` finds what one of them changed.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from standing.build import policy, project
from standing.contract.targets import TARGETS, AnyTarget
from standing.database.schemas import Application
from standing.settings import Settings

#: Settings that the models read.
SETTINGS = (
    "application_schema",
    "source_time_zone",
    "business_time_zone",
    "min_transactions_for_gold",
    "min_transactions_for_diamond",
)
#: Standing's own files whose statements say which rows a build reads anew.
PYTHON = (
    "standing/incremental/*.py",
    "standing/contract/application.py",
    "standing/contract/sources.py",
)
#: The application's table that a model asks macros/application/ for.
TABLE = re.compile(r"(?:application_rows|application_columns|trusted_rows|trusted_cases)\(\s*'(\w+)'")
#: A column in the lists of models and macros, such as 'id uuid as order_id'.
COLUMN = re.compile(
    r"'(\w+) (?:uuid|identity|text|code|numeric|timestamptz|deadline|boolean|jsonb)(?: as \w+)?'"
)
#: How a model says that its rows stay from build to build.
MATERIALIZED = "incremental_by_key"


#: Parts that any model may depend on: all macros, Standing's own code, the settings, and the columns of
#: sources with what YAML says of them.
EVERYWHERE = frozenset({"macros", "code", "settings", "sources"})


@dataclass(frozen=True)
class Fingerprint:
    """`targets` is target → what its documents depend on, for all targets: JSON of part → hash.

    A part is a model, seed or macro, or one of `EVERYWHERE`. `materialized` is the hash of all models whose
    rows stay, and `policy` that of the seeds and of what is tested about them.
    """

    targets: dict[str, str]
    materialized: str
    policy: str


def take(application: Application, settings: Settings) -> Fingerprint:
    """The fingerprint of a build that would begin now.

    Raises BuildFailed naming what is wrong with the files of policy where one of them cannot be read.
    """
    try:
        return _taken(application, settings)
    except Exception:
        policy.check_files(project.root())
        raise


def _taken(application: Application, settings: Settings) -> Fingerprint:
    properties = project.properties()
    macros = _hash([project.configuration(), *project.texts("macros/**/*.sql")])
    code = _hash(project.texts(*PYTHON))
    setting = _hash(f"{name}={getattr(settings, name)}" for name in SETTINGS)

    def parts_of(*models: str, written: str = "") -> str:
        found = dict(found for model in models for found in project.upstream(model).items())
        described = (properties.get(name, "") for name in ("application", "standing", "state"))
        read = _read([part.text for part in found.values()], application)
        parts = {name: _hash([part.text, properties.get(name, "")]) for name, part in found.items()}
        parts |= {"macros": macros, "code": code, "settings": setting}
        parts["sources"] = _hash([*described, *read, written])
        return json.dumps(parts, sort_keys=True)

    return Fingerprint(
        {target.name: parts_of(*target.marts, written=_written(target, application)) for target in TARGETS},
        _hash([parts_of(*project.materialized(MATERIALIZED))]),
        _hash(project.texts("seeds/*", "tests/dbt/*.sql")),
    )


def sources_read(application: Application) -> dict[str, str]:
    """What the models of all targets read of the application: table.column → type, and the constraints."""
    marts = (mart for target in TARGETS for mart in target.marts)
    texts = [part.text for mart in marts for part in project.upstream(mart).values()]
    found = (line.partition("=") for line in dict.fromkeys(_read(texts, application)))
    return {name: kind or "constraint" for name, _, kind in found if kind != "None"}


def edited(before: str, now: str) -> set[str]:
    """The parts in which two states of a target differ: all, where an early version has noted one hash."""
    found = json.loads(now)
    known = json.loads(before) if before.startswith("{") else {}
    return {name for name in known | found if known.get(name) != found.get(name)}


def _read(texts: list[str], application: Application) -> Iterator[str]:
    """The columns that models and macros read, with their types, and their tables' constraints."""
    tables = {table for text in texts for table in TABLE.findall(text)}
    columns = {column for text in texts for column in COLUMN.findall(text)}
    for table in sorted(tables):
        yield from (_column(application, table, column) for column in sorted(columns))
    # A model may leave out what a constraint of its tables forbids.
    yield from (promise for promise in application.promises if promise.partition(".")[0] in tables)
    yield from (f"{path} is empty=yes" for path in application.empty if path.partition(".")[0] in tables)


def _written(target: AnyTarget, application: Application) -> str:
    return " ".join(_column(application, table, column) for table, column in target.written)


def _column(application: Application, table: str, column: str) -> str:
    return f"{table}.{column}={application.columns.get(table, {}).get(column)}"


def _hash(parts: Iterable[str]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part.encode())
    return found.hexdigest()[:32]

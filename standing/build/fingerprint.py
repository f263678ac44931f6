"""What a target's documents depend on besides the data: models, macros, seeds, settings, source columns and constraints.

Two equal hashes mean that a member to whom nothing happened would get the same document.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Connection

from standing import PROJECT_ROOT
from standing.contract.targets import Target
from standing.database.columns import columns_found, promises_found
from standing.settings import Settings

#: Settings that the models read; see standing/incremental/context.py.
SETTINGS = (
    "application_schema",
    "source_time_zone",
    "business_time_zone",
    "min_transactions_for_gold",
    "min_transactions_for_diamond",
)
WORD = re.compile(r"\w+")
#: Name and body of each macro of a file.
MACRO = re.compile(r"{%-?\s*macro\s+(\w+)(.*?){%-?\s*endmacro", re.DOTALL)
#: The application's table that a model asks macros/application/ for.
TABLE = re.compile(r"(?:application_rows|application_columns|trusted_rows|trusted_cases)\(\s*'(\w+)'")
#: A column in the lists of models and macros, such as 'id uuid as order_id'.
COLUMN = re.compile(r"'(\w+) (?:uuid|text|code|numeric|timestamptz|boolean|jsonb)(?: as \w+)?'")


@dataclass(frozen=True)
class Part:
    """A model, a seed or a macro: its file and its own text in it."""

    path: Path
    text: str


@lru_cache(maxsize=1)
def _files() -> dict[str, Path]:
    """Model, seed or macro → its file."""
    named = {
        path.stem: path
        for folder, suffix in (("models", "*.sql"), ("seeds", "*.csv"))
        for path in sorted((PROJECT_ROOT / folder).rglob(suffix))
    }
    macros = {
        name: path
        for path in sorted((PROJECT_ROOT / "macros").rglob("*.sql"))
        for name, _ in MACRO.findall(path.read_text("utf-8"))
    }
    return {**macros, **named}


def _part(name: str) -> Part:
    path = _files()[name]
    state = path.stat()
    text = _text(path, state.st_mtime_ns, state.st_size)
    return Part(path, text if isinstance(text, str) else text[name])


@lru_cache(maxsize=1024)
def _text(path: Path, _changed_at: int, _size: int) -> str | dict[str, str]:
    """A file's text, of macros each one's; read again once the file has changed."""
    text = path.read_text("utf-8")
    return dict(MACRO.findall(text)) if "macros" in path.parts else text


def upstream(mart: str) -> dict[str, Part]:
    """A mart and all models, seeds and macros that it is built from, by name.

    What is named anywhere in a model or macro counts as used: too many rather than too few.
    """
    found: dict[str, Part] = {}
    waiting = [mart]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _part(name)
            if found[name].path.suffix == ".sql":
                waiting += set(WORD.findall(found[name].text)) & _files().keys() - found.keys()
    return dict(sorted(found.items()))


def policy_hash() -> str:
    """A hash of all seeds and of what is tested about them."""
    paths = [
        *sorted((PROJECT_ROOT / "seeds").iterdir()),
        *sorted((PROJECT_ROOT / "tests" / "dbt").glob("*.sql")),
    ]
    return _hash([path.read_bytes() for path in paths])


def dependencies(connection: Connection, settings: Settings, targets: tuple[Target, ...]) -> dict[str, str]:
    """Target → the hash of everything its documents depend on besides the application's rows."""
    found = _Found(connection, settings)
    return {target.name: found.hash_of(target.mart) for target in targets}


def dependency(connection: Connection, settings: Settings, *models: str) -> str:
    """The same hash of some models together."""
    return _Found(connection, settings).hash_of(*models)


class _Found:
    """What an application and its settings are at one moment, to be hashed with the text of models."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.columns = columns_found(connection, settings.application_schema)
        self.promises = promises_found(connection, settings.application_schema)
        self.always = [
            *(path.read_bytes() for path in sorted((PROJECT_ROOT / "macros").rglob("*.sql"))),
            *(f"{name}={getattr(settings, name)}".encode() for name in SETTINGS),
        ]

    def hash_of(self, *models: str) -> str:
        texts = [part.text for model in models for part in upstream(model).values()]
        tables = {table for text in texts for table in TABLE.findall(text)}
        read = {column for text in texts for column in COLUMN.findall(text)}
        types = [
            f"{table}.{column}={self.columns.get(table, {}).get(column)}"
            for table in sorted(tables)
            for column in sorted(read)
        ]
        # A model may leave out what a constraint of its tables forbids.
        promises = [promise for promise in self.promises if promise.partition(".")[0] in tables]
        return _hash([*self.always, *(part.encode() for part in (*texts, *types, *promises))])


def _hash(parts: list[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "big") + part)
    return found.hexdigest()[:32]

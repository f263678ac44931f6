"""dbt's files as text: models, seeds and macros, what is said of them in YAML, and what each is built from.

Read without dbt, which takes seconds to load.
"""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from standing import PROJECT_ROOT
from standing.build.normalized import normalized

WORD = re.compile(r"\w+")
#: Name and body of each macro of a file.
MACRO = re.compile(r"{%-?\s*macro\s+(\w+)(.*?){%-?\s*endmacro", re.DOTALL)
CONFIG = re.compile(r"{{-?\s*(config\(.*?\))\s*-?}}", re.DOTALL)
#: Jinja's words for Python's.
JINJA = {"true": True, "false": False, "none": None}
#: What YAML says for people and for tests: no build reads it.
FOR_PEOPLE = {
    *("description", "meta", "docs", "tests", "data_tests", "group", "access"),
    *("freshness", "loaded_at_field", "loaded_at_query"),
}


@dataclass(frozen=True)
class SourceText:
    """A model, a seed or a macro: its file and its own text in it, SQL normalized."""

    path: Path
    text: str


def root() -> Path:
    return PROJECT_ROOT


def configuration() -> str:
    """What dbt_project.yml says of how things are built, as one text."""
    import yaml

    given = yaml.load((PROJECT_ROOT / "dbt_project.yml").read_text("utf-8"), yaml.CSafeLoader)
    return json.dumps(_for_the_build({**given, "vars": {}}), sort_keys=True, default=str)


def texts(*patterns: str) -> Iterator[str]:
    """All files that the patterns name, in the order of patterns and names; SQL normalized."""
    for pattern in patterns:
        found = sorted(PROJECT_ROOT.glob(pattern))
        if not found:
            raise FileNotFoundError(f"{PROJECT_ROOT} has no {pattern}")
        for path in filter(Path.is_file, found):
            yield _read(path)


def upstream(mart: str) -> dict[str, SourceText]:
    """A mart and all models, seeds and macros that it is built from, by name.

    What is named anywhere in a model or macro counts as used: too many rather than too few.
    """
    found: dict[str, SourceText] = {}
    waiting = [mart]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = _part(name)
            if found[name].path.suffix == ".sql":
                waiting += set(WORD.findall(found[name].text)) & _files().keys() - found.keys()
    return dict(sorted(found.items()))


def nodes() -> frozenset[str]:
    """The names of all models and seeds, which are those of the relations that a build makes."""
    return frozenset(path.stem for path in _files().values() if "macros" not in path.parts)


def kinds() -> dict[str, str]:
    """Model, seed or macro → which of them it is."""
    return {
        name: "macro" if "macros" in path.parts else "model" if path.suffix == ".sql" else "seed"
        for name, path in _files().items()
    }


def materialized(kind: str) -> dict[str, dict[str, Any]]:
    """Models with this materialization in their own config: name → config, where it is plain values."""
    configs = {name: _config(_part(name).text) for name, path in _files().items() if _is_model(path)}
    return {name: found for name, found in configs.items() if found.get("materialized") == kind}


def properties() -> dict[str, str]:
    """Model, seed or source → what YAML says of how it is built and read, as one text."""
    found = {}
    for folder in ("models", "seeds"):
        for path in sorted((PROJECT_ROOT / folder).rglob("*.yml")):
            state = path.stat()
            found.update(_properties(path, state.st_mtime_ns, state.st_size))
    return found


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


def _is_model(path: Path) -> bool:
    return path.suffix == ".sql" and "macros" not in path.parts


def _part(name: str) -> SourceText:
    path = _files()[name]
    state = path.stat()
    text = _text(path, state.st_mtime_ns, state.st_size)
    return SourceText(path, text if isinstance(text, str) else text[name])


@lru_cache(maxsize=1024)
def _text(path: Path, _changed_at: int, _size: int) -> str | dict[str, str]:
    """A file's text, SQL normalized, of macros each one's; read again once the file has changed."""
    text = _read(path)
    return dict(MACRO.findall(text)) if "macros" in path.parts else text


def _read(path: Path) -> str:
    """A file's text, SQL normalized. Its encoding is for others to refuse: here it is only hashed."""
    text = path.read_text("utf-8", errors="backslashreplace")
    return normalized(text) if path.suffix == ".sql" else text


@lru_cache(maxsize=1024)
def _config(model: str) -> dict[str, Any]:
    """What a model's text says in config()."""
    call = CONFIG.search(model)
    if call is None:
        return {}
    found = {}
    for given in ast.parse(call[1], mode="eval").body.keywords:  # type: ignore[attr-defined]
        if isinstance(given.value, ast.Name):
            found[given.arg] = JINJA.get(given.value.id)
        elif not any(isinstance(part, ast.Call | ast.Name) for part in ast.walk(given.value)):
            found[given.arg] = ast.literal_eval(given.value)
    return found


@lru_cache(maxsize=64)
def _properties(path: Path, _changed_at: int, _size: int) -> dict[str, str]:
    import yaml

    given = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader) or {}
    return {
        one["name"]: json.dumps(_for_the_build(one), sort_keys=True, default=str)
        for kind in ("models", "seeds", "sources")
        for one in given.get(kind, ())
    }


def _for_the_build(given: Any) -> Any:
    """Without what is for people; of a column, or of a table of a source, that leaves its name, which says
    nothing either.
    """
    if isinstance(given, dict):
        found = {
            key: _for_the_build(one) for key, one in given.items() if key.lstrip("+") not in FOR_PEOPLE
        }
        return {key: one for key, one in found.items() if one not in ({}, [])}
    if isinstance(given, list):
        return [
            one
            for one in map(_for_the_build, given)
            if not (isinstance(one, dict) and one.keys() <= {"name"})
        ]
    return given

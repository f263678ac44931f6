"""A document as a JSON Schema, for docs/metrics.py and for readers in other languages."""

from typing import Any

from standing.contract.document import ABSENT, Key, Moment
from standing.contract.target import Target

#: Type of a key → its JSON Schema.
TYPES: dict[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "text": {"type": "string"},
    "flag": {"type": "boolean"},
    "list": {"type": "array"},
    "object": {"type": "object"},
    "moment": {"type": "string", "format": "date-time", "pattern": "Z$"},
    "earlier moment": {"type": "string", "format": "date-time"},
    "local moment": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT[\d:.]+$"},
}


def json_schema(target: Target, as_upgraded: bool = False) -> dict[str, Any]:
    """The JSON Schema (2020-12) of what runs publish; with `as_upgraded`, also of the upgrade's default.

    A column that is shared with the application has other keys, too. Unit, audience and sources of a key
    are there as `x-unit`, `x-audience` and `x-sources`.
    """
    keys = target.document.keys
    found = _object(keys)
    if target.owned_keys:
        found["additionalProperties"] = True
    if as_upgraded:
        found["required"] = [key.name for key in keys if key.default is not ABSENT]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": target.place,
        "description": target.document.about,
        **found,
    }


def _object(keys: tuple[Key, ...]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key.name: _value(key) for key in keys},
        "required": [key.name for key in keys],
        "additionalProperties": False,
    }


def _value(key: Key) -> dict[str, Any]:
    found = {"description": key.meaning, **TYPES[key.type]}
    if key.type == "object" and key.keys:
        found |= _object(key.keys)
    if key.type == "list":
        found["items"] = _object(key.keys) if key.keys else {"type": "string"}
    if key.nullable:
        found["type"] = [found["type"], "null"]
    has_default = key.default is not ABSENT and not isinstance(key.default, Moment)
    more = {
        "minimum": key.lowest,
        "maximum": key.highest,
        "enum": list(key.words) or None,
        "default": key.default if has_default else None,
        "x-unit": key.unit or None,
        "x-audience": key.audience,
        "x-sources": list(key.sources) or None,
    }
    return found | {word: value for word, value in more.items() if value is not None}

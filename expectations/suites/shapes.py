"""Rules that every document keeps, as the contract declares it: keys, types, ranges, and rates that their
evidence explains.

In a scan `d` holds the document's keys as columns.
"""

from collections.abc import Iterable

from expectations.engine.rules import Rule
from standing.contract.document import Document, Key
from standing.contract.targets import Target
from standing.sql import json_number, literals

#: Type of a key → SQL that is true of a jsonb value {0} of that type. A moment is UTC with Z;
#: an earlier one comes from what was published before, in its spelling there; a local one has no zone.
FITS = {
    "number": "jsonb_typeof({0}) = 'number'",
    "text": "jsonb_typeof({0}) = 'string'",
    "flag": "jsonb_typeof({0}) = 'boolean'",
    "list": "jsonb_typeof({0}) = 'array'",
    "object": "jsonb_typeof({0}) = 'object'",
    "earlier moment": "jsonb_typeof({0}) = 'string'"
    " and {0} #>> array[]::text[] like '____-__-__T__:__:__%'",
    "local moment": "jsonb_typeof({0}) = 'string'"
    " and {0} #>> array[]::text[] like '____-__-__T__:__:__%' and {0} #>> array[]::text[] not like '%Z'",
    "moment": "jsonb_typeof({0}) = 'string' and {0} #>> array[]::text[] like '____-__-__T__:__:__%Z'",
}
REBUILD = "fix the model or its policy and run again; nothing has been written"


def words(value: str) -> str:
    """A jsonb string as text."""
    return f"({value} #>> array[]::text[])"


def record(document: Document, whole: str) -> str:
    """The document's keys as jsonb columns of `d`: unpacked once, however many rules look at them."""
    columns = ", ".join(f"{name} jsonb" for name in document.names)
    guarded = f"case when jsonb_typeof({whole}) = 'object' then {whole} else '{{}}' end"
    return f"cross join lateral jsonb_to_record({guarded}) as d ({columns})"


def shape_rules(target: Target, whole: str) -> tuple[Rule, ...]:
    """Rules over a scan in which `whole` is the document."""
    document = target.document
    misfits = _misfits(document)
    keys = Rule(
        f"{target.name}_has_every_key",
        "critical",
        " or ".join(misfits.values()),
        "The application's pages read these keys and break, or show nothing, without them.",
        "build each documented key in the model, with its type",
        detail=_named(misfits),
    )
    strangers = Rule(
        f"{target.name}_has_only_known_keys",
        "critical",
        _strangers(document, whole),
        "A key that nobody documented reaches pages and exports that nobody checked.",
        f"declare the key in standing/contract/documents/{target.name}.py, or do not build it",
    )
    rates = (_evidence(target),) if document.rates else ()
    return (keys, strangers, *rates, *_ranges(target), *_known_words(target))


def _misfits(document: Document) -> dict[str, str]:
    """Key → SQL that is true where it is missing or of another type."""
    tests = {}
    for key in document.keys:
        value = f"d.{key.name}"
        test = f"({FITS[key.type].format(value)}) is not true"
        given = f"{value} is not null and " if key.nullable else ""
        tests[key.name] = given + test
        for inner in _inside(key):
            tests[f"{key.name}.{inner.name}"] = given + _misfit(inner, f"({value} -> '{inner.name}')")
    return tests


def _misfit(key: Key, value: str) -> str:
    return f"({FITS[key.type].format(value)}) is not true"


def _inside(key: Key) -> tuple[Key, ...]:
    return key.keys if key.type == "object" else ()


def _strangers(document: Document, whole: str) -> str:
    """SQL that is true for a document with an undocumented key, or without a key that may be null."""
    tests = [_extra(whole, document.names)]
    tests += [
        _extra(f"d.{key.name}", (inner.name for inner in _inside(key)))
        for key in document.keys
        if _inside(key)
    ]
    tests += [f"not {whole} ? '{key.name}'" for key in document.keys if key.nullable]
    return " or ".join(tests)


def _extra(value: str, keys: Iterable[str]) -> str:
    rest = f"{value} - {literals(tuple(keys))}"
    return f"case when jsonb_typeof({value}) = 'object' then {rest} <> '{{}}' else false end"


def _evidence(target: Target) -> Rule:
    """A rate is (scale·num + k·prior) / (den + k), two decimals, 0 without evidence (docs/metrics.md)."""
    wrong = {key.name: _wrong(key) for key in target.document.rates}
    return Rule(
        f"{target.name}_rates_equal_their_evidence",
        "critical",
        " or ".join(wrong.values()),
        "A rate that its own counts do not give cannot be explained to the member.",
        "build value and evidence from the same counts",
        detail=_named(wrong),
    )


def _wrong(key: Key) -> str:
    num, den, k, prior = (
        json_number(f"(d.evidence -> '{key.name}' -> '{part}')") for part in ("num", "den", "k", "prior")
    )
    smoothed = f"({key.scale} * {num} + coalesce({k} * {prior}, 0)) / nullif({den} + coalesce({k}, 0), 0)"
    return (
        f"({num} is null or {den} is null"
        f" or {json_number(f'd.{key.name}')} is distinct from coalesce(round({smoothed}, 2), 0))"
    )


def _named(tests: dict[str, str]) -> str:
    """The keys for which a test is true in any of the rows."""
    named = ", ".join(f"case when bool_or({test}) then '{key}' end" for key, test in tests.items())
    return f"concat_ws(', ', {named})"


def _ranges(target: Target) -> list[Rule]:
    """One rule for the keys of each scale, and one for those that only have a lower end."""
    keys = target.document.keys
    scales = sorted({(key.lowest, key.highest) for key in keys if key.highest is not None})
    rules = [
        Rule(
            f"{target.name}_is_from_{lowest}_to_{highest}",
            "critical",
            " or ".join(
                f"{json_number(f'd.{key.name}')} not between {lowest} and {highest}"
                for key in keys
                if (key.lowest, key.highest) == (lowest, highest)
            ),
            f"The application shows these figures on a scale from {lowest} to {highest}.",
            REBUILD,
        )
        for lowest, highest in scales
    ]
    counts = [key for key in keys if key.lowest is not None and key.highest is None]
    if counts:
        # Amounts are the application's own: a negative one is no fault of the build.
        has_amounts = any(key.unit == "baht" for key in counts)
        rules.append(
            Rule(
                f"{target.name}_counts_are_not_negative",
                "warning" if has_amounts else "critical",
                " or ".join(f"{json_number(f'd.{key.name}')} < {key.lowest}" for key in counts),
                "A count, an amount or a duration below zero makes no sense on a page.",
                "look for negative amounts in the sources",
            )
        )
    return rules


def _known_words(target: Target) -> list[Rule]:
    return [
        Rule(
            f"{target.name}_{key.name}_is_known",
            "critical",
            f"{words(f'd.{key.name}')} <> all ({literals(key.words)})",
            "The application's pages have no sign for another word.",
            REBUILD,
        )
        for key in target.document.keys
        if key.words
    ]

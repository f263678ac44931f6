"""Rules that every document keeps: its keys, their types, and rates that their evidence explains."""

from expectations.documents import Document
from expectations.engine.rules import Rule
from standing.sql import json_number


def words(value: str) -> str:
    """A jsonb string as text."""
    return f"({value} #>> array[]::text[])"


def shape_rules(document: Document, whole: str) -> tuple[Rule, ...]:
    """Rules over a scan in which `d` holds the document's keys and `whole` is the document."""
    misfits = document.misfits()
    named = ", ".join(f"case when bool_or({test}) then '{key}' end" for key, test in misfits.items())
    keys = Rule(
        f"{document.target}_has_every_key",
        "critical",
        " or ".join(misfits.values()),
        "The application's pages read these keys and break, or show nothing, without them.",
        "build each documented key in the model, with its type",
        detail=f"concat_ws(', ', {named})",
    )
    strangers = Rule(
        f"{document.target}_has_only_known_keys",
        "critical",
        document.strangers(whole),
        "A key that nobody documented reaches pages and exports that nobody checked.",
        "document the key in METRICS.md and expectations/documents.py, or do not build it",
    )
    return (keys, strangers, _evidence(document)) if document.rates else (keys, strangers)


def _evidence(document: Document) -> Rule:
    """A rate is (scale·num + k·prior) / (den + k), two decimals, 0 without evidence (METRICS.md)."""
    wrong = {key: _wrong(key, scale) for key, scale in document.rates.items()}
    named = ", ".join(f"case when bool_or({test}) then '{key}' end" for key, test in wrong.items())
    return Rule(
        f"{document.target}_rates_equal_their_evidence",
        "critical",
        " or ".join(wrong.values()),
        "A rate that its own counts do not give cannot be explained to the member.",
        "build value and evidence from the same counts",
        detail=f"concat_ws(', ', {named})",
    )


def _wrong(key: str, scale: int) -> str:
    num, den, k, prior = (
        json_number(f"(d.evidence -> '{key}' -> '{part}')") for part in ("num", "den", "k", "prior")
    )
    smoothed = f"({scale} * {num} + coalesce({k} * {prior}, 0)) / nullif({den} + coalesce({k}, 0), 0)"
    return (
        f"({num} is null or {den} is null"
        f" or {json_number(f'd.{key}')} is distinct from coalesce(round({smoothed}, 2), 0))"
    )

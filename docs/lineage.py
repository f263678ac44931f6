"""Write what dbt knows of both ends of the lineage, from the contract: `python docs/lineage.py`.

models/staging/_application.yml has the application's tables and columns, and models/marts/_exposures.yml
the columns that are published.
"""

from pathlib import Path

from standing.contract.application import SOURCES
from standing.contract.freshness import FRESH_DAYS
from standing.contract.sources import FAMILIES, Source, SourceColumn
from standing.contract.target import Target
from standing.contract.targets import DOCUMENTS

MODELS = Path(__file__).resolve().parents[1] / "models"
HEAD = """\
# Made by `python docs/lineage.py` from standing/contract/; change that and not this file.
"""
SOURCE = """\
sources:
  - name: application
    description: >
      The marketplace's own tables. Only users, seller_profiles, orders and reviews are required; staging
      reads a missing optional table as one without rows and a missing optional column as null.
    schema: "{{ env_var('STANDING_APPLICATION_SCHEMA', 'public') }}"
    config:
      meta: {owner: the application}
    tables:
"""
#: What a column of a family holds.
MEANS = {
    "key": "A UUID",
    "reference": "A UUID",
    "identity": "A key that is only compared",
    "moment": "A moment",
    "deadline": "A moment, or a day with whose end it ends",
    "number": "A number",
    "text": "A word",
    "flag": "True or false, or 1 and 0",
    "document": "A JSON object",
    None: "Only named in reports",
}


def application() -> str:
    return HEAD + SOURCE + "".join(_table(source) for source in SOURCES)


def _table(source: Source) -> str:
    needed = "" if source.required else "Optional. "
    lines = [f"- name: {source.table}", f"  description: {needed}{source.about}"]
    if source.table in FRESH_DAYS:
        # dbt takes a moment without zone as UTC. Neither what is to come nor an endless moment is new.
        lines += [
            "  config:",
            "    loaded_at_field: created_at",
            "    freshness:",
            f"      warn_after: {{count: {FRESH_DAYS[source.table]}, period: day}}",
            "      filter: created_at <= now() and isfinite(created_at)",
        ]
    lines.append("  columns:")
    for column in source.columns:
        lines += [f"    - name: {column.name}", f"      description: {_quoted(_about(column))}"]
    return "".join(f"      {line}\n" for line in lines)


def _about(column: SourceColumn) -> str:
    types = f" ({FAMILIES[column.family][0]} is best)" if column.family else ""
    names = f" of {column.references}" if column.references else ""
    as_text = ", which may be written as text" if column.family == "reference" else ""
    sentences = [f"{MEANS[column.family]}{names}{as_text}{types}."]
    if column.required:
        sentences.append("Required.")
    if column.loss:
        sentences.append(f"Without it: {column.loss.effect}.")
    return " ".join(sentences)


def _quoted(words: str) -> str:
    return "'" + words.replace("'", "''") + "'"


def exposures() -> str:
    return HEAD + "exposures:\n" + "\n".join(_exposure(target) for target in DOCUMENTS)


def _exposure(target: Target) -> str:
    lines = [
        f"- name: {target.table}_{target.name}",
        f"  label: {_quoted(target.place) if target.columns else target.place}",
        "  type: application",
        f"  description: {_quoted(f'{target.document.about} Published to {target.place}.')}",
        f"  depends_on: [ref('{target.mart}')]",
        "  owner: {name: the application}",
    ]
    return "".join(f"  {line}\n" for line in lines)


if __name__ == "__main__":
    (MODELS / "staging" / "_application.yml").write_text(application(), encoding="utf-8")
    (MODELS / "marts" / "_exposures.yml").write_text(exposures(), encoding="utf-8")

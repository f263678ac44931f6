"""The application's columns: declared once, and read as declared."""

import re

from standing import PROJECT_ROOT
from standing.contract.application import SOURCES
from standing.contract.gaps import gaps
from standing.contract.targets import DOCUMENTS

#: A list of columns that staging reads from a table; of cases the table is the macro's parameter.
READ = re.compile(
    r"(?:application_rows|trusted_rows)\(\s*('\w+'|table),\s*(?:columns=)?\[(.*?)\]", re.DOTALL
)
CASES = ("user_reports", "user_warnings")


def lists_of_staging() -> dict[str, list[tuple[str, str]]]:
    """Table → the columns that staging reads, each with what it is read as."""
    found: dict[str, list[tuple[str, str]]] = {}
    for folder in ("models", "macros"):
        for file in (PROJECT_ROOT / folder).rglob("*.sql"):
            for table, columns in READ.findall(file.read_text("utf-8")):
                for name in CASES if table == "table" else (table.strip("'"),):
                    found.setdefault(name, []).extend(re.findall(r"'(\w+) (\w+)", columns))
    return found


def test_staging_reads_the_declared_columns_and_no_others() -> None:
    declared = {
        source.table: {column.name for column in source.columns if column.in_staging} for source in SOURCES
    }
    read = {table: {name for name, _ in columns} for table, columns in lists_of_staging().items()}
    assert read.keys() == declared.keys()
    for table, columns in read.items():
        # A case's key is only named in the report; a published document is the past of its successor.
        beside = {
            "id",
            *(name for target in DOCUMENTS if target.table == table for name in target.stored_in),
        }
        assert columns - beside == declared[table] - beside, table


def test_every_member_and_every_reference_is_a_declared_column() -> None:
    declared = {f"{source.table}.{column.name}" for source in SOURCES for column in source.columns}
    for source in SOURCES:
        for row in (*source.members, *source.left_behind):
            assert {f"{source.table}.{name}" for name in row.values()} <= declared
        assert {f"{source.table}.{name}" for name in source.affects_counterparties} <= declared
        assert {column.references for column in source.columns if column.references} <= declared


#: How a list of columns says what one is read as → the families that it reads.
WORDS = {
    "uuid": {"key", "reference"},
    "identity": {"identity"},
    "timestamptz": {"moment"},
    "deadline": {"deadline"},
    "numeric": {"number"},
    "boolean": {"flag"},
    "jsonb": {"document"},
    "code": {"text"},
    "text": {"text", None},
}


def test_every_column_is_read_as_what_it_is_declared_to_mean() -> None:
    families = {
        (source.table, column.name): column.family for source in SOURCES for column in source.columns
    }
    read = [(table, *words) for table, lists in lists_of_staging().items() for words in lists]
    assert len(read) > 80
    for table, name, word in read:
        if (table, name) in families:
            assert families[table, name] in WORDS[word], (table, name)


def test_a_gap_names_just_the_columns_that_are_missing() -> None:
    there = {source.table: {column.name: "text" for column in source.columns} for source in SOURCES}
    assert gaps(there) == ()
    del there["orders"]["ship_by"], there["messages"]
    assert [(gap.table, gap.columns, gap.loss.effect) for gap in gaps(there)] == [
        ("orders", ("ship_by",), "processing times and fulfilment are less exact"),
        (
            "messages",
            ("id", "thread_id", "sender_id", "recipient_id", "sent_at"),
            "no response rate and no response times",
        ),
    ]

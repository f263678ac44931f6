"""What tests of the gate, decisions and undo share: statements, documents, a wave of changes."""

from typing import Any

from sqlalchemy import Engine, text

from standing.contract.stored import present
from standing.contract.targets import DOCUMENTS

#: What an application's bug may do: everybody's papers are gone, and with them points and levels.
PAPERS_LOST = "update users set email_verified = false, phone_verified = false, kyc_status = 'none'"

Documents = dict[str, dict[str, str | None]]


def do(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def scalar(engine: Engine, statement: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(statement))


def column(engine: Engine, statement: str) -> list[str]:
    with engine.connect() as connection:
        return list(connection.scalars(text(statement)))


def rows_of(engine: Engine, statement: str) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def documents(engine: Engine) -> Documents:
    """Every published column, by target and member."""
    with engine.connect() as connection:
        return {
            target.name: {
                str(member): document
                for member, document in connection.execute(
                    text(
                        f"select {target.table_key}, {present(target, 't')}::text from {target.table} as t"
                    )
                )
            }
            for target in DOCUMENTS
        }

"""Documents of one application table in a build: its relations, and the statements about them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from standing.contract.stored import present
from standing.contract.targets import Target
from standing.publish import documents
from standing.publish.change_classes import change_class
from standing.publish.destination import NAMED, Kind, WrittenFrom
from standing.settings import Settings
from standing.sql import quoted, render


@dataclass(frozen=True)
class ChangeTable:
    """The keys of one application table whose documents are to be written, in chunks of key order.

    Columns: member_id, chunk, and for each target `<name>_changed`, `<name>_class` and `<name>_due`.
    """

    settings: Settings
    targets: tuple[Target, ...]
    kind: Kind = "documents"
    unfit: str = "their column holds no JSON object"

    @property
    def table(self) -> str:
        return self.targets[0].table

    @property
    def key(self) -> str:
        return quoted(self.targets[0].table_key)

    @property
    def application_table(self) -> str:
        return quoted(self.settings.application_schema, self.table)

    @property
    def name(self) -> str:
        return quoted(self.settings.build_schema, f"changed_{self.table}")

    def chunks(self, source: str) -> str:
        """The keys to write: of a build those that changed, else those that a decision concerns."""
        if source == "build":
            return self.name
        return quoted(self.settings.build_schema, f"decided_{self.table}")

    @property
    def due(self) -> str:
        """Whom this run built."""
        return quoted(self.settings.build_schema, self.targets[0].members.due_table)

    @property
    def due_key(self) -> str:
        return quoted(self.targets[0].key)

    def mart(self, target: Target) -> str:
        return quoted(self.settings.build_schema, target.mart)

    def begin(self, connection: Connection) -> None:
        """Nothing: documents are read and written alike in every session."""

    def changes(self, target: Target) -> str:
        """A query of member_id, old_document and new_document: who changes, clock fields aside."""
        old = present(target, "application")
        new = documents.candidate(target, "mart.document", self.application_table)
        return f"""
            select change.member_id, {old} as old_document, {new} as new_document
            from {self.name} as change
            join {self.application_table} as application on application.{self.key} = change.member_id
            join {self.mart(target)} as mart on mart.{self.due_key} = change.member_id
            where change.{target.name}_changed
        """

    def change_class(self, target: Target, old: str, new: str) -> str:
        return change_class(target, old, new)

    def writing(self, source: WrittenFrom) -> tuple[str, ...]:
        """One statement writes a chunk of all documents."""
        chunks = self.chunks(source.kind)
        return (self.statement("write", source=source.kind, rows=source.rows, chunks=chunks, named=NAMED),)

    def stay_due(self, target: Target) -> str | None:
        """Nobody: what is built and not written stays as it is."""
        return None

    def statement(self, name: str, **names: Any) -> str:
        """The statement in `<name>.sql.j2` for this table."""
        return render(
            f"publish/{name}.sql.j2", table=self, documents=documents, change_class=change_class, **names
        )

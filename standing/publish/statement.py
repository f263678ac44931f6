"""One application table in a build: the names of its relations, and the statements about them."""

from dataclasses import dataclass
from typing import Any

from standing.contract.targets import Target
from standing.publish import documents
from standing.publish.change_classes import change_class
from standing.settings import Settings
from standing.sql import quoted, render


@dataclass(frozen=True)
class ChangeTable:
    """The keys of one application table whose documents are to be written, in chunks of key order.

    Columns: member_id, chunk, and for each target `<name>_changed`, `<name>_class` and `<name>_due`.
    """

    settings: Settings
    targets: tuple[Target, ...]

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

    def statement(self, name: str, **names: Any) -> str:
        """The statement in `<name>.sql.j2` for this table."""
        return render(
            f"publish/{name}.sql.j2", table=self, documents=documents, change_class=change_class, **names
        )

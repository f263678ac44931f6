"""Keys that the contract declares and no model can give: found in the files, before anything is built."""

from collections.abc import Iterable

from standing.build.project import WORD, upstream
from standing.contract.targets import AnyTarget, documents_among
from standing.errors import BuildFailed


def check_keys(targets: Iterable[AnyTarget]) -> None:
    """Raise BuildFailed for a key whose name is in none of the files that the document is made from.

    A name that is there may still be missing from the document: that finds the audit of the candidates.
    """
    for target in documents_among(targets):
        words = {word for part in upstream(target.mart).values() for word in WORD.findall(part.text)}
        if missing := [name for name in target.document.names if name not in words]:
            entry = f"standing/contract/documents/{target.name}.py"
            raise BuildFailed(
                f"{target.name} lacks {', '.join(missing)}: {entry} declares it, and neither the model"
                f" {target.mart} nor what it is made from has a column or key of that name",
                f"build it in models/marts/{target.mart}.sql, or take it out of {entry}",
            )

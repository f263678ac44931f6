"""What a run has written, in words: documents, and members' points."""

from collections.abc import Mapping

from standing.contract.targets import DOCUMENTS
from standing.text import amounts, were


def split(written: Mapping[str, int]) -> tuple[int, int]:
    """Documents, and members whose points; `written` has the number of each target."""
    names = {target.name for target in DOCUMENTS}
    documents = sum(number for name, number in written.items() if name in names)
    return documents, sum(written.values()) - documents


def written_words(written: Mapping[str, int]) -> str:
    """Such as: 630 documents and the points of 12 members were written."""
    number = split(written)
    words = amounts(*number)
    return f"{words[:1].upper()}{words[1:]} {were(*number)} written." if words else "Nothing changed."

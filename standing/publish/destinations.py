"""Which destinations the targets of a run have: the one place that tells the kinds of targets apart."""

from standing.contract.targets import AnyTarget, PostingTarget, documents_among
from standing.publish.destination import Destination
from standing.publish.ledger import Ledger
from standing.publish.statement import ChangeTable
from standing.settings import Settings


def destinations(settings: Settings, targets: tuple[AnyTarget, ...]) -> list[Destination]:
    """All documents of a table are written together; each ledger by itself."""
    documents = documents_among(targets)
    tables = dict.fromkeys(target.table for target in documents)
    return [
        *(ChangeTable(settings, tuple(one for one in documents if one.table == table)) for table in tables),
        *(Ledger(settings, (target,)) for target in targets if isinstance(target, PostingTarget)),
    ]

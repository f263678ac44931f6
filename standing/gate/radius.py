"""The blast radius of a build, measured in SQL and laid beside the limits of policy."""

from standing.contract.changes import MOVING
from standing.contract.targets import AnyTarget
from standing.publish import documents
from standing.publish.destination import Destination
from standing.sql import render

#: Above so many members the planner's estimate of their number is exact enough; where documents have just
#: been written, counting looks at every row.
COUNTED_UP_TO = 10_000


def radius(place: Destination, target: AnyTarget) -> str:
    """The statement that measures a build: measure, members, observed, warn, stop, verdict."""
    return render(
        f"gate/{place.kind}.sql.j2",
        place=place,
        target=target,
        build=place.settings.build_schema,
        documents=documents,
        moving=MOVING,
        counted_up_to=COUNTED_UP_TO,
    )

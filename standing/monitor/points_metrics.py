"""What the newest run of points has said, as metrics: an end that is past by now was missed."""

from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection

from standing.database.connect import rows

#: The newest run that posted points. Until the next one its ends are to come.
POINTS = """
    select summary -> 'points' as points from standing.runs
    where status in ('published', 'approved') and summary ? 'points' order by run_id desc limit 1
"""


class Gauges(Protocol):
    def set(self, name: str, says: str, value: float, **labels: str) -> None: ...


def from_points(gauges: Gauges, connection: Connection) -> None:
    """Nothing where no run has posted points."""
    for row in rows(connection, POINTS):
        points: dict[str, Any] = row["points"]
        gauges.set("points_outstanding", "Points that members may spend", points["outstanding"])
        for one in points["left_alone"]:
            says = "Members to whom the newest run of points posted nothing, by why"
            gauges.set("points_left_alone_members", says, one["members"], why=one["why"])
        # The oldest first; one in the past is one that no run has swept.
        if dated := [one for one in points["ends"] if one["at"]]:
            says = "When points end next, as the newest run of points had it; past where none has run since"
            moment = datetime.fromisoformat(dated[0]["at"]).timestamp()
            gauges.set("points_next_end_timestamp_seconds", says, moment)
            says = "Points that end then, if nobody spends them"
            gauges.set("points_next_end", says, dated[0]["points"])

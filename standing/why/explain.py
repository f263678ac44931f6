"""One explanation from nothing but the settings: what `standing why` does."""

from datetime import datetime
from uuid import UUID

from standing.contract.points import POINTS
from standing.contract.targets import DOCUMENTS
from standing.database.clock import past_moment
from standing.database.connect import connect
from standing.settings import Settings
from standing.state.upgraded import require_upgraded
from standing.why.explanation import TABLES, Explanation, explain_member
from standing.why.past import past_of
from standing.why.points import PointsExplanation, explain_points, key_of


def explain(settings: Settings, kind: str, member_id: str, as_of: datetime | None = None) -> Explanation:
    """Explain a user or seller as published, or as of a past moment.

    Raises SettingError for an id that is no UUID or a moment in the future, StandingError if there is no
    such member (then).
    """
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings)
            published = explain_member(connection, settings, kind, member_id)
        if as_of is None:
            return published
        moment = past_moment(engine, as_of)
        targets = tuple(target for target in DOCUMENTS if target.members.table == TABLES[kind])
        with (
            past_of(engine, settings, targets, UUID(member_id), moment) as building,
            engine.connect() as connection,
        ):
            return explain_member(connection, building, kind, member_id, replayed=True)


def points_of(settings: Settings, member_id: str, as_of: datetime | None = None) -> PointsExplanation:
    """Explain a user's points as they are, or as of a past moment.

    Raises as `explain` does.
    """
    key = key_of(member_id)
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings)
            if as_of is None:
                return explain_points(connection, settings, key)
        moment = past_moment(engine, as_of)
        with past_of(engine, settings, (POINTS,), key, moment) as building, engine.connect() as connection:
            return explain_points(connection, building, key, replayed=True)

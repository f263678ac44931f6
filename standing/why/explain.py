"""One explanation from nothing but the settings: what `standing why` does."""

from datetime import datetime
from uuid import UUID

from standing.database.clock import past_moment
from standing.database.connect import connect
from standing.settings import Settings
from standing.state.upgraded import require_upgraded
from standing.why.explanation import TABLES, Explanation, explain_member
from standing.why.past import past_of


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
        with (
            past_of(engine, settings, TABLES[kind], UUID(member_id), moment) as building,
            engine.connect() as connection,
        ):
            return explain_member(connection, building, kind, member_id, replayed=True)

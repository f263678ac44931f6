"""The newest backtest, as a section of the report."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from standing.report.foretold import AtOrigin, Foretold, Share
from standing.state.backtests import newest

#: The version of its JSON that this section shows.
SHOWN = 1


def foretold(connection: Connection) -> Foretold | None:
    """None where there is no backtest, or only one of another version."""
    found = newest(connection)
    if found is None or found.get("schema_version") != SHOWN:
        return None
    titles = {one["name"]: one["title"] for one in found["scores"]}
    return Foretold(
        made_at=found["made_at"],
        known_until=datetime.fromisoformat(found["known_until"]),
        horizon_days=found["horizon_days"],
        score=titles.get(found["lead"], found["lead"]),
        remember=found["remember"],
        orders=found["counts"]["labelled"],
        tenths=_shares(found["deciles"]),
        origins=tuple(
            AtOrigin(datetime.fromisoformat(one["moment"]), one["orders"], *_figure(one["auc"]))
            for one in found["origins"]
        ),
        tiers=_shares(found["tiers"]),
        cannot_tell=tuple(found["cannot_tell"]),
    )


def _shares(groups: Sequence[Mapping[str, Any]]) -> tuple[Share, ...]:
    return tuple(Share(one["label"], one["orders"], *_figure(one["bad_share"])) for one in groups)


def _figure(one: Mapping[str, float | None]) -> tuple[float | None, float | None, float | None]:
    return one["value"], one["low"], one["high"]

"""By what points are earned and counted: terms that hold from a moment on, and the signs of the ledger.

Terms are the settings and the numbers of seeds/point_terms.csv. What was earned keeps the terms that it was
earned by, so an edit appends a row to `standing.loyalty_terms` and changes none.
"""

from datetime import datetime

from sqlalchemy import Connection, text

from standing import PROJECT_ROOT
from standing.build.policy_file import cells_of
from standing.settings import Settings

TERMS = "standing.loyalty_terms"


def terms_now(settings: Settings) -> dict[str, int]:
    """The terms as settings and policy have them: column of the table → number."""
    return {
        "points_per_100_baht": settings.loyalty_points_per_100_baht,
        "welcome_bonus": settings.loyalty_welcome_bonus,
        "referral_bonus_referrer": settings.referral_bonus_referrer,
        "referral_bonus_referee": settings.referral_bonus_referee,
        **{name: int(value) for name, value, *_ in _rows("point_terms")},
    }


def note_terms(connection: Connection, settings: Settings, as_of: datetime) -> bool:
    """Append the terms in force from `as_of` on, where they are not the last ones; gives whether.

    Terms never begin before others that are there already.
    """
    return bool(connection.execute(text(append_terms(settings, ":as_of")), {"as_of": as_of}).rowcount)


def append_terms(settings: Settings, valid_from: str) -> str:
    """The statement that appends them; `valid_from` is an SQL expression, or a parameter."""
    terms = terms_now(settings)
    columns, values = ", ".join(terms), ", ".join(map(str, terms.values()))
    return (
        f"insert into {TERMS} (valid_from, {columns})"
        f" select moment, {values} from (select cast({valid_from} as timestamptz)) as now (moment)"
        f" where not exists (select from (select * from {TERMS} order by valid_from desc limit 1) as last"
        f" where last.valid_from >= now.moment or ({_columns('last', terms)}) = ({values}))"
    )


def _columns(alias: str, terms: dict[str, int]) -> str:
    return ", ".join(f"{alias}.{name}" for name in terms)


def signed_amount(alias: str) -> str:
    """A ledger row's amount with its sign, by seeds/points_types.csv, as int_point_entries has it."""
    types = {
        meaning: ", ".join(f"'{type_}'" for type_, its, *_ in _rows("points_types") if its == meaning)
        for meaning in ("debit", "restore")
    }
    return (
        f"case when lower({alias}.type) in ({types['debit']}) then -abs({alias}.amount)"
        f" when lower({alias}.type) in ({types['restore']}) then abs({alias}.amount)"
        f" else {alias}.amount end"
    )


def _rows(seed: str) -> list[list[str]]:
    return [cells for _, cells in cells_of(PROJECT_ROOT / "seeds" / f"{seed}.csv")][1:]

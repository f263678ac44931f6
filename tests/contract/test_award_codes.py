"""Codes of awards are for ever: members wear them, and a new name would give everybody the award again."""

import csv

from standing import PROJECT_ROOT

#: Place, code, kind and metric of every row that was ever shipped. Add what is new; change nothing.
PUBLISHED = (
    ("1", "first_purchase", "badge", "purchases"),
    ("2", "first_review", "badge", "reviews"),
    ("3", "first_sale", "badge", "sales"),
    ("4", "first_referral", "badge", "referrals"),
    ("5", "steady_buyer", "badge", "purchase_streak"),
    ("6", "steady_reviewer", "badge", "review_streak"),
    ("7", "explorer", "badge", "partners"),
    ("8", "helpful_voice", "achievement", "helpful_reviews"),
    ("9", "loyal_buyer", "achievement", "purchase_streak"),
    ("10", "well_connected", "achievement", "partners"),
    ("11", "ambassador", "achievement", "referrals"),
    ("12", "purchases_10", "milestone", "purchases"),
    ("13", "purchases_50", "milestone", "purchases"),
    ("14", "purchases_100", "milestone", "purchases"),
    ("15", "purchases_500", "milestone", "purchases"),
    ("16", "reviews_10", "milestone", "reviews"),
    ("17", "reviews_50", "milestone", "reviews"),
    ("18", "reviews_100", "milestone", "reviews"),
    ("19", "sales_10", "milestone", "sales"),
    ("20", "sales_100", "milestone", "sales"),
    ("21", "sales_1000", "milestone", "sales"),
)


def rows() -> list[dict[str, str]]:
    with (PROJECT_ROOT / "seeds" / "awards.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_no_published_code_is_renumbered_renamed_or_taken_away() -> None:
    """Case 34 of the design: a changed key of a badge gave it to everybody anew."""
    there = tuple((row["place"], row["code"], row["kind"], row["metric"]) for row in rows())
    missing = set(PUBLISHED) - set(there)
    assert not missing, f"seeds/awards.csv has changed or lost {sorted(missing)}"
    assert set(there) == set(PUBLISHED), "add what is new to PUBLISHED, so that it stays"

"""What the upgrade adds to the application's tables.

Names, types and defaults are those of the migration guide.
"""

from standing.contract.application import SOURCES
from standing.contract.declare import Addition, Column, Default
from standing.contract.defaults import ENGAGEMENT, GAMIFICATION, MODERATION, PREFERENCES, SECURITY_SETTINGS
from standing.contract.targets import published_in


def _published(table: str) -> tuple[Column, ...]:
    return _documents(**{target.column: target.document.default for target in published_in(table)})


def _documents(**documents: Default | None) -> tuple[Column, ...]:
    return tuple(Column(name, "jsonb", document=document) for name, document in documents.items())


#: 8 columns on users, 9 on seller_profiles, 11 on reviews, 5 on admin_users.
ADDITIONS = (
    Addition(
        "users",
        (
            *_published("users"),
            *_documents(preferences=PREFERENCES, gamification=GAMIFICATION),
            Column("kyc_status", "character varying(50)", "'not_verified'"),
            *_documents(kyc_documents=None, devices=Default([]), security_settings=SECURITY_SETTINGS),
        ),
    ),
    Addition(
        "seller_profiles",
        (
            *_published("seller_profiles"),
            *_documents(
                ai_insights=None,
                business_info=None,
                operating_hours=None,
                shipping_settings=None,
                certifications=Default([]),
                customer_service=None,
            ),
        ),
    ),
    Addition(
        "reviews",
        (
            *_documents(
                detailed_ratings=None,
                ai_analysis=None,
                seller_response=None,
                engagement=ENGAGEMENT,
                moderation=MODERATION,
                context=None,
                badges=Default([]),
            ),
            Column("title", "character varying(255)"),
            *_documents(pros=None, cons=None, media=Default([])),
        ),
    ),
    Addition(
        "admin_users",
        _documents(
            performance_metrics=None, work_schedule=None, specialization=None, training=None, security=None
        ),
        optional=True,
    ),
)

#: Tables that may be missing or no tables, and what is then left out of the upgrade.
LEFT_OUT = {
    "admin_users": "its 5 columns",
    "products": "the table wishlists",
    "reviews": "its 11 columns",
}

#: What the pipeline looks members' rows up by; made where no index leads with the column.
LOOKUPS = {source.table: source.indexes for source in SOURCES if source.indexes}

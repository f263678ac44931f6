"""Whose documents are published: the kinds of members."""

from dataclasses import dataclass


@dataclass(frozen=True)
class MemberKind:
    """Rows of the application's `table`, by `table_key`; the models call that key `key`.

    `due_table` is the build's table of those whom a run builds. `known` is the model of those who are there
    as of the run's moment, `all_keys` the model of all keys. `standing why` calls one of them `name`;
    reports call them `unit`.
    """

    name: str
    unit: str
    table: str
    key: str
    due_table: str
    known: str
    all_keys: str
    table_key: str = "id"


USERS = MemberKind("user", "members", "users", "user_id", "due_users", "stg_users", "stg_user_keys")
SELLERS = MemberKind(
    "seller", "shops", "seller_profiles", "seller_id", "due_sellers", "stg_sellers", "stg_seller_keys"
)
MEMBER_KINDS = (USERS, SELLERS)

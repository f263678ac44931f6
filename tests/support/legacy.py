"""A small marketplace as it is before the upgrade, and looks at a database for the upgrade's tests.

The cast: `whale` bought 60 times, `regular` 21, `sometimes` 6, `rare` 5 (completed), `browser` nothing.
Sellers: `star` (12 completed sales, 4.6), `unrated` (20 sales, no rating), `sleeper` (no sales, 4.9).
"""

import subprocess
import uuid
from pathlib import Path

from sqlalchemy import URL, Engine, text

from standing.database.conninfo import conninfo
from standing.database.wheel import wheel_binaries

NAMES = ("whale", "regular", "sometimes", "rare", "browser", "owner_star", "owner_unrated", "owner_sleeper")
IDS = {name: uuid.uuid5(uuid.NAMESPACE_DNS, name) for name in (*NAMES, "star", "unrated", "sleeper")}

TABLES = """
create table {s}.users (
    id uuid primary key default gen_random_uuid(), display_name text,
    created_at timestamptz not null default now()
);
create table {s}.seller_profiles (
    id uuid primary key default gen_random_uuid(), user_id uuid references {s}.users (id),
    rating_score numeric(3, 2), rating_count integer
);
create table {s}.products (id uuid primary key default gen_random_uuid(), seller_id uuid, name text);
create table {s}.orders (
    id uuid primary key default gen_random_uuid(), buyer_id uuid references {s}.users (id),
    seller_id uuid references {s}.seller_profiles (id), status text not null,
    created_at timestamptz not null default now()
);
create table {s}.reviews (
    id uuid primary key default gen_random_uuid(), order_id uuid, seller_id uuid, reviewer_id uuid,
    rating integer not null, created_at timestamptz not null default now()
);
create table {s}.admin_users (id uuid primary key default gen_random_uuid(), email text);
"""

ORDERS = """
insert into {s}.orders (id, buyer_id, seller_id, status, created_at)
select md5(:buyer || :seller || :status || n)::uuid, :buyer_id, :seller_id, :status, '2025-03-01 00:00+00'
from generate_series(1, :n) as n
"""

SALES = (
    ("whale", "star", "completed", 40),
    ("whale", "unrated", "completed", 20),
    ("regular", "star", "completed", 21),
    ("sometimes", "star", "completed", 6),
    ("rare", "star", "completed", 5),
    ("rare", "star", "cancelled", 50),
)


def fill(engine: Engine, schema: str = "public", tables: str = TABLES) -> None:
    """Make the tables in `schema` (quoted where needed) and put the cast into them."""
    s = '"' + schema.replace('"', '""') + '"'
    with engine.begin() as connection:
        connection.execute(text(f"create schema if not exists {s}"))
        connection.execute(text(tables.format(s=s)))
        for name in NAMES:
            connection.execute(
                text(f"insert into {s}.users (id, created_at) values (:id, '2024-02-29 17:30+00')"),
                {"id": IDS[name]},
            )
        for name, score, count in (("star", 4.6, 31), ("unrated", None, None), ("sleeper", 4.9, 2)):
            connection.execute(
                text(
                    f"insert into {s}.seller_profiles (id, rating_score, rating_count) values (:id, :s, :c)"
                ),
                {"id": IDS[name], "s": score, "c": count},
            )
        for buyer, seller, status, n in SALES:
            connection.execute(
                text(ORDERS.format(s=s)),
                {
                    "buyer": buyer,
                    "seller": seller,
                    "status": status,
                    "n": n,
                    "buyer_id": IDS[buyer],
                    "seller_id": IDS[seller],
                },
            )
        connection.execute(
            text(f"insert into {s}.reviews (seller_id, rating) values (:id, 5)"), {"id": IDS["star"]}
        )


def dump(url: URL, *options: str) -> str:
    """What pg_dump writes, without its random line."""
    program = Path(wheel_binaries()) / "bin" / "pg_dump"
    done = subprocess.run(
        [str(program), "--no-owner", *options, conninfo(url)], check=True, capture_output=True, text=True
    )
    return "\n".join(
        line for line in done.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))
    )


def rows(engine: Engine) -> dict[str, list[str]]:
    """Every row of every table as text, sorted, by table."""
    listed = """
    select format('%I.%I', n.nspname, c.relname)
    from pg_class as c join pg_namespace as n on n.oid = c.relnamespace
    where c.relkind = 'r' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 1
    """
    with engine.connect() as connection:
        tables = [str(name) for name in connection.scalars(text(listed))]
        return {
            table: sorted(str(row) for row in connection.execute(text(f"select * from {table}")))
            for table in tables
        }

"""No trigger of ours fails a statement of the application: it is logged, or everybody is due."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import psycopg
import pytest
from conftest import MakeDatabase
from sqlalchemy import Connection, Engine, text
from support.changes import do, follow

from standing.contract.application import SOURCES
from standing.contract.sources import LOG_KEYS
from standing.database.connect import connect
from standing.incremental import capture
from standing.incremental.change_log import drain
from standing.incremental.observed import observe
from standing.settings import Settings

KEY = "00000000-0000-4000-8000-00000000000a"
#: Texts that PostgreSQL reads as KEY, and texts that are nearly one, as literals.
SAME = tuple(f"'{one}'" for one in (KEY, KEY.upper(), f"{{{KEY}}}", KEY.replace("-", "")))
NEARLY = (
    f"'{{{KEY}'",
    f"'{KEY}}}'",
    f"' {KEY}'",
    f"e'{KEY}\\n'",
    f"'{KEY}a'",
    f"'-{KEY}'",
    "''",
    "'ก'",
    "repeat('x', 9000)",
)
#: A type of a key → literals that are KEY in it, and literals that are no uuid.
TYPES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "uuid": (SAME, ()),
    "some_id": (SAME, ()),
    "text": (SAME, NEARLY),
    "short_text": (SAME, ("'a'", "''")),
    'text collate "C"': (SAME, NEARLY),
    "varchar(60)": (SAME, NEARLY[:8]),
    "char(60)": (SAME, NEARLY[:2]),
    "name": (SAME, NEARLY[:3]),
    "citext": (SAME, NEARLY),
    "text collate odd": (SAME, NEARLY),
    "bigint": ((), ("7", "-1", "9223372036854775807")),
    "numeric": ((), ("7.5", "'NaN'", "1e300")),
    "boolean": ((), ("true",)),
    "timestamptz": ((), ("'infinity'", "'2026-01-01'")),
    "bytea": ((), (r"'\x00ff'", "''")),
    "jsonb": ((), ("'{}'", f"""'"{KEY}"'""", "'null'")),
    "json": ((), ("'[1, 2]'",)),
    "text[]": ((f"'{{{KEY}}}'",), ("'{}'", "'{a,NULL}'")),
    "pair": ((), ("(null, null)", f"('{KEY}', null)")),
    "mood": ((), ("'sad'",)),
    "point": ((), ("'(1, 2)'",)),
    "tsrange": ((), ("'empty'",)),
    "inet": ((), ("'::1'",)),
    "bit(3)": ((), ("b'101'",)),
    "tsvector": ((), ("'a b'",)),
}
OWN_TYPES = """
create domain some_id as uuid check (value <> '00000000-0000-0000-0000-000000000000');
create domain short_text as text check (length(value) < 50);
create type pair as (a text, b text);
create type mood as enum ('sad', 'ok');
"""
#: Types that not every server has.
RARE = {
    "citext": "create extension citext",
    "text collate odd": (
        "create collation odd (provider = icu, locale = 'und-u-ks-level2', deterministic = false)"
    ),
}
#: A source → its keys.
TABLES = {
    "user_warnings": ("user_id",),
    "payouts": ("seller_id",),
    "messages": ("thread_id", "sender_id", "recipient_id"),
    "referred_users": ("referrer_id", "referee_id"),
    "reviews": ("seller_id", "reviewer_id"),
}
#: Only rows that go have to name it: a new message's is found through its thread.
LEFT_BEHIND = "recipient_id"
#: What an application's session may be like.
HABITS = (
    "set local search_path = ''",
    "set local plpgsql.extra_errors = 'all'",
    "set local plpgsql.variable_conflict = 'use_column'",
    "set local session_replication_role = replica",
    "set local row_security = off",
    "set local default_transaction_read_only = on",
    "set local jit_above_cost = 0",
    "set local plan_cache_mode = force_generic_plan",
    "set local work_mem = '64kB'",
)


@pytest.fixture(scope="module")
def settings(module_database: Callable[[str], Settings], upgraded_template: str) -> Settings:
    """One database for all of these tests, which take back what they do."""
    return module_database(upgraded_template)


@pytest.fixture(scope="module")
def engine(settings: Settings) -> Iterator[Engine]:
    with connect(settings) as engine:
        with engine.begin() as connection:
            do(connection, OWN_TYPES)
            foreign_keys = connection.scalars(
                text(
                    "select format('alter table %s drop constraint %I', conrelid::regclass, conname)"
                    " from pg_constraint where contype = 'f'"
                )
            ).all()
            do(connection, *foreign_keys)
        yield engine


@pytest.fixture(scope="module")
def types(engine: Engine) -> list[str]:
    """The types that this server has."""
    missing = set()
    for type_, made in RARE.items():
        try:
            with engine.begin() as connection:
                do(connection, made)
        except Exception as error:
            if not isinstance(error.__cause__, psycopg.Error):
                raise
            missing.add(type_)
    return [type_ for type_ in TYPES if type_ not in missing]


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


#: A row: key → a literal, and whether it is KEY.
Row = dict[str, tuple[str, bool]]


def draw(roll: Random, keys: dict[str, str]) -> Row:
    row = {}
    for key, type_ in keys.items():
        same, others = TYPES[type_]
        choices = [(one, True) for one in same] + [(one, False) for one in others]
        row[key] = roll.choice([*choices, ("null", False)])
    return row


def require_logged(connection: Connection, statement: str, *rows: Row) -> None:
    """A statement is done, and the log has every key of the rows, or everybody is due by it."""
    do(connection, statement)
    columns = ", ".join(f"{key}::text" for key in LOG_KEYS)
    log = connection.execute(
        text(f"delete from standing.change_log returning affects_counterparties, {columns}")
    ).all()
    if any(row[0] and not any(row[1:]) for row in log):
        return
    # A thread is only compared: whatever it is called, it gets a key of its own.
    threads = [row["thread_id"] for row in rows if row.get("thread_id", ("null", True))[0] != "null"]
    assert not threads or any(row.thread_id for row in log), statement
    values = [value for row in rows for name, value in row.items() if name != "thread_id"]
    assert all(is_key or literal == "null" for literal, is_key in values), statement
    assert not any(is_key for _, is_key in values) or KEY in {key for row in log for key in row[1:]}, (
        statement
    )


def stored(connection: Connection, table: str) -> str:
    return str(connection.scalar(text(f"select string_agg(t::text, ' ') from public.{table} as t")))


def write(connection: Connection, roll: Random, settings: Settings, types: list[str]) -> None:
    """Keys of drawn types, before or after the triggers are made, in a table or in a child of one."""
    table = roll.choice(list(TABLES))
    keys = {key: roll.choice(types) for key in TABLES[table]}
    new_types = [
        f"alter table {table} drop column {key} cascade, add column {key} {type_}"
        for key, type_ in keys.items()
    ]
    place = roll.choice([table, "part"])
    do(
        connection,
        f"delete from {table}",
        *[f"create table part () inherits ({table})"] * (place == "part"),
    )
    is_later = roll.random() < 0.3
    if not is_later:
        do(connection, *new_types)
    follow(connection, settings)
    if is_later:
        do(connection, *new_types)
        assert not observe(connection, settings).log or {*keys.values()} <= {"uuid", "some_id"}
    do(connection, *roll.sample(HABITS, 3))
    rest = {"payouts": {"amount": "1"}, "reviews": {"rating": "5"}}.get(table, {})
    old, new = draw(roll, keys), draw(roll, keys)
    found = [{key: value for key, value in row.items() if key != LEFT_BEHIND} for row in (old, new)]
    values = ", ".join([*(literal for literal, _ in old.values()), *rest.values()])
    columns = ", ".join([*keys, *rest])
    require_logged(connection, f"insert into public.{place} ({columns}) values ({values})", found[0])
    before = stored(connection, table)
    given = ", ".join(f"{key} = {literal}" for key, (literal, _) in new.items())
    update = f"update public.{roll.choice([table, place])} set {given}"
    do(connection, "savepoint undone", update)
    is_other = stored(connection, table) != before
    do(connection, "rollback to undone")
    require_logged(connection, update, *((old, found[1]) if is_other else ()))
    require_logged(connection, f"delete from public.{roll.choice([table, place])}", new)


@pytest.mark.parametrize("number", [40, pytest.param(500, marks=pytest.mark.prove)])
def test_keys_of_any_type_and_value_are_logged_or_everybody_is_due(
    engine: Engine, settings: Settings, types: list[str], seed: int, number: int
) -> None:
    roll = Random(seed)  # noqa: S311
    for _ in range(number):
        with engine.connect() as connection:
            write(connection, roll, settings, types)


def test_every_type_of_a_key_is_logged_or_everybody_is_due(
    connection: Connection, settings: Settings, types: list[str]
) -> None:
    for type_ in types:
        with connection.begin_nested() as taken_back:
            do(
                connection,
                f"alter table user_warnings drop column user_id cascade, add column user_id {type_}",
            )
            follow(connection, settings)
            same, others = TYPES[type_]
            for literal, is_key in [*((one, True) for one in same), *((one, False) for one in others)]:
                row = {"user_id": (literal, is_key)}
                require_logged(connection, f"insert into user_warnings (user_id) values ({literal})", row)
            taken_back.rollback()


def test_what_a_run_posts_is_not_logged_and_a_session_that_says_anything_else_is(
    connection: Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted_to = tuple(replace(one, posted_to=one.table == "user_warnings") for one in SOURCES)
    monkeypatch.setattr(capture, "SOURCES", posted_to)
    follow(connection, settings)
    insert, row = f"insert into user_warnings (user_id) values ('{KEY}')", {"user_id": (f"'{KEY}'", True)}
    require_logged(connection, insert, row)  # nobody has ever said anything
    for said in ("''", "'documents'", "'POSTINGS'"):
        do(connection, f"select set_config('standing.writes', {said}, true)")
        require_logged(connection, insert, row)
    do(connection, "delete from standing.change_log", "set local standing.writes = 'postings'", insert)
    do(connection, "update user_warnings set user_id = user_id", "delete from user_warnings")
    assert connection.scalar(text("select count(*) from standing.change_log")) == 0


#: Columns of users that are read → types without an operator of equality, or with one that fails.
READ = ("json", "point", "xid", "text collate odd", "pair", "bit(3)", "aclitem", "tsvector")


def test_columns_of_any_type_are_compared(engine: Engine, settings: Settings, types: list[str]) -> None:
    values = {type_: others for type_, (_, others) in TYPES.items()}
    values |= {"xid": ("'5'",), "aclitem": ("'=r/pg_database_owner'",)}
    for type_ in [one for one in READ if one in types or one not in TYPES]:
        engine.dispose()  # each in a session of its own
        with engine.connect() as connection:
            do(connection, f"alter table users drop column kyc_status, add column kyc_status {type_}")
            follow(connection, settings)
            do(connection, f"update users set kyc_status = {values[type_][0]}")
            taken = (
                connection.execute(text("delete from standing.change_log returning user_id"))
                .scalars()
                .all()
            )
            assert taken, type_
            assert all(taken), type_
            do(connection, "update users set kyc_status = kyc_status, display_name = 'x'")
            assert connection.scalar(text("select count(*) from standing.change_log")) == 0, type_


def test_session_that_knows_a_column_by_its_former_type_goes_on(connection: Connection) -> None:
    for type_ in ("varchar(90)", "json", "text"):
        do(connection, f"alter table users drop column kyc_status, add column kyc_status {type_}")
        do(connection, "delete from standing.change_log", "update users set kyc_status = '8'")
        assert connection.scalar(text("select count(*) from standing.change_log")), type_


#: What may happen to the tables and to Standing's own while the application works.
HARM = {
    "a key is renamed": "alter table orders rename buyer_id to customer_id",
    "a key is dropped": "alter table orders drop column seller_id cascade",
    "a key gets another type": "alter table orders alter column buyer_id type text",
    "a column that is read is renamed": "alter table users rename kyc_status to state",
    "the log is dropped": "drop table standing.change_log",
    "the log is renamed": "alter table standing.change_log rename to log",
    "the log is another's": "drop table standing.change_log;"
    "create view standing.change_log as select 1 as one",
    "the schema is dropped": "drop schema standing cascade",
    "the schema is renamed": "alter schema standing rename to elsewhere",
    "log and sequence are dropped": "drop table standing.change_log; drop sequence standing.changes_missed",
    "the function's owner has no rights": "create role nobodys; grant usage on schema standing to nobodys;"
    "alter function standing.log_orders() owner to nobodys;"
    "alter function standing.log_users() owner to nobodys;"
    "alter function standing.log_truncate() owner to nobodys;"
    "grant usage on sequence standing.changes_missed to nobodys",
}


@pytest.mark.parametrize("harm", HARM)
def test_statement_is_done_whatever_became_of_its_table_and_of_ours(
    connection: Connection, settings: Settings, harm: str
) -> None:
    do(connection, "insert into orders (buyer_id, seller_id) values (gen_random_uuid(), gen_random_uuid())")
    do(connection, "update users set kyc_status = 'a'", "delete from standing.change_log")
    missed = connection.scalar(text("select nextval('standing.changes_missed')"))
    do(connection, HARM[harm])
    columns = connection.scalars(
        text(
            "select attname from pg_attribute where attrelid in ('users'::regclass, 'orders'::regclass)"
            " and not attisdropped"
        )
    ).all()
    state = "kyc_status" if "kyc_status" in columns else "state"
    do(
        connection,
        "insert into orders select * from orders limit 0",
        "update orders set status = 'x'",
        f"update users set {state} = 'b'",
        "delete from orders",
        "truncate orders cascade",
    )
    if connection.scalar(text("select to_regclass('standing.change_log') is null")):
        return  # a run says that it is gone
    if harm in ("the log is another's", "the function's owner has no rights"):
        assert connection.scalar(text("select last_value from standing.changes_missed")) > missed
    else:
        everybody = "select bool_or(affects_counterparties and user_id is null) from standing.change_log"
        assert connection.scalar(text(everybody))


def test_role_that_owns_a_table_adds_a_partition(connection: Connection, settings: Settings) -> None:
    role = "market_of_partitions"
    do(
        connection,
        "alter table payouts rename to old; create table payouts (like old) partition by list (status)",
    )
    follow(connection, settings)
    do(
        connection,
        f"create role {role}; alter table payouts owner to {role}; grant create on schema public to {role}",
        f"set local role {role}",
        "create table paid partition of payouts for values in ('paid')",
        f"insert into payouts (id, seller_id, amount, status, created_at)"
        f" values (gen_random_uuid(), '{KEY}', 1, 'paid', now())",
        "reset role",
    )
    assert connection.scalars(text("select seller_id::text from standing.change_log")).all() == [KEY]


def test_serializable_application_is_not_refused_because_of_a_run(
    make_database: MakeDatabase, upgraded_template: str, administer: Callable[[str], None]
) -> None:
    settings = make_database(template=upgraded_template)
    administer("alter database test_0 set default_transaction_isolation = serializable")
    with (
        connect(settings) as engine,
        psycopg.connect(str(settings.database_url).replace("+psycopg", "")) as one,
        psycopg.connect(str(settings.database_url).replace("+psycopg", "")) as other,
    ):
        assert one.execute("show transaction_isolation").fetchone() == ("serializable",)
        one.execute("select sum(amount) from payouts")
        one.execute("insert into user_warnings (user_id) select id from users limit 1")
        with engine.begin() as connection:
            drain(connection, settings)
            other.execute(
                "insert into payouts (seller_id, amount) select id, 1 from seller_profiles limit 1"
            )
            other.commit()
        one.commit()


def test_trigger_takes_no_transaction_number_of_its_own(connection: Connection) -> None:
    do(
        connection,
        "delete from standing.change_log",
        "insert into orders (buyer_id, seller_id) values (gen_random_uuid(), gen_random_uuid())",
        "update orders set status = 'x'",
        "update users set kyc_status = 'x'",
        "delete from payouts",
    )
    numbers = connection.scalars(text("select distinct xmin::text from standing.change_log")).all()
    assert numbers == [connection.scalar(text("select pg_current_xact_id()::text"))]

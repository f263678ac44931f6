"""What forbids the upgrade or a run from outside of the tables: preflight names it, whatever it is."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from conftest import MakeDatabase, Standing
from sqlalchemy import Engine, create_engine, text
from support import legacy

from standing.database.connect import connect
from standing.database.conninfo import conninfo
from standing.database.embedded import Server
from standing.errors import UnfitDatabase
from standing.settings import Settings, load_settings
from standing.upgrade.checks.limits import _connections
from standing.upgrade.checks.server import Check
from standing.upgrade.migration import migrate
from standing.upgrade.preflight import go, preflight


def found(settings: Settings, engine: Engine, name: str) -> list[Check]:
    """What preflight says under a name, but for what is well."""
    return [
        check for check in preflight(settings, engine) if (check.name, check.state != "ok") == (name, True)
    ]


@pytest.fixture
def filled(settings: Settings, engine: Engine) -> Engine:
    legacy.fill(engine)
    return engine


@pytest.mark.parametrize("encoding", ["WIN874", "LATIN1", "SQL_ASCII"])
def test_a_database_of_another_encoding_is_refused_by_both(
    encoding: str, postgres: Server, administer: Callable[[str], None], settings: Settings
) -> None:
    name = f"odd_{encoding.lower()}"
    administer(f"create database {name} template template0 encoding '{encoding}' locale 'C'")
    try:
        odd = load_settings(STANDING_HOME=settings.home, DATABASE_URL=postgres.url(name))
        with connect(odd) as engine:
            (check,) = found(odd, engine, "encoding")
            assert (check.state, encoding in check.message) == ("no-go", True)
            with pytest.raises(UnfitDatabase, match=f"is in {encoding}"):
                migrate(odd, engine)
    finally:
        administer(f"drop database {name} with (force)")


def test_sessions_that_only_read_are_refused_with_what_helps(
    make_database: MakeDatabase,
    upgraded_template: str,
    administer: Callable[[str], None],
    standing: Standing,
) -> None:
    settings = make_database(upgraded_template)
    administer("alter database test_0 set default_transaction_read_only = on")
    with connect(settings) as engine:
        (check,) = found(settings, engine, "writing")
        assert check.state == "no-go"
        assert "reset default_transaction_read_only" in check.fix
        with pytest.raises(UnfitDatabase, match="default_transaction_read_only is on"):
            migrate(settings, engine)
    done = standing.inside(settings, "run")
    assert done.returncode == 1
    assert "(25006)" in done.stderr
    assert "standing preflight" in done.stderr


@contextmanager
def as_role(engine: Engine, owned: str) -> Iterator[Engine]:
    """A role that is no superuser and owns what there is, as a managed server gives it."""
    role = f"app_{engine.url.database}"
    with engine.begin() as connection:
        connection.exec_driver_sql(
            f"create role {role} login; grant create on database {engine.url.database} to {role};"
            f"alter schema {owned} owner to {role}"
        )
        tables = connection.scalars(
            text("select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = :schema"),
            {"schema": owned},
        ).all()
        for table in tables:
            connection.exec_driver_sql(f"alter table {table} owner to {role}")
    own = create_engine(engine.url.set(username=role))
    try:
        yield own
    finally:
        own.dispose()
        with engine.begin() as connection:
            connection.exec_driver_sql(
                f"reassign owned by {role} to current_user; drop owned by {role}; drop role {role}"
            )


def test_what_a_role_may_not_do_is_named_one_thing_after_the_other(
    settings: Settings, filled: Engine
) -> None:
    database, role = filled.url.database, f"app_{filled.url.database}"
    examples = {
        f"alter role {role} connection limit 3": ("connections", "no-go", "the role's limit leaves 3"),
        f"alter role {role} connection limit -1; alter database {database} connection limit 4": (
            "connections",
            "no-go",
            "the database's limit leaves",
        ),
        f"alter database {database} connection limit -1;"
        f" revoke temporary on database {database} from public": (
            "may run",
            "no-go",
            f"lacks temporary on database {database}",
        ),
        f"grant temporary on database {database} to public; create schema standing_build;"
        f" grant usage on schema standing_build to {role}": (
            "may run",
            "no-go",
            "lacks schema standing_build (",
        ),
        f"drop schema standing_build; alter role {role} set statement_timeout = '30s'": (
            "limits",
            "warning",
            "statement_timeout is 30s",
        ),
        f"alter role {role} reset statement_timeout; alter role {role} set default_tablespace = {role}": (
            "rights",
            "no-go",
            f"create in tablespace {role}",
        ),
        f"alter role {role} reset default_tablespace; revoke usage on language plpgsql from public": (
            "plpgsql",
            "no-go",
            "may not use the language",
        ),
    }
    with psycopg.connect(conninfo(filled.url), autocommit=True) as connection:
        connection.execute("set allow_in_place_tablespaces = on")
        connection.execute(f"create tablespace {role} location ''".encode())
    with as_role(filled, "public") as own:
        assert go(preflight(settings, own))
        for statement, (name, state, said) in examples.items():
            with filled.begin() as connection:
                connection.exec_driver_sql(statement)
            own.dispose()
            (check,) = found(settings, own, name)
            assert (check.state, said in check.message) == (state, True), check
            assert check.fix
    with psycopg.connect(conninfo(filled.url), autocommit=True) as connection:
        connection.execute(f"drop tablespace {role}".encode())


def test_a_lock_whose_holders_start_the_role_may_not_see_is_listed(
    settings: Settings, filled: Engine
) -> None:
    with as_role(filled, "public") as own, filled.connect() as holding:
        holding.execute(text("lock table users in row exclusive mode"))
        (check,) = found(settings, own, "transactions")
        assert check.state == "warning"
        assert "holds a lock on a table" in check.message
        holding.rollback()


def test_an_event_trigger_is_tried_and_nothing_stays(settings: Settings, filled: Engine) -> None:
    make = """
        create or replace function watch() returns event_trigger language plpgsql as
        $$ begin {does} end $$;
        drop event trigger if exists watching;
        create event trigger watching on ddl_command_start when tag in ('CREATE TABLE')
        execute function watch()
    """
    with filled.begin() as connection:
        connection.exec_driver_sql(make.format(does="perform 1;"))
    (check,) = found(settings, filled, "event triggers")
    assert (check.state, "watching" in check.message) == ("note", True)
    with filled.begin() as connection:
        connection.exec_driver_sql(make.format(does="raise 'ask the administrators';"))
    checks = preflight(settings, filled)
    assert not go(checks)
    assert "ask the administrators" in " ".join(check.message for check in checks if check.state == "no-go")
    with filled.connect() as connection:
        left = "select count(*) from pg_class where relname ~ 'standing_trial' or relname ~ 'standing_view'"
        assert connection.scalar(text(left)) == 0
        assert connection.scalar(text("select to_regnamespace('standing_trial')")) is None


def test_a_home_that_cannot_be_made_is_named(settings: Settings, filled: Engine) -> None:
    settings.home.parent.mkdir(parents=True, exist_ok=True)
    (settings.home.parent / "a file").write_text("")
    taken = settings.model_copy(update={"home": settings.home.parent / "a file" / "home"})
    (check,) = found(taken, filled, "home")
    assert (check.state, check.fix) == ("no-go", "set STANDING_HOME")


@pytest.mark.parametrize(
    ("left", "state", "said"),
    [
        ({"server": 5, "database": None, "role": None}, "no-go", "the server's limit leaves 5"),
        ({"server": 80, "database": 6, "role": None}, "ok", "the database's limit leaves 6"),
        ({"server": -2, "database": 6, "role": 9}, "no-go", "the server's limit leaves 0"),
    ],
)
def test_the_limit_that_leaves_the_fewest_connections_counts(
    left: dict[str, int | None], state: str, said: str
) -> None:
    (check,) = _connections(left, 6)
    assert (check.state, said in check.message) == (state, True)

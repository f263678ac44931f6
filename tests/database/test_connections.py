"""Whatever way DATABASE_URL and the environment lead, all four clients reach the same server, as safely."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from conftest import UNTIL, Standing
from sqlalchemy import Engine, text
from support.guarded import CERTIFIED, DEBIAN, PASSWORD, USER, Guarded, guarded

from expectations.engine.gx import check
from expectations.engine.rules import Scan, Whole
from expectations.verdict import AuditScope
from standing.build.dbt import environment as dbt_environment
from standing.database import programs
from standing.database.connect import connect
from standing.database.conninfo import ENVIRONMENT, conninfo
from standing.database.lock import run_lock
from standing.errors import DatabaseUnreachable, SettingError, StandingError
from standing.settings import Settings, load_settings
from standing.upgrade.backup import backup

SETTINGS = (
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
    "quote_all_identifiers",
    "standard_conforming_strings",
    "client_encoding",
    "idle_session_timeout",
    "idle_in_transaction_session_timeout",
    "restrict_nonsystem_relation_kind",
)
#: Who is asked for what, how safe the way is, and how values are written.
IDENTITY = f"""
jsonb_build_object(
    'server', (select system_identifier from pg_control_system()),
    'database', current_database(), 'user', session_user, 'address', inet_server_addr(),
    'safe', (select ssl from pg_stat_ssl where pid = pg_backend_pid()),
    'limit', current_setting('statement_timeout'),
    'settings', array[{", ".join(f"current_setting('{name}')" for name in SETTINGS)}]
)::text
"""
RIGHT = ["UTC", "ISO, MDY", "postgres", "1", "off", "on", "UTF8", "0", "0", ""]


@pytest.fixture(scope="module", params=[None, DEBIAN], ids=["embedded", "15"])
def server(request: pytest.FixtureRequest) -> Iterator[Guarded]:
    if request.param and not request.param.exists():
        pytest.skip("PostgreSQL 15 is not installed")
    home = Path(tempfile.mkdtemp(prefix="standing-test-"))
    home.chmod(0o755)
    with guarded(home, request.param) as made:
        made.execute(  # habits of other people
            "alter database shop set datestyle = 'German, DMY'",
            "alter database shop set timezone = 'America/New_York'",
            "alter database shop set intervalstyle = 'iso_8601'",
            "alter database shop set quote_all_identifiers = on",
            "alter database shop set extra_float_digits = 0",
            "alter database shop set idle_session_timeout = '3s'",
            "alter database shop set standard_conforming_strings = off",
            "alter database shop set client_encoding = 'LATIN1'",
            "alter database shop set restrict_nonsystem_relation_kind = 'view'",
        )
        yield made
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


def by_engine(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.scalar(text(f"select {IDENTITY}")))


def by_dbt(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    """As dbt's adapter connects, with what profiles.yml gives it."""
    from dbt.adapters.contracts.connection import Connection, ConnectionState
    from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials

    given = dbt_environment(settings, engine.url)
    credentials = PostgresCredentials(
        host=given["STANDING_DBT_HOST"],
        port=int(given["STANDING_DBT_PORT"]),
        user=given["STANDING_DBT_USER"],
        password=given["DBT_ENV_SECRET_STANDING_PASSWORD"],
        database=given["STANDING_DBT_DATABASE"],
        schema="public",
    )
    opened = Connection(type="postgres", name="test", credentials=credentials, state=ConnectionState.INIT)
    with monkeypatch.context() as patched:
        for name in ENVIRONMENT:
            patched.delenv(name, raising=False)
        for name, value in given.items():
            patched.setenv(name, value)
        handle = PostgresConnectionManager.open(opened).handle
    with handle.cursor() as cursor:
        cursor.execute(f"select {IDENTITY}")
        found = str(cursor.fetchone()[0])
    handle.close()
    return found


def by_audit(engine: Engine) -> str:
    scope = AuditScope(engine.url.render_as_string(hide_password=False), "standing_build", "public", ())
    rule = Whole("identity", "info", "1", f"max({IDENTITY})", "who answers", "none")
    (outcome,) = check("sources", scope, [Scan("(select 1) as one", "1", (rule,))])
    return outcome.observed


def by_psql(engine: Engine) -> str:
    program = programs.find_program("psql", programs.server_major(engine))
    done = subprocess.run(
        [str(program), "--no-psqlrc", "-At", conninfo(engine.url), "-c", f"select {IDENTITY}"],
        env=programs.environment(engine.url),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


SECRET = quote(PASSWORD, safe="")
WHO = f"{quote(USER)}:{SECRET}"
SERVICE = f"[market]\nhost={{address}}\nport=5432\nuser={USER}\npassword={PASSWORD}\ndbname=shop\n"
#: What is set → whether the way is TLS. A loopback address prefers it, a socket has none.
WAYS: dict[str, tuple[dict[str, str], bool]] = {
    "all in the URL": ({"DATABASE_URL": f"postgresql://{WHO}@{{address}}/shop"}, True),
    "socket": ({"DATABASE_URL": f"postgresql://{WHO}@/shop?host={{sockets}}"}, False),
    "password in PGPASSWORD": (
        {"DATABASE_URL": f"postgresql://{quote(USER)}@{{address}}/shop", "PGPASSWORD": PASSWORD},
        True,
    ),
    "password in .pgpass": (
        {"DATABASE_URL": f"postgresql://{quote(USER)}@{{address}}/shop", "PGPASSFILE": "{folder}/pgpass"},
        True,
    ),
    "no user": (
        {"DATABASE_URL": "postgresql://{address}/shop", "PGUSER": USER, "PGPASSWORD": PASSWORD},
        True,
    ),
    "all in the query": (
        {
            "DATABASE_URL": f"postgresql:///shop?host={{address}}&user={quote(USER)}&password={SECRET}"
            "&schema=public&connection_limit=5&pgbouncer=true"
        },
        True,
    ),
    "place in the environment": (
        {"DATABASE_URL": f"postgres://{WHO}@/shop", "PGHOST": "{address}", "PGPORT": "5432"},
        True,
    ),
    "service in the URL, beside another place": (
        {
            "DATABASE_URL": "postgresql:///?service=market",
            "PGSERVICEFILE": "{folder}/services",
            "PGHOST": "192.0.2.1",
        },
        True,
    ),
    "service in the environment": (
        {
            "DATABASE_URL": "postgresql:///shop",
            "PGSERVICE": "market",
            "PGSERVICEFILE": "{folder}/services",
        },
        True,
    ),
    "the second of two hosts": (
        {"DATABASE_URL": f"postgresql://{WHO}@127.0.0.1:1,{{address}}:5432/shop?ssl=require"},
        True,
    ),
    "no TLS": ({"DATABASE_URL": f"postgresql://{WHO}@{{address}}/shop", "PGSSLMODE": "disable"}, False),
    "TLS that is verified": (
        {
            "DATABASE_URL": f"postgresql://{WHO}@{{address}}/shop",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": "{folder}/ca.crt",
        },
        True,
    ),
    "a client's certificate": (
        {
            "DATABASE_URL": f"postgresql://{CERTIFIED}@{{address}}/shop?sslmode=verify-full"
            "&sslrootcert={folder}/ca.crt&sslcert={folder}/client.crt&sslkey={folder}/client.key"
        },
        True,
    ),
    "settings of one's own, and those of one's shell": (
        {
            "DATABASE_URL": f"postgresql://{WHO}@{{address}}/shop?options=-c%20statement_timeout=9s",
            "PGTZ": "Asia/Bangkok",
            "PGDATESTYLE": "SQL",
            "PGCLIENTENCODING": "LATIN1",
        },
        True,
    ),
}


def follow(server: Guarded, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]) -> Settings:
    places = {
        "address": server.address,
        "sockets": str(server.server.sockets),
        "folder": str(server.certificates),
    }
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    for name, content in {
        "pgpass": f"{server.address}:5432:*:{USER}:{escaped}\n",
        "services": SERVICE.format(**places),
    }.items():
        (server.certificates / name).write_text(content, encoding="utf-8")
        (server.certificates / name).chmod(0o600)
    variables = {name: value.format(**places) for name, value in given.items()}
    for name, value in variables.items():
        if name != "DATABASE_URL":
            monkeypatch.setenv(name, value)
    return load_settings(DATABASE_URL=variables["DATABASE_URL"], _env_file=None)


@pytest.mark.parametrize("way", WAYS)
def test_all_clients_reach_the_same_server_as_safely_and_read_it_alike(
    server: Guarded, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    given, is_safe = WAYS[way]
    is_safe = is_safe and server.has_tls
    if not server.has_tls and ("verify" in str(given) or "require" in str(given)):
        pytest.skip("the wheel's server has no TLS")
    settings = follow(server, monkeypatch, given)
    with connect(settings) as engine:
        found = by_engine(engine)
        identity = json.loads(found)
        assert identity["database"] == "shop"
        assert identity["user"] == (CERTIFIED if "certificate" in way else USER)
        assert identity["safe"] == is_safe
        assert identity["settings"] == RIGHT
        assert identity["limit"] == ("9s" if "own" in way else "0")
        assert json.loads(by_dbt(settings, engine, monkeypatch)) == identity
        assert json.loads(by_audit(engine)) == identity
        assert json.loads(by_psql(engine)) == identity


def test_a_limit_of_whole_transactions_ends_none_of_ours(
    server: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    if server.server.installation is not None:
        pytest.skip("PostgreSQL 15 has no such limit")
    server.execute("alter database shop set transaction_timeout = '50ms'")
    settings = follow(server, monkeypatch, WAYS["all in the URL"][0])
    with connect(settings) as engine:
        with engine.begin() as connection:
            connection.execute(text("select pg_sleep(0.2)"))
        with run_lock(engine, 0) as lock, engine.begin() as connection:
            connection.execute(text("select pg_sleep(0.2)"))
            lock.require(connection)
    server.execute("alter database shop reset transaction_timeout")


def test_a_safer_way_that_cannot_be_had_is_refused_by_all(
    server: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its certificate is nobody's whom the machine trusts."""
    if not server.has_tls:
        pytest.skip("the wheel's server has no TLS")
    way = {"DATABASE_URL": f"postgresql://{WHO}@{{address}}/shop", "PGSSLMODE": "verify-full"}
    settings = follow(server, monkeypatch, {**way, "PGSSLROOTCERT": "{folder}/client.crt"})
    with pytest.raises(DatabaseUnreachable, match="certificate verify failed"), connect(settings):
        pass


def test_a_service_that_is_nowhere_is_named(server: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = follow(server, monkeypatch, {"DATABASE_URL": "postgresql:///?service=elsewhere"})
    monkeypatch.setenv("PGSERVICEFILE", "/nowhere/services")
    said = r"^service 'elsewhere' is not in /nowhere/services: [^\n]*not found\n  fix: write \[elsewhere\]"
    with pytest.raises(DatabaseUnreachable, match=said), connect(settings):
        pass


def test_a_parameter_that_dbt_cannot_be_given_is_refused_by_name(
    server: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"postgresql://{WHO}@{{address}}/shop?sslpassword=x"
    settings = follow(server, monkeypatch, {"DATABASE_URL": url})
    with pytest.raises(SettingError, match="sslpassword"), connect(settings):
        pass


def test_a_program_that_does_not_know_a_parameter_refuses_it_by_name(
    server: Guarded, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The programs of PostgreSQL 15 cannot insist on how they are asked for a password."""
    if not server.has_tls:
        pytest.skip("the wheel's programs know the parameter")
    url = f"postgresql://{WHO}@{{address}}/shop?require_auth=scram-sha-256"
    settings = follow(server, monkeypatch, {"DATABASE_URL": url})
    with connect(settings) as engine, pytest.raises(StandingError, match="require_auth"):
        backup(engine, tmp_path / "shop.dump")


def test_commands_log_in_with_a_password_of_the_environment(
    server: Guarded, monkeypatch: pytest.MonkeyPatch, standing: Standing, tmp_path: Path
) -> None:
    """psql, backup, its check, dbt by itself: each is another program.

    The password is no argument of any.
    """
    way = {"DATABASE_URL": f"postgresql://{quote(USER)}@{{address}}/shop", "PGPASSWORD": PASSWORD}
    given = follow(server, monkeypatch, way)
    settings = given.model_copy(update={"home": tmp_path / "home"})
    assert standing.ok(settings, "psql", "--", "-Atc", "select session_user").strip() == USER
    server.execute(
        "create table if not exists users (id uuid)", "insert into users values (gen_random_uuid())"
    )
    said = standing.ok(settings, "backup", str(tmp_path / "shop.dump"), "--check")
    assert "restores into an empty database: public 1 rows" in said
    printed, program = standing.ok(settings, "env"), Path(sys.executable).with_name("dbt")
    bare = ["sh", "-c", f"unset PGPASSWORD\n{printed}\n{program} debug --connection"]
    assert "[OK connection ok]" in subprocess.run(bare, capture_output=True, text=True, check=True).stdout
    restored = standing(settings, "restore", str(tmp_path / "shop.dump"), "--replace", "--yes")
    assert restored.returncode == 0, restored.stderr
    # What is in a file of passwords stays there, and dbt finds it as libpq does.
    passwords = tmp_path / "passwords"
    passwords.write_text(f"*:*:*:*:{PASSWORD.replace(':', chr(92) + ':')}\n")
    passwords.chmod(0o600)
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    printed = standing.ok(settings, "env")
    assert PASSWORD not in printed
    bare = ["sh", "-c", f"{printed}\n{program} debug --connection"]
    assert "[OK connection ok]" in subprocess.run(bare, capture_output=True, text=True, check=True).stdout


@pytest.mark.prove
def test_a_whole_marketplace_is_scored_alike_behind_a_password_and_among_odd_settings(
    server: Guarded,
    monkeypatch: pytest.MonkeyPatch,
    standing: Standing,
    settings: Settings,
    tmp_path: Path,
) -> None:
    """The database ends sessions that are idle for 3 s, writes dates in German and lives in New York."""
    server.execute("drop schema public cascade", "create schema public")
    way = {"DATABASE_URL": f"postgresql://{quote(USER)}@{{address}}/shop", "PGPASSWORD": PASSWORD}
    guarded = follow(server, monkeypatch, way).model_copy(update={"home": tmp_path / "home"})
    total = "select sum((trust_score ->> 'overall_score')::numeric), count(*) from users"
    sums = []
    for market in (settings, guarded):
        simulated = ("--users", "120", "--orders", "1500", "--seed", "1", "--until", UNTIL)
        standing.ok(market, "load", "simulated", *simulated)
        standing.ok(market, "migrate")
        standing.ok(market, "run")
        standing.ok(market, "reconcile")
        sums.append(standing.ok(market, "psql", "--", "-Atc", total))
    assert sums[0] == sums[1]
    standing.ok(guarded, "rollback", "--yes")

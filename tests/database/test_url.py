"""DATABASE_URL as people write it, and the limits that servers set."""

import logging

import pytest

from standing.database.build_rights import few
from standing.database.conninfo import conninfo, shown, to_url
from standing.database.programs import fail_like
from standing.database.session_settings import (
    LIMITS,
    PINNED,
    fix_at_connect,
    fix_of,
    pinned,
    with_code,
)
from standing.database.url import read
from standing.errors import SettingError, StandingError


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgresql:///shop?host=/run/sockets", {"dbname": "shop", "host": "/run/sockets"}),
        ("postgresql://%2Frun%2Fsockets/shop", {"dbname": "shop", "host": "/run/sockets"}),
        (
            "postgresql://two words:p%20/w%@[::1]:6432/My%20Shop",
            {"user": "two words", "password": "p /w%", "host": "::1", "port": "6432", "dbname": "My Shop"},
        ),
        (
            "postgresql+asyncpg://db/shop?user=ann@example&password=a+b&ssl=verify-full",
            {
                "host": "db",
                "dbname": "shop",
                "user": "ann@example",
                "password": "a+b",
                "sslmode": "verify-full",
            },
        ),
        (
            "postgres://ann@one:1,two:2/shop?target_session_attrs=read-write",
            {
                "user": "ann",
                "host": "one,two",
                "port": "1,2",
                "dbname": "shop",
                "target_session_attrs": "read-write",
            },
        ),
        ("postgresql://db/shop?ssl=false", {"host": "db", "dbname": "shop", "sslmode": "disable"}),
        (
            "postgresql://db/shop?options=-c+work_mem%3D1MB+-c%20jit=off",
            {"host": "db", "dbname": "shop", "options": "-c work_mem=1MB -c jit=off"},
        ),
    ],
)
def test_a_url_is_read_as_libpq_reads_it(given: str, expected: dict[str, str]) -> None:
    assert read(given) == expected


@pytest.mark.parametrize(
    ("parameter", "ours"),
    [
        ("schema=market", "STANDING_APPLICATION_SCHEMA"),
        ("currentSchema=market", "STANDING_APPLICATION_SCHEMA"),
        ("connection_limit=5", "STANDING_THREADS"),
        ("pgbouncer=true", "DATABASE_URL_DIRECT"),
        ("statement_cache_size=0", "DATABASE_URL_DIRECT"),
        ("statement_cache_mode=describe", "DATABASE_URL_DIRECT"),
        ("default_query_exec_mode=simple_protocol", "DATABASE_URL_DIRECT"),
        ("preparedStatementCacheQueries=0", "DATABASE_URL_DIRECT"),
        ("pool_max_conns=5", "STANDING_THREADS"),
        ("maxPoolSize=5", "STANDING_THREADS"),
        ("pool=5", "STANDING_THREADS"),
        ("db_pool=5", "STANDING_THREADS"),
        ("conn_max_age=600", "STANDING_THREADS"),
        ("max_lifetime=30m", "STANDING_THREADS"),
        ("serverVersion=15", "says itself which version"),
        ("charset=utf8", "always in UTF8"),
    ],
)
def test_parameters_of_other_tools_are_ignored_with_a_note_that_names_ours(
    caplog: pytest.LogCaptureFixture, parameter: str, ours: str
) -> None:
    caplog.set_level(logging.WARNING, "standing")
    given = f"postgresql://db/shop?{parameter}"
    assert read(given, f"URL_OF_{parameter.partition('=')[0]}") == {"host": "db", "dbname": "shop"}
    assert ours in caplog.text


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("postgresql://ann:secret@db/shop?sslrootcart=ca.crt", "sslrootcart"),
        ("postgresql://ann:secret@db/shop?sslaccept=strict", "sslmode=verify-full"),
        ("postgresql://ann:secret@db/shop?ssl=sometimes", "sometimes"),
        ("postgresql://ann:secret?x@db/shop", "a [?] as %3F"),
        ("postgresql://ann:secret@db:many/shop", "port"),
    ],
)
def test_what_would_be_lost_is_refused_by_name_and_without_the_password(given: str, named: str) -> None:
    with pytest.raises(SettingError, match=named) as refused:
        read(given)
    assert "secret" not in str(refused.value)


def test_a_password_is_in_no_argument_and_in_nothing_that_is_shown() -> None:
    for given in ("postgresql://ann:secret@db/shop", "postgresql://db/shop?user=ann&password=secret"):
        url = to_url(read(given, "DATABASE_URL"))
        assert "user=ann" in conninfo(url)
        assert shown(url) == "postgresql://ann@db/shop"
        assert "secret" not in conninfo(url)
        assert "***" not in conninfo(url)


@pytest.mark.parametrize("code", LIMITS)
def test_a_limit_is_known_by_its_code_in_any_language(code: str) -> None:
    said = with_code("Anfrage wird abgebrochen", code)
    assert with_code(said, code) == said == f"Anfrage wird abgebrochen ({code})"
    assert fix_of(said, "otherwise").startswith(f"raise {LIMITS[code][0]} for the role or the database")
    assert fix_of("canceling statement due to statement timeout", "otherwise") == "otherwise"


@pytest.mark.parametrize(
    ("release", "later"),
    [
        (150007, set()),
        (150008, {"restrict_nonsystem_relation_kind"}),
        (160003, set()),
        (160004, {"restrict_nonsystem_relation_kind"}),
        (170000, {"restrict_nonsystem_relation_kind", "transaction_timeout"}),
        (190000, {"restrict_nonsystem_relation_kind", "transaction_timeout"}),
    ],
)
def test_a_session_setting_is_pinned_where_the_server_knows_it(release: int, later: set[str]) -> None:
    assert pinned(release).keys() - PINNED.keys() == later


def test_of_a_hundred_statements_a_few_are_printed() -> None:
    given = [f"alter table t{number} owner to me" for number in range(116)]
    said = few(given, "me")
    assert said.startswith("alter table t0 owner to me; alter table t1 owner to me; ")
    assert said.endswith("t5 owner to me /* and 110 more: `standing roles --runner me --sql` prints all */")
    assert few(given[:6], "me") == "; ".join(given[:6])


def test_what_a_program_says_is_found_in_any_language() -> None:
    errors = "psql:<stdin>:3: HINWEIS:  nichts\npsql:<stdin>:9: FEHLER:  Relation fehlt\nZEILE 1: select\n"
    with pytest.raises(StandingError, match="FEHLER:  Relation fehlt"):
        fail_like("psql", errors)


@pytest.mark.parametrize(
    ("said", "helps"),
    [
        (
            'FATAL: too many connections for role "scorer"',
            "raise max_connections, or the limit of the role",
        ),
        ("FATAL: remaining connection slots are reserved for roles with", "raise max_connections"),
        ("FATAL: no more connections allowed (max_client_conn)", "raise max_connections"),
        ("FATAL: unsupported startup parameter: statement_cache_mode", "ignore_startup_parameters"),
        ("FATAL: password authentication failed", "check DATABASE_URL"),
        ('root certificate file "/root/.postgresql/root.crt" does not exist', "~/.postgresql/root.crt"),
        ("SSL error: certificate verify failed", "sslrootcert="),
    ],
)
def test_why_a_connection_is_refused_decides_what_helps(said: str, helps: str) -> None:
    assert helps in fix_at_connect(said, "check DATABASE_URL")

"""`validate` as its callers use it: in a child process, against wrong servers, over odd schemas."""

import json
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url, text

from expectations import AuditError, AuditScope, Verdict, validate
from standing.settings import Settings

LEGACY = """
    create table {schema}.users (id uuid primary key, created_at timestamp);
    create table {schema}.seller_profiles (
        id uuid primary key, rating_score numeric, rating_count integer
    );
    create table {schema}.orders (
        id uuid primary key, buyer_id uuid references {schema}.users, seller_id uuid, status text,
        created_at timestamp
    );
    create table {schema}.reviews (
        id uuid primary key, rating integer, created_at timestamp, order_id uuid
    );
"""


def legacy(engine: Engine, schema: str = "public") -> None:
    with engine.begin() as connection:
        connection.execute(text(f'create schema if not exists "{schema}"'))
        connection.execute(text(LEGACY.format(schema=f'"{schema}"')))


def scope_of(settings: Settings, **changes: str) -> AuditScope:
    given = {"build_schema": "standing_build", "application_schema": "public", **changes}
    return AuditScope(url=str(settings.database_url), targets=(), **given)


def observed(verdict: Verdict) -> dict[str, str]:
    return {outcome.expectation: outcome.observed for outcome in verdict.outcomes}


def test_validate_runs_in_a_spawned_child_process(settings: Settings, engine: Engine) -> None:
    legacy(engine)
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        verdict = pool.submit(validate, "sources", scope_of(settings)).result()

    assert verdict.passed
    assert verdict.warned  # the tables are empty
    assert json.loads(json.dumps(verdict.to_json()))["passed"] is True


def test_an_error_comes_back_from_a_child_process() -> None:
    scope = AuditScope("postgresql://nobody:hunter2@localhost:1/nowhere", "b", "public", ())
    spawn = get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn) as pool, pytest.raises(AuditError) as caught:
        pool.submit(validate, "sources", scope).result()

    assert "nowhere" in str(caught.value)
    assert "DATABASE_URL" in caught.value.fix
    assert "hunter2" not in str(caught.value) + repr(scope)


def test_importing_the_door_imports_nothing_slow() -> None:
    program = "import sys, expectations; print(*sorted(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = result.stdout.split()
    assert "expectations.verdict" in loaded
    assert not {"great_expectations", "sqlalchemy", "pandas"} & set(loaded)


def test_an_audit_makes_no_network_connection_but_the_servers(settings: Settings, engine: Engine) -> None:
    """Every attempt by Python code is noted and refused; libpq connects beneath, to the server alone."""
    legacy(engine)
    program = (
        "import socket, sys\n"
        "tried = []\n"
        "def refuse(*given, **named):\n"
        "    tried.append(given[-1])\n"
        "    raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from expectations import AuditScope, validate\n"
        "print(validate('sources', AuditScope(sys.argv[1], 'b', 'public', ())).passed, tried)\n"
    )
    command = [sys.executable, "-c", program, str(settings.database_url)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stdout == "True []\n"
    assert result.stderr == ""


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("not a url", "no database URL"),
        ("mysql://localhost/shop", "mysql"),
        ("postgresql://localhost:1/shop", "localhost:1, database 'shop'"),
    ],
)
def test_a_wrong_url_is_a_clear_error(url: str, said: str) -> None:
    with pytest.raises(AuditError, match=said):
        validate("sources", AuditScope(url, "b", "public", ()))


def test_an_unknown_suite_names_the_known_ones(settings: Settings) -> None:
    with pytest.raises(AuditError, match="sources, candidates, published"):
        validate("sauces", scope_of(settings))


def test_an_empty_database_fails_with_every_missing_table_named(settings: Settings) -> None:
    verdict = validate("sources", scope_of(settings))

    assert not verdict.passed
    assert [one.expectation for one in verdict.failures("critical")] == ["sources_are_read_whole"]
    for table in ("users", "seller_profiles", "orders", "reviews"):
        assert f"{table} is missing" in verdict.outcomes[0].observed
    assert "not checked" in observed(verdict)["orders_buyer_id_exists"]


def test_missing_columns_are_named_and_what_needs_them_is_left_out(
    settings: Settings, engine: Engine
) -> None:
    legacy(engine)
    with engine.begin() as connection:
        connection.execute(text("alter table orders drop column buyer_id"))
        connection.execute(text("alter table reviews alter column rating type text"))

    verdict = validate("sources", scope_of(settings))

    said = observed(verdict)
    assert not verdict.passed
    assert "orders.buyer_id is missing, reviews.rating is text" in said["sources_are_read_whole"]
    assert (
        said["reviews_rating_is_from_1_to_5"] == "not checked: missing or of an unfit type: reviews.rating"
    )
    assert said["orders_seller_id_is_not_null"] == "no rows to look at"


def test_reviews_must_lead_to_a_seller_in_one_way(settings: Settings, engine: Engine) -> None:
    legacy(engine)
    with engine.begin() as connection:
        connection.execute(text("alter table reviews drop column order_id"))

    assert (
        "reviews has neither order_id nor seller_id"
        in observed(validate("sources", scope_of(settings)))["sources_are_read_whole"]
    )


def test_what_a_constraint_promises_is_not_counted_again(settings: Settings, engine: Engine) -> None:
    legacy(engine)
    said = observed(validate("sources", scope_of(settings)))

    assert said["users_id_is_unique"] == "guaranteed by a unique index"
    assert said["orders_buyer_id_exists"] == "guaranteed by a foreign key"
    assert said["orders_seller_id_exists"] == "no rows to look at"


def test_schema_names_may_need_quotes(settings: Settings, engine: Engine) -> None:
    legacy(engine, schema="Old Shop")

    assert validate("sources", scope_of(settings, application_schema="Old Shop")).passed


def test_times_without_zone_are_read_in_the_source_zone(settings: Settings, engine: Engine) -> None:
    """Seven hours ahead of UTC by the wall clock is now in Bangkok and the future in UTC."""
    legacy(engine)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into users"
                " values (gen_random_uuid(), (now() at time zone 'Asia/Bangkok') - interval '1 hour')"
            )
        )
    name = "users_created_at_is_not_in_the_future"

    assert observed(validate("sources", scope_of(settings)))[name] == "1 of 1 row"
    bangkok = scope_of(settings, source_time_zone="Asia/Bangkok")
    assert observed(validate("sources", bangkok))[name] == "met by the only row"


def test_a_query_that_the_server_refuses_is_an_outcome(settings: Settings, engine: Engine) -> None:
    legacy(engine)
    with engine.begin() as connection:
        connection.execute(text("alter table users rename to members"))
        connection.execute(text("insert into members values (gen_random_uuid(), now())"))
        failing = "created_at + make_interval(days => 1 / (extract(year from created_at)::integer * 0))"
        connection.execute(text(f"create view users as select id, {failing} as created_at from members"))

    verdict = validate("sources", scope_of(settings))

    assert not verdict.passed
    assert observed(verdict)["users_id_is_not_null"] == "could not be checked: division by zero (22012)"
    assert observed(verdict)["orders_id_is_not_null"] == "no rows to look at"


def test_data_docs_are_pages_of_their_own_that_hold_no_password(
    settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    legacy(engine)
    scope = scope_of(settings, data_docs=str(tmp_path))
    url = make_url(scope.url).set(password="hunter2").render_as_string(hide_password=False)  # noqa: S106

    verdict = validate("sources", replace(scope, url=url))

    assert verdict == replace(validate("sources", scope_of(settings)), seconds=verdict.seconds)
    pages = list((tmp_path / "sources").rglob("*.html"))
    assert tmp_path / "sources" / "index.html" in pages
    assert "hunter2" not in "".join(page.read_text(encoding="utf-8") for page in pages)

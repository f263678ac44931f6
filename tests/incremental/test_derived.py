"""Facts stay from run to run: a run builds stale ones again, and all if they cannot be relied on."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
import yaml
from conftest import MakeDatabase
from sqlalchemy import Engine
from support.clock import set_clock
from support.decided import column, do, scalar
from support.project import Project

from standing import PROJECT_ROOT
from standing.build import dbt
from standing.contract.targets import DOCUMENTS
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.errors import BuildFailed
from standing.incremental import materialized
from standing.run.execute import execute
from standing.run.outcome import RunOutcome
from standing.run.run import Request
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")

#: Each model's rows with the transaction that wrote them: what stays the same was not derived again.
WRITTEN = "select {key}::text || ' ' || xmin::text from standing_build.{model}"


@pytest.fixture(scope="module")
def marketplace(module_database: Callable[[str], Settings], published_template: str) -> Settings:
    """One for all tests but the one that changes the clock: each leaves everything derived."""
    return module_database(published_template)


@pytest.fixture(scope="module")
def engine(marketplace: Settings) -> Iterator[Engine]:
    """In this module the clock stands still, so that no row is due by time."""
    with connect(marketplace) as found, pytest.MonkeyPatch.context() as monkeypatch:
        now = wall_clock(found) + timedelta(minutes=1)
        set_clock(monkeypatch, lambda: now)
        run(marketplace)  # brings up to now what the template's run left
        yield found


def run(marketplace: Settings, **asked: bool) -> RunOutcome:
    outcome = execute(marketplace, Request(**asked))  # type: ignore[arg-type]
    assert outcome.status == "published", outcome.message
    return outcome


def written(engine: Engine) -> dict[str, set[str]]:
    return {
        model.name: set(column(engine, WRITTEN.format(key=model.key[0], model=model.name)))
        for model in (*materialized.ROW_FACTS, *materialized.MEMBER_FACTS)
    }


def derived_again(engine: Engine, work: Callable[[], object]) -> dict[str, int]:
    """Model → rows that were written while `work` was done."""
    before = written(engine)
    work()
    return {model: len(rows - before[model]) for model, rows in written(engine).items()}


def all_rows(engine: Engine) -> dict[str, int]:
    return {model: len(rows) for model, rows in written(engine).items()}


def file_of(engine: Engine, table: str) -> object:
    return scalar(engine, f"select pg_relation_filenode('standing_build.{table}')")


def test_a_run_derives_what_changed_and_nothing_else(marketplace: Settings, engine: Engine) -> None:
    reviewed = scalar(engine, "select order_id from reviews where order_id is not null order by id limit 1")
    of_order = scalar(engine, f"select count(*) from reviews where order_id = '{reviewed}'")
    thread = scalar(engine, "select thread_id from standing_build.int_threads order by thread_id limit 1")
    senders = f"select sender_id from messages where thread_id = '{thread}'"
    days = scalar(
        engine, f"select count(*) from standing_build.int_message_days where user_id in ({senders})"
    )
    shop = scalar(engine, "select seller_id from products where status = 'active' order by id limit 1")
    do(
        engine,
        f"update orders set total_amount = total_amount + 1 where id = '{reviewed}'",
        f"update messages set sent_at = sent_at - interval '1 second' where thread_id = '{thread}'",
        f"update products set stock = stock + 1 where seller_id = '{shop}'",
    )
    lists = {
        model.stale: file_of(engine, model.stale)
        for model in (*materialized.ROW_FACTS, *materialized.MEMBER_FACTS)
    }
    again = derived_again(engine, lambda: run(marketplace))
    # A list that was empty keeps its file.
    assert {table for table, file in lists.items() if file_of(engine, table) == file} == {
        "stale_user_sessions"
    }
    assert again == {
        "int_order_facts": 1,
        "int_review_facts": of_order,  # a review is derived with its order
        "int_thread_facts": 1,
        "int_message_days": days,  # whatever else its senders wrote is counted with it
        "int_user_messages": 1,
        "int_user_sessions": 0,
        "int_seller_stock_and_balances": 1,
    }
    for model in (*materialized.ROW_FACTS, *materialized.MEMBER_FACTS):
        assert scalar(engine, f"select count(*) from standing_build.{model.stale}") == 0
    assert derived_again(engine, lambda: run(marketplace)) == dict.fromkeys(again, 0)


def test_every_column_of_facts_that_stay_is_described(engine: Engine) -> None:
    """Analysts read them. Raw counts, first and last events are named by the rule of models/overview.md."""
    models = {*materialized.MODELS, *(name for target in DOCUMENTS for name in target.facts)}
    described = {
        (model["name"], one["name"])
        for file in (PROJECT_ROOT / "models").rglob("*.yml")
        for model in (yaml.safe_load(file.read_text("utf-8")) or {}).get("models", ())
        for one in model.get("columns", ())
    }
    columns = column(
        engine,
        "select table_name || ' ' || column_name from information_schema.columns"
        " where table_schema = 'standing_build' and column_name !~ '^raw_|_(first|last)_at$'",
    )
    named = [tuple(one.split()) for one in columns if one.split()[0] in models]
    assert len(named) > 200
    assert [one for one in named if one not in described] == []


def test_where_members_facts_alone_are_counted_again_no_row_counts_as_derived(
    marketplace: Settings, engine: Engine
) -> None:
    do(
        engine,
        "update products set stock = stock + 1 where id = (select id from products order by id limit 1)",
    )
    outcomes: list[RunOutcome] = []
    again = derived_again(engine, lambda: outcomes.append(run(marketplace)))
    assert {model for model, rows in again.items() if rows} == {"int_seller_stock_and_balances"}
    assert re.fullmatch(r"\d+ members? and \d+ shops?", outcomes[0].stages[0].detail)


def test_a_row_is_derived_again_at_the_moment_it_names(
    make_database: MakeDatabase, published_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order that will be completed, one that will be made, and a review that will be written."""
    marketplace = make_database(published_template)
    with connect(marketplace) as engine:
        tomorrow = wall_clock(engine) + timedelta(days=1)
        _plan(engine, tomorrow)
        run(marketplace)
        unknown = "select count(*) from standing_build.{} where not is_known"
        assert scalar(engine, unknown.format("int_order_facts")) == 1
        assert scalar(engine, unknown.format("int_review_facts")) == 1

        set_clock(monkeypatch, lambda: tomorrow)
        run(marketplace)
        assert scalar(engine, unknown.format("int_order_facts")) == 0
        assert scalar(engine, unknown.format("int_review_facts")) == 0
        completed = f"select count(*) from standing_build.int_order_facts where resolved_at = '{tomorrow}'"
        assert scalar(engine, completed) == 1


def _plan(engine: Engine, tomorrow: datetime) -> None:
    do(
        engine,
        f"update orders set cancelled_at = null, completed_at = '{tomorrow}' where id ="
        " (select order_id from standing_build.int_order_facts where outcome = 'completed'"
        " order by order_id limit 1)",
        "insert into orders (id, buyer_id, seller_id, status, total_amount,"
        " created_at) select gen_random_uuid(), buyer_id,"
        f" seller_id, 'pending', 1, '{tomorrow}' from orders order by id limit 1",
        "insert into reviews (id, seller_id, reviewer_id, rating, created_at)"
        f" select gen_random_uuid(), seller_id, buyer_id, 5, '{tomorrow}'"
        " from standing_build.int_order_facts where is_known order by order_id limit 1",
    )


#: What a server that crashed comes back with: its unlogged tables are empty.
EMPTIED = (
    "derived",
    *(name for name in materialized.MODELS if name != materialized.QUARANTINE.name),
    *(model.stale for model in materialized.MODELS.values() if model.stale),
)


def crash(marketplace: Settings, engine: Engine) -> None:
    """The server empties what is unlogged."""
    for table in EMPTIED:
        of_class = (
            f"select relpersistence::text from pg_class where oid = 'standing_build.{table}'::regclass"
        )
        assert scalar(engine, of_class) == "u", f"{table} would outlive the others"
    do(engine, "; ".join(f"truncate standing_build.{table}" for table in EMPTIED))


def end_between_statements(marketplace: Settings, engine: Engine) -> None:
    """A build has dropped tables of the run before and made them, and ends before it gives them their mark:
    they are gone, for what is made is one transaction.
    """
    tables = ("int_review_facts", "int_user_cases_and_referrals")
    gone = " and ".join(f"to_regclass('standing_build.{table}') is null" for table in tables)
    assert not scalar(engine, f"select {gone}")
    do(
        engine,
        "create function refuse() returns event_trigger language plpgsql as"
        " $$begin raise 'no comment'; end$$",
        "create event trigger refusing on ddl_command_start when tag in ('COMMENT')"
        " execute function refuse()",
    )
    try:
        with pytest.raises(BuildFailed, match="no comment"):
            dbt.invoke(marketplace, engine.url, "run", "--select", *tables)
    finally:
        do(engine, "drop event trigger refusing", "drop function refuse()")
    assert scalar(engine, f"select {gone}")


@pytest.mark.parametrize("lose", [crash, end_between_statements])
def test_what_is_lost_is_derived_again_for_the_few_who_are_due(
    lose: Callable[[Settings, Engine], None], marketplace: Settings, engine: Engine
) -> None:
    rows = all_rows(engine)
    lose(marketplace, engine)
    do(
        engine,
        "update orders set total_amount = total_amount + 1"
        " where id = (select id from orders order by completed_at desc nulls last, id limit 1)",
    )
    outcome = run(marketplace)
    assert all_rows(engine) == rows
    assert not outcome.stages[0].detail.startswith("everybody")
    assert 0 < sum(outcome.written.values()) < 20


def test_asked_for_with_full_everything_is_derived_again(marketplace: Settings, engine: Engine) -> None:
    rows = all_rows(engine)
    assert derived_again(engine, lambda: run(marketplace, full=True)) == rows


def test_what_no_log_names_makes_everything_be_derived_again(marketplace: Settings, engine: Engine) -> None:
    rows = all_rows(engine)
    do(engine, "alter table reviews disable trigger standing_log_update")
    assert derived_again(engine, lambda: run(marketplace)) == rows
    do(engine, "alter table reviews enable always trigger standing_log_update")
    assert derived_again(engine, lambda: run(marketplace)) == rows


def test_a_build_in_another_schema_takes_the_log_along(marketplace: Settings, engine: Engine) -> None:
    """Back in the first schema, what was logged meanwhile is in none of its lists."""
    changed = (
        "update orders set total_amount = 7.25 where id = (select id from orders order by id {} limit 1)"
    )
    do(engine, changed.format("asc"))
    run(marketplace.model_copy(update={"build_schema": "elsewhere"}))
    run(marketplace)  # nobody is due, nothing is built
    do(engine, changed.format("desc"))
    run(marketplace)
    amount = (
        "select amount from standing_build.int_order_facts"
        " where order_id = (select id from orders order by id limit 1)"
    )
    assert str(scalar(engine, amount)) == "7.25"


@pytest.fixture(scope="module")
def project(marketplace: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A copy of the project whose policy may be edited; runs are made from it from here on."""
    project = Project(tmp_path_factory.mktemp("derived") / "project", marketplace)
    with project.at_work():
        yield project


def test_policy_from_which_no_row_is_derived_leaves_the_rows(
    marketplace: Settings, engine: Engine, project: Project
) -> None:
    """A bin of the scorecard makes everybody due; the meaning of a status makes all rows stale."""
    project.edit("seeds/scorecard_metrics.csv", ("Phone number verified", "Phone number proven"))
    outcomes: list[RunOutcome] = []
    again = derived_again(engine, lambda: outcomes.append(run(marketplace)))
    assert outcomes[0].stages[0].detail.startswith("everybody")
    assert set(again.values()) == {0}
    assert "to derive" not in outcomes[0].stages[0].detail
    rows = all_rows(engine)
    project.edit(
        "seeds/order_statuses.csv", ("\n", "\nteleported,completed,true,true,a new way of delivery\n")
    )
    assert derived_again(engine, lambda: run(marketplace)) == rows


def test_a_day_is_summed_again_when_an_order_with_a_part_in_it_is_derived(
    marketplace: Settings, engine: Engine
) -> None:
    run(marketplace)

    def days() -> set[str]:
        return set(
            column(
                engine,
                "select seller_id::text || ' ' || day::text || ' ' || xmin::text"
                " from standing_build.int_order_days",
            )
        )

    def summed_since(before: set[str]) -> set[str]:
        return {of_day.rpartition(" ")[0] for of_day in before ^ days()}

    def days_of(order: str) -> set[str]:
        return set(
            column(
                engine,
                "select seller_id::text || ' ' || day::text from standing_build.int_order_facts,"
                " unnest(array[resolved_on, evaluated_on, shipped_on, promised_on, lost_by_seller_on,"
                " known_on]) as day"
                f" where order_id = '{order}' and day is not null",
            )
        )

    order = str(
        scalar(
            engine,
            "select order_id from standing_build.int_order_facts where outcome = 'completed'"
            " and resolved_on > promised_on and promised_on > shipped_on order by resolved_at limit 1",
        )
    )
    before, parts = days(), days_of(order)
    assert len(parts) > 2
    do(engine, f"update orders set total_amount = total_amount + 1 where id = '{order}'")
    run(marketplace)
    assert summed_since(before) == parts
    # To the next day: the one it was in is summed anew, too.
    before = days()
    do(engine, f"update orders set completed_at = completed_at + interval '1 day' where id = '{order}'")
    run(marketplace)
    assert days_of(order) - parts
    assert summed_since(before) == days_of(order) | parts
    # A bad word about an order on its way is of the day on which it was placed.
    do(
        engine,
        f"delete from reviews where order_id = '{order}'",
        "update orders set status = 'paid', completed_at = null, delivered_at = null, shipped_at = null,"
        f" ship_by = now() + interval '300 days' where id = '{order}'",
    )
    run(marketplace)
    assert not days_of(order)
    before = days()
    do(
        engine,
        "insert into reviews (id, order_id, seller_id, reviewer_id, rating, created_at)"
        " select gen_random_uuid(), id, seller_id, buyer_id, 1, created_at + interval '1 hour'"
        f" from orders where id = '{order}'",
    )
    run(marketplace)
    assert summed_since(before) == days_of(order)
    assert len(days_of(order)) == 1

"""What an analyst's trial answers: the edit's effect alone, whatever has happened since the last run."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine
from support.decided import column, do, scalar
from support.project import Project

from standing.build.keys import check_keys
from standing.contract.document import count
from standing.contract.documents.ratings import RATINGS
from standing.contract.documents.tier_info import TIER_INFO
from standing.contract.targets import DOCUMENTS
from standing.database.connect import connect
from standing.decisions.trial import Trial, try_policy
from standing.decisions.wording import as_text
from standing.errors import BuildFailed
from standing.incremental.causes import what_differs
from standing.settings import Settings

pytestmark = pytest.mark.usefixtures("no_audits")

#: Since the last run: rows that are new, and values that the application has overwritten.
HAPPENED = (
    "update orders set status = 'cancelled', completed_at = null, cancelled_at = now(),"
    " cancelled_by = 'seller' where id in"
    " (select id from orders where status = 'completed' order by id limit 40)",
    "insert into reviews (id, seller_id, reviewer_id, rating, created_at)"
    " select gen_random_uuid(), seller_id, buyer_id, 1, now() from orders order by id limit 40",
    "update users set phone_verified = not phone_verified"
    " where id in (select id from users order by id limit 40)",
)


@pytest.fixture(scope="module")
def project(
    module_database: Callable[[str], Settings],
    published_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Project]:
    """A copy of the project beside a marketplace to whose data things have happened since its last run."""
    settings = module_database(published_template)
    project = Project(tmp_path_factory.mktemp("trial") / "project", settings)
    with project.at_work(), connect(settings) as engine:
        do(engine, *HAPPENED)
        yield project


@pytest.fixture
def engine(project: Project) -> Iterator[Engine]:
    with connect(project.settings) as found:
        yield found


def tried(project: Project, file: str, old: str, new: str) -> Trial:
    """The trial of one edit, which is taken back."""
    project.edit(file, (old, new))
    try:
        return try_policy(project.settings)
    finally:
        project.edit(file, (new, old))


def changed(trial: Trial) -> dict[str, int]:
    return {one.target: one.changed for one in trial.difference.columns if one.changed}


def made(engine: Engine, settings: Settings) -> set[str]:
    """What the trial built, in place of reading it where the last run left it."""
    in_both = (
        "select relname from pg_class as built join pg_namespace as n on n.oid = relnamespace"
        f" where nspname = '{settings.diff_schema}' and relkind in ('r', 'v')"
        " and coalesce(pg_get_viewdef(built.oid), '') not like '%standing_build.%'"
    )
    return set(column(engine, in_both))


def test_without_an_edit_nothing_would_change_and_nothing_is_built(
    project: Project, engine: Engine
) -> None:
    trial = try_policy(project.settings)
    assert (changed(trial), trial.note) == ({}, "")
    assert len(trial.difference.columns) == len(DOCUMENTS)
    there = f"select to_regnamespace('{project.settings.diff_schema}')::text"
    assert scalar(engine, there) is None


def test_what_differs_is_named_cell_by_cell_with_models_macros_settings_and_columns(
    project: Project, engine: Engine
) -> None:
    with engine.connect() as connection:
        assert what_differs(connection, project.settings) == ()
    files = {
        "seeds/trust_levels.csv": ("silver,2,60,", "silver,2,64.0,"),
        "seeds/scorecard_bins.csv": ("phone_verified,0,0,not verified\n", "phone_verified,2,5,two\n"),
        "seeds/gate_limits.csv": ("changed_share,trust_score,0.5,", "changed_share,trust_score,0.40,"),
        "models/marts/user_behavior_scores.sql": ("risk.risk_level, 'low'", "risk.risk_level, 'medium'"),
        "macros/tallies/ratings.sql": ("::numeric(4, 2)", "::numeric(5, 2)"),
    }
    for name, replaced in files.items():
        project.edit(name, replaced)
    settings = project.settings.model_copy(update={"business_time_zone": "Asia/Tokyo"})
    try:
        with engine.connect() as connection:  # taken back
            connection.exec_driver_sql("alter table users drop column phone_verified cascade")
            found = {one.words for one in what_differs(connection, settings)}
    finally:
        for name, (old, new) in files.items():
            project.edit(name, (new, old))
    assert found == {
        "trust_levels silver.min_score: 60 → 64",
        "scorecard_bins phone_verified, 0: a row → none",
        "scorecard_bins phone_verified, 2: none → a new row",
        "gate_limits changed_share, trust_score.warn: 0.5 → 0.4",
        "model user_behavior_scores",
        "macro mean",
        "BUSINESS_TIME_ZONE: Asia/Bangkok → Asia/Tokyo",
        "users.phone_verified: boolean → none",
    }


def test_an_edited_tier_moves_those_whom_it_concerns_and_builds_no_facts(
    project: Project, engine: Engine
) -> None:
    few = (
        "tier_info #>> '{next_tier,orders_needed}' is not null and tier_info ->> 'current_tier' = 'starter'"
    )
    before = scalar(engine, f"select count(*) from seller_profiles where {few}")
    trial = tried(project, "seeds/tier_policy.csv", "rising,2,10,", "rising,2,9,")
    assert set(changed(trial)) == {"tier_info"}
    (column,) = (one for one in trial.difference.columns if one.changed)
    moved = sum(column.by_class.get(one, 0) for one in ("level", "points"))
    assert column.by_class["evidence"] == column.changed - moved > 0
    assert {one.key for one in trial.difference.replaced} == {"next_tier.orders_needed"}
    words = [one.words for one in trial.difference.causes]
    assert words == ["tier_policy rising.min_orders: 10 → 9"]
    # Every starter is told of one order less, but for those who have more than enough of them.
    assert 0 < changed(trial)["tier_info"] <= int(str(before))
    assert "int_seller_earned_tiers" in made(engine, project.settings)
    assert not {"int_seller_orders", "int_order_facts", "user_trust_scores"} & made(
        engine, project.settings
    )
    assert "anew" not in trial.note


def test_a_mistake_in_sql_is_named_where_a_unit_test_meets_it_first(
    project: Project, engine: Engine
) -> None:
    with pytest.raises(BuildFailed) as failed:
        tried(project, "models/marts/user_behavior_scores.sql", "risk.risk_level", "risk.risk_levle")
    test, _, what = failed.value.message.partition(" ended as error: ")
    assert test.startswith("dbt build: unit test ")
    assert test.endswith(" of user_behavior_scores")
    assert "risk.risk_levle does not exist" in what


def test_an_edited_mart_is_built_alone_and_has_to_pass_its_unit_test(
    project: Project, engine: Engine
) -> None:
    mart, edit = (
        "models/marts/user_behavior_scores",
        ("risk.risk_level, 'low'", "risk.risk_level, 'medium'"),
    )
    with pytest.raises(BuildFailed) as failed:
        tried(project, f"{mart}.sql", *edit)
    test = "a_rate_of_exactly_the_limit_is_a_risk_with_enough_orders"
    assert f"dbt build: unit test {test} of user_behavior_scores ended as fail: " in failed.value.message
    assert "risk_level where user_id = 0" in failed.value.message
    assert "is medium and not low" in failed.value.message
    assert "completion_rate" not in failed.value.message

    # With the test as the edit wants it, it is tried.
    text = (project.folder / f"{mart}.yml").read_text("utf-8")
    assert text.count('"risk_level": "low"') + text.count("risk_level: low") > 0
    wanted = text.replace('"risk_level": "low"', '"risk_level": "medium"')
    wanted = wanted.replace("risk_level: low", "risk_level: medium")
    (project.folder / f"{mart}.yml").write_text(wanted, "utf-8")
    try:
        trial = tried(project, f"{mart}.sql", *edit)
    finally:
        (project.folder / f"{mart}.yml").write_text(text, "utf-8")
    assert set(changed(trial)) == {"behavior_score"}
    low = scalar(engine, "select count(*) from users where behavior_score ->> 'risk_level' = 'low'")
    (column,) = (one for one in trial.difference.columns if one.changed)
    assert (column.changed, column.by_class) == (low, {"level": low})
    assert "int_user_behavior" not in made(engine, project.settings)


def test_a_label_is_wording_and_moves_nobody(project: Project, engine: Engine) -> None:
    metrics = "seeds/scorecard_metrics.csv"
    trial = tried(project, metrics, "E-mail address verified", "E-mail verified")
    has_it = "trust_score -> 'factors' @? '$.*[*] ? (@.code == \"email_verified\")'"
    due = "select member_id from standing.due where target = 'trust_score'"
    number = scalar(engine, f"select count(*) from users where {has_it} and id not in ({due})")
    (column,) = (one for one in trial.difference.columns if one.changed)
    assert (column.target, column.by_class) == ("trust_score", {"wording": number})
    (replaced,) = trial.difference.replaced
    assert (replaced.key, replaced.documents, replaced.pairs) == ("email_verified.label_en", number, 1)
    assert trial.error is None
    assert trial.difference.largest_changes == ()
    assert {one.observed for one in trial.difference.gate.checks} == {0}
    cell = "scorecard_metrics email_verified.label_en: E-mail address verified → E-mail verified"
    said = as_text(trial.difference).splitlines()
    assert said[1] == f"  because {cell}"
    assert [line for line in said if f": {number:,} wording only" in line]
    assert [line for line in said if line.endswith(f"{number} documents: {cell.partition(': ')[2]}")]


def test_a_key_that_no_model_has_is_named_before_anything_is_built() -> None:
    declared = replace(
        RATINGS.document, keys=(*RATINGS.document.keys, count("last_year", "reviews", "Of it."))
    )
    ratings = replace(RATINGS, document=declared)
    with pytest.raises(BuildFailed, match=r"ratings lacks last_year: .*seller_ratings") as failed:
        check_keys((TIER_INFO, ratings))
    assert failed.value.fix.startswith("build it in models/marts/seller_ratings.sql")


def test_an_edit_below_the_facts_builds_them_as_of_the_last_run(project: Project, engine: Engine) -> None:
    trial = tried(project, "seeds/policy_numbers.csv", "adjusted_rating_k,10", "adjusted_rating_k,5")
    assert changed(trial)["ratings"] > 0
    assert "int_seller_reviews" in made(engine, project.settings)
    assert "members' facts were built anew" in trial.note
    # The reviews that came since do not count yet.
    counted = (
        f"select count(*) from {project.settings.diff_schema}.seller_ratings as tried"
        " join seller_profiles as published on published.id = tried.seller_id"
        " where tried.total_reviews != (published.ratings ->> 'total_reviews')::integer"
    )
    assert scalar(engine, counted) == 0


def test_beside_a_run_that_is_not_published_everything_is_built(project: Project, engine: Engine) -> None:
    do(
        engine,
        "insert into standing.runs (run_id, selection, as_of, status) overriding system value"
        " values (99, 'all', now(), 'failed')",
    )
    try:
        trial = try_policy(project.settings)
    finally:
        do(engine, "delete from standing.runs where run_id = 99")
    assert (
        "of what run 99 built last, behavior_score, gamification, loyalty_tier, performance, ratings,"
        in trial.note
    )
    assert {"int_user_metrics", "int_seller_orders"} <= made(engine, project.settings)
    assert "ratings" not in changed(trial)


def test_what_a_run_published_before_it_failed_is_published(project: Project, engine: Engine) -> None:
    do(
        engine,
        "update standing.runs set status = 'failed'",
        "update standing.target_state set run_id = (select max(run_id) from standing.runs)",
    )
    try:
        trial = try_policy(project.settings)
    finally:
        do(engine, "update standing.runs set status = 'published'")
    assert (changed(trial), trial.note) == ({}, "")

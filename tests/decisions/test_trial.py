"""What an analyst's trial answers: the edit's effect alone, whatever has happened since the last run."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine
from support.decided import column, do, scalar
from support.project import Project

from standing.database.connect import connect
from standing.decisions.trial import Trial, try_policy
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
    assert len(trial.difference.columns) == 5
    there = f"select to_regnamespace('{project.settings.diff_schema}')::text"
    assert scalar(engine, there) is None


def test_an_edited_tier_moves_those_whom_it_concerns_and_builds_no_facts(
    project: Project, engine: Engine
) -> None:
    few = (
        "tier_info #>> '{next_tier,orders_needed}' is not null and tier_info ->> 'current_tier' = 'starter'"
    )
    before = scalar(engine, f"select count(*) from seller_profiles where {few}")
    trial = tried(project, "seeds/tier_policy.csv", "rising,2,10,", "rising,2,9,")
    assert set(changed(trial)) == {"tier_info"}
    # Every starter is told of one order less, but for those who have more than enough of them.
    assert 0 < changed(trial)["tier_info"] <= int(str(before))
    assert "int_seller_earned_tiers" in made(engine, project.settings)
    assert not {"int_seller_orders", "int_order_facts", "user_trust_scores"} & made(
        engine, project.settings
    )
    assert "anew" not in trial.note


def test_an_edited_mart_is_built_alone(project: Project, engine: Engine) -> None:
    trial = tried(
        project,
        "models/marts/user_behavior_scores.sql",
        "risk.risk_level, 'low'",
        "risk.risk_level, 'medium'",
    )
    assert set(changed(trial)) == {"behavior_score"}
    assert changed(trial)["behavior_score"] == scalar(
        engine, "select count(*) from users where behavior_score ->> 'risk_level' = 'low'"
    )
    assert "int_user_behavior" not in made(engine, project.settings)


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
    assert "run 99 was not published" in trial.note
    assert {"int_user_metrics", "int_seller_orders"} <= made(engine, project.settings)
    assert "ratings" not in changed(trial)

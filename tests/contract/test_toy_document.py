"""A document from nothing: a mart, its YAML, one entry of the contract and its limits.

Everything else reads these.
"""

import json
import shutil
from pathlib import Path

from conftest import MakeDatabase
from sqlalchemy import create_engine
from support.decided import column, scalar
from support.project import Project

from standing.settings import load_settings

TOY = Path(__file__).parent / "toy"
LIMITS = "changed_share,reliability,0.9,0.95,a toy\nmean_shift,reliability,5,15,a toy\n"


def add(project: Project) -> None:
    shutil.copy(TOY / "user_reliability.sql", project.folder / "models" / "marts")
    shutil.copy(TOY / "user_reliability.yml", project.folder / "models" / "marts")
    shutil.copy(TOY / "reliability.py", project.folder / "standing" / "contract" / "documents")
    project.edit(
        "standing/contract/targets.py",
        ("    TRUST_SCORE,\n", "    RELIABILITY,\n    TRUST_SCORE,\n"),
        (
            "from standing.contract.documents.tier_info",
            "from standing.contract.documents.reliability import RELIABILITY\n"
            "from standing.contract.documents.tier_info",
        ),
    )


def test_a_document_from_nothing_is_published_gated_audited_reported_explained_and_undone(
    make_database: MakeDatabase, published_template: str, tmp_path: Path
) -> None:
    given = make_database(published_template)
    settings = load_settings(STANDING_HOME=tmp_path / "home", DATABASE_URL=given.database_url)
    project = Project(tmp_path / "project", settings)
    add(project)
    engine = create_engine(settings.database_url or "")
    mart, limits = "models/marts/user_reliability.sql", project.folder / "seeds" / "gate_limits.csv"
    with project.commands() as standing:
        unknown = standing("run", "toys")
        assert unknown.returncode != 0
        assert "this database lacks users.reliability" in unknown.stderr
        assert "standing migrate" in unknown.stderr

        upgraded = standing("migrate")
        assert upgraded.returncode == 0, upgraded.stderr
        defaults = column(engine, "select distinct (reliability - 'last_updated')::text from users")
        assert [json.loads(one) for one in defaults] == [{"kept_rate": 0, "promises": 0, "mood": "sunny"}]

        refused = standing("run", "toys")
        assert refused.returncode != 0
        assert "no row of changed_share for reliability, nor for all" in refused.stderr
        limits.write_text(limits.read_text("utf-8") + LIMITS, "utf-8")

        published = standing("run", "toys", "--json")
        assert published.returncode == 0, published.stderr
        run_id = json.loads(published.stdout)["run_id"]
        members = scalar(engine, "select count(*) from users")
        assert scalar(engine, "select count(*) from users where reliability ? 'evidence'") == members
        assert scalar(engine, f"select count(*) from standing.history where run_id = {run_id}") == members

        report = json.loads(
            (settings.home / "reports" / f"run-{run_id:06}" / "report.json").read_text("utf-8")
        )
        assert [one["target"] for one in report["changes"]] == ["reliability"]
        assert [one["title"] for one in report["distributions"]] == ["Promises kept"]
        asked = {one["expectation"] for audit in report["audits"] for one in audit["outcomes"]}
        assert {
            "reliability_has_every_key",
            "reliability_is_from_0_to_100",
            "reliability_rates_equal_their_evidence",
            "reliability_mood_is_known",
            "reliability_is_what_the_run_decided",
        } <= asked

        member = column(engine, "select id::text from users where (reliability ->> 'promises')::int > 0")[0]
        asked_why = standing("why", "user", member, "--json")
        assert asked_why.returncode == 0, asked_why.stderr
        explained = json.loads(asked_why.stdout)
        assert explained["documents"]["reliability"]["mood"] in ("sunny", "cloudy")
        assert explained["sources"]["reliability"]["kept_rate"] == ["orders"]
        shown = standing("why", "user", member, "--sources")
        assert "reliability.kept_rate: orders" in shown.stdout, shown.stderr
        rate = explained["documents"]["reliability"]
        counts = rate["evidence"]["kept_rate"]
        counted = f"{counts['num']} of {counts['den']}, {counts['from']} to {counts['to']}"
        assert f"kept_rate{rate['kept_rate']:>25}  {counted}" in shown.stdout

        project.edit(mart, ("'cloudy'", "'stormy'"))
        unsound = standing("run", "toys")
        assert unsound.returncode != 0
        assert "reliability_mood_is_known" in unsound.stderr

        project.edit(mart, ("'stormy'", "'cloudy'"), ("'promises', concluded", "'promises', 0 * concluded"))
        stopped = standing("run", "toys")
        assert "reliability" in stopped.stderr
        assert "lose a value that they had" in stopped.stderr

        undone = standing("undo", str(run_id))
        assert undone.returncode == 0, undone.stderr
        restored = column(engine, "select distinct (reliability - 'last_updated')::text from users")
        assert restored == defaults
    engine.dispose()

"""A wrong policy is refused before anything is built on it, with file, line and row named."""

import csv
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from conftest import MakeDatabase
from sqlalchemy import Engine, text
from support.project import Project

from standing import PROJECT_ROOT
from standing.build import dbt, policy
from standing.build.policy_tables import KINDS
from standing.build.selection import POLICY_MODELS
from standing.contract.targets import TARGETS
from standing.database.clock import wall_clock
from standing.database.connect import connect
from standing.database.session_settings import fix_of, with_code
from standing.errors import BuildFailed
from standing.incremental.plan import open_build
from standing.settings import Settings, load_settings


@dataclass(frozen=True)
class Slip:
    """What somebody edits in a seed, and what is said to it, but for the line."""

    name: str
    seed: str
    old: str
    new: str
    said: str


#: What the files alone show.
IN_A_FILE = [
    Slip(
        "text for a number",
        "scorecard_bins",
        "email_verified,1,20,",
        "email_verified,1,twenty,",
        "(email_verified, 1): value is 'twenty' and not a number",
    ),
    Slip(
        "a decimal comma",
        "scorecard_categories",
        "identity,0.10,",
        'identity,"0,10",',
        "(identity): weight is '0,10' and not a number",
    ),
    Slip(
        "a share of an order",
        "trust_levels",
        "platinum,4,80,30,",
        "platinum,4,80,30.5,",
        "(platinum): min_completed_orders is '30.5' and not a whole number",
    ),
    Slip(
        "no number",
        "policy_numbers",
        "answer_hours,24,",
        "answer_hours,,",
        "(answer_hours): value may not be empty",
    ),
    Slip("no reason", "risk_rules", ",moderators acted in the last year", ",", "why may not be empty"),
    Slip(
        "a comma in a reason",
        "scorecard_metrics",
        ",reachable",
        ",reachable, usually",
        "(email_verified) has 10 cells and not 9",
    ),
    Slip(
        "broken JSON",
        "tier_policy",
        '"[""reduced_commission""]"',
        "[reduced_commission]",
        "(rising): benefits is '[reduced_commission]' and not JSON",
    ),
    Slip(
        "a date that is none",
        "non_working_days",
        ",2026-05-31,",
        ",2026-05-32,",
        "day is '2026-05-32' and not a date",
    ),
    Slip(
        "a duplicated row",
        "scorecard_bins",
        "email_verified,1,20,verified\n",
        "email_verified,1,20,verified\nemail_verified,1.0,20,verified\n",
        "(email_verified, 1.0) is there twice: already in line",
    ),
    Slip(
        "a renamed column",
        "scorecard_bins",
        "metric,lower_bound,value,why",
        "metric,from,value,why",
        " lacks the column lower_bound and has the extra column 'from'",
    ),
    Slip(
        "a missing number", "policy_numbers", "active_days,30,", "activ_days,30,", "has no row active_days"
    ),
    Slip(
        "a number that nothing reads",
        "policy_numbers",
        "active_days,30,",
        "active_weeks,4,1,52,1,unused\nactive_days,30,",
        "(active_weeks): nothing reads it",
    ),
    Slip(
        "a missing number of the gate",
        "policy_numbers",
        "gate_min_members,20,",
        "gate_members,20,",
        "has no row gate_min_members",
    ),
    Slip(
        "a status in capitals",
        "order_statuses",
        "refunded,returned,",
        "DELIVERED_OK,completed,true,true,as our application writes it\nrefunded,returned,",
        "(DELIVERED_OK): status is 'DELIVERED_OK', which matches nothing: texts are compared in lower case,"
        " as 'delivered_ok'",
    ),
    Slip("a status with a blank", "order_statuses", "refunded,", "refunded ,", "'refunded ' and not text"),
    Slip(
        "a status that cannot be seen whole",
        "order_statuses",
        "refunded,",
        "re\u200bfunded,",
        "which matches nothing: it has a character that cannot be seen",
    ),
    Slip("papers in capitals", "kyc_statuses", "approved,1", "Approved,1", "kyc_status is 'Approved'"),
    Slip("a level in capitals", "trust_levels", "gold,3", "Gold,3", "level is 'Gold', which matches"),
    Slip("a level that is gone", "trust_levels", "bronze,1", "copper,1", "has no row bronze"),
    Slip("a tier that is gone", "tier_policy", "starter,1", "beginner,1", "has no row starter"),
    Slip("a score of 110", "trust_levels", "diamond,5,90,", "diamond,5,110,", "it goes from 0 to 100"),
    Slip(
        "six stars",
        "tier_policy",
        "500,250,4.7,",
        "500,250,6,",
        "(top_seller): min_rating is 6, which matches",
    ),
    Slip(
        "partners below none",
        "trust_levels",
        ",5,Gold,",
        ",-5,Gold,",
        "(gold): min_counterparties is -5 and not from 0 to 1000000",
    ),
    Slip("an eighth weekday", "non_working_days", "\n7,,", "\n8,,", "(8): weekday is 8, which matches"),
    Slip(
        "a weekday of a date",
        "non_working_days",
        "\n7,,",
        "\n7,2026-01-04,",
        "it is either a weekday or a day",
    ),
    Slip(
        "a review every minus seven days",
        "policy_numbers",
        "review_interval_days,7,",
        "review_interval_days,-7,",
        "(review_interval_days): value is -7 and not from 1 to 365",
    ),
    Slip(
        "a mean of forty stars",
        "policy_numbers",
        "adjusted_rating_prior,4,",
        "adjusted_rating_prior,40,",
        "(adjusted_rating_prior): value is 40 and not from 1 to 5",
    ),
    Slip(
        "a bin below nothing",
        "scorecard_bins",
        "account_age_days,0,0,",
        "account_age_days,-7,0,",
        "(account_age_days, -7): lower_bound is -7 and not from 0 to 1000000000",
    ),
    Slip(
        "half a day",
        "policy_numbers",
        "active_days,30,",
        "active_days,30.5,",
        "(active_days): value is 30.5 and not a whole number",
    ),
    Slip(
        "a number without end",
        "policy_numbers",
        "max_stock,10000000,",
        "max_stock,1e999,",
        "(max_stock): value is 1e999 and not from 1 to 1000000000",
    ),
    Slip(
        "a long window that is shorter",
        "policy_numbers",
        "evaluation_long_window_days,365,",
        "evaluation_long_window_days,30,",
        ": evaluation_long_window_days is 30, and evaluation_window_days is 90, which is more",
    ),
    Slip(
        "a share beyond everything",
        "plausible_ranges",
        "one_seller_share,,0.95,",
        "one_seller_share,,1.5,",
        "(one_seller_share): highest is 1.5 and not from 0 to 1",
    ),
    Slip(
        "a range that is none",
        "plausible_ranges",
        "median_amount,20,10000,",
        "median_amount,20000,10000,",
        "(median_amount): highest is 10000, and lowest is 20000, which is more",
    ),
    Slip(
        "a limit of no reason",
        "quarantine_limits",
        "orders,no buyer,",
        "orders,no buyers,",
        "(orders, no buyers): no row of orders is ever set aside for the reason 'no buyers'",
    ),
    Slip(
        "a limit of no source",
        "quarantine_limits",
        "orders,no buyer,",
        "order,no buyer,",
        "(order, no buyer): no row of order is ever set aside",
    ),
    Slip(
        "a document without a limit",
        "gate_limits",
        "mean_shift,ratings,",
        "mean_shift,rating,",
        "(mean_shift, rating): target is 'rating' and none of all, behavior_score,",
    ),
    Slip(
        "a limit for all that is taken away",
        "gate_limits",
        "lost_members_share,all,",
        "lost_members_share,ratings,",
        "seeds/gate_limits.csv has no row of lost_members_share for behavior_score, nor for all",
    ),
]
#: What shows between rows once they are loaded, by what is told in one go: of tables that name each other,
#: of the bins, and of what is made of both, which is not made while one of the others is wrong.
BETWEEN_ROWS = {
    "names": [
        Slip(
            "a missing metric",
            "scorecard_metrics",
            "referrals,community,count,up,,,Referred members who bought,เพื่อนที่แนะนำและสั่งซื้อแล้ว,brought"
            " real buyers\n",
            "",
            "(referrals, 10): metric is 'referrals', which seeds/scorecard_metrics.csv does not have",
        ),
        Slip(
            "weights beyond a half",
            "scorecard_categories",
            "community,0.10,",
            "community,0.20,",
            "the weights sum to 0.60 and not to 0.50: behavior 0.10, community 0.20,",
        ),
        Slip(
            "an unknown category",
            "scorecard_metrics",
            "counterparties,transaction,",
            "counterparties,transactions,",
            "(counterparties): category is 'transactions', which seeds/scorecard_categories.csv does not"
            " have",
        ),
        Slip(
            "an unknown measure",
            "risk_rules",
            "slow_to_answer,unanswered_rate,",
            "slow_to_answer,slowness,",
            "(slow_to_answer): measure is 'slowness' and none of cancellation_rate, dispute_rate,",
        ),
        Slip(
            "two levels of one rank",
            "trust_levels",
            "silver,2,60,",
            "silver,1,60,",
            "(silver): rank 1 is there twice",
        ),
        Slip(
            "a warning after the stop",
            "gate_limits",
            "mean_shift,ratings,0.1,0.3,",
            "mean_shift,ratings,0.5,0.3,",
            "(mean_shift, ratings): it warns at 0.5, beyond the 0.3 at which it stops",
        ),
    ],
    "bins": [
        Slip(
            "a flag beyond one",
            "scorecard_bins",
            "kyc_verified,1,30,",
            "kyc_verified,2,30,",
            "(kyc_verified, 2): it begins at 2, and kyc_verified never goes beyond 1",
        ),
        Slip(
            "a rate beyond everything",
            "risk_rules",
            "unanswered_rate,medium,80,",
            "unanswered_rate,medium,800,",
            "(slow_to_answer): it begins at 800, and unanswered_rate never goes beyond 100",
        ),
        Slip(
            "a metric that nothing measures",
            "scorecard_metrics",
            "referrals,community,count",
            "karma,community,count,up,,,Karma,กรรม,is wanted\nreferrals,community,count",
            "(karma): metric is 'karma' and none of email_verified, phone_verified,",
        ),
        Slip(
            "a metric without bins",
            "scorecard_bins",
            "two_factor_enabled,0,0,off\ntwo_factor_enabled,1,10,on\n",
            "",
            "(two_factor_enabled): metric is 'two_factor_enabled', which seeds/scorecard_bins.csv does not"
            " have",
        ),
        Slip(
            "a gap",
            "scorecard_bins",
            "referrals,0,0,none\n",
            "",
            "(referrals, 1): the first bin of referrals begins at 1 and leaves a gap from 0 on",
        ),
        Slip(
            "a value that falls",
            "scorecard_bins",
            "account_age_days,180,12,",
            "account_age_days,180,4,",
            "(account_age_days, 180): its value 4 is below the 5 of the bin before, though more is better",
        ),
        Slip(
            "a value that rises where more is worse",
            "scorecard_bins",
            "warning_rate,8,-50,",
            "warning_rate,8,-10,",
            "(warning_rate, 8): its value -10 is above the -20 of the bin before, though more is worse",
        ),
        Slip(
            "points of a forecast that fall",
            "problem_bins",
            "processing_hours,48,4,",
            "processing_hours,48,2,",
            "(processing_hours, 48): its points 2 are below the 3 of the bin before, though more is worse",
        ),
        Slip(
            "a bound between hundredths",
            "problem_bins",
            "discontent_share,15,1,",
            "discontent_share,15.005,1,",
            "(discontent_share, 15.005): its lower bound 15.005 is no multiple of 0.01",
        ),
        Slip(
            "a forecast's gap",
            "problem_bins",
            "problem_share,0,0,",
            "problem_share,1,0,",
            "(problem_share, 1): the first bin of problem_share begins at 1 and leaves a gap from 0 on",
        ),
        Slip(
            "a share beyond everything",
            "problem_bins",
            "problem_share,32,23,",
            "problem_share,320,23,",
            "(problem_share, 320): it begins at 320, and problem_share never goes beyond 100",
        ),
        Slip(
            "a rate that falls",
            "problem_rates",
            "22,14.00,",
            "22,13.00,",
            "(22): its rate 13.00 is below 13.59 of fewer points",
        ),
        Slip(
            "a row that no sum of points reaches",
            "problem_rates",
            "51,30.78,",
            "52,30.78,",
            "(52): it is of 52 points and the bins give 51 at most",
        ),
        Slip(
            "points for bad things",
            "scorecard_bins",
            "warning_rate,0,0,",
            "warning_rate,0,5,",
            "(warning_rate, 0): a bad thing has the value 5",
        ),
        Slip(
            "hundredths of a point",
            "scorecard_bins",
            "completed_value,5000,4,",
            "completed_value,5000,4.2,",
            "(completed_value, 5000): its value 4.2 times the weight 0.20 of transaction is no multiple of"
            " 0.1",
        ),
    ],
    "asked": [
        Slip(
            "a level with fewer partners than the one below",
            "trust_levels",
            ",5,Gold,",
            ",15,Gold,",
            "(platinum): min_counterparties: it asks for 10, less than the 15 of gold below it",
        ),
        Slip(
            "a tier with fewer buyers than the one below",
            "tier_policy",
            "rising,2,10,5,",
            "rising,2,10,45,",
            "(established): min_buyers: it asks for 25, less than the 45 of rising below it",
        ),
    ],
    "made": [
        Slip(
            "best bins beyond 100",
            "scorecard_bins",
            "email_verified,1,20,",
            "email_verified,1,21,",
            "the best bins of identity sum to 101 and not to 100: account_age_days 20, email_verified 21,",
        ),
        Slip(
            "gold above diamond",
            "trust_levels",
            "gold,3,70,",
            "gold,3,95,",
            "(platinum): min_score: it asks for 80, less than the 95 of gold below it",
        ),
        Slip(
            "a level without a minimum",
            "trust_levels",
            "platinum,4,80,30,",
            "platinum,4,80,,",
            "(platinum): min_completed_orders is empty and no setting says it",
        ),
        Slip(
            "a tier below the one before",
            "tier_policy",
            "established,3,50,25,4.3",
            "established,3,5,25,4.3",
            "(established): min_orders: it asks for 5, less than the 10 of rising below it",
        ),
        Slip(
            "a lowest level that asks",
            "trust_levels",
            "bronze,1,0,",
            "bronze,1,10,",
            "(bronze): min_score: it asks for 10; the lowest has to take everybody",
        ),
        Slip(
            "a level of experience that asks for more than the next",
            "gamification_levels",
            "4,600,",
            "4,1100,",
            "(4): by its minimum it is the level 5; levels count from 1 without a gap",
        ),
        Slip(
            "an award for a streak that goes with it",
            "awards",
            "purchase_streak,3,true",
            "purchase_streak,3,false",
            "(steady_buyer): a streak ends by itself, and what it gives has to be kept",
        ),
        Slip(
            "a rate out of its range",
            "problem_rates",
            "30,17.68,",
            "30,28.5,",
            "(30): its rate 28.5 is not within its range from",
        ),
        Slip(
            "a prior with points",
            "scorecard_metrics",
            "response_rate,behavior,rate,up,5,50,",
            "response_rate,behavior,rate,up,5,85,",
            "(response_rate): members without evidence are given its prior 85,"
            " which lies in a bin of 30 points",
        ),
    ],
}


#: Seed, line and the first part of the key in what is said.
PLACE = re.compile(r"seeds/(\w+)\.csv line (\d+) \(([^,)]+)")


def named(slip: Slip) -> str:
    return slip.name.replace(" ", "_")


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, module_database: object, upgraded_template: str
) -> Iterator[tuple[Project, Engine]]:
    """A project to edit, whose policy this process loads."""
    given: Settings = module_database(upgraded_template)  # type: ignore[operator]
    folder = tmp_path_factory.mktemp("policy")
    settings = load_settings(STANDING_HOME=folder / "home", DATABASE_URL=given.database_url)
    copy = Project(folder / "project", settings)
    with pytest.MonkeyPatch.context() as patch, connect(settings) as engine:
        patch.setattr("standing.build.dbt.PROJECT_ROOT", copy.folder)
        open_build(engine, settings, 1, wall_clock(engine), TARGETS)
        yield copy, engine


def refusal(project: Project, engine: Engine, *slips: Slip) -> BuildFailed:
    """What is said to the slips, with lines that are those of their rows; the files are put right again."""
    paths = {project.folder / "seeds" / f"{slip.seed}.csv" for slip in slips}
    before = {path: path.read_text("utf-8") for path in paths}
    try:
        for slip in slips:
            project.edit(f"seeds/{slip.seed}.csv", (slip.old, slip.new))
        with pytest.raises(BuildFailed) as refused:
            dbt.load_policy(project.settings, engine.url)
        for seed, line, key in PLACE.findall(refused.value.message):
            text_of = (project.folder / "seeds" / f"{seed}.csv").read_text("utf-8").splitlines()
            assert key in text_of[int(line) - 1]
    finally:
        for path, text_of in before.items():
            path.write_text(text_of, "utf-8")
    return refused.value


def check(error: BuildFailed, *slips: Slip) -> None:
    """It names what is wrong with each of them, and what helps."""
    assert error.message.startswith("the policy is wrong: seeds/")
    told = re.sub(r"(?<=csv) line \d+", "", error.message)
    assert [slip.name for slip in slips if slip.said not in told] == [], told
    assert error.fix == policy.FIX
    assert "dbt" not in error.message


#: How a file may be wrong as a file: what is done to its bytes, and what is said.
FILES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "a byte of Thai Excel": (
        lambda data: data + "odd,open,false,สถานะ\n".encode("cp874"),
        r" line 17 has the byte 0xd0, which is not UTF-8: save it in UTF-8 \(in Excel: \"CSV UTF-8\"\)$",
    ),
    "a bad byte": (lambda data: data.replace(b"\npaid", b"\np\xffid", 1), r" line 6 has the byte 0xff"),
    "UTF-16": (lambda data: data.decode().encode("utf-16"), r" is in UTF-16 and not in UTF-8: save it"),
    "UTF-16 without a mark": (lambda data: data.decode().encode("utf-16-le"), r" line 1 has a zero byte"),
    "nothing": (lambda _: b"", r" is empty: it lacks the line with the names of its columns$"),
    "no rows": (lambda data: data.splitlines(keepends=True)[0], r" has no rows$"),
    "semicolons": (lambda data: data.replace(b",", b";"), r" line 1 has one cell, 'status;.*commas$"),
    "a column less": (
        lambda data: b"\n".join(line.rpartition(b",")[0] for line in data.splitlines()),
        r" line 1 lacks the column why$",
    ),
    "a column more": (
        lambda data: b"\n".join(line + b",x" for line in data.splitlines()),
        r" line 1 has the extra column 'x'$",
    ),
    "a column twice": (lambda data: data.replace(b",why", b",why,why", 1), r" line 1 has a column twice$"),
    "an open quote": (lambda data: data + b'odd,open,false,"no end\n', r" line 17 is no row of a CSV file"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_csv_in_utf_8_is_named_with_the_line(name: str, tmp_path: Path) -> None:
    shutil.copytree(PROJECT_ROOT / "seeds", tmp_path / "seeds")
    file = tmp_path / "seeds" / "order_statuses.csv"
    spoil, said = FILES[name]
    file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(BuildFailed) as refused:
        policy.check_files(tmp_path)
    assert re.match(f"the policy is wrong: seeds/order_statuses.csv{said}", refused.value.message)


def test_a_file_that_may_not_be_read_or_is_none_says_why(tmp_path: Path) -> None:
    shutil.copytree(PROJECT_ROOT / "seeds", tmp_path / "seeds")
    file = tmp_path / "seeds" / "order_statuses.csv"
    file.unlink()
    with pytest.raises(BuildFailed, match=r"seeds/order_statuses.csv is missing"):
        policy.check_files(tmp_path)
    file.symlink_to(file)
    with pytest.raises(
        BuildFailed, match=r"order_statuses.csv cannot be read: Too many levels of symbolic"
    ):
        policy.check_files(tmp_path)


NUMBERS = ("numeric", "integer", "bigint")
#: Numbers whose range is the row's own, one that bad things have, and one of a key, which must differ.
MAY_BE_LESS = {
    ("policy_numbers", "at_least"),
    ("point_terms", "at_least"),
    ("scorecard_bins", "value"),
    ("scorecard_bins", "lower_bound"),
    ("problem_bins", "lower_bound"),
    ("problem_rates", "points"),
}


def test_no_number_of_any_table_may_be_nonsense(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of a column at once: each row is named."""
    monkeypatch.setattr(policy, "NAMED", 1000)
    for folder in ("seeds", "models", "macros"):
        shutil.copytree(PROJECT_ROOT / folder, tmp_path / folder)
    tried = 0
    for seed in policy.seeds(tmp_path):
        path = tmp_path / seed.file
        rows = list(csv.reader(StringIO(path.read_text("utf-8"))))
        before = path.read_bytes()
        for at, column in enumerate(rows[0]):
            if seed.types[column] not in NUMBERS or (seed.name, column) in MAY_BE_LESS:
                continue
            written = StringIO()
            edited = [[*row[:at], "-7" if row[at] else "", *row[at + 1 :]] for row in rows[1:]]
            csv.writer(written).writerows([rows[0], *edited])
            path.write_text(written.getvalue(), "utf-8")
            with pytest.raises(BuildFailed) as refused:
                policy.check_files(tmp_path)
            for number, row in seed.rows(tmp_path):
                if row[column]:
                    assert f"{seed.place(number, row)}: " in refused.value.message
                    tried += 1
        path.write_bytes(before)
    assert tried > 400


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("seeds:", "seeds: [", r"_seeds.yml line 7 is no YAML"),
        ("column_types", "column_typos", r"_seeds.yml does not describe every table with column_types"),
        (": text", ": money", r"policy_numbers has the type money and none of text, numeric"),
    ],
)
def test_what_describes_the_files_is_named_where_it_cannot_be_read(
    old: str, new: str, said: str, tmp_path: Path
) -> None:
    shutil.copytree(PROJECT_ROOT / "seeds", tmp_path / "seeds")
    file = tmp_path / "seeds" / "_seeds.yml"
    file.write_text(file.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(BuildFailed, match=said):
        policy.check_files(tmp_path)


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("numeric", "๖๐"),
        ("numeric", "6_0"),
        ("numeric", "1e9999"),
        ("integer", "๒"),
        ("date", "2569-04-13"),
        ("date", "2027-W05-6"),
        ("date", "13/04/2026"),
        ("jsonb", "NaN"),
    ],
)
def test_what_python_reads_and_the_server_does_not_is_no_cell(kind: str, cell: str) -> None:
    assert not KINDS[kind][1](cell)


@pytest.mark.parametrize(
    ("code", "helps"),
    [
        ("53400", "temp_file_limit"),
        ("42501", "standing roles"),
        ("25006", "default_transaction_read_only"),
        ("57014", "raise statement_timeout"),
    ],
)
def test_what_the_server_lacks_is_known_by_its_code(code: str, helps: str) -> None:
    assert helps in fix_of(with_code("no more of it", code), "something else")


def test_a_table_that_the_server_refuses_says_why_and_what_helps(project: tuple[Project, Engine]) -> None:
    copy, engine = project
    refuse = """
        create or replace function refuse() returns event_trigger language plpgsql as
        $$ begin raise exception using errcode = '{code}', message = 'no more of it'; end $$;
        drop event trigger if exists refusing;
        create event trigger refusing on ddl_command_start when tag in ('CREATE TABLE')
        execute function refuse()
    """
    helps = {
        "53100": "make room on the server's disk",
        "XX000": "standing dbt seed --select trust_levels",
    }
    try:
        for code, fix in helps.items():
            with engine.begin() as connection:
                connection.exec_driver_sql(refuse.format(code=code))
            with pytest.raises(BuildFailed) as failed:
                dbt.invoke(copy.settings, engine.url, "seed", "--select", "trust_levels")
            assert "seeds/trust_levels.csv" in failed.value.message
            assert "no more of it" in failed.value.message
            log = dbt.folder(copy.settings) / "logs" / "dbt.log"
            assert "no more of it" in log.read_text("utf-8")
            assert fix in failed.value.fix
    finally:
        with engine.begin() as connection:
            connection.exec_driver_sql("drop event trigger refusing")
    wide = Slip("", "scorecard_categories", "transaction,0.", "transaction,123.", "")
    error = refusal(copy, engine, wide)
    assert "seeds/scorecard_categories.csv line 3 (transaction): weight is '123." in error.message
    assert "numeric field overflow" in error.message


@pytest.mark.parametrize("slip", IN_A_FILE, ids=named)
def test_a_wrong_row_is_named_with_its_file_and_what_helps(
    project: tuple[Project, Engine], slip: Slip
) -> None:
    check(refusal(*project, slip), slip)


@pytest.mark.parametrize("group", BETWEEN_ROWS)
def test_rows_that_are_wrong_together_are_each_named(
    project: tuple[Project, Engine], group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("standing.build.policy.NAMED", 100)
    check(refusal(*project, *BETWEEN_ROWS[group]), *BETWEEN_ROWS[group])


def test_the_policy_as_it_is_is_not_refused(project: tuple[Project, Engine]) -> None:
    copy, engine = project
    policy.check_files(copy.folder)
    assert {node.status for node in dbt.load_policy(copy.settings, engine.url)} == {"success", "pass"}


def test_a_wrong_policy_stops_a_run_and_a_trial_before_anything_is_built(
    make_database: MakeDatabase, upgraded_template: str, tmp_path: Path
) -> None:
    settings = make_database(upgraded_template)
    own = load_settings(STANDING_HOME=tmp_path / "own", DATABASE_URL=settings.database_url)
    project = Project(tmp_path / "project", own)
    project.edit("seeds/trust_levels.csv", ("gold,3,70,", "gold,3,95,"))
    with project.commands() as standing, connect(own) as engine, engine.connect() as connection:
        for command in ("run", "diff"):
            done = standing(command)
            assert done.returncode == 1, done.stderr
            said = "the policy is wrong: seeds/trust_levels.csv line 5 (platinum): min_score"
            assert said in re.sub(r"\s+", " ", done.stderr)
            assert "standing diff" in done.stderr
            assert "FAIL" not in done.stdout + done.stderr
        tiers = project.folder / "seeds" / "tier_policy.csv"
        tiers.write_bytes(tiers.read_text("utf-8").encode("cp874"))  # as Excel in Thailand saves it
        for command in (("run",), ("diff",), ("dbt", "seed"), ("dbt", "build", "--select", "seller_tiers")):
            done = standing(*command)
            assert done.returncode == 1, done.stderr
            assert "seeds/tier_policy.csv line 2 has the byte 0x" in re.sub(r"\s+", " ", done.stderr)
        made = connection.scalars(
            text(
                "select distinct relname from pg_class"
                " where relnamespace::regnamespace::text like 'standing_build%'"
                " and relkind in ('r', 'v') and relname ~ '^(stg|base|int|user|seller)_'"
            )
        ).all()
        assert set(made) <= POLICY_MODELS
        assert connection.scalar(text("select count(*) from users where trust_score ? 'evidence'")) == 0

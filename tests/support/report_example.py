"""Made-up reports for the tests: one of a lively run, one of a run that failed, one with hostile names."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from standing.report.causes import Cause
from standing.report.content import (
    AtOrigin,
    Audit,
    AuditOutcome,
    Bucket,
    Change,
    Day,
    Distribution,
    Foretold,
    Freshness,
    Ladder,
    Lineage,
    Look,
    MissingSource,
    ModelTiming,
    Movement,
    OverTime,
    Quarantined,
    QuarantineTrend,
    RunFacts,
    RunPoint,
    RunReport,
    RunVerdict,
    Share,
    StageTiming,
    Step,
)
from standing.report.moves import FactorChange, MemberChange
from standing.report.points import LeftAlone, Points, PointsEnd, PointsMoved, Terms

AS_OF = datetime(2025, 11, 21, 19, 30, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script>"
IMAGE = '"><img src=x onerror="document.title=1">'

RUN = RunFacts(
    run_id=123,
    selection="all",
    as_of=AS_OF,
    started_at=AS_OF + timedelta(seconds=4),
    finished_at=AS_OF + timedelta(seconds=101, milliseconds=250),
    status="published",
    mode="full",
    database="db.internal/marketplace",
    standing_version="0.1.0",
    postgres_version="18.4",
    policy_version="9f3c2e1",
)
LEVELS = Ladder(
    "trust_score",
    "Trust level",
    (
        Step("bronze", "Bronze", "บรอนซ์"),
        Step("silver", "Silver", "ซิลเวอร์"),
        Step("gold", "Gold", "โกลด์"),
        Step("platinum", "Platinum", "แพลทินัม"),
        Step("diamond", "Diamond", "ไดมอนด์"),
    ),
)
TIERS = Ladder(
    "tier_info",
    "Seller tier",
    (
        Step("starter", "Starter", "ผู้ขายเริ่มต้น"),
        Step("rising", "Rising", "ดาวรุ่ง"),
        Step("established", "Established", "มั่นคง"),
        Step("power_seller", "Power seller", "พาวเวอร์เซลเลอร์"),
        Step("top_seller", "Top seller", "ผู้ขายยอดเยี่ยม"),
    ),
)
_SCORES = [
    0,
    0,
    1,
    4,
    11,
    60,
    240,
    880,
    2104,
    5120,
    48210,
    31844,
    18402,
    9120,
    5410,
    3120,
    1804,
    702,
    160,
    12,
]


def _moves(target: str, *rows: tuple[str | None, str, int]) -> tuple[Movement, ...]:
    return tuple(Movement(target, before, after, members) for before, after, members in rows)


def _buckets(**counts: int) -> tuple[Bucket, ...]:
    return tuple(Bucket(label.replace("_", " ").capitalize(), count) for label, count in counts.items())


def _scores(shift: int) -> tuple[Bucket, ...]:
    return tuple(
        Bucket(f"{at * 5}–{at * 5 + 5}", max(count + shift * (at - 9) * 3, 0))
        for at, count in enumerate(_SCORES)
    )


SOURCES = Audit(
    "sources",
    (
        AuditOutcome(
            "orders.seller_id exists in seller_profiles",
            "warning",
            False,
            "Orders of a seller that is not there count for nobody.",
            "Ask the application team which deletion left them behind; the rows are set aside until then.",
            "14 orders without a seller",
            14,
            612_030,
            ("5f0c2a9e-8a51-4d0e-9d0b-27b1c1a4f001", "91b7c9d0-1ce6-49d6-8a52-7e2d44b1aa02"),
            query="select id::text as key, * from orders where seller_id is null order by 1;",
            looked_at=Look(119, AS_OF - timedelta(hours=4)),
            seen_since="2 of 40 rows, of those that run 123 read",
            unmet_since=Look(119, AS_OF - timedelta(hours=4)),
            history=(False, False, True, True, True, True),
        ),
        AuditOutcome(
            "orders.id is unique", "critical", True, "No order counts twice.", "", "612,030 distinct"
        ),
        AuditOutcome(
            "reviews.rating is 1 to 5", "warning", True, "Stars mean what they say.", "", "1 to 5"
        ),
        AuditOutcome("users.created_at is not in the future", "info", True, "Ages are real.", ""),
    ),
    1.84,
)
CANDIDATES = Audit(
    "candidates",
    (
        AuditOutcome(
            "every user has a trust score", "critical", True, "Nobody goes without.", "", "128,332"
        ),
        AuditOutcome(
            "factors sum to the score", "critical", True, "Every point can be explained.", "", "exact"
        ),
    ),
    2.4,
)

LIVELY = RunReport(
    run=RUN,
    verdict=RunVerdict("warned", "1,391 documents published; one expectation about orders was not met."),
    reasons=("what it is made by has changed: trust_levels, user_trust_scores",),
    causes=(
        Cause("policy", "trust_levels", "platinum", "min_score", "76", "80"),
        Cause("policy", "trust_levels", "ruby", after="a new row"),
        Cause("model", "user_trust_scores"),
        Cause("setting", "TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD", before="10", after="30"),
        Cause("column", "orders.shipped_at", after="timestamp with time zone"),
    ),
    changes=(
        Change("trust_score", "users", "trust_score", 128_332, 1_104, 1_314, 127_018, 210),
        Change("ratings", "seller_profiles", "ratings", 5_204, 243, 243, 4_961),
        Change("tier_info", "seller_profiles", "tier_info", 5_204, 44, 44, 5_160),
    ),
    movements=(
        *_moves(
            "trust_score",
            ("bronze", "bronze", 92_103),
            ("silver", "silver", 27_410),
            ("gold", "gold", 6_820),
            ("platinum", "platinum", 1_420),
            ("diamond", "diamond", 112),
            ("bronze", "silver", 240),
            ("silver", "gold", 92),
            ("gold", "platinum", 21),
            ("platinum", "diamond", 3),
            ("gold", "silver", 31),
            ("silver", "bronze", 44),
            ("platinum", "bronze", 2),
            (None, "bronze", 34),
        ),
        *_moves(
            "tier_info",
            ("starter", "starter", 3_704),
            ("rising", "rising", 1_120),
            ("established", "established", 301),
            ("power_seller", "power_seller", 30),
            ("top_seller", "top_seller", 5),
            ("starter", "rising", 28),
            ("rising", "established", 11),
            ("established", "rising", 4),
            ("established", "power_seller", 1),
        ),
    ),
    ladders=(LEVELS, TIERS),
    distributions=(
        Distribution(
            "trust_level",
            "Trust level",
            "members",
            _buckets(bronze=92_349, silver=27_786, gold=6_964, platinum=1_446, diamond=112),
            _buckets(bronze=92_183, silver=27_681, gold=6_912, platinum=1_441, diamond=115),
        ),
        Distribution(
            "seller_tier",
            "Seller tier",
            "sellers",
            _buckets(starter=3_732, rising=1_131, established=306, power_seller=30, top_seller=5),
            _buckets(starter=3_704, rising=1_152, established=312, power_seller=31, top_seller=5),
        ),
        Distribution("overall_score", "Trust score", "members", _scores(0), _scores(12)),
        Distribution(
            "rating",
            "Mean rating of sellers",
            "sellers",
            (),
            _buckets(no_reviews=610, below_3=120, **{"3.0–3.5": 240, "3.5–4.0": 702, "4.0–4.5": 2_010}),
        ),
    ),
    over_time=(
        OverTime(
            "Trust level",
            "members",
            tuple(step.label_en for step in LEVELS.steps),
            tuple(
                Day(AS_OF - timedelta(days=back), (92_000 - 40 * back, 27_000, 6_900, 1_400, 110))
                for back in range(21, -1, -7)
            ),
        ),
    ),
    points=Points(
        outstanding=1_204_311,
        members=41_002,
        owed=310,
        owing=4,
        held=8_112,
        moved=(
            PointsMoved("issued", 20_115, 3_404_311),
            PointsMoved("taken", 412),
            PointsMoved("expired", 0, 1_100_000),
            PointsMoved("spent", None, 1_100_310),
        ),
        ends=(
            *(PointsEnd(AS_OF + timedelta(days=30 * at), 9_600 * at, 20 * at) for at in range(1, 13)),
            PointsEnd(None, 311, 2),
        ),
        left_alone=(LeftAlone("the balance is not what the ledger adds up to", 17),),
        terms=Terms(AS_OF - timedelta(days=200), {"points_per_100_baht": 1, "hold_days": 7}),
    ),
    foretold=Foretold(
        made_at=AS_OF - timedelta(days=20),
        known_until=AS_OF - timedelta(days=20, hours=1),
        horizon_days=90,
        score="adjusted rating",
        remember="Of the tenth of shops that looked worst, 22.7 % of the orders of the next 90 days went"
        " wrong; of the tenth that looked best, 11.3 %.",
        orders=195_301,
        tenths=tuple(
            Share(str(at), 19_530, 0.1 + at / 80, 0.09 + at / 80, 0.115 + at / 80) for at in range(1, 11)
        ),
        origins=tuple(
            AtOrigin(AS_OF - timedelta(days=150 + 30 * back), 16_000, 0.57 - back / 500, 0.54, 0.59)
            for back in range(11, -1, -1)
        ),
        tiers=(Share("Starter", 90_000, 0.176, 0.164, 0.186), Share("Top seller", 3)),
        cannot_tell=("There are only 60 shops: tenths of them are single shops.",),
    ),
    largest_changes=(
        MemberChange(
            "trust_score",
            "0d5f8a6e-52b4-4f6b-a9a0-6a1f6f6d2b11",
            Decimal("81.4"),
            Decimal("52.0"),
            "platinum",
            "bronze",
            (
                FactorChange(
                    "own_cancellation_rate",
                    "Own cancellations",
                    "ยกเลิกคำสั่งซื้อเอง",
                    Decimal(0),
                    Decimal("-18.0"),
                ),
                FactorChange(
                    "email_verified", "E-mail address verified", "ยืนยันอีเมลแล้ว", Decimal("11.4"), None
                ),
            ),
            "Platinum asks for 80 points and 50 completed orders",
            "down",
            "Own cancellations ↓",
            46,
        ),
        MemberChange(
            "trust_score",
            "7c1a4b2d-93cf-4bb0-8d0e-1f4de90a7c22",
            Decimal("55.0"),
            Decimal("71.5"),
            "bronze",
            "bronze",
            (FactorChange("kyc_verified", "Identity verified", "ยืนยันตัวตนแล้ว", None, Decimal("16.5")),),
            cause="Identity verified ↑",
        ),
        MemberChange(
            "trust_score", "b20e8c11-2a86-4a6c-b1f3-00a6d0c2fe33", None, Decimal("50.0"), None, "bronze"
        ),
        MemberChange(
            "ratings",
            "5e3d1c90-0f57-4f5e-8f0c-9b1f6a7d4c44",
            Decimal("4.0"),
            Decimal("4.1"),
            factors=(
                FactorChange(
                    "total_reviews", "Total reviews", "Total reviews", Decimal(1200), Decimal(1205)
                ),
            ),
            cause="Total reviews ↑",
            alike=1_204,
            unit="shops",
        ),
        MemberChange(
            "tier_info",
            "5e3d1c90-0f57-4f5e-8f0c-9b1f6a7d4c44",
            Decimal(3),
            Decimal(2),
            "seasoned",
            "rising",
            requirement="Established asks for 50 completed orders",
            direction="down",
            cause="Established asks for 50 completed orders, was 40 completed orders",
            alike=4,
            unit="shops",
        ),
    ),
    audits=(SOURCES, CANDIDATES, Audit("published", CANDIDATES.outcomes[:1], 0.9)),
    quarantine=(
        Quarantined("reviews", "rating out of range", 9, ("4b1d77aa-0c4e-4a8e-8c57-6f0b2f6f1e01",), 1_000),
        Quarantined("orders", "total below zero", 2, ("c0ffee00-2a86-4a6c-b1f3-00a6d0c2fe01",)),
        Quarantined("orders", "after the wall clock", 1),
    ),
    quarantine_runs=(
        *(
            RunPoint(RUN.run_id - at, AS_OF - timedelta(hours=at), "failed" if at == 3 else "passed")
            for at in range(11, 0, -1)
        ),
        RunPoint(RUN.run_id, RUN.finished_at, "warned"),
    ),
    quarantine_trend=(
        QuarantineTrend("reviews", "rating out of range", (4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 41, 9)),
        QuarantineTrend("orders", "total below zero", (0,) * 10 + (1, 2)),
        QuarantineTrend("orders", "after the wall clock", (0, 2) * 5 + (0, 1)),
        QuarantineTrend("orders", "unknown status", (130, 130, 130) + (0,) * 9),
    ),
    missing_sources=(
        MissingSource("user_sessions", (), "Session time is 0 for everybody."),
        MissingSource(
            "users", ("kyc_status",), "Nobody gets points for KYC; the highest level reachable is gold."
        ),
    ),
    freshness=(
        Freshness("orders", AS_OF - timedelta(minutes=3)),
        Freshness("reviews", AS_OF - timedelta(days=3), "late"),
        Freshness("messages", None, "empty"),
    ),
    lineage=(
        Lineage(
            "trust_score",
            ("users", "orders", "reviews", "messages"),
            ("seeds/scorecard_bins.csv",),
            ("int_user_metrics",),
            "user_trust_scores",
            "users.trust_score",
            {"overall_score": ("orders", "seeds/scorecard_bins.csv"), "level": ("overall_score",)},
        ),
    ),
    stages=(
        StageTiming("lock", 0.02, "done"),
        StageTiming("audit sources", 12.84, "done"),
        StageTiming("build", 44.2, "done"),
        StageTiming("audit candidates", 3.4, "done"),
        StageTiming("diff", 2.11, "done"),
        StageTiming("publish", 31.8, "done"),
        StageTiming("audit published", 2.88, "done"),
    ),
    models=(
        ModelTiming("facts_members", 18.4, 128_332, "success"),
        ModelTiming("user_trust_scores", 11.02, 128_332, "success"),
        ModelTiming("facts_sellers", 6.1, 5_204, "success"),
        ModelTiming("seller_ratings", 3.3, 5_204, "success"),
        ModelTiming("seller_tiers", 2.2, 5_204, "success"),
        *(
            ModelTiming(f"stg_{name}", 0.08, None, "success")
            for name in ("users", "orders", "reviews", "sellers")
        ),
        *(
            ModelTiming(f"stg_{name}", 0.05, None, "success")
            for name in ("messages", "disputes", "returns")
        ),
    ),
    settings={
        "BUSINESS_TIME_ZONE": "Asia/Bangkok",
        "SOURCE_TIME_ZONE": "UTC",
        "TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD": "10",
    },
)

QUIET = replace(
    LIVELY,
    run=replace(RUN, run_id=124),
    verdict=RunVerdict("passed", "Nothing changed."),
    changes=(Change("trust_score", "users", "trust_score", 128_332, 0, 0, 128_332),),
    movements=_moves("trust_score", ("bronze", "bronze", 92_000), ("gold", "gold", 36_332)),
    largest_changes=(),
    audits=(CANDIDATES,),
    quarantine=(),
    quarantine_runs=(RunPoint(124, AS_OF, "passed"),),
    quarantine_trend=(),
    missing_sources=(),
)

FAILED = RunReport(
    run=replace(RUN, run_id=125, status="failed"),
    verdict=RunVerdict(
        "failed",
        "The models could not be built; nothing was published.",
        stopped_at="build",
        reason='Database Error in model user_trust_scores\n  column "kyc" does not exist\n  LINE 14: … ชื่อ',
        fix="standing run --full",
    ),
    stages=(StageTiming("audit sources", 3.2, "done"), StageTiming("build", 0.9, "failed")),
)

EMPTY = RunReport(run=replace(RUN, run_id=126), verdict=RunVerdict("passed", "Nobody was due."))


def hostile(text: str) -> RunReport:
    """A report with that text in every place that could hold one."""
    moves = tuple(
        Movement(text, before, after, 7) for before, after in ((text, "b"), ("b", text), (None, "c"))
    )
    return RunReport(
        run=replace(RUN, selection=text, status=text, mode=text, database=text, policy_version=text),
        verdict=RunVerdict("failed", text, text, text, text),
        reasons=(text,),
        causes=(Cause("policy", text, text, text, text, text), *(Cause("model", text),) * 12),
        changes=(Change(text, text, text, 3, 1, 1, 2),),
        movements=moves,
        ladders=(Ladder(text, text, (Step("b", text, text),)),),
        distributions=(
            Distribution(text, text, text, (Bucket(text, 3),), (Bucket(text, 5), Bucket("x", 1))),
            Distribution(text, text, text, (), tuple(Bucket(f"{at}{text}", at) for at in range(60))),
        ),
        points=Points(
            1,
            1,
            1,
            1,
            1,
            (PointsMoved(text),),
            (PointsEnd(AS_OF, 1, 1),),
            (LeftAlone(text, 1),),
            Terms(AS_OF, {text: 1}),
        ),
        foretold=Foretold(
            AS_OF,
            AS_OF,
            90,
            text,
            text,
            2,
            (Share(text, 1, 0.5, 0.1, 0.9), Share(f"{text} 2", 1, 0.6)),
            (AtOrigin(AS_OF, 2), AtOrigin(AS_OF, 2, 0.5, 0.4, 0.6)),
            (Share(text, 1),),
            (text,),
        ),
        largest_changes=(
            MemberChange(
                text,
                text,
                Decimal("1.5"),
                Decimal("2"),
                text,
                "b",
                (
                    FactorChange("code", text, text, None, Decimal(1)),
                    FactorChange(text, text, text, None, None),
                ),
                text,
                "down",
                text,
            ),
        ),
        audits=(
            Audit(text, (AuditOutcome(text, text, False, text, text, text, 1, 2, (text,)),), 0.1),
            Audit(text, (AuditOutcome(text, text, True, text, text, text),), 0.1),
        ),
        quarantine=(Quarantined(text, text, 4, (text,)),),
        quarantine_runs=(RunPoint(1, AS_OF, "passed"), RunPoint(2, AS_OF, "failed")),
        quarantine_trend=(QuarantineTrend(text, text, (3, 4)),),
        missing_sources=(MissingSource(text, (text,), text),),
        freshness=(Freshness(text, AS_OF, text),),
        stages=(StageTiming(text, 1.0, text),),
        models=(ModelTiming(text, 1.0, 1, text),),
        settings={text: text},
    )

"""The report as pages: what they say, that hostile texts stay texts, that colours can be read."""

import json
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from support.report_example import EMPTY, FAILED, IMAGE, LIVELY, QUIET, SCRIPT, hostile

from standing.report import html, write_report
from standing.report.content import Audit, AuditOutcome, Distribution, Ladder, Movement, RunVerdict, Step
from standing.report.ends import ENDS, MOODS, Became
from standing.report.files import write_index
from standing.report.index import NEWEST, Line, lines, pages_of, past_runs
from standing.report.sankey import flow_of, moved
from standing.report.wording import duration, instant, number, signed, words

STYLE = (Path(html.__file__).parent / "templates" / "style.css").read_text(encoding="utf-8")


class Page(HTMLParser):
    """A page's tags, attributes and text, as a browser's parser would see them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def plain(self):
        return re.sub(r"\s+", " ", self.text)


def page_of(run, folder):
    return Page(write_report(run, folder).html.read_text(encoding="utf-8"))


def index_of(folder, *book):
    return Page(write_index(folder, book).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "text", [SCRIPT, IMAGE, "</style></title></svg>" + SCRIPT, "{{ 123 * 457 }}", "ร้านค้า" + IMAGE]
)
def test_hostile_text_stays_text_everywhere(text, tmp_path):
    page = page_of(hostile(text), tmp_path)
    index = index_of(tmp_path)
    for one in (page, index):
        assert text in one.text
        assert not {"script", "img", "iframe", "object", "foreignobject"} & {tag for tag, _ in one.tags}
        assert not [name for _, attributes in one.tags for name in attributes if name.startswith("on")]
        assert "56211" not in one.text
    assert len(page.all("svg")) == 6


def test_pictures_hold_the_hostile_name_as_text(tmp_path):
    written = write_report(hostile("<b>x"), tmp_path).html.read_text(encoding="utf-8")
    pictures = "".join(re.findall(r"<svg.*?</svg>", written, re.DOTALL))
    assert "&lt;b&gt;x" in pictures
    assert "<b>" not in pictures


def test_control_characters_and_lone_surrogates_do_not_stop_a_report(tmp_path):
    page = page_of(hostile("a\x00\x1b\udc80\u202eb"), tmp_path)
    assert "a\ufffd\ufffd\ufffd\ufffdb" in page.text


def test_page_asks_for_nothing_from_anywhere(tmp_path):
    for written in (write_report(LIVELY, tmp_path).html, write_index(tmp_path, ())):
        page = written.read_text(encoding="utf-8")
        assert not re.findall(r"""(?:src|srcset|action|poster)\s*=|url\((?!#)|@import|<script""", page)
        links = {one["href"] for one in [*Page(page).all("a"), *Page(page).all("link")]}
        assert not [one for one in links if re.match(r"\w+:|//", one) and one != "data:,"]


def test_thai_is_marked_as_thai():
    assert words("Level โกลด์ 2 ขึ้น!") == 'Level <span lang="th">โกลด์ 2 ขึ้น</span>!'
    assert words("<ไทย>") == '&lt;<span lang="th">ไทย</span>&gt;'


def test_verdict_comes_first(tmp_path):
    page = page_of(LIVELY, tmp_path)
    assert page.plain.index("Passed with warnings") < page.plain.index("1,391 documents published")
    assert page.plain.index("1,391 documents published") < page.plain.index("What changed, and for whom")
    assert len(page.all("h1")) == 1


def test_lively_run_shows_every_part(tmp_path):
    page = page_of(LIVELY, tmp_path).plain
    for said in (
        "have changed since documents were last published:",
        "trust_levels platinum.min_score 76 → 80",
        "trust_levels ruby none → a new row",
        "model user_trust_scores",
        "TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD 10 → 30",
        "orders.shipped_at none → timestamp with time zone",
        "128,332",
        "356 members up, 77 members down, 34 members placed for the first time",
        "Established asks for 50 completed orders",
        "orders.seller_id exists in seller_profiles",
        "5f0c2a9e-8a51-4d0e-9d0b-27b1c1a4f001",
        "12 source rows could not be trusted",
        "Nobody gets points for KYC",
        "41,002 members have 1,204,311 points to spend; 4 owe 310; 8,112 are held.",
        "If nobody spends them, the next ends take:",
        "9,600 points of 20 members",
        "17 members: the balance is not what the ledger adds up to",
        "Points per 100 baht",
        "facts_members",
        "TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD",
        "บรอนซ์",
    ):
        assert said in page


def test_a_change_has_a_level_or_tier_and_factors_by_their_labels(tmp_path):
    page = page_of(LIVELY, tmp_path).plain
    for said in (
        "↓ Trust score, 46 members: Own cancellations ↓ยกเลิกคำสั่งซื้อเอง ↓",
        "Platinum → Bronzeแพลทินัม → บรอนซ์",
        "−18.0 Own cancellations ยกเลิกคำสั่งซื้อเอง",
        "−11.4 E-mail address verified ยืนยันอีเมลแล้ว",
        "+16.5 Identity verified ยืนยันตัวตนแล้ว",  # who stays has one level
        "None yet → Bronze– → บรอนซ์",
        "· Ratings, 1,204 shops: Total reviews ↑",
        "+5 Total reviews",
        "↓ Tier info, 4 shops: Established asks for 50 completed orders, was 40 completed orders",
        "Seasoned → Rising– → ดาวรุ่ง",  # a tier that is no more
    ):
        assert said in page.replace("verifiedย", "verified ย").replace("cancellationsย", "cancellations ย")
    assert "email_verified" not in page
    assert page.index("46 members") < page.index("4 shops") < page.index("1,204 shops")


def test_run_that_changed_nothing_says_so(tmp_path):
    page = page_of(QUIET, tmp_path).plain
    assert "Nothing changed. 128,332 documents were calculated, and every one is as it was" in page
    assert "Nobody moved." in page


def test_failed_run_says_where_it_stopped_and_what_to_do(tmp_path):
    page = page_of(FAILED, tmp_path).plain
    assert "The run stopped at build . Nothing was written" in page.replace("build.", "build .")
    assert "standing run --full" in page
    assert "No expectation was checked: the run stopped at build." in page


def test_empty_run_has_a_sentence_for_every_part(tmp_path):
    page = page_of(EMPTY, tmp_path).plain
    for said in (
        "Nobody was due",
        "No expectation was checked.",
        "No stage was timed.",
        "No model was built.",
    ):
        assert said in page


def test_unmet_expectations_stand_before_the_met_and_critical_first(tmp_path):
    outcome = LIVELY.audits[0].outcomes[0]
    critical = replace(outcome, expectation="the worst", severity="critical")
    audit = replace(LIVELY.audits[0], outcomes=(*LIVELY.audits[0].outcomes, critical))
    page = page_of(replace(LIVELY, audits=(audit,)), tmp_path).plain
    shown = ("The worst", "Orders.seller id exists", "Orders.id is unique")
    places = [page.index(one) for one in shown]
    assert places == sorted(places)


def test_every_picture_is_named_and_has_a_table(tmp_path):
    page = page_of(LIVELY, tmp_path)
    assert len(page.all("svg")) == 10 + len(LIVELY.quarantine)
    identities = Counter(one["id"] for _, one in page.tags if "id" in one)
    assert set(identities.values()) == {1}
    for picture in page.all("svg"):
        assert picture["role"] == "img"
        assert picture["aria-label"]
        assert picture["aria-describedby"] in identities
    assert len(page.all("figure")) == 10  # the others stand in the table of what is set aside
    assert all("scope" in one for one in page.all("th"))
    assert len(page.all("caption")) == len(page.all("table"))


def test_long_distribution_is_drawn_in_few_columns_and_listed_whole(tmp_path):
    many = tuple(replace(LIVELY.distributions[2].after[0], label=f"b{at}", count=at) for at in range(500))
    page = page_of(replace(EMPTY, distributions=(Distribution("x", "X", "members", (), many),)), tmp_path)
    assert len(page.all("svg")) == 1
    assert all(f"b{at}–" in page.plain for at in range(500))


def test_index_lists_newest_first_and_tolerates_broken_reports(tmp_path):
    for run in (LIVELY, QUIET, FAILED):
        write_report(run, tmp_path)
    broken = {"run-000007": "{", "run-000008": "[]", "run-000009": '{"schema_version": 99}'}
    for name, content in broken.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(content, encoding="utf-8")
    (tmp_path / "run-000006").mkdir()
    (tmp_path / "run-x").mkdir()
    write_report(EMPTY, tmp_path)
    index = index_of(tmp_path)
    listed = [one["href"] for one in index.all("a") if one["href"].startswith("run-")]
    assert listed == [f"run-000{at}/report.html" for at in (126, 125, 124, 123)]
    assert index.plain.count("Unreadable") == 4
    assert "schema version 99" in index.plain
    assert not (tmp_path / "run-000007" / "report.html").exists()


def line(run, end, **known):
    """A run of the book, as the database knows it."""
    facts = run.run
    return Line(facts.run_id, end, run.verdict.headline, "all", facts.started_at, facts.as_of, **known)


def test_index_lists_the_book_and_apart_from_it_the_reports_of_other_runs(tmp_path):
    """A folder may hold reports of another database, and of a book that went with a rollback."""
    elsewhere = replace(
        LIVELY, run=replace(LIVELY.run, database="elsewhere/shop", as_of=LIVELY.run.started_at)
    )
    for run in (elsewhere, LIVELY, QUIET):
        write_report(run, tmp_path)
    crashed = Line(127, "crashed", "The run broke off: KeyError", "all", LIVELY.run.finished_at)
    index = index_of(tmp_path, crashed, line(QUIET, "passed"), line(LIVELY, "warned"))
    book, others = index.text.split("Other reports in this folder")
    assert "The run broke off: KeyError" in book
    assert [book.count(one.verdict.headline) for one in (QUIET, LIVELY)] == [1, 1]
    assert (others.count(LIVELY.verdict.headline), "Nothing changed" in others) == (1, False)
    listed = [one["href"] for one in index.all("a") if one["href"].startswith("run-")]
    assert listed == ["run-000124/report.html", "run-000123-2/report.html", "run-000123/report.html"]


def test_every_end_has_its_own_word_and_a_stop_its_own_colour():
    assert len({end.word for end in ENDS.values()}) == len(ENDS)
    moods = {name: end.mood for name, end in ENDS.items()}
    assert set(MOODS) == set(moods.values())  # the index's legend
    assert (
        len({moods[name] for name in ("passed", "warned", "stopped", "failed", "approved", "undone")}) == 6
    )


def test_what_became_of_a_run_is_written_into_its_page(tmp_path):
    """Its report.json stays, and so do the order of the reports and the rest of the page."""
    stop = RunVerdict("stopped", "255 members would lose a level.", "gate", "why", "standing approve 123")
    files = write_report(replace(LIVELY, run=replace(LIVELY.run, status="stopped"), verdict=stop), tmp_path)
    write_report(QUIET, tmp_path)
    fresh = files.html.read_text(encoding="utf-8")
    assert ("Waits for a decision" in fresh, "<code>standing approve 123</code>" in fresh) == (True, True)
    decided = line(LIVELY, "approved", became=Became("approved", "Approved <b>: run 124.", run=124))
    newest = pages_of(tmp_path)[-1]
    index = index_of(tmp_path, line(QUIET, "passed"), decided)
    page = files.html.read_text(encoding="utf-8")
    assert "Waits for a decision" not in page + index.text
    assert "standing approve 123" not in page
    assert 'Approved &lt;b&gt;: run 124. <a href="../run-000124/report.html">' in page
    assert (
        page[page.index("<h1>") : page.index("<!-- todo")]
        == fresh[fresh.index("<h1>") : fresh.index("<!-- todo")]
    )
    assert page[page.index("<!-- /todo") :] == fresh[fresh.index("<!-- /todo") :]
    assert pages_of(tmp_path)[-1] == newest
    before = files.html.stat().st_mtime_ns
    index_of(tmp_path, line(QUIET, "passed"), decided)
    assert files.html.stat().st_mtime_ns == before


def test_a_run_that_names_no_other_leads_to_no_page_of_another(tmp_path):
    """The line of `standing verify` has no number, either."""
    page = write_report(LIVELY, tmp_path).html
    at = LIVELY.run.finished_at
    verified = Line(None, "verified", "18 of 18 hold.", "the upgrade", at, page="upgrade.html")
    index = index_of(
        tmp_path, verified, line(LIVELY, "rejected", became=Became("rejected", "Rejected on Monday."))
    )
    assert "Rejected on Monday." in index.text
    assert "None" not in index.text
    assert [one["href"] for one in index.all("a") if "upgrade" in one["href"]] == ["upgrade.html"]
    assert "Its report" not in page.read_text(encoding="utf-8")


def test_quarantine_shows_the_run_before_and_a_trend_of_each_reason(tmp_path):
    written = write_report(LIVELY, tmp_path).html.read_text(encoding="utf-8")
    rows = written.split("</code> rating out of range</th>")[1].split("</tr>")[0]
    cells = re.findall(r'data-label="([^"]+)">([^<]*)<', rows)
    assert cells[0] == ("Rows", "9")
    assert 'data-label="Trend"><svg' in rows
    assert cells[2:4] == [("Run before", "41"), ("Limit", "1,000")]
    assert "reviews, rating out of range: rows run by run" in written
    assert "oldest first: 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 41, 9." in written
    assert "Rows set aside, run by run" in written


def test_reason_that_went_away_stays_in_the_numbers_of_the_trend(tmp_path):
    written = write_report(LIVELY, tmp_path).html.read_text(encoding="utf-8")
    gone = written.split("<td>unknown status</td>")[1].split("</tr>")[0]
    assert re.findall(r">(\d+)<", gone) == ["0"] * 9 + ["130"] * 3


def test_first_run_has_no_trend(tmp_path):
    first = replace(LIVELY, quarantine_runs=LIVELY.quarantine_runs[-1:], quarantine_trend=())
    page = page_of(first, tmp_path)
    assert "run by run" not in page.plain
    assert "rating out of range" in page.plain


def test_writing_leaves_no_unfinished_file_and_replaces_the_old(tmp_path):
    write_report(LIVELY, tmp_path)
    changed = replace(LIVELY, verdict=RunVerdict("passed", "Written again."))
    files = write_report(changed, tmp_path)
    names = sorted(one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*") if one.is_file())
    assert names == ["run-000123/report.html", "run-000123/report.json"]
    assert json.loads(files.json.read_text(encoding="utf-8"))["verdict"]["headline"] == "Written again."


def test_runs_that_count_anew_leave_earlier_reports_where_they_are(tmp_path):
    """After a rollback, and in another database, a run may have a number that a report has."""
    anew = replace(LIVELY, run=replace(LIVELY.run, as_of=LIVELY.run.as_of + timedelta(days=1)))
    elsewhere = replace(LIVELY, run=replace(LIVELY.run, database="elsewhere/shop"))
    written = [write_report(run, tmp_path) for run in (LIVELY, anew, elsewhere, LIVELY)]
    assert [files.html.parent.name for files in written] == [
        "run-000123",
        "run-000123-2",
        "run-000123-3",
        "run-000123",
    ]
    for files, run in zip(written[1:], (anew, elsewhere, LIVELY), strict=True):
        assert json.loads(files.json.read_text(encoding="utf-8")) == run.to_json()
    assert pages_of(tmp_path, 123)[-1] == written[0].html
    assert len(past_runs(tmp_path)) == len(pages_of(tmp_path)) == 3


def test_index_stays_short_when_there_are_many_runs(tmp_path):
    for at in range(NEWEST + 5):
        (tmp_path / f"run-{at:06}").mkdir()
    write_report(LIVELY, tmp_path)
    index = write_index(tmp_path, ()).read_text(encoding="utf-8")
    assert index.count("Unreadable") == NEWEST - 1


def test_index_and_page_say_that_a_run_took_the_same_time(tmp_path):
    """The book closes a run after its page is written."""
    write_report(LIVELY, tmp_path)
    run = LIVELY.run
    late = run.finished_at + timedelta(minutes=5)
    line = Line(run.run_id, "passed", "", "", run.started_at, run.as_of, late)
    ((listed,), _) = lines([line], tmp_path)
    assert listed.seconds == run.seconds


def test_moment_is_shown_in_the_business_zone_and_utc():
    moment = datetime(2025, 11, 21, 19, 30, tzinfo=UTC)
    assert "22 Nov 2025, 02:30 <small>Asia/Bangkok · 21 Nov 2025, 19:30 UTC" in instant(
        moment, "Asia/Bangkok"
    )
    assert instant(moment, "Nowhere/At_all").endswith(">21 Nov 2025, 19:30 UTC</time>")
    assert instant(moment, "../../etc/passwd").endswith(">21 Nov 2025, 19:30 UTC</time>")


def test_numbers_are_grouped_and_signed():
    assert (number(1234567), number(-5), number(None)) == ("1,234,567", "−5", "–")
    assert (signed(1200), signed(-3), signed(0)) == ("+1,200", "−3", "±0")
    shown = [duration(one).replace("\u00a0", " ") for one in (0.416, 9.996, 59.96, 192, 3900)]
    assert shown == ["0.42 s", "10.0 s", "1 min 00 s", "3 min 12 s", "1 h 05 min"]


@pytest.mark.parametrize("scheme", ["light", "dark", "print"])
def test_text_colours_reach_contrast_aa(scheme):
    blocks = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)
    colours = dict(re.findall(r"--(\w+): (#\w+)", blocks[["light", "dark", "print"].index(scheme)]))
    for text in (
        "ink",
        "muted",
        "link",
        "passed",
        "warned",
        "stopped",
        "failed",
        "decided",
        "undone",
        "quiet",
    ):
        assert _contrast(colours[text], colours["paper"]) >= 4.5, text
        assert _contrast(colours[text], colours["panel"]) >= 4.5, text
    for drawn in ("after", "up", "down", "new"):
        assert _contrast(colours[drawn], colours["paper"]) >= 3, drawn


def _contrast(one, other):
    """Contrast ratio of two colours (WCAG 2.2)."""

    def luminance(colour):
        digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
        channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_what_a_run_did_not_look_at_again_has_its_run_its_history_and_its_query(tmp_path):
    page = page_of(LIVELY, tmp_path).plain
    for said in (
        "last looked at by run 119",
        "since then 2 of 40 rows, of those that run 123 read",
        "unmet in 4 of 6",
        "select id::text as key, * from orders where seller_id is null order by 1;",
    ):
        assert said in page


def test_a_note_says_once_why_nothing_was_checked_and_not_what_a_failure_means(tmp_path):
    notes = [
        AuditOutcome(
            f"{table}_is_not_smaller_than_before", "info", False, "Rows are gone.", "?", "no run yet"
        )
        for table in ("users", "orders")
    ]
    audit = Audit("sources", (*notes, LIVELY.audits[0].outcomes[1]), 0.1)
    page = page_of(replace(LIVELY, audits=(audit,)), tmp_path).plain
    assert page.count("No run yet") == 1
    assert "2 expectations: Users is not smaller than before, Orders is not smaller than before" in page
    assert "Rows are gone" not in page
    assert "Every expectation that could be checked was met: 1." in page


def test_flows_beside_each_other_have_one_scale_and_shops_are_shops():
    levels = [Movement("trust_score", "bronze", "silver", 874)]
    tiers = [Movement("tier_info", "rising", "starter", 1)]
    most = max(moved(levels), moved(tiers))
    shops = Ladder("tier_info", "Seller tier", (Step("starter"), Step("rising")), "shop")
    large, small = flow_of(levels, None, most), flow_of(tiers, shops, most)
    thick = [flow.posts[0].bottom - flow.posts[0].top for flow in (large, small)]
    assert thick[0] > 40 * thick[1]
    assert small.described == "1 shop down."

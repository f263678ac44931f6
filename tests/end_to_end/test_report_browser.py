"""The report in a real browser.

Skipped where no Chromium is on PATH (Debian: apt-get install chromium fonts-thai-tlwg).
"""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from support.browser import CHROMIUM, Tab, chromium
from support.report_example import EMPTY, FAILED, IMAGE, LIVELY, RUN, SCRIPT, hostile

from standing.report import write_report
from standing.report.ends import Became
from standing.report.files import write_index
from standing.report.index import Line

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")


@pytest.fixture(scope="module")
def browser() -> Iterator[Tab]:
    with chromium() as tab:
        yield tab


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("reports")
    text = SCRIPT + IMAGE + "ร้านค้า" + "x" * 300
    runs = {"lively": LIVELY, "failed": FAILED, "empty": EMPTY}
    runs["hostile"] = replace(hostile(text), run=replace(hostile(text).run, run_id=RUN.run_id + 9))
    pages = {name: write_report(run, folder).html for name, run in runs.items()}
    known = (one.run for one in (LIVELY, FAILED, EMPTY))
    book = [
        Line(one.run_id, end, SCRIPT + IMAGE + "x" * 90, ASKED, one.started_at, one.as_of, one.finished_at)
        for one, end in zip(known, ("warned", "stopped", "undone"), strict=True)
    ]
    book[1] = replace(
        book[1], became=Became("stopped", "Somebody is to decide.", ("standing approve 125",))
    )
    return pages | {"index": write_index(folder, book)}


ASKED = "all, reconciliation"
PAGES = ["lively", "failed", "empty", "hostile", "index"]


@pytest.mark.parametrize("name", PAGES)
def test_page_requests_nothing_and_logs_nothing(browser, reports, name):
    browser.open(reports[name])
    assert [url for url in browser.requested if not url.startswith("data:")] == [reports[name].as_uri()]
    assert browser.said == []


@pytest.mark.parametrize(
    ("width", "scheme"), [(1100, "light"), (1100, "dark"), (360, "light"), (360, "dark")]
)
@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_serious(browser, reports, name, width, scheme):
    browser.open(reports[name], width=width, scheme=scheme)
    found = Axe().run(browser.page).response
    assert found["testEngine"]["name"] == "axe-core"
    grave = [
        (one["id"], node["html"][:200], node["failureSummary"])
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
    assert grave == []


def test_axe_would_find_something(browser, reports):
    browser.open(reports["lively"])
    browser.value("document.querySelector('h1').style.color = 'silver'")
    assert "color-contrast" in [one["id"] for one in Axe().run(browser.page).response["violations"]]


def test_hostile_names_do_not_run(browser, reports):
    for name in ("hostile", "index"):
        browser.open(reports[name])
        assert (
            browser.value("document.querySelectorAll('script, img, iframe, object, foreignObject').length")
            == 0
        )
        assert browser.value("document.title") != "1"
        assert SCRIPT + IMAGE in browser.value("document.querySelector('h1').textContent")


def test_page_refuses_scripts_even_if_one_got_in(browser, reports):
    browser.open(reports["lively"])
    browser.value(
        "(() => { const one = document.createElement('script'); one.textContent = 'window.ran = true';"
        " document.body.append(one); })()"
    )
    assert browser.value("window.ran") is None


@pytest.mark.parametrize("width", [320, 360, 768, 1400])
@pytest.mark.parametrize("name", PAGES)
def test_page_never_scrolls_sideways(browser, reports, name, width):
    browser.open(reports[name], width=width)
    assert browser.value("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize(
    ("name", "width"), [("lively", 390), ("index", 390), ("index", 768), ("index", 1280)]
)
def test_every_column_of_a_stacked_table_is_in_view(browser, reports, name, width):
    browser.open(reports[name], width=width)
    hidden = browser.value(
        "[...document.querySelectorAll('table.stacked td, table.stacked th[scope=row]')].filter(one => {"
        " const box = one.getBoundingClientRect();"
        " return box.width < 20 || box.left < 0 || box.right > innerWidth"
        " || one.scrollWidth > one.clientWidth + 1; }).map(one => one.textContent)"
    )
    assert hidden == []
    frames = "[...document.querySelectorAll('.scroll:has(.stacked)')]"
    assert browser.value(f"{frames}.filter(one => one.scrollWidth > one.clientWidth).length") == 0
    if name == "index":
        return
    table = browser.page.get_by_role("table", name="Rows set aside, by source and reason")
    shown = table.locator("tbody td").evaluate_all("all => all.map(one => one.dataset.label)")
    assert set(shown) == {"Rows", "Trend", "Run before", "Limit", "For example"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pictures_are_drawn_in_the_colours_of_the_scheme(browser, reports, scheme):
    browser.open(reports["lively"], scheme=scheme)
    boxes = browser.value(
        "[...document.querySelectorAll('figure svg')].map(one => one.getBoundingClientRect().height)"
    )
    assert len(boxes) == 10
    assert all(height > 60 for height in boxes)
    used = browser.value(
        "[...new Set([...document.querySelectorAll('svg [fill^=var]')]"
        ".map(one => getComputedStyle(one).fill))]"
    )
    expected = {"light": "rgb(74, 127, 176)", "dark": "rgb(106, 159, 210)"}
    assert expected[scheme] in used
    assert "none" not in used


@pytest.mark.parametrize(("width", "scheme"), [(1100, "light"), (360, "dark")])
def test_trend_of_each_reason_is_drawn_beside_its_number(browser, reports, width, scheme):
    browser.open(reports["lively"], width=width, scheme=scheme)
    rows = browser.page.get_by_role("table", name="Rows set aside, by source and reason").get_by_role("row")
    ink = browser.value("getComputedStyle(document.body).color")
    assert rows.count() == 1 + len(LIVELY.quarantine)
    for at, one in enumerate(LIVELY.quarantine, start=1):
        picture = rows.nth(at).get_by_role("img", name=f"{one.source}, {one.reason}: rows run by run")
        box = picture.bounding_box()
        assert box["width"] >= 80
        assert 20 <= box["height"] <= 40
        bars = picture.locator("path[aria-roledescription], path[fill]")
        assert bars.count() >= len(LIVELY.quarantine_runs)
        assert ink in bars.evaluate_all("all => all.map(one => getComputedStyle(one).fill)")


def test_scores_before_and_after_are_drawn_together(browser, reports):
    browser.open(reports["lively"], width=360, scheme="dark")
    figure = browser.page.get_by_role("figure").filter(has_text="Trust score").first
    drawn = figure.locator("svg [fill^=var]").evaluate_all(
        "all => all.map(one => one.getAttribute('fill'))"
    )
    scores = next(one for one in LIVELY.distributions if one.name == "overall_score")
    assert drawn.count("var(--after)") == len(scores.after)
    assert drawn.count("var(--before)") == len(scores.before)
    table = figure.get_by_role("table")
    assert table.get_by_role("columnheader").all_text_contents() == ["Group", "Before", "After", "Change"]
    assert table.get_by_role("row").count() == 1 + len(scores.after)


def test_texts_of_pictures_stay_inside_them(browser, reports):
    browser.open(reports["lively"], width=360)
    outside = browser.value(
        "[...document.querySelectorAll('svg text')].filter(one => {"
        " const box = one.getBoundingClientRect();"
        " return box.left < 0 || box.right > innerWidth; }).map(one => one.textContent)"
    )
    assert outside == []


@pytest.mark.parametrize("name", PAGES)
def test_screen_reader_finds_names_headings_and_landmarks(browser, reports, name):
    browser.open(reports[name])
    seen = browser.page.locator("body").aria_snapshot()
    for landmark in ("banner", "main", "contentinfo"):
        assert f"- {landmark}" in seen
    for role in ("img", "region", "link", "navigation", "heading", "columnheader"):
        parts = browser.page.get_by_role(role)
        named = browser.page.get_by_role(role, name=re.compile(r"\S"))
        assert named.count() == parts.count(), role
    levels = browser.value("[...document.querySelectorAll('h1,h2,h3,h4')].map(one => +one.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_keyboard_reaches_the_skip_link_first_and_every_scrolling_table(browser, reports):
    browser.open(reports["lively"], width=360)
    browser.page.keyboard.press("Tab")
    assert browser.value("document.activeElement.className") == "skip"
    assert browser.value("document.activeElement.getBoundingClientRect().left") >= 0
    unreachable = "[...document.querySelectorAll('.scroll')].filter(one => one.tabIndex !== 0).length"
    assert browser.value(unreachable) == 0


def test_thai_is_shown_in_a_font_that_has_it(browser, reports):
    if not shutil.which("fc-list") or not subprocess.check_output(["fc-list", ":lang=th"]):
        pytest.skip("no Thai font on this machine")
    browser.open(reports["lively"])
    session = browser.page.context.new_cdp_session(browser.page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    browser.page.check("#in-thai")
    query = {"nodeId": root, "selector": ".moves [lang=th]"}
    thai = session.send("DOM.querySelectorAll", query)["nodeIds"]
    assert thai
    for node in thai:
        fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
        assert fonts
        assert all(font["glyphCount"] > 0 and "LastResort" not in font["familyName"] for font in fonts)
    session.detach()


@pytest.mark.parametrize("width", [390, 1280])
def test_movers_are_read_without_scrolling_in_one_language_at_a_time(browser, reports, width):
    browser.open(reports["lively"], width=width)
    cut = (
        "[...document.querySelectorAll('.moves li *')].filter(one => one.offsetParent &&"
        " one.getBoundingClientRect().right > innerWidth).length"
    )
    # Ten movers took 3,600 px.
    tall = "Math.max(...[...document.querySelectorAll('.moves li')].map(one => one.offsetHeight))"
    assert browser.value(cut) == 0
    assert browser.value(tall) < 120
    texts = browser.page.locator(".moves").first
    for language, shown, hidden in (
        ("in-english", "Platinum → Bronze", "แพลทินัม → บรอนซ์"),
        ("in-thai", "แพลทินัม → บรอนซ์", "Platinum → Bronze"),
    ):
        browser.page.check(f"#{language}")
        assert shown in texts.inner_text()
        assert hidden not in texts.inner_text()
    browser.page.check("#in-english")


def test_paper_has_the_pictures_and_not_what_only_unfolds(browser, reports):
    browser.open(reports["lively"])
    browser.value("document.querySelectorAll('details').forEach(one => one.open = false)")
    browser.page.emulate_media(media="print")
    try:
        shown = "[...document.querySelectorAll({!r})].map(one => one.getBoundingClientRect().height)"
        assert all(height > 10 for height in browser.value(shown.format("svg")))
        assert not any(browser.value(shown.format(".numbers")))
    finally:
        browser.page.emulate_media(media="screen")
    assert browser.page.pdf(prefer_css_page_size=True).startswith(b"%PDF-")

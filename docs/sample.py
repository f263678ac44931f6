"""Make docs/sample/report.html and its picture from the demo: `make sample`.

It runs on a server of its own, which is stopped and removed in the end. Members and shops are made up.
"""

import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "sample"
STANDING = str(Path(sys.executable).with_name("standing"))
WIDTH, HEIGHT = 1000, 1240  # of the picture, in px
#: What happened between two runs: people proved who they are, and some lost what they had proved.
EVENTS = """
    update users set email_verified = true, phone_verified = true, kyc_status = 'verified'
    where id in (select id from users where trust_score ->> 'level' = 'bronze' order by id limit 90);
    update users set email_verified = false, phone_verified = false, kyc_status = 'none'
    where id in (select id from users where trust_score ->> 'level' = 'gold' order by id limit 20);
    update reviews set rating = 5
    where seller_id in (
        select id from seller_profiles where tier_info ->> 'current_tier' = 'rising' order by id limit 3
    );
"""
COMMANDS = (
    ("load", "simulated", "--users", "2000", "--orders", "20000", "--seed", "1"),
    ("migrate",),
    ("run",),
    ("backfill", "--from", "{0:%Y-%m-%d}", "--to", "{1:%Y-%m-%d}", "--every", "5w"),
    ("psql", "--", "-qc", EVENTS),
    ("run",),
)


def make() -> None:
    """Run the demo in a home of its own and keep its last report, and a picture of that."""
    today = datetime.now(UTC)
    days = (today - timedelta(days=120), today - timedelta(days=10))
    with tempfile.TemporaryDirectory(prefix="standing-sample-") as home:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("STANDING_")},
            "STANDING_HOME": home,
        }
        environment.pop("DATABASE_URL", None)
        try:
            for command in COMMANDS:
                asked = [part if part == EVENTS else part.format(*days) for part in command]
                subprocess.run([STANDING, *asked], env=environment, check=True)
            last = max(Path(home).glob("reports/run-*"))
            page = (last / "report.html").read_text("utf-8")
            movers = (last / "movers.csv").read_bytes()
        finally:
            subprocess.run([STANDING, "down"], env=environment, check=False)
    FOLDER.mkdir(exist_ok=True)
    sample = FOLDER / "report.html"
    sample.write_text(alone(page), "utf-8")
    (FOLDER / "movers.csv").write_bytes(movers)  # the page leads to it
    picture(sample, FOLDER / "report.png")


def alone(page: str) -> str:
    """The page without links to what is not beside it."""
    page = page.replace('<a href="../index.html">All runs</a>, where the reports are kept.', "")
    return page.replace(" The same content for programs: <code>report.json</code> beside this page.", "")


def picture(page: Path, file: Path) -> None:
    """The upper part of the page, as a browser shows it."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support.browser import chromium

    with chromium() as tab:
        tab.open(page, width=WIDTH)
        tab.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = false)")
        tab.page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        tab.page.screenshot(path=str(file))


if __name__ == "__main__":
    make()

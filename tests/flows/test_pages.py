"""What the pages show, and to whom."""

from pathlib import Path

import httpx
import pytest

from standing.settings import load_settings

EVERYWHERE = "0.0.0.0"  # noqa: S104


@pytest.mark.parametrize(
    ("host", "path", "asked_as", "status"),
    [
        ("127.0.0.1", "health", "localhost", 200),
        ("127.0.0.1", "health", "example.org", 403),
        (EVERYWHERE, "health", "example.org", 200),
        (EVERYWHERE, "metrics", "standing", 200),
        (EVERYWHERE, "reports/index.html", "example.org", 403),
        (EVERYWHERE, "reports/index.html", "localhost", 200),
    ],
)
def test_other_machines_see_health_and_metrics_where_a_setting_says_so(
    tmp_path: Path, host: str, path: str, asked_as: str, status: int
) -> None:
    from flows.pages import serve_pages

    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "index.html").write_text("a report")
    settings = load_settings(STANDING_HOME=tmp_path, STANDING_PAGES_HOST=host)
    pages = serve_pages(settings, 0, lambda: True)
    answer = httpx.get(f"{pages}/{path}", headers={"Host": asked_as})
    assert answer.status_code == status
    assert (str(tmp_path) in answer.text) == (path == "health" and asked_as == "localhost")

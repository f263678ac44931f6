"""docs/metrics.md is what docs/metrics.py makes of the contract, the models and the seeds."""

import runpy

from standing import PROJECT_ROOT


def test_the_page_is_current() -> None:
    shown = (PROJECT_ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    generator = runpy.run_path(str(PROJECT_ROOT / "docs" / "metrics.py"))
    assert shown == generator["page"](), "run: python docs/metrics.py"

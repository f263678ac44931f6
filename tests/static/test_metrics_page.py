"""What docs/metrics.py and docs/lineage.py make of the contract, the models and the seeds is current."""

import runpy

from standing import PROJECT_ROOT


def test_the_page_is_current() -> None:
    shown = (PROJECT_ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    generator = runpy.run_path(str(PROJECT_ROOT / "docs" / "metrics.py"))
    assert shown == generator["page"](), "run: python docs/metrics.py"


def test_both_ends_of_the_lineage_are_current() -> None:
    generator = runpy.run_path(str(PROJECT_ROOT / "docs" / "lineage.py"))
    for name, made in (("staging/_application", "application"), ("marts/_exposures", "exposures")):
        kept = (PROJECT_ROOT / "models" / f"{name}.yml").read_text(encoding="utf-8")
        assert kept == generator[made](), "run: python docs/lineage.py"

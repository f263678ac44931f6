"""`standing report`: where what a run found can be read, and what it says."""

import json
from pathlib import Path

import click

from standing.errors import SettingError
from standing.report.index import pages_of
from standing.settings import current


@click.command()
@click.option("--run", "run_id", type=int, help="Which run; the newest if not given.")
@click.option("--open", "open_it", is_flag=True, help="Open it in the browser.")
@click.option("--json", "as_json", is_flag=True, help="Print where its files are and what it says as JSON.")
@click.option(
    "--data-docs",
    is_flag=True,
    help="Audit now and write Great Expectations' own pages, which need a network.",
)
def report(run_id: int | None, open_it: bool, as_json: bool, data_docs: bool) -> None:
    """Say where the report of a run is."""

    if data_docs and (as_json or run_id is not None):
        raise click.UsageError("--data-docs audits now: it takes neither --run nor --json")
    folder = current().home / "reports"
    pages = _data_docs(folder / "data-docs") if data_docs else [_page(folder, run_id)]
    for page in pages:
        click.echo(_as_json(page) if as_json else page)
        if open_it:
            click.launch(str(page))


def _page(folder: Path, run_id: int | None) -> Path:
    pages = pages_of(folder, run_id)
    if not pages:
        which = f"run {run_id} has" if run_id is not None else "there is"
        raise SettingError(f"{which} no report under {folder}", "standing status shows the last runs")
    return pages[-1]


def _as_json(page: Path) -> str:
    data = page.with_suffix(".json")
    content = json.loads(data.read_text("utf-8"))
    return json.dumps({"report": str(page), "json": str(data), "content": content}, ensure_ascii=False)


def _data_docs(folder: Path) -> list[Path]:
    from standing.audit import write_data_docs
    from standing.database.connect import connect
    from standing.state.upgraded import require_upgraded

    settings = current()
    with connect(settings) as engine:
        with engine.connect() as connection:
            require_upgraded(connection, settings)
        return write_data_docs(settings, engine.url, folder)


COMMANDS: tuple[click.Command, ...] = (report,)

"""Progress of long work, on standard error, so that standard output stays fit for a pipe."""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from standing.settings import current


def _as_json(_context: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        os.environ["STANDING_JSON_LOGS"] = "true"


#: For commands that log: `--json-logs`, or STANDING_JSON_LOGS.
JSON_LOGS = click.option(
    "--json-logs",
    is_flag=True,
    expose_value=False,
    callback=_as_json,
    help="Log one JSON object a line, for collectors.",
)


@contextmanager
def steps_shown() -> Iterator[Callable[[str, int, int], None]]:
    """Gives a function to show a step's name, members done and members in all (0 and 0: a single step)."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        bars = {}

        def show(name: str, done: int, total: int) -> None:
            if not total:
                progress.console.print(f"[dim]done[/] {name}", highlight=False)
                return
            if name not in bars:
                bars[name] = progress.add_task(name, total=total)
            progress.update(bars[name], completed=done, total=total)

        yield show


def log_to_stderr() -> None:
    """Show what a run logs, on standard error."""
    from rich.console import Console
    from rich.logging import RichHandler

    from standing.log import NAME, JsonLines

    console = Console(stderr=True)
    handler: logging.Handler = logging.StreamHandler()  # one line an event, for a file or a pipe
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
    if current().json_logs:
        handler.setFormatter(JsonLines())
    elif console.is_terminal:
        handler = RichHandler(console=console, show_path=False, show_level=False, markup=False)
    log = logging.getLogger(NAME)
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False

"""`standing load`: a marketplace to work on, simulated or from the Olist files."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from standing.cli.moment import moment
from standing.errors import SettingError
from standing.settings import current

#: Called with what is being done, and how much of the whole is done now (0 to 1).
Progress = Callable[[str, float], None]

REPLACE = click.option(
    "--replace",
    is_flag=True,
    help="Drop what an earlier load made here, and what Standing derived from it.",
)

#: What an event of each kind is called.
WORDS = {
    "reward": "rewards",
    "redeem": "redemptions",
    "use": "vouchers used",
    "give_back": "redemptions given back",
    "enter": "payments, corrections by support",
    "refund": "refunds and returns",
    "invite": "invitations",
}


@click.group()
def load() -> None:
    """Make the tables of a legacy marketplace and fill them."""


@load.command()
@click.option("--users", type=click.IntRange(50, 20_000_000), default=2000, show_default=True)
@click.option("--orders", type=click.IntRange(1, 200_000_000), default=20_000, show_default=True)
@click.option("--sellers", type=int, help="Shops [default: one for every 28 users].")
@click.option("--seed", type=click.IntRange(0, 2**31), default=1, show_default=True)
@click.option(
    "--until", help="End of the history, ISO 8601 [default: today's midnight in BUSINESS_TIME_ZONE]."
)
@REPLACE
def simulated(
    users: int, orders: int, sellers: int | None, seed: int, until: str | None, replace: bool
) -> None:
    """Load a believable history of two years; the same arguments give the same rows."""
    from standing.database.connect import connect
    from standing.marketplace import ground
    from standing.marketplace.population import Scale, fewest_and_most_shops

    settings = current()
    end = _end(until)
    fewest, most = fewest_and_most_shops(users)
    if sellers is not None and not fewest <= sellers <= most:
        raise SettingError(
            f"--sellers {sellers}: {users} users can have from {fewest} to {most} shops",
            "give another number of shops, or of --users",
        )
    shops = f" --sellers {sellers}" if sellers else ""
    arguments = f"simulated --users {users} --orders {orders}{shops} --seed {seed}"
    with connect(settings) as engine:
        asked = ground.Load(arguments, end.isoformat() if until else None)
        if not replace and ground.loaded_before(engine, settings, asked):
            click.echo(f"already loaded: {arguments}")
            return
        from standing.marketplace.simulated import fill

        began = time.monotonic()
        tables = ground.REQUIRED + ground.OPTIONAL
        made = ground.Load(arguments, end.isoformat())
        scale = Scale(users, orders, seed, int(end.timestamp()) * 1_000_000, sellers)
        written = 0
        with (
            _shown_progress() as progress,
            ground.cleared_ground(engine, settings, made, replace, tables) as at,
        ):

            def orders_written(more: int) -> None:
                nonlocal written
                written += more
                progress("orders", written / orders)

            counts = fill(ground.raw(at), scale, orders_written)
            ground.add_keys(at, tables, lambda step: progress(step, 1.0))
    counts.pop("simulation_truth", None)
    _print_counts(counts, time.monotonic() - began)


@load.command()
@click.argument("folder", type=click.Path(path_type=Path))
@REPLACE
def olist(folder: Path, replace: bool) -> None:
    """Load the Brazilian E-Commerce Public Dataset by Olist from FOLDER (*.csv or *.csv.gz)."""
    from standing.database.connect import connect
    from standing.marketplace import ground, olist
    from standing.marketplace.csv_copy import fingerprint

    settings = current()
    paths = olist.dataset(folder)
    asked = ground.Load(f"olist {fingerprint(paths)}")
    with connect(settings) as engine:
        if not replace and ground.loaded_before(engine, settings, asked):
            click.echo("already loaded: these Olist files")
            return
        began = time.monotonic()
        tables = ground.REQUIRED
        with (
            _shown_progress() as progress,
            ground.cleared_ground(engine, settings, asked, replace, tables) as connection,
        ):
            counts, left_out = olist.fill(connection, paths, progress)
            ground.add_keys(connection, tables, lambda step: progress(step, 1.0))
    _print_counts(counts, time.monotonic() - began)
    for what, rows in left_out.items():
        click.echo(f"left out: {rows:,} {what}")


@load.command()
def loyalty() -> None:
    """Let members of an upgraded simulated marketplace spend points, return goods, invite and cheat.

    The first time the four weeks before the history's end, from whose beginning on points are then earned;
    each later time as much as a week has.
    """
    from standing.database.connect import connect
    from standing.marketplace.loyalty import play

    settings = current()
    with connect(settings) as engine:
        played = play(engine, settings)
    for kind, number in sorted(played.counts.items()):
        click.echo(f"{WORDS[kind]:<32}{number:>8,}")
    click.echo(f"played {played.since:%Y-%m-%d %H:%M} to {played.until:%Y-%m-%d %H:%M} UTC")


def _end(until: str | None) -> datetime:
    """The history's end, to the second, in UTC; a time without zone is the business's."""
    now = datetime.now(ZoneInfo(current().business_time_zone))
    if until is None:
        return now.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    end = moment("--until", until)
    fix = "give it like 2026-01-31 or 2026-01-31T18:00:00+07:00"
    if end > now:
        raise SettingError(f"--until {until} lies in the future: a history ends by now", fix)
    if end.year < 2005:
        raise SettingError(f"--until {until} is before 2005", fix)
    return end.replace(microsecond=0).astimezone(UTC)


@contextmanager
def _shown_progress() -> Iterator[Progress]:
    """A bar on a terminal's standard error; elsewhere one line a step."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        seen: set[str] = set()

        def line(step: str, share: float) -> None:
            if step not in seen:
                seen.add(step)
                click.echo(f"loading {step}", err=True)

        yield line
        return
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("preparing", total=1.0)
        yield lambda step, share: bar.update(task, description=step, completed=share)


def _print_counts(counts: dict[str, int], seconds: float) -> None:
    for table, rows in sorted(counts.items()):
        click.echo(f"{table:<18}{rows:>12,}")
    click.echo(f"loaded in {seconds:.1f} s")


COMMANDS: tuple[click.Command, ...] = (load,)

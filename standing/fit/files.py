"""The proposed rows as files of seeds/, in force from the next run on."""

import csv
import shutil
from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from standing.build import cells, policy
from standing.build.policy_fits import mark_of
from standing.errors import StandingError
from standing.fit.proposal import LEAST_OF_A_KIND, Proposal

#: What the checks of policy read beside seeds/.
READ = ("models", "macros")


def write(proposal: Proposal, root: Path) -> tuple[str, ...]:
    """Replace the rows of points and rates, each file at once; the files' names.

    They are held to the checks of policy before. Both have the mark of this fit, so what is left of it
    where the process ends between the two is refused by name (`policy_fits`). Raises StandingError where
    there is too little to fit, where the rows on disk are others than those that were read, and where a
    file cannot be written.
    """
    if not proposal.is_enough:
        raise StandingError(
            f"{proposal.bad} orders went wrong and {proposal.orders - proposal.bad} did not, and a fit to"
            f" fewer than {LEAST_OF_A_KIND} of either is a guess: nothing is written",
            "wait for more orders, or go further back with --from",
        )
    _require_unedited(proposal, root)
    files = {"seeds/problem_bins.csv": _bins(proposal), "seeds/problem_rates.csv": _rates(proposal)}
    with TemporaryDirectory() as tried:
        for folder in READ:
            (Path(tried) / folder).symlink_to(root / folder)
        shutil.copytree(root / "seeds", Path(tried) / "seeds")
        for name, content in files.items():
            (Path(tried) / name).write_text(content, "utf-8")
        policy.check_files(Path(tried))
    unfinished = {name: (root / name).with_suffix(".csv.new") for name in files}
    try:
        for name, content in files.items():
            unfinished[name].write_text(content, "utf-8")
        for name, path in unfinished.items():
            path.replace(root / name)
    except OSError as error:
        raise StandingError(
            f"{error.filename} cannot be written: {error.strerror}", "see who owns the project's seeds/"
        ) from None
    finally:
        for path in unfinished.values():
            path.unlink(missing_ok=True)
    return tuple(files)


def _require_unedited(proposal: Proposal, root: Path) -> None:
    """What somebody has edited since is not overwritten."""
    on_disk = cells.on_disk(root)
    for table, rows in proposal.built.items():
        if table not in on_disk or cells.of_rows(on_disk[table][0], rows) != on_disk[table][1]:
            raise StandingError(
                f"seeds/{table}.csv is not what the last run built with: nothing is written",
                f"standing run, then fit again; or git checkout seeds/{table}.csv",
            )


def _bins(proposal: Proposal) -> str:
    why = _fitted_on(proposal)
    return _csv(
        ("metric", "lower_bound", "points", "why"),
        (
            (
                one.name,
                f"{bound:.2f}".rstrip("0").rstrip("."),
                f"{one.points[place]:.0f}",
                f"{why}; {_of(proposal, one.name, place)}",
            )
            for one in proposal.proposed.metrics
            for place, bound in enumerate(one.bounds)
        ),
    )


def _of(proposal: Proposal, metric: str, place: int) -> str:
    orders, bad = proposal.orders_in_bins[metric][place], proposal.bad_in_bins[metric][place]
    return f"{bad:.0f} of {orders:.0f} orders in this bin went wrong"


def _rates(proposal: Proposal) -> str:
    why = f"{_fitted_on(proposal)}; its last year has the level"
    return _csv(
        ("points", "rate", "low", "high", "why"),
        ((one.points, one.rate, one.low, one.high, why) for one in proposal.rates),
    )


def _fitted_on(proposal: Proposal) -> str:
    first, last = proposal.moments[0], proposal.moments[-1]
    fitted = [[one.name, *one.bounds, *one.points] for one in proposal.proposed.metrics]
    return (
        f"fitted to {proposal.orders} orders after {len(proposal.moments)} origins from {first:%Y-%m-%d} to"
        f" {last:%Y-%m-%d} as known on {proposal.known_until:%Y-%m-%d}"
        f" ({mark_of(f'{fitted} {proposal.rates}')})"
    )


def _csv(header: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    written = StringIO()
    csv.writer(written, lineterminator="\n").writerows([header, *rows])
    return written.getvalue()

"""The command line.

Modules here import nothing slow at their top, so that `standing --help` answers at once:
SQLAlchemy, dbt, Great Expectations, Prefect and the charts are imported by the function that uses them.

May use: audit, backtest, build, database, decisions, fit, marketplace, monitor, replay, report, run,
services, state, upgrade, why.
"""

import sys
from typing import NoReturn

import click

from standing import __version__
from standing.cli import (
    backfill,
    backtest,
    decisions,
    fit,
    load,
    report,
    roles,
    runs,
    server,
    status,
    upgrade,
)
from standing.cli.checkout import require_checkout
from standing.errors import StandingError, closed_home
from standing.interruption import SAID, end_workers, exit_code, interruptible
from standing.process_end import end_at_once
from standing.settings import current
from standing.surroundings import pin


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="standing")
def standing() -> None:
    """Keep a marketplace's trust scores, seller ratings and tiers true.

    Uses the PostgreSQL server of DATABASE_URL, or an embedded one of its own when that is not set.
    """
    require_checkout()


for commands in (load, upgrade, roles, runs, status, report, decisions, server, backfill, backtest, fit):
    for command in commands.COMMANDS:
        standing.add_command(command)


def _refusal(error: Exception) -> StandingError | None:
    """What the database or the file system said and what helps, if the error is theirs."""
    if isinstance(error, OSError):
        return closed_home(error, current().home)
    if "sqlalchemy" not in sys.modules:
        return None
    import psycopg
    from sqlalchemy.exc import DBAPIError

    from standing.database.connect import refused

    return refused(error) if isinstance(error, DBAPIError | psycopg.Error) else None


def main() -> None:
    """Run a command; a StandingError becomes one clear message and its exit code."""
    end_at_once()
    with interruptible() as received:
        try:
            pin()
            sys.exit(standing(standalone_mode=False))
        except click.ClickException as error:
            error.show()
            sys.exit(error.exit_code)
        except (click.Abort, KeyboardInterrupt) as stopped:
            _end(received, str(stopped))
        except StandingError as error:
            _end_interrupted(received)
            _say(str(error))
            sys.exit(error.exit_code)
        except Exception as error:
            _end_interrupted(received)
            refusal = _refusal(error)
            if refusal is None:
                raise
            _say(str(refusal))
            sys.exit(refusal.exit_code)


def _end_interrupted(received: list[int]) -> None:
    """Where a signal came before an error, the error is what the signal has led to."""
    if received:
        _end(received)


def _end(received: list[int], why: str = "") -> NoReturn:
    _say(why or SAID)
    end_workers()
    sys.exit(exit_code(received))


def _say(message: str) -> None:
    click.secho("error: ", fg="red", bold=True, err=True, nl=False)
    click.echo(message, err=True)

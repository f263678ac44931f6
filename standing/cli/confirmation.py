"""Questions before what cannot be taken back."""

import click

from standing.errors import StandingError

UNANSWERED = "the question was not answered: nothing was changed; --yes does not ask"


def confirm(question: str) -> None:
    """Ask before what cannot be taken back. Raises click.Abort or StandingError where nobody says yes."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        raise click.Abort(UNANSWERED) from None
    if not agreed:
        raise StandingError("nothing was changed", "the same command asks again; --yes does not ask")

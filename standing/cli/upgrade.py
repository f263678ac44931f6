"""`standing migrate` and `rollback`: the application's schema, forward and back."""

import click

COMMANDS: tuple[click.Command, ...] = ()

"""`standing load`: a marketplace to work on, simulated or from the Olist files."""

import click

COMMANDS: tuple[click.Command, ...] = ()

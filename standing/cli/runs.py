"""`standing run`, `why`, `report`, `status`: the pipeline and what it left."""

import click

COMMANDS: tuple[click.Command, ...] = ()

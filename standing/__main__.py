"""`python -m standing` is `standing`."""

from standing.cli import main

main()

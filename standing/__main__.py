"""`standing`, and `python -m standing`: it listens for Ctrl-C before it imports what takes a while."""

import signal

# Until it listens, Ctrl-C ends the process without a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from standing.interruption import listen
from standing.surroundings import begin_anew


def main() -> None:
    begin_anew()
    listen()
    from standing.cli import main as command

    command()


if __name__ == "__main__":
    main()

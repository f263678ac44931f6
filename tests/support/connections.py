"""Says where a connection was opened that nobody closed: whoever happens to collect it cannot know."""

import sys
import traceback
import warnings

from psycopg._connection_base import BaseConnection

#: Frames of the opener that are shown; a dozen of them are SQLAlchemy's and psycopg's.
SHOWN = 30


def name_openers() -> None:
    """From here on, in this process."""
    made = BaseConnection.__init__

    def opened(self, *given):  # type: ignore[no-untyped-def]
        made(self, *given)
        frames = traceback.walk_stack(sys._getframe(1))
        self._opened_by = traceback.StackSummary.extract(frames, limit=SHOWN, lookup_lines=False)

    def collected(self):  # type: ignore[no-untyped-def]
        if hasattr(self, "_opened_by") and not self.closed:
            where = "".join(reversed(self._opened_by.format()))
            said = f"{self!r} was collected while open; it was opened by\n{where}"
            warnings.warn(said, ResourceWarning, stacklevel=1)

    BaseConnection.__init__ = opened
    BaseConnection.__del__ = collected

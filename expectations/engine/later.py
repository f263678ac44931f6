"""Modules that a library imports at its top and hardly ever uses: they load when they are used."""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any


class _Later(ModuleType):
    """Stands where a module will be; the first look at something in it loads it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system looks for those; nobody uses a module for them
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def when_used(*names: str) -> Iterator[None]:
    """Within this block, an import of one of these modules gives one that loads on its first use.

    `importlib.util.LazyLoader` does not serve: Python 3.11 loads its modules at the second import already.
    """
    stand_ins = [_Later(name) for name in names if name not in sys.modules]
    sys.modules.update((one.__name__, one) for one in stand_ins)
    try:
        yield
    finally:
        for one in stand_ins:
            if sys.modules.get(one.__name__) is one:
                del sys.modules[one.__name__]

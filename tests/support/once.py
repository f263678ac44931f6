"""What dbt makes anew in each run of a process and is the same each time is made once in here."""

from functools import cache
from types import CodeType
from typing import Any

import parsedatetime
from dbt_common.tests import enable_test_caching
from jinja2 import Environment


def make_once() -> None:
    """Templates, of whose text alone their code is made, and the words of dates, twice for each result."""
    enable_test_caching()  # dbt's own, of what it parses
    parsedatetime.Constants = cache(parsedatetime.Constants)
    compile_anew: Any = Environment.compile
    compiled: dict[tuple[type, str], CodeType] = {}

    def compile_once(environment: Environment, source: Any, *named: Any, **how: Any) -> Any:
        is_dbts = type(environment).__module__ == "dbt_common.clients.jinja"
        if not is_dbts or not isinstance(source, str) or any((*named, *how.values())):
            return compile_anew(environment, source, *named, **how)
        found = (type(environment), source)
        if found not in compiled:
            compiled[found] = compile_anew(environment, source)
        return compiled[found]

    Environment.compile = compile_once  # type: ignore[method-assign]

"""dbt's templates, compiled once for all runs of this process: most of them are the same in each."""

from types import CodeType
from typing import Any

from dbt_common.tests import enable_test_caching
from jinja2 import Environment


def compile_once() -> None:
    """From here on, in this process; what is compiled depends on the text alone."""
    enable_test_caching()  # dbt's own, of what it parses
    compile_anew: Any = Environment.compile
    compiled: dict[tuple[type, str], CodeType] = {}

    def compiled_once(environment: Environment, source: Any, *named: Any, **how: Any) -> Any:
        is_dbts = type(environment).__module__ == "dbt_common.clients.jinja"
        if not is_dbts or not isinstance(source, str) or any((*named, *how.values())):
            return compile_anew(environment, source, *named, **how)
        found = (type(environment), source)
        if found not in compiled:
            compiled[found] = compile_anew(environment, source)
        return compiled[found]

    Environment.compile = compiled_once  # type: ignore[method-assign]

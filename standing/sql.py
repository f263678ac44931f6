"""Names and values as SQL; longer statements stand in files, as SQL with Jinja."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from standing.text import MOST_MORE

HERE = Path(__file__).parent


def quoted(*names: str) -> str:
    """Names as one qualified SQL identifier, in any case and with any characters."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def json_number(value: str) -> str:
    """A jsonb expression as numeric, null where it is no number."""
    return f"(case when jsonb_typeof({value}) = 'number' then ({value})::numeric end)"


def told_apart(value: str, limits: Iterable[str], digits: int) -> str:
    """A numeric expression as a text that lies on the same side of each limit as it does itself.

    It has `digits` decimals, or as many more as that takes. `standing.text.told_apart` does it in Python.
    """
    compared = [
        f"(sign(round(given.value, decimals) - ({one})) is distinct from sign(given.value - ({one})))::int"
        for one in limits
    ]
    return (
        f"(select round(given.value, decimals)::text from (select ({value})::numeric as value) as given"
        f" cross join generate_series({digits}, {digits} + {MOST_MORE}) as decimals"
        f" order by {' + '.join(compared)}, decimals limit 1)"
    )


def grouped(number: str) -> str:
    """A whole number as text, as pages write it: 12,345."""
    return f"to_char({number}, 'FM999,999,999,999,999,990')"


def literals(values: Iterable[str]) -> str:
    """Texts as an SQL array."""
    return f"array[{', '.join(literal(value) for value in values)}]::text[]"


@cache
def _files() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([HERE, HERE.parent]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # noqa: S701  SQL, not HTML
    )
    environment.filters |= {"quoted": quoted, "literal": literal, "literals": literals}
    return environment


def render(file: str, **names: Any) -> str:
    """The statement in `file`, a path below standing/ or the project, for these names; values stay
    parameters.
    """
    return str(_files().get_template(file).render(names))

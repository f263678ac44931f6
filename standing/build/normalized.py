"""SQL with Jinja, without what changes nothing: comments, and how much white space there is.

A line comment stays if Jinja is in it, for Jinja runs there, too, or continues its line. A text with a
block comment, or with broken Jinja, stays as it is.
"""

import re
from functools import cache
from typing import Any

#: Stands for a piece of Jinja in the SQL around it.
PIECE = "\0"
#: A literal, a quoted name; white space and comments; or a comment that Jinja is in.
SQL = re.compile(
    r"""
    (?P<stays> \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "[^"]*" | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$ )
    | (?P<goes> (?: \s | --[^\n\0]*(?:\n|\Z) )+ )
    | --[^\n]*
    """,
    re.DOTALL | re.VERBOSE,
)


@cache
def _jinja() -> Any:
    from jinja2 import Environment

    return Environment(autoescape=False)  # noqa: S701  it only says where Jinja begins and ends


def normalized(text: str) -> str:
    """The text, equal for two that only comments and white space tell apart."""
    from jinja2 import TemplateSyntaxError

    try:
        tokens = [(kind, value) for _, kind, value in _jinja().lex(text)]
    except TemplateSyntaxError:
        return text
    tokens = [(kind, value) for kind, value in tokens if not kind.startswith("comment")]
    sql = "".join(value.replace(PIECE, "") if kind == "data" else PIECE for kind, value in tokens)
    if "/*" in sql:
        return text
    jinja = iter([value for kind, value in tokens if kind != "data"])
    stripped = SQL.sub(lambda match: " " if match["goes"] else match[0], sql)
    return re.sub(PIECE, lambda _: next(jinja), stripped)

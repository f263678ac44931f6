"""Comments and white space of SQL go where that changes nothing, and stay where it may."""

import re

import pytest

from standing import PROJECT_ROOT
from standing.build.normalized import normalized

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    "other",
    [
        "select  a,\n    b\nfrom t where c = 'x -- y'",
        "select a, -- it's the first\n b from t where c = 'x -- y'",
        "-- All of it.\nselect a, b -- \"b\"\n-- c\nfrom t where c = 'x -- y'",
        "{# What {{ it }} is. -#}\nselect a, b from t where c = 'x -- y'",
    ],
)
def test_comments_and_white_space_tell_no_texts_apart(other: str) -> None:
    assert normalized(other).strip() == "select a, b from t where c = 'x -- y'"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select 'a  b'", "select 'a b'"),
        ("select 'it''s -- a'", "select 'it''s -- b'"),
        ("select 'a\n-- b\n'", "select 'a\n-- c\n'"),
        ("select e'it\\'s -- a'", "select e'it\\'s -- b'"),
        ('select "a  b"', 'select "a b"'),
        ("do $a$ ' -- b\n $a$", "do $a$ ' -- c\n $a$"),
        ("select a b", "select ab"),
        ("select a {#- b -#} c", "select a c"),
        ("-- {{ a() }}\nselect 1", "-- {{ b() }}\nselect 1"),
        ("-- {% if a %}\nselect 1{% endif %}", "-- {% if b %}\nselect 1{% endif %}"),
        ("-- a\n{%- if b %} c {% endif %}", "{%- if b %} c {% endif %}"),
        ("select /* a -- */ b\n", "select /* a -- */ c\n"),
        ("select {{ 'a  b' }}", "select {{ 'a b' }}"),
        ("select {{ '-- a\n' }}", "select {{ '-- b\n' }}"),
        ("select {{ '}}' }} -- a {{ b", "select {{ '}}' }} -- a {{ c"),
        ("select '{{ a }}  b'", "select '{{ a }} b'"),
        ("select {{ a }}, {{ b }}", "select {{ b }}, {{ a }}"),
    ],
)
def test_whatever_may_change_something_tells_them_apart(one: str, other: str) -> None:
    assert normalized(one) != normalized(other)


def test_what_jinja_leaves_of_the_projects_own_files_is_the_same_sql() -> None:
    """Words and literals outside comments are all there, in their order."""
    words = re.compile(r"\w+|[^\s\w]")
    files = sorted(file for name in ("models", "macros") for file in (PROJECT_ROOT / name).rglob("*.sql"))
    assert len(files) > 80
    for file in files:
        text = file.read_text("utf-8")
        bare = re.sub(r"{#.*?#}", "", text, flags=re.DOTALL)
        bare = re.sub(r"^\s*--[^{\n]*$", "", bare, flags=re.MULTILINE)
        assert words.findall(normalized(text)) == words.findall(bare), file

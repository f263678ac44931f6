"""Names and values as SQL."""


def quoted(*names: str) -> str:
    """Names as one qualified SQL identifier, in any case and with any characters."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def json_number(value: str) -> str:
    """A jsonb expression as numeric, null where it is no number."""
    return f"(case when jsonb_typeof({value}) = 'number' then ({value})::numeric end)"


def literals(values: tuple[str, ...]) -> str:
    """Texts as an SQL array."""
    inside = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"array[{inside}]::text[]"

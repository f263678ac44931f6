"""Names and values as SQL."""


def quoted(*names: str) -> str:
    """Names as one qualified SQL identifier, in any case and with any characters."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


def literal(value: str) -> str:
    """A text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def literals(values: tuple[str, ...]) -> str:
    """Texts as an SQL array."""
    inside = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"array[{inside}]::text[]"

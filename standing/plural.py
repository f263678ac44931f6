"""How many there are of something, as people say it."""


def plural(count: int, one: str, many: str = "") -> str:
    """1 member, 2,000 members."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"

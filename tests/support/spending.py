"""An application whose members spend points, in more styles than the contract's, while others post."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from support.decided import rows_of

READ = "select points_balance from loyalty_programs where user_id = :member"
ENTER = """
insert into points_transactions (user_id, type, amount, balance_after, source, description)
values (:member, 'spend', -:points, :left, 'redeem', 'A reward')
"""
RELATIVE = "update loyalty_programs set points_balance = points_balance - :points where user_id = :member"
ABSOLUTE = "update loyalty_programs set points_balance = :left where user_id = :member"


def redeem_after_reading(engine: Engine, member: str, points: int, then: str) -> None:
    """Reads the balance, enters the row, then updates."""
    with engine.begin() as connection:
        left = connection.scalar(text(READ), {"member": member}) - points
        if left >= 0:
            given = {"member": member, "points": points, "left": left}
            connection.execute(text(ENTER), given)
            connection.execute(text(then), given)


@contextmanager
def spending(
    engine: Engine, drawing: random.Random, styles: dict[str, Callable[[str, int], None]]
) -> Iterator[None]:
    """Members' points are spent, a few at a time, by a connection for each, until the block ends."""
    ended = threading.Event()

    def keep_on(seed: int, members: list[str], style: Callable[[str, int], None]) -> None:
        draw = random.Random(seed)  # noqa: S311
        while not ended.wait(draw.random() / 200):
            with suppress(DBAPIError):  # it waited for longer than a deadlock may take, and gives up
                style(draw.choice(members), draw.randint(1, 30))

    with ThreadPoolExecutor(len(styles)) as pool:
        others = [
            pool.submit(keep_on, drawing.random(), [member], style) for member, style in styles.items()
        ]
        try:
            yield
        finally:
            ended.set()
        for other in others:
            other.result()


def lowest_after_an_expiry(engine: Engine) -> int:
    """Of at least one."""
    lowest = "select min(balance_after) from points_transactions where type = 'expire'"
    return rows_of(engine, lowest)[0][0]

"""Shops at origins, read in one statement: what was known of each then, and what followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, text

from standing.backtest.arrays import Numbers, Places
from standing.backtest.terms import Terms
from standing.sql import render

#: Columns that are no number.
WORDS = ("seller_id", "level")
LEFT_OUT = ("moment", "user_id", "known_since")


@dataclass(frozen=True)
class Observations:
    """One row per shop and origin, by origin and shop; `numbers` has a column for each of origins.sql.j2.

    `origin` counts from 0 and is the place of the row's moment, `shop` the place of its shop in a sorted
    list of all. `level` is the trust level of the shop's person, "" where that moment was never replayed.
    """

    moments: tuple[datetime, ...]
    origin: Places
    shop: Places
    seller_id: tuple[str, ...]
    level: Numbers
    numbers: Mapping[str, Numbers]

    def __len__(self) -> int:
        return len(self.origin)

    def __getitem__(self, column: str) -> Numbers:
        return self.numbers[column]

    def only(self, rows: Numbers) -> "Observations":
        """These rows alone; origins and shops keep their places."""
        return replace(
            self,
            origin=self.origin[rows],
            shop=self.shop[rows],
            seller_id=tuple(one for one, is_in in zip(self.seller_id, rows, strict=True) if is_in),
            level=self.level[rows],
            numbers={name: values[rows] for name, values in self.numbers.items()},
        )

    @property
    def shops(self) -> int:
        return int(self.shop.max()) + 1 if len(self) else 0


def observe(
    connection: Connection, schema: str, moments: Sequence[datetime], terms: Terms | None = None
) -> Observations:
    """Shops at these moments, from the build in `schema`."""
    found = connection.execute(
        text(render("backtest/origins.sql.j2", schema=schema)),
        {"origins": list(moments), **vars(terms or Terms())},
    )
    names, rows = list(found.keys()), found.all()
    columns: dict[str, Any] = dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else {}
    shops = tuple(str(one) for one in columns.get("seller_id", ()))
    return Observations(
        moments=tuple(moments),
        origin=np.array(columns.get("origin", ()), dtype=np.int64) - 1,
        shop=np.unique(np.array(shops, np.str_), return_inverse=True)[1].astype(np.int64),
        seller_id=shops,
        level=np.array([one or "" for one in columns.get("level", ())], dtype=np.str_),
        numbers={
            name: np.array(columns.get(name, ()), dtype=np.float64)
            for name in names
            if name not in (*WORDS, *LEFT_OUT, "origin")
        },
    )

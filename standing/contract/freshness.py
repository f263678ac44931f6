"""How old the newest row of a source may be."""

#: Days without a new row after which a marketplace that trades every day has probably lost its feed.
#: Reviews follow their orders by days.
FRESH_DAYS = {"orders": 2, "reviews": 7}

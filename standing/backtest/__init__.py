"""How well scores foretold what came next: rolling origins, figures with intervals, what cannot be told.

It reads what the last run left, in one snapshot; it takes no lock and publishes nothing.

May use: database, state.
"""

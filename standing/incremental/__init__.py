"""Whose data changed, what must be built, what may stay.

May use: build, contract, database, report, state.
"""

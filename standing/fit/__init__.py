"""Rows of the forecast's policy from the marketplace's own history, beside those in force: `standing fit`.

It reads what the last run left, in one snapshot; it writes files of seeds/, and only where it is asked to.

May use: backtest, build, database.
"""

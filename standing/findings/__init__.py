"""Numbers for reports and diffs: movements, largest changes, quarantine, freshness, gaps, the backtest.

May use: contract, database, publish, report, state.
"""

"""Numbers for reports and diffs: movements, movers, quarantine, freshness, gaps.

May use: contract, database, publish, report.
"""

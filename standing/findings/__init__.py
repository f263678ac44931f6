"""Numbers for reports and diffs: movements, largest changes, quarantine, freshness, gaps.

May use: contract, database, publish, report.
"""

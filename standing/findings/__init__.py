"""Numbers for reports and diffs: movements, movers, quarantine, freshness, gaps.

May use: publish, state, build, contract, database, report's content.
"""

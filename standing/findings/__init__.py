"""Numbers read from the database for reports and differences: movements, movers, quarantine, freshness, gaps.

May use: publish, state, build, contract, database, report's content.
"""

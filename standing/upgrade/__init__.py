"""The upgrade of the application's schema: planned from what is there, live, restartable, reversible.

May use: audit, build, contract, database, incremental, report, state.
"""

"""The past: documents as of moments of last year, kept apart.

May use: audit, backtest, build, contract, database, run, state.
"""

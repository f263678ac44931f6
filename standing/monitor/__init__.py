"""Is it right, is it alive: reconcile, drift, status, metrics.

May use: build, contract, database, findings, incremental, publish, report, run, state.
"""

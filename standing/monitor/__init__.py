"""Is it right, is it alive: reconcile, drift, status, metrics.

May use: audit, build, contract, database, findings, gate, incremental, publish, report, run,
services, state.
"""

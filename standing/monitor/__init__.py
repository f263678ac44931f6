"""Is it right, is it alive: reconcile, drift, status, metrics.

May use: run and everything below it.
"""

"""docs/metrics.md in plain Python, written from this page and not from the SQL.

Rows are dictionaries as the application's tables hold them; a table that is not there is an empty list, a
column that is not there is None. Policy is read from the seeds. Arithmetic is exact.
"""

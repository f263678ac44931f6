"""What Standing keeps in its own schema: the tables, the run registry, the history, erasure.

The run registry is shown as the index of the reports. May use: contract, database, report.
"""

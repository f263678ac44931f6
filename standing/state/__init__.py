"""What Standing keeps in its own schema: the tables, the run registry, the history, erasure.

May use: contract, database.
"""

"""What Standing keeps in its own schema: the tables, the book of runs, the history, erasure.

May use: contract, database.
"""

"""Write documents to the application's columns, in chunks, only where they differ.

May use: contract, database, incremental.
"""

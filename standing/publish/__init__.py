"""Write documents to columns and points to a ledger of the application, in chunks, only where they differ.

May use: contract, database, incremental.
"""

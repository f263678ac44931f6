"""The server: connect, the embedded one, the lock, chunks, the catalogue, the clock, PostgreSQL's programs.

May use: contract.
"""

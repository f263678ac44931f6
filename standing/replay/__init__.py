"""The past: documents as of moments of last year, kept apart.

May use: run and everything below it.
"""

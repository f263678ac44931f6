"""Limits on the blast radius: the verdict on a build, change sets, and runs that wait.

May use: build, contract, database, publish, state.
"""

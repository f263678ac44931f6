"""Limits on the blast radius: the verdict on a build, the change set of a stopped run, who waits for a decision.

May use: publish, state, contract, database.
"""

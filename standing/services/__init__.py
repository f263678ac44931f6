"""Processes in the background: Prefect's server and what serves the deployments.

May use: nothing of ours but the leaves.
"""

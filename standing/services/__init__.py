"""Processes in the background: Prefect's server and what serves the deployments.

May use: settings and the other leaves.
"""

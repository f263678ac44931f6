"""Marketplaces to work on: the legacy application's tables, simulated or filled from the Olist files.

May use: database.
"""

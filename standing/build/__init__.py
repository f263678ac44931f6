"""dbt: call it, the policy files, the fingerprint of what a build depends on, what is prepared.

May use: contract, database.
"""

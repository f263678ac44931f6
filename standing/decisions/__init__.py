"""What people decide: approve, reject, undo, resume; and diff, which they look at first.

May use: audit, build, contract, database, findings, gate, incremental, publish, report, run, state.
"""

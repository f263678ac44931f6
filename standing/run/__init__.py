"""One run: what is asked for, its stages in order, how it ends, its report.

May use: audit, build, contract, database, findings, gate, incremental, publish, report,
state.
"""

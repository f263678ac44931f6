"""One run: what is asked for, its stages in order, how it ends, its report.

May use: gate, findings, publish, incremental, build, state, report and what is below them.
"""

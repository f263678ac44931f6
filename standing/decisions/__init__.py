"""What people decide: approve, reject, undo, resume; and what they look at first: diff, of a stopped run or a trial.

May use: run and everything below it.
"""

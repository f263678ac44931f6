"""What people decide: approve, reject, undo, resume; and diff, which they look at first.

May use: run and everything below it.
"""

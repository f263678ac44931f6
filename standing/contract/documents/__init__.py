"""One module for each document that runs publish: everything that is declared of it.

May use: the words of contract, nothing else of ours.
"""

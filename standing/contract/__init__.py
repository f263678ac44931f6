"""What is declared once: documents, targets, tables and columns of the application.

Data, and how to read what is stored. The expectations read it, too.

May use: nothing of ours but the leaves.
"""

"""What is declared once: documents, targets, tables and columns of the application. Data only.

May use: sql and errors, nothing else of ours. The expectations read it, too.
"""

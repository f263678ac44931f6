"""First values for the new columns and tables, in batches, restartable."""

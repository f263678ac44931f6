"""How an expectation is written down and checked; Great Expectations is imported in `gx` only."""

"""What is expected: the four suites, and the parts that they share."""

"""What the upgrade would do, and its way back: steps planned from the catalogue."""

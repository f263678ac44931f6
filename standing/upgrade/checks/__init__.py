"""What is looked at before and after the upgrade: server, space, fitness, losses, the change log."""

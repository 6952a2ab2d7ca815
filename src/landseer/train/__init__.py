"""Training: one network, one fold, one seed at a time."""

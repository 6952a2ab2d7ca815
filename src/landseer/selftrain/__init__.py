"""Self-training: labels that the ensemble makes for what has none, by rounds, scored on true labels alone."""

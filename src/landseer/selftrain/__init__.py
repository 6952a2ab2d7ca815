"""Self-training: which samples a round takes on trust, who may teach them, and whether it helped."""

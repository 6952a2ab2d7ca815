"""The one place where files become tensors."""

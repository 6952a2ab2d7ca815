"""The recipe: one YAML file that says everything a run does."""

"""`landseer samples RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("samples", "Stage 1: list the samples.")

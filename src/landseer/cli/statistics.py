"""`landseer statistics RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("statistics", "Stage 4: measure the channels on training pixels.")

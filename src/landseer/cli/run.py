"""`landseer run RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("report", "Run all stages of a recipe that are not up to date.")

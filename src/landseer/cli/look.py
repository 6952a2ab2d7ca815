"""`landseer look RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("look", "Stage 5: write report/data/index.html, to look at before any training.")

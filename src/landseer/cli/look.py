"""`landseer look RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("look", "Write report/data/index.html: what to look at before any training.")

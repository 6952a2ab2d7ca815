"""`landseer audit RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("audit", "Stage 2: check files, measure quality, find the same place twice.")

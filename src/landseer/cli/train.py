"""`landseer train RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("train", "Stage 6: train the members, and predict each fold out of fold.")

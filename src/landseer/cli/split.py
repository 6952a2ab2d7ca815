"""`landseer split RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("split", "Stage 3: divide the samples into folds that do not leak.")

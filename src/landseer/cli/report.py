"""`landseer report RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("report", "Stage 10: write report/index.html.")

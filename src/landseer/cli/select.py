"""`landseer select RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app("select", "Stage 7: choose threshold, members and TTA; write the model folder.")

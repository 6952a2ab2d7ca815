"""`landseer maps RECIPE`."""

from landseer.cli.stage import stage_app

app = stage_app(
    "maps", "Stage 9: map whole scenes by members that never saw them, and score the maps."
)

"""`landseer submit KIND PREDICTIONS --samples …`: pack predictions as a contest asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from landseer.cli.verb import Json, emit, room, verb_app
from landseer.errors import UsageError

app = verb_app()

CONTESTS = ("kelp", "geopose", "opencities")
"""The contests that the help lists."""


@app.command()
def submit(
    kind: Annotated[str, typer.Argument(help=f"Contest, one of: {', '.join(CONTESTS)}.")],
    predictions: Annotated[Path, typer.Argument(help="Folder that `landseer predict` wrote.")],
    samples: Annotated[
        Path, typer.Option(help="Run folder or sample table; its test side is what must be there.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Archive to write.")],
    preview: Annotated[
        int, typer.Option(min=0, help="Draw the first N predictions beside the archive.")
    ] = 0,
    as_json: Json = False,
) -> None:
    """Pack predictions as a contest asks, and check the package against the sample list."""
    submitters = room("submit").SUBMITTERS
    if kind not in submitters:
        raise UsageError(f"expected one of {', '.join(submitters)}; got {kind!r}")
    table = samples / "samples.parquet" if samples.is_dir() else samples
    rows = _test_side(table)
    config = _recipe_beside(table).data if preview else None
    options = _OPTIONS[kind](rows) if kind in _OPTIONS else {}
    packed = submitters[kind](predictions, list(rows["sample"]), out, **options)
    result = packed.as_dict()
    if config is not None:
        path = out.with_name(f"{Path(out.name.removesuffix('.gz')).stem}_preview.png")
        _PREVIEWS[kind](rows.head(preview), predictions, config, path)
        result["preview"] = str(path)
    lines = [packed.text(), *([f"preview: {result['preview']}"] if preview else [])]
    emit(result, as_json=as_json, text="\n".join(lines))


def _test_side(table: Path) -> Any:
    """Read the samples that must be there."""
    tables = room("samples.table")
    if not table.is_file():
        raise UsageError(
            "expected a run folder or a sample table; got neither",
            where=table,
            do="run `landseer samples RECIPE`, or give the run's folder",
        )
    return tables.usable(tables.read_samples(table), side="test")


def _sizes(rows: Any) -> dict[str, Any]:
    """Give the packer the size of each image."""
    sizes = zip(rows["height"], rows["width"], strict=True)
    return {"sizes": {s: (int(h), int(w)) for s, (h, w) in zip(rows["sample"], sizes, strict=True)}}


def _side(rows: Any) -> dict[str, Any]:
    """Give the packer the side of the images, where all are squares of one size; else the contest's own holds."""
    sides = {*rows["height"], *rows["width"]}
    return {"size_px": int(sides.pop())} if len(sides) == 1 else {}


_OPTIONS: dict[str, Callable[[Any], dict[str, Any]]] = {"geopose": _sizes, "opencities": _side}
"""What a contest's packer wants to know of the samples beside their names."""


def _recipe_beside(table: Path) -> Any:
    """Read the recipe of the run that a sample table belongs to."""
    path = table.parent / "recipe.yaml"
    if not path.is_file():
        raise UsageError(
            "expected a run folder, whose recipe names bands and classes; got a table alone",
            where=table,
            do="give the run folder with --samples, or leave --preview out",
        )
    return room("recipe.load").load_recipe(path)


def _draw_masks(kind: str, rows: Any, predictions: Path, config: Any, path: Path) -> None:
    """Draw the first masks of a contest."""
    adapters, previews = room("adapters"), room("submit.preview")
    suffix = room(f"submit.{kind}").CONTEST.suffix
    shown = [
        previews.PreviewRow(Path(row.image), predictions / f"{row.sample}{suffix}")
        for row in rows.itertuples()
    ]
    bands, classes = adapters.config_bands(config), adapters.config_classes(config)
    previews.write_previews(shown, bands, classes, path, n=len(shown))


def _draw_heights(rows: Any, predictions: Path, config: Any, path: Path) -> None:
    """Draw the first heights, with the flow on the images."""
    files, sheets, tiles = (
        room("submit.geopose_files"),
        room("report.pose_sheet"),
        room("report.tiles"),
    )
    bands = room("adapters").config_bands(config)
    shown = []
    for row in rows.itertuples():
        paths = [
            predictions / f"{row.sample}{end}" for end in (files.AGL_SUFFIX, files.FLOW_SUFFIX)
        ]
        read = files.read_pose(*paths)
        pose = sheets.Pose(read.agl_m, read.scale_px_per_m, read.angle_rad)
        picture = tiles.composite(Path(row.image), bands)
        shown.append(sheets.PoseRow(row.sample, picture, pose, gsd_m=row.gsd_m))
    sheet = sheets.pose_sheet(shown, "Predicted heights")
    with room("core.files").atomic_path(path) as temporary:
        sheet.save(temporary)


_PREVIEWS: dict[str, Callable[[Any, Path, Any, Path], None]] = {
    "kelp": partial(_draw_masks, "kelp"),
    "geopose": _draw_heights,
    "opencities": partial(_draw_masks, "opencities"),
}
"""What draws a contest's first predictions."""

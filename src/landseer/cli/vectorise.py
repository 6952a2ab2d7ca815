"""`landseer vectorise MAP… -o OUT`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, room, verb_app

app = verb_app()


@app.command()
def vectorise(
    maps: Annotated[
        list[Path], typer.Argument(metavar="MAP", help="Class maps, or folders of them.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", help="File: .parquet, .gpkg or .geojson; or a folder: a file per map."
        ),
    ],
    classes: Annotated[
        str,
        typer.Option(
            help="Names or numbers, with commas; left out: all but class 0.", show_default=False
        ),
    ] = "",
    names: Annotated[
        str,
        typer.Option(
            help="Names of the classes, that of class 0 first; left out: the map's.",
            show_default=False,
        ),
    ] = "",
    min_area_m2: Annotated[float, typer.Option(help="Leave out smaller polygons.")] = 0.0,
    min_hole_m2: Annotated[float, typer.Option(help="Fill smaller holes.")] = 0.0,
    simplify_m: Annotated[
        float, typer.Option(help="Drop corners that cut off less than its square.")
    ] = 0.0,
    rectangular: Annotated[
        bool, typer.Option("--rectangular", help="Right angles, as buildings have.")
    ] = False,
    min_iou: Annotated[
        float, typer.Option(help="Least agreement of a right-angled outline with the map.")
    ] = 0.85,
    probability: Annotated[
        Path | None,
        typer.Option(
            help="Probabilities, or their folder; left out: MAP_probability.tif, if there."
        ),
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(help="CRS of the polygons; left out: the map's. GeoJSON is always EPSG:4326."),
    ] = None,
    connectivity: Annotated[int, typer.Option(help="4: by sides; 8: by corners too.")] = 4,
    layer: Annotated[str, typer.Option(help="Layer of a GeoPackage.")] = "polygons",
    format: Annotated[
        str, typer.Option(help="Format in a folder: parquet, gpkg or geojson.")
    ] = "parquet",
    as_json: Json = False,
) -> None:
    """Turn class maps into polygons with class, area and confidence."""
    values = {
        "classes": _listed(classes),
        "names": _listed(names),
        "min_area_m2": min_area_m2,
        "min_hole_m2": min_hole_m2,
        "simplify_m": simplify_m,
        "rectangular": rectangular,
        "min_iou": min_iou,
        "probability": probability,
        "crs": crs,
        "connectivity": connectivity,
        "layer": layer,
        "format": format,
    }
    options = room("cli.settings").make_settings(room("vector.options").VectoriseOptions, values)
    summary = room("vector.vectorise").vectorise(maps, out, options)
    for note in summary.notes:
        typer.echo(f"note: {note}", err=True)
    emit(summary.as_dict(), as_json=as_json, text=summary.text())


def _listed(text: str) -> tuple[str, ...]:
    """Take a list with commas apart."""
    return tuple(part.strip() for part in text.split(",") if part.strip())

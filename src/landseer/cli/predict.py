"""`landseer predict MODEL INPUT… -o OUT`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from landseer.cli.verb import Json, emit, room, verb_app

app = verb_app()


@app.command()
def predict(
    model: Annotated[Path, typer.Argument(help="Model folder, e.g. runs/NAME/model.")],
    inputs: Annotated[
        list[str], typer.Argument(help="Files, windows, STAC items, folders, patterns.")
    ],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the maps.")],
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also write probabilities.")
    ] = False,
    probability_dtype: Annotated[
        str, typer.Option(help="float32, or uint8 in whole per cent with 255 outside the data.")
    ] = "float32",
    uncertainty: Annotated[
        list[str] | None,
        typer.Option(help="entropy, disagreement: maps of how sure the class map is."),
    ] = None,
    products: Annotated[
        list[str] | None,
        typer.Option(help="flow, rectified: what is also made of heights, direction and scale."),
    ] = None,
    stac: Annotated[
        bool, typer.Option("--stac", help="Also write a STAC item beside each map.")
    ] = False,
    legend: Annotated[
        bool, typer.Option("--legend", help="Also write a QGIS style beside each class map.")
    ] = False,
    window_px: Annotated[
        int | None,
        typer.Option(
            help="Larger images go in windows of this side; left out: the model's slices, or 1024."
        ),
    ] = None,
    overlap_px: Annotated[
        int | None, typer.Option(help="Pixels that windows share; left out: as the model's slices.")
    ] = None,
    border_px: Annotated[
        int | None,
        typer.Option(help="Discarded at each side of a window; left out: the model's reach."),
    ] = None,
    blend: Annotated[
        str, typer.Option(help="probability, logit: what is averaged where windows overlap.")
    ] = "probability",
    aoi: Annotated[
        Path | None, typer.Option(help="Polygons outside which nothing is predicted.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Images or windows a step.")] = 8,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda:1, cuda:0,cuda:1, all.")] = "auto",
    gsd_m: Annotated[
        float | None,
        typer.Option(help="Ground sample distance, m, for models that ask for it or read at one."),
    ] = None,
    gsd_table: Annotated[
        Path | None, typer.Option(help="CSV with id and gsd, for images of several distances.")
    ] = None,
    seams: Annotated[
        bool, typer.Option("--seams", help="Also say what cutting into windows changes.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Predict again also what is up to date.")
    ] = False,
    resume: Annotated[
        bool, typer.Option(help="Go on where a stopped run was; or begin anew.")
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say windows, memory and time; predict nothing.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad file.")] = False,
    as_json: Json = False,
) -> None:
    """Predict files or folders with a model folder; maps keep their georeference."""
    predicting = room("predict")
    values = {
        "probabilities": probabilities,
        "probability_dtype": probability_dtype,
        "products": tuple(products or ()),
        "uncertainty": tuple(uncertainty or ()),
        "stac": stac,
        "legend": legend,
        "window_px": window_px,
        "overlap_px": overlap_px,
        "border_px": border_px,
        "blend": blend,
        "aoi": aoi,
        "seams": seams,
        "resume": resume,
        "batch": batch,
        "device": device,
        "gsd_m": gsd_m,
        "gsd_table": gsd_table,
        "overwrite": overwrite,
        "strict": strict,
    }
    options = room("cli.settings").make_settings(predicting.PredictOptions, values)
    if dry_run:
        forecast = room("predict.forecast").forecast(model, inputs, out, options)
        emit(forecast.as_dict(), as_json=as_json, text=forecast.text())
        return
    summary = predicting.predict_files(model, inputs, out, options)
    emit(summary.as_dict(), as_json=as_json, text=summary.text())
    if summary.failures:
        raise typer.Exit(1)

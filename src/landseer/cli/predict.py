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
    inputs: Annotated[list[str], typer.Argument(help="Files, folders or patterns.")],
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder of the maps.")],
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Also write probabilities.")
    ] = False,
    products: Annotated[
        list[str] | None,
        typer.Option(help="flow, rectified: what is also made of heights, direction and scale."),
    ] = None,
    window_px: Annotated[
        int, typer.Option(help="Larger images go in windows of this side.")
    ] = 1024,
    overlap_px: Annotated[int, typer.Option(help="Pixels that windows share.")] = 128,
    batch: Annotated[int, typer.Option(help="Images or windows a step.")] = 8,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1 …")] = "auto",
    gsd_m: Annotated[
        float | None, typer.Option(help="Ground sample distance, m, for models that ask for it.")
    ] = None,
    gsd_table: Annotated[
        Path | None, typer.Option(help="CSV with id and gsd, for images of several distances.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Predict again what is already there.")
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first bad file.")] = False,
    as_json: Json = False,
) -> None:
    """Predict files or folders with a model folder; maps keep their georeference."""
    predicting = room("predict")
    values = {
        "probabilities": probabilities,
        "products": tuple(products or ()),
        "window_px": window_px,
        "overlap_px": overlap_px,
        "batch": batch,
        "device": device,
        "gsd_m": gsd_m,
        "gsd_table": gsd_table,
        "overwrite": overwrite,
        "strict": strict,
    }
    options = room("cli.settings").make_settings(predicting.PredictOptions, values)
    summary = predicting.predict_files(model, inputs, out, options)
    emit(summary.as_dict(), as_json=as_json, text=summary.text())
    if summary.failures:
        raise typer.Exit(1)

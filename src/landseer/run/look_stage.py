"""Stage `look`: gather what is known of the data and write the data page; the same for a notebook."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from landseer.audit.pairs import read_pairs
from landseer.core.files import read_json
from landseer.recipe.load import load_recipe
from landseer.report.data_page import build_data_page
from landseer.report.gallery import write_gallery
from landseer.report.look import Look
from landseer.report.notebook import DataLook
from landseer.report.pixel_sample import draw_pixels
from landseer.run.context import Run, open_run
from landseer.samples.table import read_samples


def write_look(run: Run) -> None:
    """Gather and write."""
    seen = gather_look(run)
    build_data_page(seen, run.path("report/data"))
    write_gallery(seen, run.path("report/data"))


def look(folder: Path | str) -> DataLook:
    """Look at the data of a run in a notebook.

    Args:
        folder: run folder whose stage `statistics` is done (`landseer look RECIPE` does it).

    Returns:
        The plots as attributes, each a matplotlib figure; shown by itself it is the whole page.

    Raises:
        RecipeError: the folder holds no recipe.
        FileReadError: it holds no sample table, or an image cannot be read.
    """
    return DataLook(gather_look(open_run(load_recipe(Path(folder)), Path(folder))))


def gather_look(run: Run) -> Look:
    """Read what the stages before left behind, and draw the pixels."""
    recipe = run.recipe
    samples = read_samples(run.path("samples.parquet"))
    return Look(
        name=recipe.name,
        folder=run.folder,
        config=recipe.report,
        inputs=recipe.inputs,
        quality=recipe.quality,
        seed=recipe.seed,
        samples=samples,
        bands=run.bands,
        classes=run.classes,
        statistics=read_json(run.path("statistics.json")),
        pairs=read_pairs(run.path("audit/pairs.csv")),
        proof=read_json(run.path("audit/proof.json")),
        findings=_findings(run),
        pixels=draw_pixels(
            samples,
            run.bands,
            run.classes,
            recipe.inputs,
            references=run.references,
            config=recipe.report,
            seed=recipe.seed,
        ),
        references=run.references,
        rectify=recipe.same_place.rectify,
    )


def _findings(run: Run) -> pd.DataFrame:
    """Read what listing and audit found."""
    names = ("audit/listing.csv", "audit/findings.csv")
    frames = [pd.read_csv(run.path(name), dtype=str, keep_default_na=False) for name in names]
    return pd.concat(frames, ignore_index=True)

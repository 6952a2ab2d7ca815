"""The pixel table of a run, made of its own samples."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.classes import IGNORE
from landseer.core.files import hash_value
from landseer.core.progress import Progress
from landseer.core.seeds import generator
from landseer.feed.source import Source
from landseer.models.tree_channels import TreeChannels
from landseer.run.choose_stage import held_samples
from landseer.run.context import Run
from landseer.run.model_stages import make_source
from landseer.run.outside import training_files
from landseer.trees.pixels import draw_pixels
from landseer.trees.table import FIXED, Pixels, PixelTable, plan_parts, write_table

_FILE_BYTES = 32 * 2**20
"""About what a file of the table holds in memory."""


def tree_channels(run: Run) -> TreeChannels:
    """Return what the run's trees see."""
    return TreeChannels(run.recipe.inputs, run.bands, run.recipe.trees.neighbourhood)


def pixel_table(run: Run, frame: gpd.GeoDataFrame) -> PixelTable:
    """Write the pixel table, or what a run that was stopped has left of it; `trees/table.parquet` is a folder of files.

    Args:
        run: the run; its stages up to `split` are done.
        frame: rows of the sample table that take part.

    Raises:
        DataError: an image or a label is not what the sample table says.
        WriteError: the disk is full or the folder cannot be written.

    Edges: one sample is in memory, and the pixels of one file.
    """
    channels, source = tree_channels(run), uncached_source(run, frame)
    groups = held_samples(frame).groups
    samples = [
        (str(name), int(fold), group)
        for name, fold, group in zip(frame["sample"], frame["fold"], groups, strict=True)
    ]
    file_px = _FILE_BYTES // (4 * (len(channels.names) + len(FIXED)))
    parts = plan_parts([fold for _, fold, _ in samples], _expected(run, frame).tolist(), file_px)
    with Progress("pixel table", len(samples)) as progress:

        def pixels_of(position: int) -> Pixels:
            progress.advance(1)
            return _pixels(run, channels, source, position)

        folder = run.path("trees/table.parquet")
        key = _key(run, samples)
        return write_table(folder, key, channels.names, samples, parts, pixels_of)


def uncached_source(run: Run, frame: gpd.GeoDataFrame) -> Source:
    """Make a reader of samples that keeps none of them."""
    train = run.recipe.train.model_copy(update={"cache_gb": 0.0})
    return make_source(Run(run.recipe.model_copy(update={"train": train}), run.folder), frame)


def _key(run: Run, samples: list[tuple[str, int, str]]) -> str:
    """Hash all that the table depends on."""
    return hash_value(
        {
            "recipe": {key: run.recipe_value(key) for key in ("seed", "data", "inputs")},
            "trees": [run.recipe_value(f"trees.{key}") for key in ("pixels", "neighbourhood")],
            "samples": samples,
            "files": training_files(run),
        }
    )


def _expected(run: Run, frame: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return about how many pixels each sample gives, at most."""
    most = run.recipe.trees.pixels.most * (len(run.classes) + 1)
    return np.minimum(frame["height"].to_numpy() * frame["width"].to_numpy(), most).astype(float)


def _pixels(run: Run, channels: TreeChannels, source: Source, position: int) -> Pixels:
    """Read one sample and draw its pixels."""
    tile, name = source.read(position), source.items[position].sample
    x_bchw = torch.from_numpy(tile.image.astype(np.float32, copy=False))[None]
    z_fhw = channels(x_bchw)[0].numpy()
    n_own, shape = len(set(channels.sources)), z_fhw.shape[1:]
    usable = np.isfinite(z_fhw[:n_own]).any(axis=0)
    truth = np.full(shape, IGNORE, np.uint8) if tile.label is None else tile.label
    random = generator(run.recipe.seed, "trees", name)
    drawn = draw_pixels(truth, usable, len(run.classes), run.recipe.trees.pixels, random)
    row, col = np.divmod(drawn.places, shape[1])
    return Pixels(
        row, col, truth[row, col], drawn.weight, np.ascontiguousarray(z_fhw[:, row, col].T)
    )

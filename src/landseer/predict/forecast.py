"""A dry run: what a prediction would do, need and take, without predicting."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from landseer.errors import DataError, FileReadError, UsageError
from landseer.predict.area import Area, read_area
from landseer.predict.devices import choose_device, device_names
from landseer.predict.ensemble import Ensemble
from landseer.predict.gsd import GsdLookup
from landseer.predict.inputs import Job
from landseer.predict.key import keyed
from landseer.predict.model_folder import load_model_folder
from landseer.predict.options import PredictOptions
from landseer.predict.output import is_complete, refuse_foreign
from landseer.predict.plan import plan_scene, windows_of
from landseer.predict.prepare import Tile, prepare
from landseer.predict.rows import MOST_AHEAD_PX, cache_bytes
from landseer.predict.spec import ModelSpec
from landseer.predict.tiles import build_ensemble, jobs_of

_MB = 1e6
_UNREADABLE, _FAILS, _REFUSED = "cannot be read: ", "will fail: ", "stops the run: "


@dataclass(frozen=True, slots=True)
class Item:
    """One image: its size as it is read, windows, overlap and border, memory besides the networks, time, what becomes
    of it, and what should be known of how it is read."""

    path: Path
    width: int = 0
    height: int = 0
    windows: int = 0
    overlap_px: int = 0
    border_px: int | None = None
    memory_bytes: int = 0
    seconds: float = 0.0
    state: str = "to do"
    note: str = ""

    @property
    def is_bad(self) -> bool:
        """Whether a run would not map it."""
        return self.state.startswith((_UNREADABLE, _FAILS, _REFUSED))

    def text(self) -> str:
        """Say it in a line."""
        if self.is_bad:
            return f"  {self.path}: {self.state}"
        border = "2/5 of what is shared" if self.border_px is None else f"{self.border_px} px"
        note = f"; {self.note}" if self.note else ""
        return (
            f"  {self.path}: {self.width:,} x {self.height:,} px, {self.windows:,} windows, overlap {self.overlap_px} "
            f"px, border {border}, {self.memory_bytes / _MB:,.0f} MB, {self.seconds:,.0f} s; {self.state}{note}"
        )


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a prediction would do.

    Attributes:
        items: one per image.
        seconds_per_window: measured on one batch; 0 where nothing is to do.
        device: where the networks would run.
    """

    items: tuple[Item, ...]
    seconds_per_window: float
    device: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        names = (
            "width",
            "height",
            "windows",
            "overlap_px",
            "border_px",
            "memory_bytes",
            "state",
            "note",
        )
        return {
            "device": self.device,
            "seconds_per_window": round(self.seconds_per_window, 4),
            "seconds": round(sum(item.seconds for item in self.items), 1),
            "memory_bytes": max((item.memory_bytes for item in self.items), default=0),
            "images": {
                str(item.path): {name: getattr(item, name) for name in names}
                | {"seconds": round(item.seconds, 1)}
                for item in self.items
            },
        }

    def text(self) -> str:
        """Say it in a few lines."""
        todo = [item for item in self.items if item.state == "to do"]
        windows, seconds = sum(i.windows for i in todo), sum(i.seconds for i in todo)
        memory = max((item.memory_bytes for item in todo), default=0) / _MB
        bad = sum(item.is_bad for item in self.items)
        fails = f", {bad} that will fail" if bad else ""
        lines = [
            f"{len(todo)} images to do{fails}, {windows:,} windows, about {seconds:,.0f} s on {self.device} "
            f"({self.seconds_per_window:.3f} s a window), {memory:,.0f} MB besides the networks; nothing was written"
        ]
        return "\n".join(lines + [item.text() for item in self.items])


def forecast(
    model_folder: Path, inputs: Sequence[Path | str], out: Path, options: PredictOptions
) -> Forecast:
    """Say what `predict_files` would do; its arguments and errors.

    The time is that of one batch of noise, times the windows: it holds where reading and writing do not limit, and
    windows without data take less.
    """
    spec, loaders = load_model_folder(Path(model_folder))
    device = choose_device(device_names(options.device)[0])
    ensemble = build_ensemble(spec, loaders, options).to(device).eval()
    jobs = keyed(jobs_of(ensemble, spec, inputs, out, options), ensemble, spec, options)
    done = {job.image for job in jobs if not options.overwrite and is_complete(job, spec, options)}
    items = _items(jobs, done, spec, ensemble, options)
    todo = [item for item in items if item.state == "to do" and item.windows]
    pace = _seconds_per_window(ensemble, spec, options, todo) if todo else 0.0
    return Forecast(
        tuple(_timed(item, pace) if item.state == "to do" else item for item in items),
        pace,
        str(device),
    )


def _items(
    jobs: Sequence[Job],
    done: set[Path],
    spec: ModelSpec,
    ensemble: Ensemble,
    options: PredictOptions,
) -> list[Item]:
    """Plan the images, as a run prepares them; virtual rasters lie in a folder that does not stay."""
    gsd, items = GsdLookup(spec, options), list[Item]()
    aoi = None if options.aoi is None else read_area(options.aoi)
    with tempfile.TemporaryDirectory() as grids:
        for job in jobs:
            state = "done already" if job.image in done else "to do"
            try:
                tile = prepare(job, spec, gsd, Path(grids))
                area = None if options.aoi is None else Area(options.aoi, tile.info, aoi)
            except FileReadError as error:
                items.append(Item(job.image, state=_UNREADABLE + error.message))
                continue
            except (DataError, UsageError) as error:
                items.append(Item(job.image, state=_FAILS + error.message))
                continue
            try:
                if job.image not in done and not options.overwrite:
                    refuse_foreign(job, spec, options)
            except UsageError as error:
                state = _REFUSED + error.message
            items.append(_item(tile, area, spec, ensemble, options, state))
    return items


def _item(
    tile: Tile,
    area: Area | None,
    spec: ModelSpec,
    ensemble: Ensemble,
    options: PredictOptions,
    state: str,
) -> Item:
    """Plan one image."""
    info = tile.info
    plan = plan_scene((info.height, info.width), options, spec)
    if area is not None:
        plan = plan.only(list(map(area.meets, plan.windows)))
    planes = sum(q.n_outputs for q in ensemble.quantities.values() if q.extent == "dense")
    planes += sum(ensemble.further_planes.values())
    itemsize = np.dtype(info.dtype).itemsize
    memory = plan.memory_bytes(planes, len(spec.read_bands), itemsize, MOST_AHEAD_PX)
    return Item(
        tile.source,
        info.width,
        info.height,
        len(plan.windows),
        plan.overlap_px,
        plan.border_px,
        memory + cache_bytes(info.path),
        state=state,
        note=tile.note(spec),
    )


def _timed(item: Item, pace: float) -> Item:
    """Add the time that an image takes."""
    values = {name: getattr(item, name) for name in Item.__slots__}
    return Item(**(values | {"seconds": pace * item.windows}))


def _seconds_per_window(
    ensemble: Ensemble, spec: ModelSpec, options: PredictOptions, items: Sequence[Item]
) -> float:
    """Time one batch of noise of the largest windows, after one to warm up."""
    window_px, _ = windows_of(options, spec.model.slices)
    height = min(window_px, max(item.height for item in items))
    width = min(window_px, max(item.width for item in items))
    count = min(options.batch, sum(item.windows for item in items))
    shape = (count, len(spec.read_bands), height, width)
    x_bchw = torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(ensemble.device)
    gsd_m = torch.full((count,), options.gsd_m or 1.0, device=ensemble.device)
    ensemble(x_bchw[:1], gsd_m[:1])
    started = time.perf_counter()
    values = ensemble(x_bchw, gsd_m)
    next(iter(values.values())).cpu()
    return (time.perf_counter() - started) / count

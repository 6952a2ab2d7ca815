"""The run itself: reading, computing and writing overlap, and images of equal size share a batch."""

from __future__ import annotations

import copy
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.parallel import parallel_map
from landseer.core.window import Window
from landseer.errors import DataError, FileReadError, LandseerError, UsageError
from landseer.models.decoders import stride_px
from landseer.predict.area import Area, check_area, read_area
from landseer.predict.devices import choose_device, device_names
from landseer.predict.ensemble import Ensemble
from landseer.predict.gsd import GsdLookup, grids_of
from landseer.predict.inputs import Job
from landseer.predict.map import Map
from landseer.predict.missing import valid_pixels
from landseer.predict.options import Failure, PredictOptions, PredictSummary
from landseer.predict.output import read_map, write_map
from landseer.predict.plan import windows_of
from landseer.predict.prepare import Tile, check_bands, read_tile
from landseer.predict.products import find_pose, without_pose, write_products
from landseer.predict.scene import Scene
from landseer.predict.seam_measure import seams_in_the_middle
from landseer.predict.seams import SeamFigure
from landseer.predict.sinks import Sinks
from landseer.predict.spec import ModelSpec
from landseer.predict.strips import Strip
from landseer.raster.read import read_info

Said = dict[str, NDArray[np.float32]]
"""What the networks say of one image: averaged values, (n, h, w) and (n,), by target."""


class Run:
    """One prediction run: the ensemble on its device, and what has happened so far."""

    def __init__(self, ensemble: Ensemble, spec: ModelSpec, options: PredictOptions) -> None:
        if options.products and find_pose(spec) is None:
            raise without_pose()
        self.devices = [choose_device(name) for name in device_names(options.device)]
        self.device = self.devices[0]
        ensemble.with_entropy = "disagreement" in options.uncertainty
        ensemble.with_calibrated = options.writes_calibrated
        self.ensemble, self.spec, self.options = ensemble.to(self.device).eval(), spec, options
        self.window_px, _ = windows_of(options, spec.model.slices)
        self.bands = spec.read_bands
        self.gsd = GsdLookup(spec, options)
        self.aoi = None if options.aoi is None else read_area(options.aoi)
        self.failures: list[Failure] = []
        self.seams: dict[Path, SeamFigure] = {}
        self.notes: dict[Path, str] = {}
        self.n_written = self.n_pixels = 0

    def predict(self, jobs: Sequence[Job], out: Path, *, n_kept: int) -> PredictSummary:
        """Read ahead, compute, write behind.

        Raises:
            DataError, UsageError: no image can be predicted, though all can be read; with `strict`, one cannot.
        """
        started = time.monotonic()
        jobs = self._checked(jobs, n_kept)
        with grids_of(out), _Writer(self.options.workers) as writer:
            for batch in self._batches(jobs):
                if batch[0].image is None:
                    self._predict_scene(batch[0])
                    continue
                for tile, sinks, result in self._compute(batch):
                    writer.submit(
                        partial(write_map, sinks, tile.info, result, self.spec, self.options)
                    )
                    self._count(tile)
        return PredictSummary(
            out=out,
            n_written=self.n_written,
            n_kept=n_kept,
            failures=tuple(self.failures),
            n_pixels=self.n_pixels,
            seconds=time.monotonic() - started,
            device=str(self.device),
            seams=self.seams,
            notes=self.notes,
        )

    def _checked(self, jobs: Sequence[Job], n_kept: int) -> list[Job]:
        """Look at all headers, and list the images that cannot be predicted before anything is done."""
        looked = parallel_map(self._fault, jobs, label="headers", workers=self.options.workers)
        found = list(zip(jobs, looked, strict=True))
        faults = [fault for _, fault in found if fault is not None]
        is_hopeless = len(faults) == len(jobs) and n_kept == 0
        if faults and (
            self.options.strict
            or (is_hopeless and not any(isinstance(fault, FileReadError) for fault in faults))
        ):
            raise faults[0]
        self.failures += [Failure(job.image, fault.message) for job, fault in found if fault]
        return [job for job, fault in found if fault is None]

    def _fault(self, job: Job) -> LandseerError | None:
        """Say why an image cannot be predicted, as far as its header tells."""
        try:
            info = read_info(job.image)
            check_bands(info, self.spec)
            self.gsd(info)
            if self.options.aoi is not None and self.aoi is not None:
                check_area(self.options.aoi, info, self.aoi)
        except (DataError, UsageError) as error:
            return error
        return None

    def _area_of(self, tile: Tile) -> Area | None:
        """Return what is asked for of an image, None is all; note where it is nothing."""
        if self.options.aoi is None:
            return None
        area = Area(self.options.aoi, tile.info, self.aoi)
        if not area.meets(Window(0, 0, tile.info.height, tile.info.width)):
            self._note(tile, "it lies outside the area of interest: its map is all nodata")
        return area

    def _note(self, tile: Tile, note: str) -> None:
        """Note what a user should know of an image."""
        known = self.notes.get(tile.source)
        self.notes[tile.source] = note if known is None else f"{known}; {note}"

    def _count(self, tile: Tile) -> None:
        """Count an image that is done."""
        self.n_written += 1
        self.n_pixels += tile.info.height * tile.info.width

    def _predict_scene(self, tile: Tile) -> None:
        """Predict and write one large image, strip by strip."""
        scene = Scene(
            tile.job,
            tile.info,
            self._copies,
            self.spec,
            self.options,
            gsd_m=tile.gsd_m,
            area=self._area_of(tile),
        )
        try:
            if self.options.seams:
                self.seams[tile.source] = seams_in_the_middle(
                    self.ensemble,
                    tile.info,
                    self.bands,
                    scene.plan,
                    stride_px=stride_px(self.spec.model),
                    gsd_m=tile.gsd_m,
                )
            numbers = scene.predict()
            if self.options.products:
                result = read_map(tile.job, numbers)
                write_products(tile.job, tile.info, result, self.spec, self.options)
        except DataError as error:
            scene.rest()
            if self.options.strict:
                raise
            self.failures.append(Failure(tile.source, error.message))
        else:
            self._count(tile)
            scene.forget()

    @cached_property
    def _copies(self) -> list[Ensemble]:
        """The ensemble on each device."""
        others = [copy.deepcopy(self.ensemble).to(device) for device in self.devices[1:]]
        return [self.ensemble, *others]

    def _read(self, job: Job) -> Tile | Failure:
        """Read one image, or say why not."""
        try:
            heeds = self.options.heeds_declared
            return read_tile(job, self.spec, self.window_px, self.gsd, heeds_declared=heeds)
        except DataError as error:
            if self.options.strict:
                raise
            return Failure(job.image, error.message)

    def _tiles(self, jobs: Sequence[Job]) -> Iterator[Tile]:
        """Yield the readable images in order; list the others."""
        for read in parallel_map(self._read, jobs, label="predict", workers=self.options.workers):
            if isinstance(read, Failure):
                self.failures.append(read)
            else:
                if note := read.note(self.spec):
                    self._note(read, note)
                yield read

    def _batches(self, jobs: Sequence[Job]) -> Iterator[list[Tile]]:
        """Group images of equal size into batches; large ones come alone."""
        waiting: defaultdict[tuple[int, int], list[Tile]] = defaultdict(list)
        for tile in self._tiles(jobs):
            if tile.image is None:
                yield [tile]
                continue
            size = (tile.info.height, tile.info.width)
            waiting[size].append(tile)
            if len(waiting[size]) == self.options.batch:
                yield waiting.pop(size)
            elif sum(map(len, waiting.values())) >= 4 * self.options.batch:
                yield waiting.pop(max(waiting, key=lambda key: len(waiting[key])))
        yield from waiting.values()

    def _compute(self, batch: list[Tile]) -> Iterator[tuple[Tile, Sinks, Map]]:
        """Predict one batch of small images; those without data never meet the networks."""
        pixels = [tile.image for tile in batch if tile.image is not None]
        valids = [self._valid(*one) for one in zip(batch, pixels, strict=True)]
        asked = [i for i, valid in enumerate(valids) if valid.any()]
        said = dict(zip(asked, self._ask([(batch[i], pixels[i]) for i in asked]), strict=True))
        for i, (tile, valid) in enumerate(zip(batch, valids, strict=True)):
            sinks = Sinks(tile.job, self.ensemble, self.spec, self.options)
            yield tile, sinks, self._map(sinks, said.get(i), valid)

    def _valid(self, tile: Tile, image: NDArray[np.generic]) -> NDArray[np.bool_]:
        """Tell which pixels of a small image have data and are asked for."""
        valid, area = valid_pixels(image, self.bands), self._area_of(tile)
        return valid if area is None else valid & area.mask(0, *valid.shape)

    def _ask(self, tiles: Sequence[tuple[Tile, NDArray[np.generic]]]) -> Iterator[Said]:
        """Yield what the networks say of images of equal size."""
        if not tiles:
            return
        images = np.stack([image for _, image in tiles]).astype(np.float32, copy=False)
        gsd_m = torch.tensor([tile.gsd_m for tile, _ in tiles])
        values = self.ensemble(torch.from_numpy(images).to(self.device), gsd_m.to(self.device))
        for i in range(len(tiles)):
            yield {name: value[i].cpu().numpy() for name, value in values.items()}

    def _map(self, sinks: Sinks, said: Said | None, valid: NDArray[np.bool_]) -> Map:
        """Put together what is written of a small image."""
        numbers = {n: q for n, q in self.ensemble.quantities.items() if q.extent == "image"}
        if said is None:
            unknown = {n: np.full(q.n_outputs, np.nan, np.float32) for n, q in numbers.items()}
            return Map(sinks.nothing(*valid.shape), unknown)
        strip = Strip(0, len(valid), {n: one for n, one in said.items() if n not in numbers})
        arrays = sinks.keep(strip, valid, is_mixed=False)
        return Map(arrays, {name: said[name] for name in numbers})


class _Writer:
    """Write maps behind the computation, a few in flight; the first error stops the run."""

    def __init__(self, workers: int) -> None:
        self._executor = ThreadPoolExecutor(workers) if workers > 0 else None
        self._limit = 3 * workers
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> _Writer:
        return self

    def submit(self, write: Callable[[], None]) -> None:
        """Write one map, now or soon."""
        if self._executor is None:
            write()
            return
        self._pending.append(self._executor.submit(write))
        while len(self._pending) > self._limit:
            self._pending.popleft().result()

    def __exit__(self, kind: object, *_: object) -> None:
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=kind is not None)
        if kind is None:
            for future in self._pending:
                future.result()

"""The run itself: reading, computing and writing overlap, and images of equal size share a batch."""

from __future__ import annotations

import copy
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from landseer.core.parallel import parallel_map
from landseer.errors import BandError, FileReadError
from landseer.models.decoders import stride_px
from landseer.predict.ensemble import ENTROPY, Ensemble
from landseer.predict.gsd import GsdLookup, at_gsd, forget_grids
from landseer.predict.inputs import Job
from landseer.predict.map import Map
from landseer.predict.options import Failure, PredictOptions, PredictSummary
from landseer.predict.output import read_map, valid_pixels, write_map
from landseer.predict.plan import windows_of
from landseer.predict.products import find_pose, without_pose, write_products
from landseer.predict.scene import Scene
from landseer.predict.seam_measure import seams_in_the_middle
from landseer.predict.seams import SeamFigure
from landseer.predict.sinks import uncertainty_of
from landseer.predict.spec import ModelSpec
from landseer.raster.read import RasterInfo, has_alpha, read_bands, read_info


@dataclass(frozen=True, slots=True)
class Tile:
    """One image as read; `image` is None when it is so large that it is read in windows."""

    job: Job
    info: RasterInfo
    image: NDArray[np.generic] | None


def device_names(names: str) -> list[str]:
    """Take apart the names of devices; `all` is every CUDA device, or the CPU where there is none."""
    if names == "all":
        count = torch.cuda.device_count()
        return [f"cuda:{number}" for number in range(count)] or ["cpu"]
    return [name.strip() for name in names.split(",")]


def choose_device(name: str) -> torch.device:
    """Return the device of this name; `auto` takes CUDA where there is one."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(name)


def read_tile(job: Job, spec: ModelSpec, window_px: int) -> Tile:
    """Read one image, or only its header when a side is longer than the window.

    Edges: where the model was trained at one ground sample distance and the image has another, the image is read at the
        model's, through a virtual raster beside its map; the map has that distance too.

    Raises:
        FileReadError: it cannot be read.
        BandError: it has another number of bands than the model expects.
    """
    job = at_gsd(job, spec.gsd_m)
    info = read_info(job.image)
    if not _fits(job, info, spec):
        names = ", ".join(band.name for band in spec.bands)
        raise BandError(
            f"expected {spec.n_file_bands} bands ({names}); got {info.count}",
            where=job.image,
            do=f"give images like those the model {spec.name!r} was trained on",
        )
    if max(info.height, info.width) > window_px:
        return Tile(job, info, None)
    return Tile(job, info, read_bands(job.image, [band.index for band in spec.read_bands]))


def _fits(job: Job, info: RasterInfo, spec: ModelSpec) -> bool:
    """Whether an image has the bands that the model expects, or those and an alpha band behind them."""
    if info.count == spec.n_file_bands:
        return True
    return info.count == spec.n_file_bands + 1 and has_alpha(job.image)


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
        self.failures: list[Failure] = []
        self.seams: dict[Path, SeamFigure] = {}
        self.n_written = self.n_pixels = 0

    def predict(self, jobs: Sequence[Job], out: Path, *, n_kept: int) -> PredictSummary:
        """Read ahead, compute, write behind."""
        started = time.monotonic()
        with _Writer(self.options.workers) as writer:
            for batch in self._batches(jobs):
                if batch[0].image is None:
                    self._predict_scene(batch[0])
                    continue
                for tile, result in self._compute(batch):
                    writer.submit(self._write(tile, result))
                    self._count(tile)
        forget_grids(out)
        return PredictSummary(
            out=out,
            n_written=self.n_written,
            n_kept=n_kept,
            failures=tuple(self.failures),
            n_pixels=self.n_pixels,
            seconds=time.monotonic() - started,
            device=str(self.device),
            seams=self.seams,
        )

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
            gsd_m=self.gsd(tile.info),
        )
        try:
            if self.options.seams:
                self.seams[tile.job.image] = seams_in_the_middle(
                    self.ensemble,
                    tile.info,
                    self.bands,
                    scene.plan,
                    stride_px=stride_px(self.spec.model),
                    gsd_m=self.gsd(tile.info),
                )
            numbers = scene.predict()
            if self.options.products:
                result = read_map(tile.job, numbers)
                write_products(tile.job, tile.info, result, self.spec, self.options)
        except FileReadError as error:
            if self.options.strict:
                raise
            self.failures.append(Failure(tile.job.image, error.message))
        else:
            self._count(tile)
        scene.forget()

    @cached_property
    def _copies(self) -> list[Ensemble]:
        """The ensemble on each device."""
        others = [copy.deepcopy(self.ensemble).to(device) for device in self.devices[1:]]
        return [self.ensemble, *others]

    def _write(self, tile: Tile, result: Map) -> Callable[[], None]:
        """Return what writes one map."""
        return partial(write_map, tile.job, tile.info, result, self.spec, self.options)

    def _read(self, job: Job) -> Tile | Failure:
        """Read one image, or say why not."""
        try:
            return read_tile(job, self.spec, self.window_px)
        except FileReadError as error:
            if self.options.strict:
                raise
            return Failure(job.image, error.message)

    def _tiles(self, jobs: Sequence[Job]) -> Iterator[Tile]:
        """Yield the readable images in order; list the others."""
        for read in parallel_map(self._read, jobs, label="predict", workers=self.options.workers):
            if isinstance(read, Failure):
                self.failures.append(read)
            else:
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

    def _compute(self, batch: list[Tile]) -> Iterator[tuple[Tile, Map]]:
        """Predict one batch of small images."""
        images = [tile.image for tile in batch if tile.image is not None]
        x_bchw = torch.from_numpy(np.stack(images).astype(np.float32, copy=False))
        gsd_m = torch.tensor([self.gsd(tile.info) for tile in batch])
        values = self.ensemble(x_bchw.to(self.device), gsd_m.to(self.device))
        for i, (tile, image) in enumerate(zip(batch, images, strict=True)):
            one = {name: value[i].cpu() for name, value in values.items()}
            yield tile, make_map(self.ensemble, one, valid_pixels(image, self.bands), self.options)


def make_map(
    ensemble: Ensemble,
    values: Mapping[str, Tensor],
    valid: NDArray[np.bool_],
    options: PredictOptions,
) -> Map:
    """Put together what is written of one image.

    Args:
        ensemble: it decides masks.
        values: averaged values of one image, (n, h, w) and (n,), on the CPU.
        valid: where there are data.
        options: whether probabilities are kept.
    """
    classes = probability = None
    dense: dict[str, NDArray[np.float32]] = {}
    numbers: dict[str, NDArray[np.float32]] = {}
    unsure: dict[str, NDArray[np.float32]] = {}
    for name, value in values.items():
        if name not in ensemble.quantities:
            continue
        quantity = ensemble.quantities[name]
        if quantity.kind == "mask":
            classes = ensemble.decide(value[None], name)[0].numpy()
            said = _calibrated(ensemble, values, name) if options.writes_calibrated else None
            probability = said if options.probabilities else None
            own = values[ENTROPY].numpy() if ENTROPY in values else None
            unsure = {
                kind: uncertainty_of(kind, value.numpy(), own, said) for kind in options.uncertainty
            }
        elif quantity.extent == "dense":
            dense[name] = value.numpy()
        else:
            numbers[name] = value.numpy()
    return Map(classes, probability, valid, dense, numbers, unsure)


def _calibrated(
    ensemble: Ensemble, values: Mapping[str, Tensor], target: str
) -> NDArray[np.float32]:
    """Return the probabilities of one image that are to be written."""
    return ensemble.calibrated({n: v[None] for n, v in values.items()}, target)[0].numpy()


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

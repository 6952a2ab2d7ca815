"""A scene of any size: rows read once, windows in batches, sums in a strip of rows, files written as strips come."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from itertools import cycle

import numpy as np
import torch
from numpy.typing import NDArray

from landseer.core.files import hash_value, write_json
from landseer.core.progress import Progress
from landseer.core.window import Window
from landseer.predict.area import Area
from landseer.predict.asking import ask_all
from landseer.predict.ensemble import Ensemble
from landseer.predict.inputs import Job
from landseer.predict.journal import Journal, folder_of
from landseer.predict.mixing import to_mix
from landseer.predict.options import PredictOptions
from landseer.predict.output import numbers_of
from landseer.predict.plan import plan_scene
from landseer.predict.rows import block_cache, read_rows
from landseer.predict.sinks import Arrays, Sinks
from landseer.predict.spec import ModelSpec
from landseer.predict.strips import Strips
from landseer.predict.valid_rows import ValidRows
from landseer.quantities import average
from landseer.raster.read import RasterInfo

_NUMBERS = "numbers of the whole image"


@dataclass(frozen=True, slots=True)
class Patch:
    """A window of a batch: its number in the plan, and how much of it has data."""

    number: int
    window: Window
    share: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows that go through the networks at once, with the pixels of those that have data: (n, c, h, w)."""

    patches: list[Patch]
    pixels: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the networks say of a batch: the windows, and by target the values of those that have data."""

    patches: Sequence[Patch]
    values: Mapping[str, NDArray[np.float32]]


class Scene:
    """The prediction of one scene.

    Args:
        job: the image and its files, with its key: a journal of another one is thrown away.
        info: the header of the image.
        devices: the ensemble, once per device; windows are dealt to them in turn and added in the order of the plan,
            so that their number changes nothing.
        spec: bands, classes, reach.
        options: see `PredictOptions`.
        gsd_m: ground sample distance, m; NaN where not known.
        area: what is asked for of it; None is all.
    """

    def __init__(
        self,
        job: Job,
        info: RasterInfo,
        devices: Sequence[Ensemble],
        spec: ModelSpec,
        options: PredictOptions,
        *,
        gsd_m: float,
        area: Area | None = None,
    ) -> None:
        self._job, self._info, self._spec, self._options = job, info, spec, options
        self._devices, self._gsd = tuple(devices), torch.tensor([gsd_m])
        self._area = area
        plan = plan_scene((info.height, info.width), options, spec)
        self.plan = (
            plan if self._area is None else plan.only(list(map(self._area.meets, plan.windows)))
        )
        quantities = devices[0].quantities
        self._dense = {n: q.n_outputs for n, q in quantities.items() if q.extent == "dense"}
        self._dense |= devices[0].further_planes
        self._single = [n for n, q in quantities.items() if q.extent == "image"]
        self._sinks = Sinks(job, devices[0], spec, options)
        written = {name: p.dtype for name, p in self._sinks.products.items()}
        key = hash_value([job.key, options.batch, gsd_m, info.height, info.width, written])
        self._journal = Journal(folder_of(job.output), key)
        if not options.resume:
            self._journal.remove()
        self._said: dict[int, tuple[float, dict[str, NDArray[np.float32]]]] = {}

    def predict(self) -> dict[str, NDArray[np.float32]]:
        """Predict the scene, or what a run that was stopped has left of it, and write its files.

        Returns:
            What is predicted of the image as a whole, by target.

        Raises:
            FileReadError: a row cannot be read.
            WriteError: the disk is full or the folder cannot be written.

        Edges: memory is set by the width of the scene (`Plan.memory_bytes`), not by its height. Windows without data,
            or outside the area of interest, never meet the networks. A run that is killed at any moment and started
            again writes the same bytes as one that is not, until `forget`.
        """
        self._journal.start()
        with ExitStack() as stack:
            stack.enter_context(block_cache(self._info.path, self._sinks.block_bytes))
            self._sinks.open(stack, self._info, self._journal.folder)
            writer = stack.enter_context(_Writer(self._options.workers))
            done = 0
            for row, arrays in self._journal.strips():
                done = self._replay(row, arrays)
                writer.submit(partial(self._sinks.write, row, arrays))
            if done < self._info.height:
                self._compute(done, writer)
            numbers = self._numbers()
            if self._job.numbers is not None:  # before the maps, whose key stands for them too
                write_json(self._job.numbers, numbers_of(numbers, self._spec.targets))
        return numbers

    def forget(self) -> None:
        """Throw away what is kept for going on."""
        self._journal.remove()

    def rest(self) -> None:
        """Leave finished rows for a second run, and nothing where there are none."""
        self._journal.rest()

    def _replay(self, row: int, arrays: Arrays) -> int:
        """Take the numbers out of a strip of the journal; return the row after it."""
        stored = arrays.pop(_NUMBERS, None)
        if stored is not None:
            for number, share, *values in stored.tolist():
                self._said[int(number)] = (share, _unpacked(values, self._widths()))
        return row + next(iter(arrays.values())).shape[-2]

    def _compute(self, done: int, writer: _Writer) -> None:
        """Compute what lies below the finished rows."""
        plan = self.plan
        strips = Strips(plan, self._dense, done)
        valid = ValidRows(self._info.height, self._info.width, done)
        first = plan.restart(done)
        self._said = {n: said for n, said in self._said.items() if n < first}
        with Progress(self._job.image.name, len(plan.windows)) as progress:
            progress.advance(first)

            def take_in(answer: Answer) -> None:
                places = iter(range(len(answer.patches)))
                for patch in answer.patches:
                    self._finish(strips, valid, patch.window.row, writer)
                    if patch.share > 0:
                        place = next(places)
                        one = {name: values[place] for name, values in answer.values.items()}
                        self._add(strips, patch, one)
                progress.advance(len(answer.patches))

            in_threads = self._options.workers > 0
            ask_all(self._batches(first, valid), self._devices, self._answer, take_in, in_threads)
            self._finish(strips, valid, self._info.height, writer)

    def _add(self, strips: Strips, patch: Patch, values: Mapping[str, NDArray[np.float32]]) -> None:
        """Add a window to the sums, and note what it says of the image as a whole."""
        strips.add(patch.window, values)
        if self._single:
            self._said[patch.number] = (patch.share, {n: values[n] for n in self._single})

    def _finish(self, strips: Strips, valid: ValidRows, row: int, writer: _Writer) -> None:
        """Write finished rows behind the computation."""
        strip = strips.take(row)
        if strip is None:
            return
        there = valid.take(strip.row, strip.height)
        if self._area is not None:
            there = there & self._area.mask(strip.row, strip.height, self._info.width)
        arrays = self._sinks.keep(strip, there)
        writer.submit(partial(self._write, strip.row, strip.height, arrays, self._packed()))

    def _write(
        self, row: int, height: int, arrays: Arrays, numbers: NDArray[np.float64] | None
    ) -> None:
        """Keep a strip in the journal, and write it."""
        kept = arrays if numbers is None else {**arrays, _NUMBERS: numbers}
        self._journal.add(row, row + height, kept)
        self._sinks.write(row, arrays)

    def _batches(self, first: int, valid: ValidRows) -> Generator[Batch]:
        """Yield batches of windows; which windows share one is fixed by the plan.

        Their pixels lie in buffers, one more than there are devices: when one comes round again, the answer to what was
        in it has been added, or, from a GPU, is no view of it.
        """
        plan = self.plan
        wanted = list(plan.bands_from(first))
        path, bands = self._info.path, self._spec.read_bands
        shape = (plan.batch, len(bands), *plan.size)
        buffers = cycle([_buffer(shape, self._devices) for _ in range(len(self._devices) + 1)])
        patches, pixels, filled = list[Patch](), next(buffers), 0
        reader = read_rows(
            path,
            bands,
            [b for _, b in wanted],
            workers=self._options.workers,
            heeds_declared=self._options.heeds_declared,
        )
        with closing(reader) as read:
            for (start, band), rows in zip(wanted, read, strict=True):
                for chunk in rows.chunks:
                    valid.put(chunk.row, chunk.valid)
                for number, window in enumerate(band.windows, start):
                    if number < first:
                        continue
                    share = rows.copy(window, pixels[filled])
                    patches.append(Patch(number, window, share))
                    filled += share > 0
                    if len(patches) == plan.batch:
                        yield Batch(patches, pixels[:filled])
                        patches, pixels, filled = [], next(buffers), 0
        if patches:
            yield Batch(patches, pixels[:filled])

    def _answer(self, ensemble: Ensemble, batch: Batch) -> Answer:
        """Ask the networks about the windows that have data."""
        if not len(batch.pixels):
            return Answer(batch.patches, {})
        x_bchw = torch.from_numpy(batch.pixels)
        gsd_m = self._gsd.expand(len(x_bchw)).to(ensemble.device)
        quantities, blend = ensemble.quantities, self._options.blend
        values = {
            name: to_mix(quantities.get(name), value, blend).cpu().numpy()
            for name, value in ensemble(
                x_bchw.to(ensemble.device, non_blocking=True), gsd_m
            ).items()
        }
        return Answer(batch.patches, values)

    def _widths(self) -> dict[str, int]:
        """Return how many numbers each target of the whole image has."""
        return {name: self._devices[0].quantities[name].n_outputs for name in self._single}

    def _packed(self) -> NDArray[np.float64] | None:
        """Lay what windows say of the whole image in rows: number, share, values."""
        if not self._single:
            return None
        return np.array(
            [
                [number, share, *np.concatenate([said[name] for name in self._single])]
                for number, (share, said) in sorted(self._said.items())
            ],
            np.float64,
        ).reshape(-1, 2 + sum(self._widths().values()))

    def _numbers(self) -> dict[str, NDArray[np.float32]]:
        """Average what windows say of the whole image, by how much of them has data; NaN where none has."""
        said = [self._said[number] for number in sorted(self._said)]
        quantities, widths = self._devices[0].quantities, self._widths()
        if not said:
            return {name: np.full(widths[name], np.nan, np.float32) for name in self._single}
        weights = [share for share, _ in said]
        return {
            name: average(
                quantities[name], [torch.from_numpy(one[name])[None] for _, one in said], weights
            )[0].numpy()
            for name in self._single
        }


def _buffer(shape: tuple[int, ...], devices: Sequence[Ensemble]) -> NDArray[np.float32]:
    """Return memory for a batch; for a GPU, memory that it copies from by itself."""
    pinned = any(ensemble.device.type == "cuda" for ensemble in devices)
    return torch.empty(shape, dtype=torch.float32, pin_memory=pinned).numpy()


def _unpacked(values: list[float], widths: Mapping[str, int]) -> dict[str, NDArray[np.float32]]:
    """Take a row of numbers apart."""
    ends = np.cumsum(list(widths.values()))[:-1]
    parts = np.split(np.asarray(values, np.float32), ends)
    return dict(zip(widths, parts, strict=True))


class _Writer:
    """One thread that writes strips in order, a few at most behind; the first error stops the run."""

    def __init__(self, workers: int) -> None:
        self._executor = ThreadPoolExecutor(1) if workers > 0 else None
        self._pending: deque[Future[None]] = deque()

    def __enter__(self) -> _Writer:
        return self

    def submit(self, write: Callable[[], None]) -> None:
        """Write now, or soon."""
        if self._executor is None:
            write()
            return
        self._pending.append(self._executor.submit(write))
        while len(self._pending) > 1:
            self._pending.popleft().result()

    def __exit__(self, kind: object, *_: object) -> None:
        if self._executor is None:
            return
        self._executor.shutdown(wait=True, cancel_futures=kind is not None)
        if kind is None:
            for future in self._pending:
                future.result()

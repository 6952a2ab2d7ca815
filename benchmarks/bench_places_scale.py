"""How long finding the same place takes, how much memory, and how well it does, from 10 000 to 100 000 made tiles.

    python benchmarks/bench_places_scale.py [--sizes 10000 20000 50000 100000] [--workers 2] [--out FILE.json]
        [--plot FILE.png]

A tile is a noisy window of 128 x 128 px into the ground of its place; 40 % of the places are seen once, the others 2
to 9 times, shifted by up to half a tile each way. To make 100 000 in minutes, the windows are cut out of the details
of large grounds, each used in its eight orientations, and their noise out of the details of noise; two views of one
spot agree by 0.83. What is timed is the grouping: proposing pairs, proving them, joining them. Describing (details and
landmarks from a layer) grows with the number of tiles, and is timed on 1000 layers. Each size and case runs in a
process of its own. Memory is the most that the process, made grounds and all, and its workers held at once, sampled;
packed details lie in a temporary file, whose size is given too.

Cases: `places` as above; `one` place seen by all tiles; `flat` tiles that are all alike but for noise and a fixed
pattern; `fields`, periodic patterns of a few kinds that all look alike.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import resource
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from numpy.typing import NDArray
from scipy import fft, ndimage

from landseer.audit.candidates import LandmarkTable, propose_in_cells
from landseer.audit.compact import pack
from landseer.audit.components import connected_components
from landseer.audit.descriptor import find_landmarks
from landseer.audit.detail import CONTRAST_PX, Detail, band_pass, equalise
from landseer.audit.many import Description, describe_many, prove_many
from landseer.audit.match import FLAT_SHARE
from landseer.audit.neighbours import encode
from landseer.audit.settings import SamePlaceConfig
from landseer.audit.shelf import Shelf
from landseer.core.memory import keep_freed_memory
from landseer.core.parallel import cpu_count, parallel_map

TILE_PX = 128
PLACE_PX = 192
GROUND_PX = 1920
NOISE = 0.45
SEEN_ONCE = 0.4
VIEWS = (2, 3, 4, 6, 9)
ORIENTATIONS = 8
STEPS = 30.0
DESCRIBED = 1000
KINDS = {"flat": 1, "fields": 5}
Layer = NDArray[np.float32]


def fractal(rng: np.random.Generator, slope: float, side: int) -> Layer:
    """Make a ground of unit spread whose power falls with the wave number."""
    wave = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None])
    wave[0, 0] = 1
    real, imaginary = rng.standard_normal((2, *wave.shape), dtype=np.float32)
    spectrum = (real + 1j * imaginary) * (wave ** (-slope / 2)).astype(np.float32)
    spectrum[0, 0] = 0
    ground = fft.irfft2(spectrum, (side, side))
    return ground / ground.std()


def ground_details(seed: int, slope: float) -> tuple[NDArray[np.int8], float]:
    """Make the details of a large ground in steps of 1 / STEPS, and their grain; as `detail.equalise` would."""
    passed, _ = band_pass(fractal(np.random.default_rng(seed), slope, GROUND_PX))
    contrast = np.sqrt(ndimage.gaussian_filter(passed * passed, CONTRAST_PX, truncate=3.0))
    floor = FLAT_SHARE * float(passed.std())
    values = passed / np.hypot(contrast, floor)
    grain = equalise(passed[:TILE_PX, :TILE_PX], np.ones((TILE_PX, TILE_PX), bool), floor).grain_px
    return np.clip(np.rint(STEPS * values), -127, 127).astype(np.int8), grain


@dataclass(frozen=True)
class World:
    """Made ground; rows of `views` are place, row, column; `noise` holds details of bare noise."""

    case: str
    views: NDArray[np.int64]
    grounds: list[tuple[NDArray[np.int8], float]]
    noise: NDArray[np.int8]

    def detail(self, number: int) -> Detail:
        """Cut a tile."""
        place, row, col = self.views[number].tolist()
        values, grain = self._ground(place, row, col)
        at = np.random.default_rng((1, number)).integers(0, GROUND_PX - TILE_PX, 2)
        noise = self.noise[at[0] : at[0] + TILE_PX, at[1] : at[1] + TILE_PX] / np.float32(STEPS)
        mixed = (values + NOISE * noise) / np.float32(np.sqrt(1 + NOISE**2))
        energy = ndimage.uniform_filter(mixed * mixed, 11)
        return Detail(mixed, energy, np.ones(mixed.shape, bool), grain)

    def _ground(self, place: int, row: int, col: int) -> tuple[Layer, float]:
        """Cut the ground."""
        across = GROUND_PX // PLACE_PX
        number, spot = divmod(place, across * across)
        ground, grain = self.grounds[number // ORIENTATIONS]
        turned = np.rot90(ground, number % 4)
        turned = turned.T if number % ORIENTATIONS >= 4 else turned
        row, col = row + PLACE_PX * (spot // across), col + PLACE_PX * (spot % across)
        window = turned[row : row + TILE_PX, col : col + TILE_PX]
        return window.astype(np.float32) / np.float32(STEPS), grain


@dataclass(frozen=True)
class Patterns(Sequence[Layer]):
    """Layers that all look alike, each made when it is asked for; `views` as in `World`."""

    case: str
    views: NDArray[np.int64]

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.views)

    def __getitem__(self, number: Any) -> Any:
        """Make a layer."""
        kind, row, col = (self.views[number] % (KINDS[self.case], 10**6, 10**6)).tolist()
        row, col = (row, col) if self.case == "fields" else (0, 0)
        noise = np.random.default_rng((1, number)).standard_normal((TILE_PX, TILE_PX), np.float32)
        down, right = np.mgrid[row : row + TILE_PX, col : col + TILE_PX].astype(np.float32)
        wave = 2 * np.pi / (9 + kind)
        return (np.sin(wave * down) * np.sin(0.8 * wave * right) + 0.3 * noise).astype(np.float32)


def make_world(count: int, case: str, workers: int) -> World:
    """Draw the places and the windows, and make the ground for them."""
    rng = np.random.default_rng(7)
    sizes = []
    while sum(sizes) < count:
        sizes.append(1 if rng.random() < SEEN_ONCE else int(rng.choice(VIEWS)))
    place = np.repeat(np.arange(len(sizes)), sizes)[:count]
    if case == "one":
        place[:] = 0
    views = np.column_stack([place, rng.integers(0, PLACE_PX - TILE_PX + 1, (count, 2))])
    views = views[rng.permutation(count)]
    if case in KINDS:
        return World(case, views, [], np.zeros((0, 0), np.int8))
    needed = -(-(int(place.max()) + 1) // (ORIENTATIONS * (GROUND_PX // PLACE_PX) ** 2))
    slopes = rng.uniform(2.2, 3.2, needed)
    grounds = parallel_map(
        lambda n: ground_details(n, float(slopes[n])), range(needed), workers=workers
    )
    return World(case, views, list(grounds), ground_details(10**6, 0.0)[0])


def cut(world: World, shelf: Shelf, landmarks: int, workers: int) -> Description:
    """Cut all tiles, pack them and find their landmarks."""

    def describe(number: int) -> tuple[bytes, NDArray[np.int16], NDArray[np.int8]]:
        detail = world.detail(number)
        found = find_landmarks(detail, landmarks)
        return pack(detail), found.positions.astype(np.int16), encode(found.descriptors)

    kept = []
    for packed, positions, codes in parallel_map(
        describe, range(len(world.views)), label="cutting tiles", workers=workers
    ):
        shelf.put(packed)
        kept.append((positions, codes))
    owner = np.repeat(np.arange(len(kept), dtype=np.int32), [len(one) for one, _ in kept])
    table = LandmarkTable(
        owner, np.concatenate([one for one, _ in kept]), np.concatenate([one for _, one in kept])
    )
    return Description(table, [], TILE_PX)


def score(groups: Iterable[str], places: NDArray[np.int64]) -> dict[str, float]:
    """Count pairs of tiles: in one group, of one place, and both."""
    found = list(groups)

    def pairs(sizes: Iterable[int]) -> int:
        return sum(size * (size - 1) // 2 for size in sizes)

    together = pairs(Counter(found).values())
    true = pairs(Counter(places.tolist()).values())
    both = pairs(Counter(zip(found, places.tolist(), strict=True)).values())
    return {
        "places": len(set(places.tolist())),
        "groups": len(set(found)),
        "pair_precision": both / max(together, 1),
        "pair_recall": both / max(true, 1),
    }


class Memory:
    """Samples the memory of this process and its workers, four times a second."""

    def __init__(self) -> None:
        self._most, self._done = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._done.wait(0.25):
            total = 0
            for one in (me, *me.children(recursive=True)):
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += one.memory_info().rss
            self._most = max(self._most, total / 1e6)

    def stop(self) -> float:
        """Stop, and return the most megabytes seen at once."""
        self._done.set()
        self._thread.join()
        return self._most


def measure(count: int, case: str, workers: int) -> dict[str, Any]:
    """Group made tiles, and say how long each step took."""
    keep_freed_memory()
    config, memory = SamePlaceConfig(), Memory()
    seconds: dict[str, float] = {}
    clock = [time.perf_counter(), cpu_seconds()]
    cpu: dict[str, float] = {}
    peak: dict[str, float] = {}

    def lap(step: str) -> None:
        now = [time.perf_counter(), cpu_seconds()]
        seconds[step], cpu[step] = now[0] - clock[0], now[1] - clock[1]
        peak[step] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        clock[:] = now

    world = make_world(count, case, workers)
    with Shelf() as shelf:
        if case in KINDS:
            layers = Patterns(case, world.views)
            known = describe_many(layers, shelf, config, flat_share=FLAT_SHARE, workers=workers)
        else:
            known = cut(world, shelf, config.landmarks, workers)
        lap("make")
        proposals = propose_in_cells(
            known.table, likeness=config.likeness, neighbours=config.neighbours,
            votes=config.votes, most_per_sample=config.candidates_per_sample, workers=workers,
        )  # fmt: skip
        lap("propose")
        found = prove_many(proposals, known, shelf, config, workers=workers)
        lap("prove")
        file_mb = shelf.path.stat().st_size / 1e6
    names = [f"{number:07d}" for number in range(count)]
    groups = connected_components(names, ((names[m.a], names[m.b]) for m in found.matches))
    lap("join")
    place = world.views[:, 0] % KINDS.get(case, count + 1)
    rows = proposals.rows
    most = memory.stop()
    return {
        "case": case, "tiles": count, "workers": workers, "seconds": seconds, "cpu_seconds": cpu,
        "group_seconds": seconds["propose"] + seconds["prove"] + seconds["join"],
        "group_cpu_seconds": cpu["propose"] + cpu["prove"] + cpu["join"],
        "peak_mb": most, "own_peak_mb_after": peak,
        "file_mb": file_mb, "landmarks": len(known.table.owner),
        "proposed": found.n_proposed, "proposed_true": int((place[rows[:, 0]] == place[rows[:, 1]]).sum()),
        "cut": found.n_cut, "left_joined": found.n_joined, "left_uncompared": found.n_uncompared,
        "links": len(found.matches),
        "false_links": int(sum(place[one.a] != place[one.b] for one in found.matches)),
        **score((groups[name] for name in names), place),
    }  # fmt: skip


def measure_description(workers: int) -> dict[str, float]:
    """Time how long it takes to describe a layer, in milliseconds, on the clock and of the processors."""
    layers = [fractal(np.random.default_rng(n), 2.7, TILE_PX) for n in range(DESCRIBED)]
    clock = [time.perf_counter(), cpu_seconds()]
    with Shelf() as shelf:
        describe_many(layers, shelf, SamePlaceConfig(), flat_share=FLAT_SHARE, workers=workers)
    return {
        "ms_a_tile": (time.perf_counter() - clock[0]) * 1000 / DESCRIBED,
        "cpu_ms_a_tile": (cpu_seconds() - clock[1]) * 1000 / DESCRIBED,
    }


def cpu_seconds() -> float:
    """Return the processor time of this process and its finished workers."""
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Draw seconds and megabytes against the number of tiles."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    tiles = [row["tiles"] for row in rows]
    for name, values in (
        ("proposing", [row["seconds"]["propose"] for row in rows]),
        ("proving", [row["seconds"]["prove"] for row in rows]),
    ):
        left.loglog(tiles, values, "o-", label=name)
    left.set(xlabel="tiles", ylabel="seconds")
    left.legend()
    right.plot(tiles, [row["peak_mb"] for row in rows], "o-", label="memory")
    right.plot(tiles, [row["file_mb"] for row in rows], "s--", label="temporary file")
    right.set(xlabel="tiles", ylabel="MB", ylim=(0, None))
    right.legend()
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 20_000, 50_000, 100_000])
    parser.add_argument("--odd", type=int, default=20_000, help="tiles of the other cases; 0: none")
    parser.add_argument("--workers", type=int, default=cpu_count())
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    runs = [(size, "places") for size in options.sizes]
    runs += [(options.odd, case) for case in ("one", "flat", "fields") if options.odd]
    described = measure_description(options.workers)
    print(
        f"describing: {described['ms_a_tile']:.1f} ms a tile, {described['cpu_ms_a_tile']:.1f} of processors"
    )
    context, rows = multiprocessing.get_context("spawn"), []
    for size, case in runs:
        # A fresh process each, not a daemon: it starts workers of its own.
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_send, args=(there, size, case, options.workers))
        process.start()
        there.close()
        rows.append(row := here.recv())
        process.join()
        print(
            f"{case:7s} {size:7d}: propose {row['seconds']['propose']:5.0f},"
            f" prove {row['seconds']['prove']:5.0f}, join {row['seconds']['join']:3.0f} s"
            f" ({row['group_cpu_seconds']:.0f} s of processors); {row['peak_mb']:.0f} MB + {row['file_mb']:.0f} MB on"
            f" disk; {row['places']} places, {row['groups']} groups; pairs: precision {row['pair_precision']:.4f},"
            f" recall {row['pair_recall']:.4f}; {row['proposed']} proposed, {row['cut']} cut,"
            f" {row['links']} links, {row['false_links']} false",
            flush=True,
        )
        if options.out:
            options.out.write_text(
                json.dumps({"describing": described, "runs": rows}, indent=1) + "\n"
            )
    if options.plot:
        draw([row for row in rows if row["case"] == "places"], options.plot)


def _send(pipe: Any, size: int, case: str, workers: int) -> None:
    """Measure in a process of its own."""
    pipe.send(measure(size, case, workers))


if __name__ == "__main__":
    main()

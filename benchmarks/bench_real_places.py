"""How much of the same place is found in real images, where the truth is known because the samples are cut here.

    python benchmarks/bench_real_places.py DATA [--work FOLDER] [--out FILE.json]

DATA is the folder of the real sets. From the drone mosaics of `hot_fair_mosaics_z20` 360 chips of 256 px are cut at
random places, so that how much any two share is known exactly; they are audited

- `georeferenced`: as cut, by footprint;
- `as cut`: the same files without CRS: the pixels they share are equal;
- `another day`: without CRS, each chip moved by a part of a pixel, with its own blur, light, colour, haze and noise, so
  that no two pixels are equal;
- `another day, clouded`: the same with a bright or dark blob over about a fifth of each chip that nothing marks;
- `another day, clouds marked`: the same, the blobs left out by `same_place.valid`.

`neon_idtrees_canopy` (71 plots, one pair of which overlaps) is audited with and without its CRS.

Precision: listed pairs that share ground. Recall: pairs that share `min_overlap` or more and are listed. Beside them
the counts of false and missed ones among 50 random pairs of one group and the 50 pairs of one mosaic whose shared
area is nearest to `link_overlap`. `--work` keeps chips, runs and pictures of those pairs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio
from numpy.typing import NDArray
from PIL import Image
from rasterio.windows import Window
from scipy import ndimage

from landseer.core.files import write_json, write_text
from landseer.core.seeds import generator
from landseer.recipe.load import load_recipe
from landseer.run.context import open_run
from landseer.run.runner import run_stages
from landseer.samples.table import read_samples

SEED, CHIPS, SIDE_PX, DRAWN = 5, 360, 256, 50
CLASSES = (0.001, 0.05, 0.1, 0.25, 0.5, 1.01)
VALID = {"another day, clouds marked": "blob == 0"}
RECIPE = """\
landseer: 1
name: places
data:
  adapter: folder
  root: {root}
  images: images/*.tif
  labels: labels/*.tif
  bands: [{{name: red}}, {{name: green}}, {{name: blue}}, {{name: blob, kind: quality}}]
  classes: [{{name: ground, value: 0}}, {{name: building, value: 1}}]
same_place: {{layers: [(red + green + blue) / 3], valid: {valid}}}
split: {{kind: group_kfold, n_folds: 5}}
inputs: {{bands: [red, green, blue]}}
model: {{encoder: resnet10t, weights: none}}
"""

Pixels = NDArray[np.float32]
Change = Callable[[Pixels, np.random.Generator], tuple[Pixels, Pixels]]


def another_day(chip: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Return a chip (3, h, w) as another flight might have shown it, and where blobs lie: nowhere."""
    moved = [ndimage.shift(band, rng.uniform(-0.5, 0.5), order=1, mode="nearest") for band in chip]
    soft = ndimage.gaussian_filter(np.stack(moved), (0, *[rng.uniform(0.3, 1.2)] * 2))
    bent = 255 * np.clip(soft / 255, 0, 1) ** rng.uniform(0.7, 1.4)
    colour = rng.uniform(0.75, 1.25, (3, 1, 1)) * bent + rng.uniform(-15, 25)
    return colour + rng.normal(0, rng.uniform(2, 8), chip.shape), np.zeros(
        chip.shape[1:], np.float32
    )


def clouded(chip: Pixels, rng: np.random.Generator) -> tuple[Pixels, Pixels]:
    """Return another day with a bright or dark blob over about a fifth of the chip, and where it lies."""
    seen, _ = another_day(chip, rng)
    field = ndimage.gaussian_filter(rng.normal(size=chip.shape[1:]), 30)
    cover = np.clip((field - np.quantile(field, 0.8)) / field.std() * 3 + 0.5, 0, 1)
    return seen + cover * (rng.choice([20.0, 235.0]) - seen), (cover > 0).astype(np.float32)


CHANGES: dict[str, Change | None] = {
    "georeferenced": None,
    "as cut": None,
    "another day": another_day,
    "another day, clouded": clouded,
    "another day, clouds marked": clouded,
}


def draw_chips(mosaics: list[Path]) -> pd.DataFrame:
    """Draw where the chips lie: in every mosaic as many as its area deserves, anywhere."""
    rng = generator(SEED, "chips")
    shapes = []
    for path in mosaics:
        with rasterio.open(path) as file:
            shapes.append(file.shape)
    area = np.array([height * width for height, width in shapes], float)
    rows = []
    for number, at in enumerate(rng.choice(len(mosaics), CHIPS, p=area / area.sum())):
        row, col = (int(rng.integers(0, side - SIDE_PX + 1)) for side in shapes[at])
        rows.append((f"chip{number:03d}", mosaics[at].stem, str(mosaics[at]), row, col))
    return pd.DataFrame(rows, columns=["sample", "mosaic", "path", "row", "col"])


def cut(chips: pd.DataFrame, folder: Path, change: Change | None, *, georeferenced: bool) -> None:
    """Write the chips, changed or not, with or without CRS."""
    for one in chips.itertuples():
        with rasterio.open(one.path) as file:
            window = Window(one.col, one.row, SIDE_PX, SIDE_PX)
            values, place = file.read(window=window), {}
            blob = np.zeros(values.shape[1:])
            if georeferenced:
                place = {"crs": file.crs, "transform": file.window_transform(window)}
        if change is not None:
            rng = generator(SEED, change.__name__, one.sample)
            seen, blob = change(values.astype(np.float32), rng)
            values = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
        write_sample(folder, one.sample, values, blob, **place)


def write_sample(
    root: Path, name: str, values: NDArray[Any], blob: NDArray[Any], **place: Any
) -> None:
    """Write an image with its blobs as a fourth band, and an empty label, which the audit asks for."""
    image = np.concatenate([values, blob[None].astype(values.dtype)])
    write_plain(root / "images" / f"{name}.tif", image, **place)
    write_plain(
        root / "labels" / f"{name}.tif", np.zeros((1, *values.shape[1:]), np.uint8), **place
    )


def write_plain(path: Path, values: NDArray[Any], **place: Any) -> None:
    """Write an array (band, h, w) as a GeoTIFF."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = values.shape
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        count=count,
        height=height,
        width=width,
        dtype=values.dtype,
        **place,
    ) as file:
        file.write(values)


def true_pairs(chips: pd.DataFrame) -> pd.DataFrame:
    """Return all pairs of chips of one mosaic with the share of a chip that they have in common."""
    rows = []
    for _, some in chips.groupby("mosaic"):
        for one, two in combinations(some.sort_values("sample").itertuples(), 2):
            sides = [
                max(0, SIDE_PX - abs(a - b)) for a, b in ((one.row, two.row), (one.col, two.col))
            ]
            rows.append((one.sample, two.sample, sides[0] * sides[1] / SIDE_PX**2))
    return pd.DataFrame(rows, columns=["a", "b", "overlap"])


def audit(
    root: Path, run_folder: Path, valid: str = "null"
) -> tuple[pd.DataFrame, dict[str, str], float]:
    """Run the audit of a folder of images; return its pairs, its groups and the seconds it took."""
    start = time.perf_counter()
    recipe = run_folder.parent / f"{run_folder.name}.yaml"
    write_text(recipe, RECIPE.format(root=root.resolve(), valid=valid))
    run = open_run(load_recipe(recipe, ()), run_folder)
    run_stages(run, until="audit")
    frame = read_samples(run.path("audit/audited.parquet"))
    pairs = pd.read_csv(run.path("audit/pairs.csv"), dtype={"a": str, "b": str})
    groups = dict(zip(frame["sample"], frame["group"], strict=True))
    return pairs, groups, round(time.perf_counter() - start, 1)


def judge(pairs: pd.DataFrame, groups: dict[str, str], truth: pd.DataFrame) -> dict[str, Any]:
    """Compare the listed pairs with the truth, all of them and the drawn ones."""
    listed = set(zip(pairs["a"], pairs["b"], strict=True))
    shared = dict(zip(zip(truth["a"], truth["b"], strict=True), truth["overlap"], strict=True))
    found = pd.Series([key in listed for key in shared], index=truth.index)
    wanted = truth["overlap"] >= 0.05
    right = sum(shared.get(key, 0.0) > 0 for key in listed)
    parts = {
        f"{low:g}..{min(high, 1):g}": (truth["overlap"] >= low) & (truth["overlap"] < high)
        for low, high in pairwise(CLASSES)
    }
    drawn = draw_pairs(listed, groups, truth)
    return {
        "pairs_listed": len(listed),
        "pairs_wanted": int(wanted.sum()),
        "precision": round(right / max(len(listed), 1), 4),
        "recall": round(float(found[wanted].mean()), 4),
        "recall_by_shared_area": {
            name: {"pairs": int(where.sum()), "found": int(found[where].sum())}
            for name, where in parts.items()
        },
        "of 50 listed pairs within groups": {
            "false": sum(shared.get(key, 0.0) == 0 for key in drawn["within"])
        },
        "of 50 pairs nearest to link_overlap": {
            "least": round(min(shared[key] for key in drawn["near"]), 3),
            "most": round(max(shared[key] for key in drawn["near"]), 3),
            "missed": sum(key not in listed for key in drawn["near"]),
            "of those above it in two groups": sum(
                shared[key] >= 0.1 and groups[key[0]] != groups[key[1]] for key in drawn["near"]
            ),
        },
        "groups": len(set(groups.values())),
    }


def draw_pairs(
    listed: set[tuple[str, str]], groups: dict[str, str], truth: pd.DataFrame
) -> dict[str, list[tuple[str, str]]]:
    """Draw 50 listed pairs within groups, and the 50 true pairs nearest to a tenth of a chip."""
    within = sorted(key for key in listed if groups[key[0]] == groups[key[1]])
    chosen = generator(SEED, "within").permutation(len(within))[:DRAWN]
    near = truth.assign(far=(truth["overlap"] - 0.1).abs()).sort_values("far").head(DRAWN)
    return {
        "within": [within[n] for n in chosen],
        "near": list(zip(near["a"], near["b"], strict=True)),
    }


def draw_sheet(keys: list[tuple[str, str]], folder: Path, out: Path) -> None:
    """Write a sheet of pairs side by side, five in a row."""
    tiles = []
    for key in keys:
        sides = []
        for name in key:
            with rasterio.open(folder / "images" / f"{name}.tif") as file:
                sides.append(file.read([1, 2, 3], out_shape=(3, 128, 128)).transpose(1, 2, 0))
        tiles.append(
            np.pad(np.concatenate(sides, 1), ((2, 2), (2, 6), (0, 0)), constant_values=255)
        )
    tiles += [np.full_like(tiles[0], 255)] * (-len(tiles) % 5)
    rows = [np.concatenate(tiles[n : n + 5], 1) for n in range(0, len(tiles), 5)]
    Image.fromarray(np.concatenate(rows)).save(out)


def measure_mosaics(data: Path, work: Path) -> dict[str, Any]:
    """Cut and audit the drone mosaics in every way."""
    chips = draw_chips(sorted((data / "hot_fair_mosaics_z20").glob("*.tif")))
    truth, found = true_pairs(chips), {}
    for name, change in CHANGES.items():
        plain = name.replace(", ", "_").replace(" ", "_")
        cut(chips, work / plain, change, georeferenced=name == "georeferenced")
        pairs, groups, seconds = audit(work / plain, work / f"run_{plain}", VALID.get(name, "null"))
        found[name] = {"seconds": seconds} | judge(pairs, groups, truth)
        drawn = draw_pairs(set(zip(pairs["a"], pairs["b"], strict=True)), groups, truth)
        for kind, keys in drawn.items():
            draw_sheet(keys, work / plain, work / f"{plain}_{kind}.png")
        print(name, json.dumps(found[name], indent=1), flush=True)
    return {"chips": len(chips), "side_px": SIDE_PX} | found


def measure_plots(data: Path, work: Path) -> dict[str, Any]:
    """Audit the forest plots with and without CRS, against the overlaps that come with them."""
    source = data / "neon_idtrees_canopy"
    there = sorted((source / "RGB").glob("*.tif"))
    names = {path.stem for path in there}
    told = json.loads((source / "overlap_groups.json").read_text())
    wanted = {
        pair for group in told for pair in combinations(sorted(group), 2) if set(pair) <= names
    }
    found: dict[str, Any] = {"plots": len(there), "pairs_told": sorted(map(list, wanted))}
    for name in ("georeferenced", "as cut"):
        folder = work / f"plots_{name.replace(' ', '_')}"
        for path in there:
            with rasterio.open(path) as file:
                place = (
                    {"crs": file.crs, "transform": file.transform}
                    if name == "georeferenced"
                    else {}
                )
                values = file.read()
                write_sample(folder, path.stem, values, np.zeros(values.shape[1:]), **place)
        pairs, _, seconds = audit(folder, work / f"run_{folder.name}")
        listed = set(zip(pairs["a"], pairs["b"], strict=True))
        found[name] = {
            "seconds": seconds,
            "pairs_listed": sorted(map(list, listed)),
            "shared": [round(float(value), 4) for value in pairs["overlap"]],
            "false": len(listed - wanted),
            "missed": len(wanted - listed),
        }
        print(name, json.dumps(found[name]), flush=True)
    return found


def main() -> None:
    """Measure both sets and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = options.work or Path(temporary)
        work.mkdir(parents=True, exist_ok=True)
        found = {
            "hot_fair_mosaics_z20": measure_mosaics(options.data, work),
            "neon_idtrees_canopy": measure_plots(options.data, work),
        }
    if options.out:
        write_json(options.out, found)


if __name__ == "__main__":
    main()

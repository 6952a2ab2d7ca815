"""Scenes of any size: the same map as in one pass, the same bytes after any stop, nothing for what has no data."""

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import torch
from torch import nn

from landseer.core.files import hash_file
from landseer.errors import FileReadError
from landseer.models.outputs import make_quantity
from landseer.models.targets import TargetSpec
from landseer.predict import Ensemble, PredictOptions, Voting, asking, predict_images
from landseer.predict import rows as rows_module
from landseer.predict import scene as scene_module
from landseer.predict.mixing import from_mix, to_mix
from landseer.predict.plan import make_plan
from landseer.predict.sinks import disagreement_of, entropy_of
from landseer.quantities.mask import ClassMask
from landseer.raster.read import read_bands, read_info
from landseer.raster.write import write_raster

NODATA = -32768
PLACE = {"crs": "EPSG:32617", "transform": (0.5, 0.0, 500000.0, 0.0, -0.5, 4100000.0)}
SMALL = {"device": "cpu", "precision": "float32", "window_px": 48, "overlap_px": 12, "batch": 3}


@pytest.fixture
def ensemble(local) -> Ensemble:
    return Ensemble([local], {"mask": ClassMask(2)}, Voting(threshold=0.5))


def options(**changes) -> PredictOptions:
    return PredictOptions(**(SMALL | changes))


def one_pass(ensemble: Ensemble, image: np.ndarray) -> np.ndarray:
    return ensemble(torch.from_numpy(image.astype(np.float32))[None])["mask"][0].numpy()


def outputs(folder: Path) -> dict[str, str]:
    return {path.name: hash_file(path) for path in sorted(folder.glob("*.tif"))}


@pytest.mark.gpu
@pytest.mark.parametrize("batch", [1, 4, 100])
@pytest.mark.parametrize("workers", [0, 2])
def test_windows_give_the_map_of_one_pass(
    ensemble, spec, write_image, tmp_path: Path, batch: int, workers: int
):
    """The border covers the reach of two pixels: nothing differs but the last bits."""
    path, image = write_image("a.tif", 131, 170, **PLACE)
    chosen = options(batch=batch, workers=workers, probabilities=True, border_px=2)
    predict_images(ensemble, spec, [path], tmp_path / "out", chosen)
    expected = one_pass(ensemble, image)
    got = read_bands(tmp_path / "out/a_probability.tif")[0]
    np.testing.assert_allclose(got, expected[1], atol=2e-6)
    decided = read_bands(tmp_path / "out/a.tif")[0]
    sure = np.abs(expected[1] - 0.5) > 1e-5
    np.testing.assert_array_equal(decided[sure], (expected[1] >= 0.5)[sure])
    info = read_info(tmp_path / "out/a.tif")
    assert (info.crs, info.transform, info.nodata) == (*PLACE.values(), 255.0)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a.tif", "a_probability.tif"]


class Heights(nn.Module):
    """Two convolutions: heights that depend on pixels at most two away."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(7)
        self.layers = nn.Sequential(
            nn.Conv2d(3, 4, 3, padding=1), nn.Tanh(), nn.Conv2d(4, 1, 3, padding=1)
        )
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)

    def forward(self, x, gsd_m=None):
        return {"agl": self.layers(x / 1000)}


def test_heights_in_windows_are_those_of_one_pass(spec, write_image, tmp_path: Path):
    path, image = write_image("a.tif", 131, 170, **PLACE)
    image[:2, 40:60, 30:90] = NODATA
    write_raster(path, image, **PLACE)
    spec = spec.model_copy(update={"targets": {"agl": TargetSpec(quantity="height")}})
    quantity = make_quantity(spec.targets["agl"], 2, spec.model)
    ensemble = Ensemble([Heights()], {"agl": quantity})
    predict_images(ensemble, spec, [path], tmp_path / "out", options(border_px=2))
    expected = ensemble(torch.from_numpy(image.astype(np.float32))[None])["agl"][0].numpy()
    expected[:, (image[:2] == NODATA).all(0)] = np.nan
    got = read_bands(tmp_path / "out/a_agl.tif")
    assert np.isnan(got).any() and np.nanstd(got) > 0.1
    np.testing.assert_allclose(got, expected, atol=1e-5 * np.nanmax(np.abs(expected)))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a_agl.tif"]


@pytest.mark.parametrize("views", ["d4", "flips@0.8,1,1.25"])
def test_views_at_several_widths_in_windows(local, spec, write_image, tmp_path: Path, views: str):
    """A network that looks at no neighbour: what views of a window bring back agrees but for what zooming blurs."""
    path, image = write_image("a.tif", 131, 170, **PLACE)
    rows, cols = np.indices((131, 170))
    image[:2] = 500 + 300 * np.sin(rows / 25) * np.cos(cols / 31)
    write_raster(path, image, **PLACE)
    ensemble = Ensemble([Pointwise()], {"mask": ClassMask(2)}, Voting(tta=views))
    chosen = options(probabilities=True, window_px=64, overlap_px=20, border_px=4)
    predict_images(ensemble, spec, [path], tmp_path / "out", chosen)
    got = read_bands(tmp_path / "out/a_probability.tif")[0]
    np.testing.assert_allclose(got, one_pass(ensemble, image)[1], atol=3e-3)


class Pointwise(nn.Module):
    """Says class 1 the more surely the brighter the first band is."""

    def forward(self, x, gsd_m=None):
        plane = (x[:, :1] - 500) / 200
        return {"mask": torch.cat([-plane, plane], dim=1)}


@pytest.mark.parametrize("activation", ["softmax", "sigmoid", "twin"])
def test_logits_are_averaged_where_that_is_asked_for(spec, write_image, tmp_path: Path, activation):
    """What is cut in agreement comes back as it was; where windows disagree, the surer one counts more."""
    path, image = write_image("a.tif", 131, 170, **PLACE)
    member = Pointwise()
    if activation == "twin":
        quantity = ClassMask(2, "twin")
        member.forward = lambda x, gsd_m=None: {
            "mask": torch.cat([x[:, :1] * 0, (x[:, :1] - 500) / 200, (x[:, :1] - 400) / 90], 1)
        }
    else:
        quantity = ClassMask(2, activation)
    ensemble = Ensemble([member], {"mask": quantity})
    predict_images(
        ensemble, spec, [path], tmp_path / "out", options(probabilities=True, blend="logit")
    )
    got = read_bands(tmp_path / "out/a_probability.tif")[0]
    np.testing.assert_allclose(got, one_pass(ensemble, image)[1], atol=2e-6)


def test_the_surer_window_counts_more_with_logits():
    said = torch.tensor([[0.999, 0.001], [0.4, 0.6]])[..., None, None]
    mask = ClassMask(2)
    mixed = to_mix(mask, said, "logit").mean(0).numpy()
    found = from_mix(mask, mixed, "logit")[0, 0, 0]
    odds = np.sqrt(0.999 / 0.001 * 0.4 / 0.6)
    assert found == pytest.approx(odds / (1 + odds), abs=1e-4)
    assert found > to_mix(mask, said, "probability").mean(0)[0]


def test_a_border_below_the_reach_shows(ensemble, spec, write_image, tmp_path: Path):
    path, image = write_image("a.tif", 131, 170)
    chosen = options(probabilities=True, border_px=0, overlap_px=1)
    predict_images(ensemble, spec, [path], tmp_path / "out", chosen)
    got = read_bands(tmp_path / "out/a_probability.tif")[0]
    assert np.abs(got - one_pass(ensemble, image)[1]).max() > 1e-3


def test_workers_and_devices_change_no_byte(ensemble, spec, write_image, tmp_path: Path):
    path, _ = write_image("a.tif", 131, 170, **PLACE)
    found, before = {}, torch.get_num_threads()
    for name, changes in {
        "one": {"workers": 0}, "threads": {"workers": 3}, "two": {"device": "cpu,cpu"},
        "three": {"device": "cpu, cpu, cpu", "workers": 2},
    }.items():  # fmt: skip
        chosen = options(probabilities=True, **changes)
        predict_images(ensemble, spec, [path], tmp_path / name, chosen)
        found[name] = outputs(tmp_path / name)
    assert len({json.dumps(one) for one in found.values()}) == 1
    assert torch.get_num_threads() == before


def test_adding_in_a_thread_of_its_own_as_beside_a_gpu_changes_no_byte(
    ensemble, spec, write_image, tmp_path: Path, monkeypatch
):
    path, _ = write_image("a.tif", 531, 170, **PLACE)
    predict_images(ensemble, spec, [path], tmp_path / "one", options(probabilities=True, batch=2))
    own, asked = asking._other_threads, []

    def two(on_cpu):
        asked.append(on_cpu)
        return own(on_cpu=False)

    monkeypatch.setattr(asking, "_other_threads", two)
    predict_images(ensemble, spec, [path], tmp_path / "two", options(probabilities=True, batch=2))
    assert outputs(tmp_path / "one") == outputs(tmp_path / "two")
    assert asked == [True]


class Counting(nn.Module):
    """Says class 1 where the first band is above 500, and counts the windows that it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, x, gsd_m=None):
        self.seen += len(x)
        first = (x[:, :1].nan_to_num(0.0) > 500).float() * 8 - 4
        return {"mask": torch.cat([-first, first], dim=1)}


def test_windows_without_data_never_meet_the_networks(spec, write_image, tmp_path: Path):
    path, image = write_image("a.tif", 131, 170)
    image[:, :100] = NODATA
    image[:2, 100:, 80:] = NODATA
    write_raster(path, image)
    member = Counting()
    ensemble = Ensemble([member], {"mask": ClassMask(2)})
    predict_images(ensemble, spec, [path], tmp_path / "out", options(overlap_px=0))
    plan = make_plan((131, 170), options(overlap_px=0))
    there = (image[:2] != NODATA).any(0)
    assert member.seen == sum(there[window.slices].any() for window in plan.windows)
    assert 0 < member.seen < len(plan.windows) / 2
    got = read_bands(tmp_path / "out/a.tif")[0]
    np.testing.assert_array_equal(got == 255, ~there)
    np.testing.assert_array_equal(got[there], (image[0] > 500)[there])


def test_a_scene_without_any_data_is_all_nodata(spec, write_image, tmp_path: Path):
    path, image = write_image("a.tif", 60, 170)
    write_raster(path, np.full_like(image, NODATA))
    member = Counting()
    ensemble = Ensemble([member], {"mask": ClassMask(2)})
    predict_images(ensemble, spec, [path], tmp_path / "out", options())
    assert member.seen == 0
    assert (read_bands(tmp_path / "out/a.tif") == 255).all()


def test_outside_the_area_of_interest_is_nodata_and_costs_nothing(
    spec, write_image, tmp_path: Path
):
    """The area comes in another CRS; a hole in it is outside."""
    path, image = write_image("a.tif", 131, 170, **PLACE)
    left, top = PLACE["transform"][2], PLACE["transform"][5]
    ring = shapely.box(left + 5, top - 30, left + 40, top - 5)
    hole = shapely.box(left + 15, top - 20, left + 25, top - 10)
    area = gpd.GeoDataFrame(geometry=[ring - hole], crs="EPSG:32617").to_crs("EPSG:4326")
    area.to_file(tmp_path / "area.geojson")
    member = Counting()
    ensemble = Ensemble([member], {"mask": ClassMask(2)})
    chosen = options(aoi=tmp_path / "area.geojson", overlap_px=0)
    predict_images(ensemble, spec, [path], tmp_path / "out", chosen)
    got = read_bands(tmp_path / "out/a.tif")[0]
    rows, cols = np.indices(got.shape) + 0.5
    x, y = left + cols / 2, top - rows / 2
    inside = (x > left + 5) & (x < left + 40) & (y > top - 30) & (y < top - 5)
    inside &= ~((x > left + 15) & (x < left + 25) & (y > top - 20) & (y < top - 10))
    assert (got != 255)[inside].mean() > 0.99
    assert (got == 255)[~inside].mean() > 0.99
    kept = got != 255
    np.testing.assert_array_equal(got[kept], (image[0] > 500)[kept])
    assert member.seen < len(make_plan((131, 170), chosen).windows)


def test_transparent_pixels_of_rgba_are_missing_to_the_networks(spec, tmp_path: Path):
    """A model of three bands takes a file of four when the last is alpha; what it hides is NaN and nodata."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 1000, (4, 100, 120)).astype(np.uint16)
    image[3] = 65535
    image[3, :30] = 0
    path = tmp_path / "a.tif"
    profile = {"driver": "GTiff", "count": 4, "height": 100, "width": 120, "dtype": "uint16"}
    with rasterio.open(path, "w", photometric="RGB", ALPHA="YES", crs="EPSG:32617",
                       transform=rasterio.Affine(*PLACE["transform"]), **profile) as file:  # fmt: skip
        file.write(image)
    seen = []

    class Looking(Counting):
        def forward(self, x, gsd_m=None):
            seen.append(x.isnan().any(dim=1).sum().item())
            return super().forward(x)

    ensemble = Ensemble([Looking()], {"mask": ClassMask(2)})
    predict_images(ensemble, spec, [path], tmp_path / "out", options(overlap_px=0))
    got = read_bands(tmp_path / "out/a.tif")[0]
    assert (got[:30] == 255).all()
    np.testing.assert_array_equal(got[30:], image[0, 30:] > 500)
    assert sum(seen) >= 30 * 120


class Unsure(nn.Module):
    """Says what it was built to say, everywhere."""

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.logit = float(np.log(probability / (1 - probability)))

    def forward(self, x, gsd_m=None):
        plane = torch.full_like(x[:, :1], self.logit)
        return {"mask": torch.cat([torch.zeros_like(plane), plane], dim=1)}


@pytest.mark.gpu
@pytest.mark.parametrize("side", [40, 131])
@pytest.mark.parametrize(
    ("said", "entropy", "disagreement"),
    [((0.5, 0.5), 1.0, 0.0), ((0.999999, 0.000001), 1.0, 1.0), ((0.9, 0.9), 0.469, 0.0)],
)
def test_uncertainty_tells_not_knowing_from_not_agreeing(
    spec, write_image, tmp_path: Path, side, said, entropy, disagreement
):
    """Two members that shrug and two that contradict each other have the same average."""
    path, _ = write_image("a.tif", side, 60)
    ensemble = Ensemble([Unsure(p) for p in said], {"mask": ClassMask(2)})
    chosen = options(uncertainty=("entropy", "disagreement"))
    predict_images(ensemble, spec, [path], tmp_path / "out", chosen)
    for kind, expected in (("entropy", entropy), ("disagreement", disagreement)):
        values = read_bands(tmp_path / f"out/a_{kind}.tif")
        np.testing.assert_allclose(values, expected, atol=1e-3)


def test_entropies_against_a_slow_sum():
    rng = np.random.default_rng(0)
    members = rng.dirichlet(np.ones(3), (4, 5, 6)).transpose(0, 3, 1, 2).astype(np.float32)
    mean = members.mean(0)

    def slow(p):
        return -sum(p[c] * np.log(p[c]) for c in range(3)) / np.log(3)

    np.testing.assert_allclose(entropy_of(mean)[0], slow(mean), atol=1e-5)
    own = np.mean([slow(one) for one in members], axis=0)[None]
    expected = slow(mean) - own[0]
    np.testing.assert_allclose(disagreement_of(mean, own)[0], expected, atol=1e-5)


@pytest.mark.gpu
def test_a_stopped_run_goes_on_and_ends_in_the_same_bytes(
    ensemble, spec, write_image, tmp_path: Path, monkeypatch
):
    """Stopped after each strip in turn, and in the midst of writing one."""
    path, _ = write_image("a.tif", 300, 130, **PLACE)
    chosen = options(probabilities=True, uncertainty=("entropy",))
    predict_images(ensemble, spec, [path], tmp_path / "whole", chosen)
    expected = outputs(tmp_path / "whole")
    write, computed = scene_module.Scene._write, []

    def stopping(self, row, *rest):
        computed.append(row)
        if len(computed) == 2:
            raise KeyboardInterrupt
        write(self, row, *rest)

    monkeypatch.setattr(scene_module.Scene, "_write", stopping)
    out, stops = tmp_path / "stopped", 0
    while True:
        computed.clear()
        try:
            predict_images(ensemble, spec, [path], out, chosen)
            break
        except KeyboardInterrupt:
            stops += 1
            assert outputs(out) == {}
            assert [p.name for p in out.iterdir()] == [".landseer"]
    assert stops >= 4
    assert outputs(out) == expected
    assert not (out / ".landseer").exists()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_scene_that_cannot_be_read_for_a_while_goes_on_where_it_was(
    ensemble, spec, write_image, tmp_path: Path, monkeypatch, workers
):
    """The disk fails once in the middle: finished rows stay, and are not computed again."""
    path, _ = write_image("a.tif", 1100, 60, **PLACE)
    chosen = options(probabilities=True, workers=workers)
    predict_images(ensemble, spec, [path], tmp_path / "whole", chosen)
    read, fails = rows_module.read_into, [False, True]

    def failing(dataset, *rest):
        if fails and fails.pop(0):
            raise FileReadError("expected pixels; the disk failed", where=dataset.name)
        read(dataset, *rest)

    monkeypatch.setattr(rows_module, "read_into", failing)
    out, computed = tmp_path / "out", []
    write = scene_module.Scene._write
    monkeypatch.setattr(
        scene_module.Scene,
        "_write",
        lambda self, row, *rest: (computed.append(row), write(self, row, *rest)),
    )
    first = predict_images(ensemble, spec, [path], out, chosen)
    assert [failure.reason for failure in first.failures] == ["expected pixels; the disk failed"]
    assert (first.n_written, outputs(out)) == (0, {})
    assert computed[0] == 0 and (out / ".landseer/a").is_dir()
    stopped = list(computed)
    second = predict_images(ensemble, spec, [path], out, chosen)
    assert (second.n_written, second.failures) == (1, ())
    assert set(stopped).isdisjoint(computed[len(stopped) :])
    assert outputs(out) == outputs(tmp_path / "whole")
    assert not (out / ".landseer").exists()


def test_a_run_killed_after_its_last_map_leaves_no_journal_behind(
    ensemble, spec, write_image, tmp_path: Path, monkeypatch
):
    """Killed while the journal of a finished scene was thrown away: the next run ends that."""
    paths = [write_image(f"{name}.tif", 300, 130, **PLACE)[0] for name in "ab"]
    forget, out = scene_module.Scene.forget, tmp_path / "out"

    def killed(self):
        next((out / ".landseer/a").glob("strip_*.npz")).unlink()
        raise KeyboardInterrupt

    monkeypatch.setattr(scene_module.Scene, "forget", killed)
    with pytest.raises(KeyboardInterrupt):
        predict_images(ensemble, spec, paths, out, options())
    assert [p.name for p in (out / ".landseer").iterdir()] == ["a"]
    monkeypatch.setattr(scene_module.Scene, "forget", forget)
    summary = predict_images(ensemble, spec, paths, out, options())
    assert (summary.n_kept, summary.n_written) == (1, 1)
    assert sorted(p.name for p in out.iterdir()) == ["a.tif", "b.tif"]


def test_a_journal_of_other_settings_is_thrown_away(
    ensemble, spec, write_image, tmp_path: Path, monkeypatch
):
    path, image = write_image("a.tif", 300, 130)
    write, rows = scene_module.Scene._write, []

    def stopping(self, row, *rest):
        rows.append(row)
        if row > 100:
            raise KeyboardInterrupt
        write(self, row, *rest)

    monkeypatch.setattr(scene_module.Scene, "_write", stopping)
    with pytest.raises(KeyboardInterrupt):
        predict_images(ensemble, spec, [path], tmp_path / "out", options())
    monkeypatch.setattr(
        scene_module.Scene,
        "_write",
        lambda self, row, *rest: (rows.append(row), write(self, row, *rest)),
    )
    for changes in ({"overlap_px": 20}, {"resume": False}, {"nodata": "zero"}):
        rows.clear()
        predict_images(ensemble, spec, [path], tmp_path / "out", options(**changes, overwrite=True))
        assert rows[0] == 0
    write_raster(path, image + 1)
    rows.clear()
    predict_images(ensemble, spec, [path], tmp_path / "out", options(overwrite=True))
    assert rows[0] == 0


@pytest.mark.parametrize("side", [30, 140])
def test_a_model_of_one_ground_sample_distance_reads_images_at_it(
    spec, write_image, tmp_path: Path, side: int
):
    """Pixels of half a metre are averaged to those of one metre; the map has pixels of one metre."""
    path, image = write_image("a.tif", side, 120, crs="EPSG:32633", transform=PLACE["transform"])
    ensemble = Ensemble([Counting()], {"mask": ClassMask(2)})
    coarse = spec.model_copy(update={"gsd_m": 1.0})
    predict_images(ensemble, coarse, [path], tmp_path / "out", options())
    info = read_info(tmp_path / "out/a.tif")
    assert (info.height, info.width) == (side // 2, 60)
    assert info.transform[0] == pytest.approx(1.0)
    means = image[0].reshape(side // 2, 2, 60, 2).mean((1, 3))
    clear = np.abs(means - 500) > 1
    got = read_bands(tmp_path / "out/a.tif")[0]
    np.testing.assert_array_equal(got[clear], (means > 500)[clear])
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a.tif"]
    same = spec.model_copy(update={"gsd_m": 0.5002})
    predict_images(ensemble, same, [path], tmp_path / "same", options())
    assert read_info(tmp_path / "same/a.tif").height == side


KILLED = """
import os, signal, sys, time, warnings
from pathlib import Path
import numpy as np
import torch
from torch import nn
from landseer.core.files import hash_file
from landseer.models.outputs import make_quantity
from landseer.models.targets import TargetSpec
from landseer.predict import Ensemble, PredictOptions, predict_images
from landseer.predict.spec import ModelSpec
from landseer.quantities.mask import ClassMask

class Member(nn.Module):
    def forward(self, x, gsd_m=None):
        time.sleep(600 if os.fstat(asked).st_size >= stalls_at else 0.01)
        os.write(asked, bytes(len(x)))
        plane = x[:, :1] / 250 - 2
        return {"mask": torch.cat([-plane, plane], dim=1)}

folder, images = Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]
asked = os.open(folder / "asked", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
stalls_at = 10**9  # windows
spec = ModelSpec.model_validate_json((folder / "spec.json").read_text())
options = PredictOptions(
    device="cpu", precision="float32", window_px=48, overlap_px=12, batch=3, probabilities=True,
    uncertainty=("entropy",),
)

def start(out):
    os.truncate(folder / "asked", 0)
    child = os.fork()  # before any thread is started here
    if child:
        return child
    torch.set_num_threads(1)
    predict_images(Ensemble([Member()], {"mask": ClassMask(2)}), spec, images, out, options)
    os._exit(0)

def finish(out):
    assert os.waitpid(start(out), 0)[1] == 0
    return (folder / "asked").stat().st_size  # windows

def outputs(out):
    return {path.name: hash_file(path) for path in sorted(out.glob("*.tif"))}

def of(name, found):
    return {key for key in found if key.startswith(name)}

def strips():
    return [len(list((out / ".landseer" / image.stem).glob("strip_*.npz"))) for image in images]

began = time.monotonic()
all_windows = finish(folder / "whole")
whole = time.monotonic() - began
expected, out, rng = outputs(folder / "whole"), folder / "killed", np.random.default_rng(0)
assert len(expected) == 3 * len(images) > 3
killed, grown, finished = 0, set(), set()

def kill(seconds):
    child = start(out)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    is_killed = os.waitpid(child, 0)[1] == signal.SIGKILL
    seen = outputs(out)
    assert seen.items() <= expected.items(), seen
    for image in images:  # of each the class map comes last
        assert f"{image.stem}.tif" not in seen or of(image.stem, seen) == of(image.stem, expected)
    return is_killed, seen

while killed < 20 or (killed < 200 and not (len(grown) > 3 and max(finished) > 0)):
    is_killed, seen = kill(rng.uniform(0.05, 0.5) * whole)
    killed += is_killed
    grown.add(tuple(strips()))
    finished.add(sum(f"{image.stem}.tif" in seen for image in images))
    if seen == expected:
        for name in expected:
            (out / name).unlink()
assert finish(out) <= all_windows
assert sorted(path.name for path in out.iterdir()) == sorted(expected)  # also no journal
for name in expected:
    (out / name).unlink()
stalls_at = 30
child, began = start(out), time.monotonic()
while strips()[0] < 4:  # of one strip nothing need be spared: its windows reach into the next one
    assert time.monotonic() < began + 300, "it keeps no strips"
    time.sleep(0.001)
os.kill(child, signal.SIGKILL)
assert os.waitpid(child, 0)[1] == signal.SIGKILL
stalls_at = 10**9
resumed = finish(out)
assert outputs(out) == expected
assert sorted(path.name for path in out.iterdir()) == sorted(expected)
print(len(grown), max(finished), all_windows - resumed)
"""


@pytest.mark.gpu
@pytest.mark.slow
def test_killed_at_random_moments_it_ends_in_the_same_bytes(spec, write_image, tmp_path: Path):
    """Kill -9 at twenty random moments: nothing half-written is seen, and the maps are those of an undisturbed run."""
    paths = [
        str(write_image(f"{name}.tif", 400, width, **PLACE)[0])
        for name, width in (("a", 130), ("b", 90))
    ]
    (tmp_path / "spec.json").write_text(spec.model_dump_json())
    command = [sys.executable, "-c", KILLED, str(tmp_path), *paths]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    n_states, n_finished, n_spared = map(int, done.stdout.split())
    assert n_states > 3  # it was killed in several states
    assert n_finished > 0  # also after the first scene
    assert n_spared > 0  # what the journal held was not computed again

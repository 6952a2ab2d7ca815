"""Scenes as samples: windows cover what they should, addresses read the right pixels, labels are burnt once."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from rasterio.enums import ColorInterp
from shapely.geometry import mapping

from landseer.adapters.scene import Scene, scan_scenes
from landseer.adapters.scene_config import SceneClass, VectorLabelsConfig, WindowsConfig
from landseer.adapters.scene_windows import cut_windows
from landseer.core.address import split_address
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.core.window import Window
from landseer.errors import DataError
from landseer.raster.label import read_label
from landseer.raster.read import read_bands, read_info
from landseer.raster.write import write_raster
from landseer.samples.table import read_samples, write_samples

CRS, LEFT, TOP = "EPSG:32736", 5e5, 9e6
CLASSES = ClassTable(("ground", "house"), (0, 1))


def image(
    path: Path, height: int = 300, width: int = 400, *, step: float = 0.5, **more: Any
) -> Path:
    """Write an image of three bands of which every pixel differs from its neighbours."""
    rows, cols = np.mgrid[:height, :width]
    array = np.stack([rows % 251 + 1, cols % 241 + 1, (rows + cols) % 200 + 1]).astype(np.uint8)
    write_raster(path, array, crs=CRS, transform=(step, 0, LEFT, 0, -step, TOP), **more)
    return path


def houses(path: Path, *boxes: tuple[int, int, int, int], step: float = 0.5) -> Path:
    """Write boxes in pixels as GeoJSON in the image's CRS."""
    features = [
        {"type": "Feature", "properties": {}, "geometry": mapping(
            shapely.box(LEFT + step * x0, TOP - step * y1, LEFT + step * x1, TOP - step * y0))}
        for x0, y0, x1, y1 in boxes
    ]  # fmt: skip
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32736"}}
    path.write_text(json.dumps({"type": "FeatureCollection", "crs": crs, "features": features}))
    return path


def boxed(height: int, width: int, *boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Draw the boxes."""
    label = np.zeros((height, width), np.uint8)
    for x0, y0, x1, y1 in boxes:
        label[y0:y1, x0:x1] = 1
    return label


@given(
    height=st.integers(1, 400), width=st.integers(1, 400), size=st.integers(16, 150),
    cut=st.sampled_from(["even", "spread", "full"]), overlap=st.integers(0, 15),
)  # fmt: skip
@settings(deadline=None)
def test_windows_cover(height: int, width: int, size: int, cut: Any, overlap: int) -> None:
    """`even`: each pixel once, parts near-equal; `spread`: each at least once; `full`: full, each at most once."""
    overlap = 0 if cut == "even" else overlap
    config = WindowsConfig(window_px=size, cut=cut, overlap_px=overlap)
    windows = cut_windows(height, width, config)
    seen = np.zeros((height, width), int)
    for _, one in windows:
        assert one.height <= size
        assert one.width <= size
        seen[one.slices] += 1
    numbers = [number for number, _ in windows]
    assert numbers == sorted(set(numbers))
    if cut == "even":
        assert (seen == 1).all()
        for lengths in ({one.height for _, one in windows}, {one.width for _, one in windows}):
            assert max(lengths) - min(lengths) <= 1
    if cut == "spread":
        assert seen.min() >= 1
        assert {(one.height, one.width) for _, one in windows} == {
            (min(size, height), min(size, width))
        }
    if cut == "full" and not overlap:
        assert seen.max(initial=0) <= 1
        assert seen.sum() == (height // size) * (width // size) * size**2


def test_full_windows_are_numbered_as_landcover_ai_does() -> None:
    """The loop of its split.py: rows outside, columns inside, partial ones counted and not used."""
    expected, k = {}, 0
    for y in range(0, 1100, 512):
        for x in range(0, 1600, 512):
            if y + 512 <= 1100 and x + 512 <= 1600:
                expected[k] = Window(y, x, 512, 512)
            k += 1
    assert dict(cut_windows(1100, 1600, WindowsConfig(cut="full"))) == expected


@pytest.mark.parametrize("options", [{}, {"cut": "spread", "overlap_px": 30}, {"cut": "full"}])
def test_rows_say_what_lies_where(tmp_path: Path, options: dict[str, Any]) -> None:
    """Addresses give the right pixels and labels, and the header of an address what the row says."""
    boxes = [(10, 20, 60, 70), (150, 100, 333, 290)]
    scene = Scene(
        "town",
        (image(tmp_path / "a.tif"),),
        (houses(tmp_path / "a.geojson", *boxes),),
        site="here",
        date="2020",
    )
    windows = WindowsConfig(window_px=128, **options)
    frame, findings = scan_scenes([scene], windows, tmp_path / "work")
    assert findings == []
    pixels, label = read_bands(tmp_path / "a.tif"), boxed(300, 400, *boxes)
    assert len(frame) == len(cut_windows(300, 400, windows)) > 5
    for row in frame.itertuples():
        info = read_info(Path(row.image))
        _, window = split_address(Path(row.image))
        assert window is not None
        assert row.sample == f"town_r{window.row:03d}_c{window.col:03d}"
        assert (row.height, row.width, row.crs) == (info.height, info.width, CRS)
        assert tuple(row.transform) == pytest.approx(info.transform, abs=1e-9)
        assert (row.site, row.scene, row.date, row.side, row.gsd_m) == (
            "here",
            "town",
            "2020",
            "train",
            0.5,
        )
        np.testing.assert_array_equal(
            read_bands(Path(row.image)), pixels[(slice(None), *window.slices)]
        )
        np.testing.assert_array_equal(read_label(Path(row.label), CLASSES), label[window.slices])
    write_samples(tmp_path / "samples.parquet", frame)
    assert read_samples(tmp_path / "samples.parquet")["scene"].tolist() == ["town"] * len(frame)
    union = shapely.union_all(frame.geometry)
    assert union.geom_type == "Polygon"


def test_another_gsd_and_further_scales(tmp_path: Path) -> None:
    """Scenes of 0.5 m and 0.25 m are both read at 1 m; a further scale halves that; their labels fit."""
    boxes = [(40, 40, 120, 100), (200, 120, 300, 280)]
    rough = image(tmp_path / "rough.tif")
    fine = image(tmp_path / "fine.tif", 600, 800, step=0.25)
    label = houses(tmp_path / "l.geojson", *boxes)
    raster = tmp_path / "fine_label.tif"
    write_raster(raster, boxed(300, 400, *boxes).repeat(2, 0).repeat(2, 1))
    scenes = [
        Scene("rough", (rough,), (label,)),
        Scene("fine", (fine,), (raster,)),
        Scene("test", (rough,), side="test"),
    ]
    config = WindowsConfig(window_px=64, gsd_m=1.0, scales=(1.0, 2.0))
    frame, findings = scan_scenes(scenes, config, tmp_path / "work")
    assert findings == []
    at_1m, at_05m = boxed(300, 400, *boxes)[::2, ::2], boxed(300, 400, *boxes)
    for name, whole, gsd_m in (
        ("rough", at_1m, 1.0), ("fine", at_1m, 1.0), ("rough_x2", at_05m, 0.5), ("fine_x2", at_05m, 0.5),
    ):  # fmt: skip
        rows = frame[frame["scene"] == name]
        np.testing.assert_allclose(rows["gsd_m"], gsd_m, rtol=1e-9)
        seen = np.full(whole.shape, 9)
        for row in rows.itertuples():
            _, window = split_address(Path(row.image))
            assert window is not None
            seen[window.slices] = read_label(Path(row.label), CLASSES)
        np.testing.assert_array_equal(seen, whole)
    assert set(frame.loc[frame["side"] == "test", "scene"]) == {"test"}
    assert not (tmp_path / "work" / "stacks" / "rough_x2.vrt").exists(), "it is the file itself"


def test_labels_are_burnt_once(tmp_path: Path) -> None:
    """A label stays as long as files and rules do; then it is burnt anew; what is no longer needed goes."""
    label = houses(tmp_path / "a.geojson", (0, 0, 50, 50))
    scenes = [Scene(name, (image(tmp_path / f"{name}.tif"),), (label,)) for name in ("a", "b")]
    work, config = tmp_path / "work", WindowsConfig()
    scan_scenes(scenes, config, work)
    burnt = work / "labels" / "a.tif"
    first = burnt.stat().st_mtime_ns
    scan_scenes(scenes, config, work)
    assert burnt.stat().st_mtime_ns == first
    houses(label, (0, 0, 50, 51))
    scan_scenes(scenes, config, work)
    assert read_bands(burnt)[0].sum() == 50 * 51
    rules = VectorLabelsConfig(all_touched=True).rules(_classes())
    (work / "labels" / ".a.tif.x.tif").touch()
    scan_scenes(scenes[:1], WindowsConfig(gsd_m=1.0), work, rules=rules)
    assert sorted(path.name for path in work.rglob("*.*")) == ["a.json", "a.tif", "a.vrt"]
    scan_scenes(scenes[:1], config, work, rules=rules)
    assert sorted(path.name for path in work.rglob("*.*")) == ["a.json", "a.tif"]


def _classes() -> list[SceneClass]:
    """Make ground and houses."""
    return [SceneClass(name="ground", value=0), SceneClass(name="house", value=1)]


def test_windows_without_data_and_outside_areas(tmp_path: Path) -> None:
    """Transparent windows, windows of nodata and windows beyond the areas are left out and counted."""
    rows, cols = np.mgrid[:256, :256]
    array = np.stack([rows, cols, rows, np.where(cols < 192, 255, 0)]).astype(np.uint8)
    transform = (0.5, 0, LEFT, 0, -0.5, TOP)
    write_raster(tmp_path / "a.tif", array[:3], crs=CRS, transform=transform, nodata=0)
    _set_alpha(tmp_path / "alpha.tif", array)
    array[:3, 64:192] = 0
    write_raster(tmp_path / "black.tif", array[:3], crs=CRS, transform=transform)
    black = tuple(Band(name, place, nodata=0) for place, name in enumerate("rgb", 1))
    config = WindowsConfig(window_px=64)

    def scan(name: str, windows: WindowsConfig = config, **more: Any) -> tuple[set[Any], list[Any]]:
        bands = more.pop("bands", ())
        frame, found = scan_scenes(
            [Scene("s", (tmp_path / name,), **more)], windows, tmp_path / "w", bands=bands
        )
        places = {split_address(Path(one))[1] for one in frame["image"]}
        return {(one.row // 64, one.col // 64) for one in places if one}, found

    kept, found = scan("alpha.tif")
    assert kept == {(row, col) for row in range(4) for col in range(3)}
    assert [(one.what, one.figure) for one in found] == [("windows without data", "4 of 16")]
    assert len(scan("black.tif")[0]) == 16
    assert scan("black.tif", bands=black)[0] == {(row, col) for row in (0, 3) for col in range(4)}
    kept, found = scan("alpha.tif", areas=(houses(tmp_path / "aoi.geojson", (10, 10, 70, 60)),))
    assert kept == {(0, 0), (0, 1)}
    assert found[0].figure == "14 of 16"
    uneven = WindowsConfig(window_px=256, min_valid=0.8)
    assert scan("alpha.tif", uneven)[0] == set()
    assert scan("alpha.tif", uneven.model_copy(update={"min_valid": 0.7}))[0] == {(0, 0)}


def _set_alpha(path: Path, array: np.ndarray) -> None:
    """Write a file with an alpha band."""
    profile = {
        "driver": "GTiff",
        "count": 4,
        "height": 256,
        "width": 256,
        "dtype": "uint8",
        "crs": CRS,
    }
    profile |= {
        "photometric": "RGB",
        "alpha": "YES",
        "transform": rasterio.Affine(0.5, 0, LEFT, 0, -0.5, TOP),
    }
    with rasterio.open(path, "w", **profile) as dataset:
        dataset.colorinterp = [
            ColorInterp.red,
            ColorInterp.green,
            ColorInterp.blue,
            ColorInterp.alpha,
        ]
        dataset.write(array)


def test_scenes_that_cannot_be_used_are_rows(tmp_path: Path) -> None:
    """Nothing is lost: what cannot be read is an excluded row with a finding that says why."""
    good = image(tmp_path / "good.tif")
    (tmp_path / "cut.tif").write_bytes(good.read_bytes()[:100])
    write_raster(tmp_path / "small.tif", np.zeros((100, 100), np.uint8))
    (tmp_path / "bad.geojson").write_text("{")
    far = tmp_path / "far.geojson"
    far.write_text(
        houses(tmp_path / "h.geojson", (0, 0, 9, 9)).read_text().replace("32736", "32701")
    )
    other = tmp_path / "other.tif"
    write_raster(
        other, np.zeros((300, 400), np.uint8), crs=CRS, transform=(0.5, 0, LEFT + 7, 0, -0.5, TOP)
    )
    label = houses(tmp_path / "l.geojson")
    scenes = [
        Scene("fine", (good,), (label,)), Scene("missing", (tmp_path / "x.tif",), (label,)),
        Scene("cut", (tmp_path / "cut.tif",)), Scene("size", (good,), (tmp_path / "small.tif",)),
        Scene("json", (good,), (tmp_path / "bad.geojson",)), Scene("far", (good,), (far,)),
        Scene("shifted", (good,), (other,)), Scene("one_band", (tmp_path / "small.tif",)),
        Scene("told", (good,), (label,), excluded="label is wrong"),
    ]  # fmt: skip
    bands = [Band("red", 1), Band("blue", 3)]
    frame, findings = scan_scenes(scenes, WindowsConfig(), tmp_path / "work", bands=bands)
    excluded = frame.dropna(subset="excluded").set_index("sample")
    assert set(excluded.index) == {one.name for one in scenes[1:]}
    assert excluded.loc["told", "excluded"] == "label is wrong"
    assert excluded.loc["cut", "height"] == 0
    assert excluded.loc["far", "height"] == 300
    by_scene = {one.sample: one for one in findings if one.action == "excluded"}
    for name, words in {
        "missing": "no such file", "size": "got 100 x 100 px", "json": "recognized", "far": "CRS is probably wrong",
        "shifted": "align", "one_band": "3 bands at least; got 1",
    }.items():  # fmt: skip
        assert words in by_scene[name].figure
    frame, _ = scan_scenes([scenes[6]], WindowsConfig(), tmp_path / "work", align=True)
    assert frame["excluded"].isna().all()
    found = read_label(Path(frame["label"].iloc[-1]), CLASSES)
    assert found.shape == (300, 400)
    assert (found[:, :14] == 255).all()
    assert (found[:, 14:] == 0).all()


def test_images_without_a_place(tmp_path: Path) -> None:
    """A PNG with a PNG label is cut like any scene, also at another scale; its gsd is what is told."""
    pixels = np.random.default_rng(0).integers(0, 255, (90, 120, 3)).astype(np.uint8)
    label = boxed(90, 120, (10, 10, 50, 70))
    Image.fromarray(pixels).save(tmp_path / "a.png")
    Image.fromarray(label).save(tmp_path / "l.png")
    scene = Scene("a", (tmp_path / "a.png",), (tmp_path / "l.png",), gsd_m=0.4)
    frame, findings = scan_scenes([scene], WindowsConfig(window_px=60), tmp_path / "w")
    assert findings == []
    assert frame["gsd_m"].tolist() == [0.4] * 4
    np.testing.assert_array_equal(
        read_bands(Path(frame["image"].iloc[3])), np.moveaxis(pixels[45:, 60:], -1, 0)
    )
    frame, _ = scan_scenes([scene], WindowsConfig(window_px=60, gsd_m=0.8), tmp_path / "w")
    assert frame["gsd_m"].tolist() == [0.8]
    np.testing.assert_array_equal(
        read_label(Path(frame["label"].iloc[0]), CLASSES), label[::2, ::2]
    )
    scene = Scene("a", (tmp_path / "a.png",), (houses(tmp_path / "h.geojson", (0, 0, 9, 9)),))
    _, findings = scan_scenes([scene], WindowsConfig(), tmp_path / "w")
    assert "georeferenced" in findings[0].figure


def test_palette_becomes_colours(tmp_path: Path) -> None:
    """A file of colour numbers is read as red, green and blue where three bands are asked for."""
    numbers = np.random.default_rng(0).integers(0, 3, (80, 80)).astype(np.uint8)
    colours = {0: "#102030", 1: "#ff0000", 2: "#00c8fa"}
    write_raster(
        tmp_path / "a.tif",
        numbers,
        crs=CRS,
        transform=(1, 0, LEFT, 0, -1, TOP),
        colour_table=colours,
    )
    bands = [Band(name, place) for place, name in enumerate(("red", "green", "blue"), 1)]
    expected = np.array([list(bytes.fromhex(one[1:])) for one in colours.values()], np.uint8)[
        numbers
    ]
    frame, _ = scan_scenes(
        [Scene("a", (tmp_path / "a.tif",))], WindowsConfig(), tmp_path / "w", bands=bands
    )
    np.testing.assert_array_equal(
        read_bands(Path(frame["image"].iloc[0])), np.moveaxis(expected, -1, 0)
    )
    half = WindowsConfig(gsd_m=2.0)
    frame, _ = scan_scenes([Scene("a", (tmp_path / "a.tif",))], half, tmp_path / "w", bands=bands)
    found = read_bands(Path(frame["image"].iloc[0]))
    blocks = np.moveaxis(expected.reshape(40, 2, 40, 2, 3), (1, 3), (0, 1)).reshape(4, 40, 40, 3)
    assert (np.moveaxis(found, 0, -1) == blocks).all(-1).any(0).all(), (
        "one of the four, never a mixture"
    )


def test_whole_scenes_and_own_names(tmp_path: Path) -> None:
    """A whole scene is one sample of its file; data sets name windows as they like."""
    path = image(tmp_path / "a.tif")
    scene = Scene("chip", (path,), side="test", whole=True, columns={"tier": 2, "area": "acc"})
    frame, _ = scan_scenes([scene], WindowsConfig(window_px=64), tmp_path / "w")
    assert frame[["sample", "image", "height", "tier", "area"]].to_numpy().tolist() == [
        ["chip", str(path), 300, 2, "acc"]
    ]
    config = WindowsConfig(window_px=128, cut="full")
    frame, _ = scan_scenes(
        [Scene("a", (path,))],
        config,
        tmp_path / "w",
        name=lambda scene, number, _: f"{scene}_{number}",
    )
    assert frame["sample"].tolist() == ["a_0", "a_1", "a_2", "a_4", "a_5", "a_6"]


def test_names_must_be_names(tmp_path: Path) -> None:
    """Two scenes of one name, and names that are no file names, are refused."""
    path = image(tmp_path / "a.tif")
    for names in (("a", "a"), ("a/b",), ("",), (".a",)):
        with pytest.raises(DataError, match="names of their own"):
            scan_scenes([Scene(name, (path,)) for name in names], WindowsConfig(), tmp_path / "w")


def test_many_scenes_go_to_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs and sheets survive the way to another process and back; few small scenes stay here."""
    asked: list[int] = []

    def far_away(function: Any, items: Any, *, label: str, workers: int, processes: bool) -> Any:
        asked.append(workers if processes else -1)
        sent = pickle.dumps([(function, item) for item in items])
        return pickle.loads(pickle.dumps([do(item) for do, item in pickle.loads(sent)]))

    monkeypatch.setattr("landseer.adapters.scene.cpu_count", lambda: 3)
    label = houses(tmp_path / "a.geojson", (0, 0, 50, 50))
    scenes = [Scene(f"s{i}", (image(tmp_path / f"{i}.tif"),), (label,)) for i in range(2)]
    here, _ = scan_scenes(scenes, WindowsConfig(), tmp_path / "w")
    monkeypatch.setattr("landseer.adapters.scene.parallel_map", far_away)
    there, _ = scan_scenes(scenes, WindowsConfig(), tmp_path / "w")
    monkeypatch.setattr("landseer.adapters.scene._MANY_SCENES", 1)
    scan_scenes(scenes, WindowsConfig(), tmp_path / "w")
    assert there.to_json() == here.to_json()
    assert asked == [0, 3]


def test_faulty_recipes() -> None:
    """What does not fit is said with the key."""
    for options in (
        {"overlap_px": 600, "cut": "full"},
        {"overlap_px": 3},
        {"scales": (1, 1)},
        {"window_px": 3},
    ):
        with pytest.raises(ValueError, match=r"overlap_px|scales|window_px"):
            WindowsConfig(**options)
    with pytest.raises(ValueError, match="border"):
        VectorLabelsConfig(border="edge")
    two = [*_classes(), SceneClass(name="road", value=2)]
    assert "`attribute`" in VectorLabelsConfig().faults(two)[0]
    assert VectorLabelsConfig(border="road", border_px=2).faults(two) == []
    assert "value 255" not in str(VectorLabelsConfig().faults(_classes()))
    assert VectorLabelsConfig().faults([two[0], SceneClass(name="house", value=255)])
    named = VectorLabelsConfig(attribute="k", background=False, unknown="leave_out").rules(two)
    assert named.background == 255
    assert [(one.value, one.wanted) for one in named.kinds] == [
        (0, ("ground",)),
        (1, ("house",)),
        (2, ("road",)),
    ]

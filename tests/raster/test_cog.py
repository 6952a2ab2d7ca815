"""Cloud-optimised files from strips: what is in them, and that they appear whole or not at all."""

import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import rasterio
from rasterio.errors import RasterioIOError
from rio_cogeo import cog_validate

from landseer.errors import WriteError
from landseer.raster import cog as cog_module
from landseer.raster.cog import CogWriter
from landseer.raster.halve import halve_classes, halve_values
from landseer.raster.opening import open_raster
from landseer.raster.read import read_bands, read_info

PLACE = {"crs": "EPSG:32633", "transform": (0.5, 0, 500000, 0, -0.5, 5000000)}
CLASSES = {
    "colour_table": {0: "#0a0B0c", 1: "#00ff00", 255: "#ffffff"},
    "category_names": {0: "sea & <land>", 1: "Wälder"},
    "nodata": 255,
}


def write(path, array, strips=None, **options):
    """Write (b, h, w) in strips of such heights, by turns."""
    count, height, width = array.shape
    row, heights = 0, strips or [height]
    options = {"dtype": array.dtype, "count": count, "height": height, "width": width} | options
    with CogWriter(path, **options) as writer:
        while row < height:
            rows = array[:, row : row + heights[0]]
            writer.write(row, rows)
            row, heights = row + rows.shape[1], heights[1:] + heights[:1]


def made(dtype="uint8", shape=(1, 1100, 700), high=3):
    """Make pixels with large and small things in them."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, high, (shape[0], shape[1] // 20 + 1, shape[2] // 20 + 1))
    array = coarse.repeat(20, 1).repeat(20, 2)[:, : shape[1], : shape[2]].astype(dtype)
    array[rng.random(shape) < 0.1] = 1
    return array


def overview(path, level):
    with rasterio.open(path, OVERVIEW_LEVEL=level) as file:
        return file.read()


@pytest.mark.parametrize(
    ("array", "options", "halve"),
    [
        (made(), CLASSES, halve_classes),
        (made("uint16", high=60000), {"nodata": 0}, halve_values),
        (made("float32", (3, 1100, 700)), {"nodata": float("nan")}, halve_values),
        (made("float32", (2, 40, 1100)) / 7, {}, halve_values),
    ],
    ids=["classes", "uint16", "three-floats", "wide"],
)
def test_valid_and_as_given_at_all_resolutions(tmp_path, array, options, halve):
    path = tmp_path / "new" / "a.tif"
    write(path, array, [100, 7, 700], **PLACE, **options)
    assert cog_validate(path, strict=True) == (True, [], [])
    assert read_bands(path).tobytes() == array.tobytes()
    half = halve(array, options.get("nodata"))
    assert overview(path, 0).tobytes() == half.tobytes()
    assert overview(path, 1).tobytes() == halve(half, options.get("nodata")).tobytes()
    assert [entry.name for entry in path.parent.iterdir()] == ["a.tif"]


def test_how_it_is_cut_does_not_change_a_byte(tmp_path):
    array = made("float32", (2, 1100, 700))
    for name, strips in (("a", None), ("b", [1, 900]), ("c", [512])):
        write(tmp_path / f"{name}.tif", array, strips, **PLACE, nodata=float("nan"))
    a, b, c = ((tmp_path / f"{name}.tif").read_bytes() for name in "abc")
    assert a == b == c


def test_place_figures_and_words(tmp_path):
    array = made("float32", (2, 300, 200), high=90)
    array[0, :30] = -1
    words = {"descriptions": ["height", "scale"], "tags": {"TIFFTAG_SOFTWARE": "landseer"}}
    write(tmp_path / "a.tif", array, **PLACE, **words, nodata=-1)
    info = read_info(tmp_path / "a.tif")
    assert info.transform[:6] == PLACE["transform"]
    with open_raster(tmp_path / "a.tif") as file:
        assert file.crs == rasterio.CRS.from_epsg(32633)
        assert file.nodata == -1
        assert file.descriptions == ("height", "scale")
        assert file.tags()["TIFFTAG_SOFTWARE"] == "landseer"
        assert file.tags(1)["STATISTICS_VALID_PERCENT"] == "90"
        valid = array[0, 30:].astype(float)
        got = file.stats(approx=False)[0]  # GDAL's own reading of the tags
        assert (got.min, got.max) == (valid.min(), valid.max())
        assert got.mean == pytest.approx(valid.mean())
        assert got.std == pytest.approx(valid.std())


def test_colours_and_names(tmp_path):
    write(tmp_path / "a.tif", made(), **CLASSES)
    with open_raster(tmp_path / "a.tif") as file:
        assert file.colormap(1)[0] == (10, 11, 12, 255)
        assert file.colormap(1)[1] == (0, 255, 0, 255)
        assert file.colorinterp[0].name == "palette"
        tags = file.tags(1)
    assert {key: tags[key] for key in tags if key.startswith("CLASS_")} == {
        "CLASS_0": "sea & <land>",
        "CLASS_1": "Wälder",
    }
    found = re.findall(
        rb"<GDALMetadata>.*?</GDALMetadata>", (tmp_path / "a.tif").read_bytes(), re.S
    )
    (table,) = ElementTree.fromstring(found[0]).iterfind("Item[@role='rat']/*")
    fields = [[cell.text for cell in field] for field in table.iterfind("FieldDefn")]
    assert fields == [
        ["Value", "0", "5"], ["Class", "2", "2"], ["Red", "0", "6"], ["Green", "0", "7"], ["Blue", "0", "8"],
    ]  # fmt: skip
    assert [[cell.text for cell in row] for row in table.iterfind("Row")] == [
        ["0", "sea & <land>", "10", "11", "12"],
        ["1", "Wälder", "0", "255", "0"],
    ]


def test_names_without_colours(tmp_path):
    write(tmp_path / "a.tif", made(), **PLACE, category_names={1: "kelp"})
    content = (tmp_path / "a.tif").read_bytes()
    assert b'<Row index="0"><F>1</F><F>kelp</F></Row>' in content
    assert b"Red" not in content
    assert cog_validate(tmp_path / "a.tif", strict=True) == (True, [], [])


def test_booleans_and_no_place(tmp_path):
    write(tmp_path / "a.tif", made().astype(bool), [333])
    assert read_info(tmp_path / "a.tif").dtype == "uint8"
    assert read_info(tmp_path / "a.tif").crs is None
    np.testing.assert_array_equal(read_bands(tmp_path / "a.tif"), made().astype(bool))


def test_an_error_inside_leaves_nothing_and_keeps_the_old_file(tmp_path):
    write(tmp_path / "a.tif", made())
    before = (tmp_path / "a.tif").read_bytes()
    with (
        pytest.raises(KeyError),
        CogWriter(tmp_path / "a.tif", width=700, height=1100, count=1, dtype="u1") as writer,
    ):
        writer.write(0, made()[:, :600] * 0)
        raise KeyError
    assert (tmp_path / "a.tif").read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.tif"]


@pytest.mark.parametrize(
    ("row", "shape", "dtype"),
    [
        (1, (1, 4, 9), "u1"), (0, (2, 4, 9), "u1"), (0, (1, 4, 8), "u1"), (0, (1, 6, 9), "u1"),
        (0, (1, 4, 9), "i2"),
    ],
)  # fmt: skip
def test_rows_that_do_not_fit(tmp_path, row, shape, dtype):
    with (
        pytest.raises(WriteError, match="expected uint8 rows from 0 on"),
        CogWriter(tmp_path / "a.tif", width=9, height=5, count=1, dtype="u1") as writer,
    ):
        writer.write(row, np.zeros(shape, dtype))
    assert not list(tmp_path.iterdir())


def test_missing_rows(tmp_path):
    with (
        pytest.raises(WriteError, match="expected 5 rows; got 4"),
        CogWriter(tmp_path / "a.tif", width=9, height=5, count=1, dtype="u1") as writer,
    ):
        writer.write(0, np.zeros((1, 4, 9), "u1"))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"descriptions": ["a", "b"]}, "expected 1 band descriptions; got 2"),
        (
            {"count": 2, "category_names": {0: "sea"}},
            "expected one uint8 or uint16 band of classes; got 2",
        ),
        ({"crs": "EPSG:0"}, "could not write the file"),
        ({"dtype": "f4", "colour_table": {0: "#000000"}}, "band of classes; got 1 of float32"),
        ({"colour_table": {0: "red"}}, "could not write the file"),
    ],
)
def test_what_a_file_cannot_hold(tmp_path, options, text):
    options = {"width": 9, "height": 5, "count": 1, "dtype": "u1"} | options
    with pytest.raises(WriteError, match=text), CogWriter(tmp_path / "a.tif", **options):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match="could not write the file"):
        write(tmp_path / "file" / "a.tif", made())


def test_scratch_holds_what_is_made_on_the_way(tmp_path):
    options = {
        "width": 600,
        "height": 5,
        "count": 1,
        "dtype": "u1",
        "scratch": tmp_path / "scratch",
    }
    with CogWriter(tmp_path / "out" / "a.tif", **options) as writer:
        assert list((tmp_path / "scratch").rglob("0.tif"))
        assert not (tmp_path / "out").exists()
        writer.write(0, np.ones((1, 5, 600), "u1"))
    assert not list((tmp_path / "scratch").iterdir())
    assert read_bands(tmp_path / "out" / "a.tif").all()


@pytest.mark.parametrize("side", [1, 16, 17, 512])
@pytest.mark.parametrize("dtype", ["u1", "f4"])
def test_a_single_tile_is_made_in_memory(tmp_path, side, dtype):
    """Nothing lies beside it meanwhile, nothing is left in memory, and it is a cloud-optimised file like others."""
    options = {"width": side, "height": side, "count": 2, "dtype": dtype, "nodata": 9.0}
    values = np.arange(2 * side * side).reshape(2, side, side).astype(dtype)
    with CogWriter(
        tmp_path / "a.tif", **options, crs="EPSG:32633", transform=(1, 0, 5, 0, -1, 9)
    ) as writer:
        writer.write(0, values)
        assert not list(tmp_path.iterdir())
        inside = writer._folder / "0.tif"
    with pytest.raises(RasterioIOError):
        rasterio.open(inside)
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]
    assert (read_bands(tmp_path / "a.tif") == values).all()
    is_valid, errors, warnings = cog_validate(tmp_path / "a.tif", strict=True)
    assert is_valid and not errors and not warnings


def test_pixels_that_changed_on_the_way_are_noticed(tmp_path, monkeypatch):
    copy = cog_module.copy

    def damage(source, target, **options):
        copy(source, target, **options)
        if options["driver"] == "COG":
            with rasterio.open(target, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as file:
                file.write(np.array([[[9]]], "u1"), window=((600, 601), (3, 4)))

    monkeypatch.setattr(cog_module, "copy", damage)
    with pytest.raises(WriteError, match="the file has others"):
        write(tmp_path / "a.tif", made())
    assert not list(tmp_path.iterdir())


FILL = """
import resource, sys
from pathlib import Path
import numpy as np
from landseer.errors import WriteError
from landseer.raster.cog import CogWriter

array = np.random.default_rng(0).random((1, 1100, 700)).astype(np.float32)
for most in map(int, sys.argv[2:]):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
    try:
        with CogWriter(Path(sys.argv[1]) / "a.tif", width=700, height=1100, count=1, dtype="float32") as writer:
            for row in range(0, 1100, 100):
                writer.write(row, array[:, row : row + 100])
        print("written")
    except WriteError as error:
        print("WriteError" if "free disk space" in str(error) else error)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits of file sizes")
def test_a_full_disk_says_so_at_whatever_byte_it_is_full(tmp_path):
    write(
        tmp_path / "whole.tif", np.random.default_rng(0).random((1, 1100, 700)).astype(np.float32)
    )
    size = (tmp_path / "whole.tif").stat().st_size
    (tmp_path / "out").mkdir()
    full = [str(int(size * share)) for share in (0.001, 0.2, 0.5, 0.75, 0.9, 0.99)]
    full += [str(size - 1), str(2 * size)]
    done = subprocess.run(
        [sys.executable, "-c", FILL, tmp_path / "out", *full],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert done.stdout.split() == ["WriteError"] * (len(full) - 1) + ["written"]
    assert [entry.name for entry in (tmp_path / "out").iterdir()] == ["a.tif"]
    assert (tmp_path / "out" / "a.tif").read_bytes() == (tmp_path / "whole.tif").read_bytes()

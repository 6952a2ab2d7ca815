"""GeoPackages that are there already: other layers stay as they are, and a failed write changes nothing."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely

from landseer.errors import WriteError
from landseer.raster.write import write_raster
from landseer.vector import files as files_module
from landseer.vector.options import VectoriseOptions
from landseer.vector.vectorise import vectorise


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Write a map of one square in UTM."""
    classes = np.zeros((20, 20), np.uint8)
    classes[5:15, 5:15] = 1
    place = (0.5, 0, 5e5, 0, -0.5, 9.2e6)
    write_raster(tmp_path / "map.tif", classes, crs="EPSG:32736", transform=place)
    return tmp_path / "map.tif"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Write a user's package: a layer of points with fields of their own, and a table of no geometry."""
    out = tmp_path / "project.gpkg"
    points = [shapely.Point(39.2, -6.1), shapely.Point(39.3, -6.2)]
    own = {"owner": ["Äshe", None], "n": [1, 2]}
    geopandas.GeoDataFrame(own, geometry=points, crs="EPSG:4326").to_file(out, layer="user")
    with sqlite3.connect(out) as data:
        data.execute("CREATE TABLE remarks (text)")
        data.execute("INSERT INTO remarks VALUES ('keep')")
    data.close()
    return out


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    """Read all of a table as it stands in the file."""
    data = sqlite3.connect(path)
    found = data.execute(f"SELECT * FROM {table}").fetchall()
    data.close()
    return found


def layers(path: Path) -> list[str]:
    """List the layers with geometries."""
    return [name for name, kind in pyogrio.list_layers(path).tolist() if kind]


@pytest.mark.filterwarnings("ignore:Field format:RuntimeWarning")
def test_other_layers_of_a_package_stay(path: Path, project: Path) -> None:
    before = rows(project, "user")
    for layer in ("roofs", "roofs", "Roofs", "more"):
        vectorise(path, project, VectoriseOptions(layer=layer))
        assert rows(project, "user") == before and rows(project, "remarks") == [("keep",)]
    assert sorted(layers(project)) == ["Roofs", "more", "user"]
    kept = geopandas.read_file(project, layer="user")
    assert kept.crs == "EPSG:4326" and kept["owner"].tolist()[0] == "Äshe"
    made = geopandas.read_file(project, layer="Roofs")
    assert made.crs == "EPSG:32736" and made["class"].tolist() == ["1"]
    vectorise(path, project, VectoriseOptions(layer="more", classes=("7",)))
    assert len(geopandas.read_file(project, layer="more")) == 0
    assert [one.name for one in project.parent.iterdir() if one.name.startswith(".")] == []


def test_a_failed_write_leaves_the_package(
    path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = project.read_bytes()
    write = pyogrio.write_dataframe

    def half(*given: object, **named: object) -> None:
        write(*given, **named)
        raise KeyboardInterrupt

    monkeypatch.setattr(files_module.pyogrio, "write_dataframe", half)
    with pytest.raises(KeyboardInterrupt), pytest.warns(RuntimeWarning, match="Field format"):
        vectorise(path, project, VectoriseOptions(layer="user"))
    assert project.read_bytes() == before
    assert sorted(one.name for one in project.parent.iterdir()) == ["map.tif", "project.gpkg"]


def test_what_is_no_package_or_is_open_is_left(path: Path, project: Path) -> None:
    other = project.with_name("other.gpkg")
    for content in (b"no", project.read_bytes()[:3000]):
        other.write_bytes(content)
        with pytest.raises(WriteError, match="expected a GeoPackage") as caught:
            vectorise(path, other)
        assert caught.value.where == str(other) and other.read_bytes() == content
    other.write_bytes(b"")
    assert vectorise(path, other).n_polygons == 1
    for ending in ("-wal", "-journal"):
        beside = project.with_name(project.name + ending)
        beside.write_bytes(b"x")
        with pytest.raises(WriteError, match=f"no other program has open; project.gpkg{ending}"):
            vectorise(path, project)
        beside.unlink()


def test_files_of_one_layer_are_replaced(path: Path, tmp_path: Path) -> None:
    for name in ("map.geojson", "map.parquet"):
        (tmp_path / name).write_text("old")
        assert vectorise(path, tmp_path / name).n_polygons == 1
        assert b"old" not in (tmp_path / name).read_bytes()


@pytest.mark.parametrize("ending", ["gpkg", "geojson", "parquet"])
def test_a_first_map_without_polygons(path: Path, tmp_path: Path, ending: str) -> None:
    """Columns of text have their type from the first batch, which may be empty."""
    write_raster(
        tmp_path / "a.tif",
        np.zeros((9, 9), np.uint8),
        crs="EPSG:32736",
        transform=(0.5, 0, 5e5, 0, -0.5, 9.2e6),
    )
    out = vectorise([tmp_path / "a.tif", path], tmp_path / f"all.{ending}").files[0]
    read = geopandas.read_parquet if ending == "parquet" else geopandas.read_file
    assert read(out)[["scene", "class"]].to_numpy().tolist() == [["map", "1"]]

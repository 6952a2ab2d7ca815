"""Objects of vector files of all kinds and all faults, as polygons in pixels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyarrow import parquet
from pyproj import Transformer
from shapely.geometry import mapping

from landseer.errors import FileReadError, GridError, LabelError
from landseer.raster.read import RasterInfo
from landseer.vector.labels import read_objects
from landseer.vector.placing import pixel_size_m
from landseer.vector.rules import Kind, LabelRules, texts_of

LEFT, TOP, STEP = 4_366_000.0, -650_000.0, 0.5


def grid(
    crs: str | None = "EPSG:3857",
    transform: tuple[float, float, float, float, float, float] = (STEP, 0.0, LEFT, 0.0, -STEP, TOP),
) -> RasterInfo:
    """Make the header of a raster of 100 x 200 pixels, on Zanzibar if nothing else is said."""
    return RasterInfo(Path("scene.tif"), 200, 100, 3, "uint8", crs, transform, None, ())


def ground(geometry: shapely.Geometry) -> shapely.Geometry:
    """Bring pixels into the grid's CRS."""
    return shapely.transform(
        geometry, lambda xy: np.stack([LEFT + STEP * xy[:, 0], TOP - STEP * xy[:, 1]], 1)
    )


def degrees(geometry: shapely.Geometry) -> shapely.Geometry:
    """Bring pixels into EPSG:4326."""
    to = Transformer.from_crs("EPSG:3857", "EPSG:4326", always_xy=True)
    return shapely.transform(ground(geometry), lambda xy: np.stack(to.transform(*xy.T), 1))


def geojson(
    path: Path, geometries: list[Any], values: list[Any] | None = None, **members: Any
) -> Path:
    """Write a GeoJSON file by hand."""
    features = [
        {
            "type": "Feature",
            "properties": {} if values is None else {"kind": values[place]},
            "geometry": one if one is None or isinstance(one, dict) else mapping(one),
        }
        for place, one in enumerate(geometries)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **members}))
    return path


HOUSE = shapely.box(20, 30, 60, 70)
RING = shapely.Polygon(
    [(100, 10), (180, 10), (180, 90), (100, 90)], [[(120, 30), (160, 30), (160, 70), (120, 70)]]
)


@pytest.mark.parametrize("name", ["a.geojson", "a.json", "a.gpkg", "a.parquet", "a.shp", "a.fgb"])
def test_files_of_all_kinds(tmp_path: Path, name: str) -> None:
    """The same two objects come out of each format, with holes, in pixels, with their classes."""
    frame = gpd.GeoDataFrame(
        {"kind": ["hut", "ring"]}, geometry=[degrees(HOUSE), degrees(RING)], crs="EPSG:4326"
    )
    path = tmp_path / name
    if name.endswith("parquet"):
        frame.to_parquet(path)
    else:
        frame.to_file(
            path,
            driver="GeoJSON" if name.endswith("json") else None,
            **({"COORDINATE_PRECISION": 12} if name.endswith("json") else {}),
        )
    rules = LabelRules((Kind(3, ("hut",)), Kind(9, ("ring",))), attribute="kind")
    found = read_objects([path], grid(), rules)
    by_value = dict(zip(found.values.tolist(), found.polygons, strict=True))
    assert sorted(by_value) == [3, 9]
    for value, expected in ((3, HOUSE), (9, RING)):
        assert shapely.symmetric_difference(by_value[value], expected).area < 1e-3
    assert found.counts.read == 2


@pytest.mark.parametrize(
    "crs",
    [
        None,
        "EPSG:4326",
        {"type": "name"},
        {"type": "name", "properties": {"name": "urn:nonsense"}},
        {"properties": {}},
    ],
)
def test_malformed_crs_member(tmp_path: Path, crs: Any) -> None:
    """GeoJSON whose CRS member means nothing is in EPSG:4326."""
    path = geojson(tmp_path / "a.geojson", [degrees(HOUSE)], crs=crs)
    found = read_objects([path], grid(), LabelRules())
    assert shapely.symmetric_difference(found.polygons[0], HOUSE).area < 1e-3


def test_wrong_crs_is_overridden(tmp_path: Path) -> None:
    """A file that claims another CRS lies elsewhere, which is told; the override puts it right."""
    wrong = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32637"}}
    path = geojson(tmp_path / "a.geojson", [degrees(HOUSE)], crs=wrong)
    lost = read_objects([path], grid(), LabelRules())
    assert len(lost.polygons) == 0
    left, _, right, _ = lost.counts.extents[str(path)]
    assert 39.2 < left < right < 39.3
    found = read_objects([path], grid(), LabelRules(crs="EPSG:4326"))
    assert shapely.symmetric_difference(found.polygons[0], HOUSE).area < 1e-3
    with pytest.raises(LabelError, match="EPSG:4326; got 'here'"):
        read_objects([path], grid(), LabelRules(crs="here"))


def test_objects_elsewhere_are_no_fault(tmp_path: Path) -> None:
    """A file of a whole town in which this scene has no objects is fine."""
    around = [
        degrees(shapely.box(-500, -500, -400, -400)),
        degrees(shapely.box(900, 900, 950, 950)),
    ]
    counts = read_objects([geojson(tmp_path / "a.geojson", around)], grid(), LabelRules()).counts
    assert (counts.outside, dict(counts.extents)) == (2, {})


def test_faults_are_counted(tmp_path: Path) -> None:
    """Empty, null, crossing, unclosed, flat and thin geometries: what can be used is, and all are counted."""
    bow = shapely.Polygon([(10, 10), (30, 30), (30, 10), (10, 30)])
    unclosed = mapping(degrees(HOUSE))
    unclosed = {"type": "Polygon", "coordinates": [list(unclosed["coordinates"][0])[:-1]]}
    flat = shapely.Polygon([(50, 50), (60, 60), (50, 50)])
    high = shapely.force_3d(degrees(shapely.box(150, 5, 160, 15)), 25.0)
    thing = {
        "type": "GeometryCollection",
        "geometries": [
            mapping(degrees(shapely.box(70, 5, 80, 15))),
            mapping(degrees(shapely.Point(90, 9))),
        ],
    }
    geometries = [
        None, {"type": "Polygon", "coordinates": []}, degrees(bow), unclosed, degrees(flat), high, thing,
        degrees(shapely.LineString([(0, 50), (200, 50)])),
    ]  # fmt: skip
    found = read_objects([geojson(tmp_path / "a.geojson", geometries)], grid(), LabelRules())
    counts = found.counts
    assert (counts.read, counts.empty, counts.repaired, counts.lost, counts.thin) == (8, 2, 3, 1, 3)
    expected = shapely.union_all(
        [shapely.make_valid(bow), HOUSE, shapely.box(150, 5, 160, 15), shapely.box(70, 5, 80, 15)]
    )
    union = shapely.union_all(found.polygons)
    assert shapely.symmetric_difference(union, expected).area < 1e-3
    assert not shapely.has_z(found.polygons).any()
    assert shapely.is_valid(found.polygons).all()


def test_lines_become_roads_of_true_width(tmp_path: Path) -> None:
    """A line with a buffer of 3 m is 6 m wide on the ground, at 60 degrees north in Web Mercator and in degrees."""
    for crs, step in (("EPSG:3857", (0.5, 0.5)), ("EPSG:4326", (9e-6, 4.5e-6))):
        left, top = (1_113_194.9, 8_399_737.9) if crs == "EPSG:3857" else (10.0, 60.0)
        place = grid(crs, transform=(step[0], 0.0, left, 0.0, -step[1], top))
        x, y = left + step[0] * 100, top - step[1] * 50
        lines = [
            shapely.LineString([(x, top + 1e3 * step[1]), (x, top - 1e3 * step[1])]),
            shapely.LineString([(left - 1e3 * step[0], y), (left + 2e3 * step[0], y)]),
        ]
        path = tmp_path / "a.gpkg"
        gpd.GeoDataFrame(geometry=lines, crs=crs).to_file(path)
        down, across = read_objects([path], place, LabelRules(buffer_m=3)).polygons
        metres = 111_412.9 * (step[1] if crs == "EPSG:4326" else 0.5 * 0.5 / 111_319.5)
        assert across.bounds[3] - across.bounds[1] == pytest.approx(6 / metres, rel=0.01)
        metres = 55_800.2 * (step[0] if crs == "EPSG:4326" else 0.5 / 111_319.5)
        assert down.bounds[2] - down.bounds[0] == pytest.approx(6 / metres, rel=0.01)
        assert read_objects([path], place, LabelRules()).counts.thin == 2


@pytest.mark.parametrize("values", [["yes", "shed", None], [1, 2.0, None], [True, False, None]])
def test_classes_by_attribute(tmp_path: Path, values: list[Any]) -> None:
    """Texts, numbers and booleans mean what the recipe writes; unknown values are counted, and burnt as asked."""
    path = geojson(
        tmp_path / "a.geojson",
        [degrees(shapely.box(x, 5, x + 10, 15)) for x in (0, 50, 100)],
        values,
    )
    for unknown, expected in ((254, [7, 254, 254]), (255, [7, 255, 255]), (None, [7])):
        rules = LabelRules((Kind(7, texts_of(values[0])),), attribute="kind", unknown=unknown)
        found = read_objects([path], grid(), rules)
        assert found.values.tolist() == expected
        assert sum(found.counts.unknown.values()) == 2
        assert found.counts.unknown[""] == 1
    with pytest.raises(LabelError, match=r"'colour'; they have kind"):
        read_objects([path], grid(), LabelRules(attribute="colour"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "0 bytes"),
        ("{", "recognized"),
        ('{"type": "FeatureCollection", "features": [', "Unterminated"),
    ],
)
def test_unreadable_files(tmp_path: Path, text: str, message: str) -> None:
    """Files that are no vector files are refused by name."""
    path = tmp_path / "a.geojson"
    path.write_text(text)
    with pytest.raises(FileReadError, match=message) as caught:
        read_objects([path], grid(), LabelRules())
    assert caught.value.where == str(path)
    with pytest.raises(FileReadError, match="no such file"):
        read_objects([tmp_path / "b.gpkg"], grid(), LabelRules())
    (tmp_path / "c.parquet").write_bytes(b"PAR1")
    with pytest.raises(FileReadError):
        read_objects([tmp_path / "c.parquet"], grid(), LabelRules())


def test_file_without_objects_and_scene_without_place(tmp_path: Path) -> None:
    """No objects is a label; objects on an image without CRS are refused, as are files without CRS."""
    empty = read_objects(
        [geojson(tmp_path / "a.geojson", [])], grid(), LabelRules(attribute="kind")
    )
    assert (len(empty.polygons), empty.counts.read) == (0, 0)
    full = geojson(tmp_path / "b.geojson", [degrees(HOUSE)])
    with pytest.raises(GridError, match="georeferenced"):
        read_objects([full], grid(None), LabelRules())
    with pytest.warns(UserWarning, match="crs"):
        gpd.GeoDataFrame(geometry=[HOUSE]).to_file(tmp_path / "c.shp")
    with pytest.raises(LabelError, match="says its CRS"):
        read_objects([tmp_path / "c.shp"], grid(), LabelRules())


SITE_GRID = 'LOCAL_CS["site grid",UNIT["metre",1]]'


def test_site_grids_have_no_place_on_the_earth(tmp_path: Path) -> None:
    """Engineering and undefined CRSs are refused by name, on either side; `objects.crs` tells the true one."""
    shapes = gpd.GeoSeries([ground(HOUSE)], crs=SITE_GRID)
    shapes.to_file(tmp_path / "a.shp")
    for name in ("a.shp", "a.gpkg", "a.parquet"):
        path = tmp_path / name
        frame = gpd.GeoDataFrame(geometry=[ground(HOUSE)], crs=SITE_GRID)
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_file(path)
        with pytest.raises(LabelError, match="place on the Earth; got 'site grid'") as caught:
            read_objects([path], grid(), LabelRules())
        assert caught.value.where == str(path) and "objects.crs" in caught.value.do
        told = read_objects([path], grid(), LabelRules(crs="EPSG:3857"))
        assert told.polygons[0].equals_exact(HOUSE, 1e-6)
    with pytest.raises(GridError, match="lies on the Earth; got one outside") as refused:
        read_objects([path], grid(SITE_GRID), LabelRules(crs="EPSG:3857"))
    assert refused.value.where == "scene.tif"
    with pytest.raises(GridError, match="lies on the Earth"):
        pixel_size_m(grid(SITE_GRID))


def test_crs_that_means_nothing(tmp_path: Path) -> None:
    """A GeoParquet file whose CRS cannot be understood is refused by name."""
    path = tmp_path / "a.parquet"
    gpd.GeoDataFrame(geometry=[degrees(HOUSE)], crs="EPSG:4326").to_parquet(path)
    table = parquet.read_table(path)
    geo = json.loads(table.schema.metadata[b"geo"])
    geo["columns"]["geometry"]["crs"] = {"type": "nonsense"}
    parquet.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), path)
    with pytest.raises(FileReadError, match="vector file") as caught:
        read_objects([path], grid(), LabelRules())
    assert caught.value.where == str(path)


def test_several_files_and_layers(tmp_path: Path) -> None:
    """Objects of several files are put together; a layer is read by its name."""
    path = tmp_path / "a.gpkg"
    for layer, shape in (("roads", shapely.box(0, 0, 5, 5)), ("houses", HOUSE)):
        gpd.GeoDataFrame(geometry=[ground(shape)], crs="EPSG:3857").to_file(path, layer=layer)
    other = geojson(tmp_path / "b.geojson", [degrees(RING)])
    rules = LabelRules(layer="houses")
    assert read_objects([path], grid(), rules).polygons[0].equals_exact(HOUSE, 1e-6)
    assert len(read_objects([path, other], grid(), LabelRules()).polygons) == 2

"""A static catalogue as pystac writes it, read without a network, and what can be wrong with one."""

import builtins
import json
from datetime import UTC, datetime
from pathlib import Path

import pystac
import pytest

from landseer.adapters.stac_catalogue import local_file, read_catalogue
from landseer.errors import DataError, FileReadError, UsageError

BANDS = [{"name": "B4", "common_name": "red"}, {"name": "B8", "common_name": "nir"}]


def make_catalogue(root: Path, kind=pystac.CatalogType.SELF_CONTAINED) -> Path:
    """Write a collection of one scene and the item that labels it."""
    box = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}
    when = datetime(2020, 5, 1, tzinfo=UTC)
    extent = pystac.Extent(
        pystac.SpatialExtent([[0, 0, 1, 1]]), pystac.TemporalExtent([[when, None]])
    )
    scene = pystac.Item("s1", box, [0, 0, 1, 1], when, {"ml-aoi:split": "train"})
    scene.add_asset("visual", pystac.Asset("./s1.tif", media_type="image/tiff", roles=["data"],
        extra_fields={"eo:bands": BANDS, "raster:bands": [{"nodata": 0}, {"nodata": 0, "scale": 0.1}]}))  # fmt: skip
    scene.add_asset(
        "preview", pystac.Asset("./s1.png", media_type="image/png", roles=["thumbnail"])
    )
    label = pystac.Item("s1-labels", box, [0, 0, 1, 1], when, {})
    label.stac_extensions = ["https://stac-extensions.github.io/label/v1.0.1/schema.json"]
    label.properties |= {"label:type": "vector", "label:properties": ["building"]}
    label.add_link(pystac.Link("source", scene))
    label.add_asset("labels", pystac.Asset("./s1.geojson", media_type="application/geo+json"))
    collection = pystac.Collection("towns", "towns", extent)
    collection.add_items([scene, label])
    catalogue = pystac.Catalog("all", "all")
    catalogue.add_child(collection)
    catalogue.normalize_and_save(str(root), kind)
    return root / "catalog.json"


@pytest.mark.parametrize(
    "kind", [pystac.CatalogType.SELF_CONTAINED, pystac.CatalogType.ABSOLUTE_PUBLISHED]
)
def test_items_assets_and_sources(tmp_path: Path, kind):
    scene, label = read_catalogue(make_catalogue(tmp_path, kind))
    folder = tmp_path / "towns" / "s1"
    assert (scene.name, scene.collection, scene.split) == ("s1", "towns", "train")
    assert scene.date == "2020-05-01T00:00:00+00:00"
    assert scene.file == folder / "s1.json"
    assert scene.assets["visual"].path == folder / "s1.tif"
    assert scene.assets["visual"].roles == ("data",)
    assert scene.assets["visual"].bands == (
        {"name": "B4", "common_name": "red", "nodata": 0},
        {"name": "B8", "common_name": "nir", "nodata": 0, "scale": 0.1},
    )
    assert scene.assets["preview"].bands == ()
    assert label.sources == (scene.file,)
    assert label.assets["labels"].path == tmp_path / "towns/s1-labels/s1.geojson"


def test_bands_of_stac_1_1(tmp_path: Path):
    path = make_catalogue(tmp_path)
    file = tmp_path / "towns/s1/s1.json"
    content = json.loads(file.read_text())
    asset = content["assets"]["visual"]
    del asset["eo:bands"], asset["raster:bands"]
    asset["bands"] = [{"name": "B4", "eo:common_name": "red", "nodata": 0, "raster:scale": 0.5}]
    file.write_text(json.dumps(content | {"stac_version": "1.1.0"}))
    assert read_catalogue(path)[0].assets["visual"].bands == (
        {"name": "B4", "common_name": "red", "nodata": 0, "scale": 0.5},
    )


def test_nothing_is_fetched(tmp_path: Path, monkeypatch):
    path = make_catalogue(tmp_path)
    content = json.loads(path.read_text())
    content["links"].append({"rel": "child", "href": "https://example.org/more/catalog.json"})
    path.write_text(json.dumps(content))
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("fetched"))
    with pytest.raises(FileReadError, match=r"none for https://example\.org/more/catalog\.json"):
        read_catalogue(path)


@pytest.mark.parametrize(
    "text", ["{", '{"type": "FeatureCollection"}', '{"type": "Catalog"}', "[]"]
)
def test_what_is_no_catalogue_is_refused(tmp_path: Path, text):
    (tmp_path / "catalog.json").write_text(text)
    with pytest.raises(DataError, match="expected a STAC catalogue or collection; got"):
        read_catalogue(tmp_path / "catalog.json")
    with pytest.raises(FileReadError, match="there is none for"):
        read_catalogue(tmp_path / "none.json")


def test_folders_of_catalogues_and_collections(tmp_path: Path):
    make_catalogue(tmp_path)
    assert len(read_catalogue(tmp_path)) == len(read_catalogue(tmp_path / "towns")) == 2
    with pytest.raises(FileReadError, match=r"catalog\.json"):
        read_catalogue(tmp_path / "towns" / "s1")


def test_what_to_install(tmp_path: Path, monkeypatch):
    found = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "pystac":
            raise ImportError(name)
        return found(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError, match="expected pystac") as error:
        read_catalogue(tmp_path / "catalog.json")
    assert "pip install" in error.value.do


def test_addresses_on_servers_are_looked_for_beside_the_catalogue(tmp_path: Path):
    here = tmp_path / "scenes" / "a"
    here.mkdir(parents=True)
    (here / "x y.tif").write_bytes(b"x")
    (tmp_path / "top.tif").write_bytes(b"x")
    for href in ("https://h.org/data/scenes/a/x%20y.tif", "s3://bucket/scenes/a/x y.tif",
                 "/gone/scenes/a/x y.tif", "x y.tif", str(here / "x y.tif")):  # fmt: skip
        assert local_file(tmp_path, here, href) == here / "x y.tif", href
    assert local_file(tmp_path, here, "https://h.org/top.tif?key=1") == tmp_path / "top.tif"
    assert local_file(tmp_path, here, "../../top.tif") == tmp_path / "top.tif"
    assert local_file(tmp_path, here, "https://h.org/none.tif") == here / "none.tif"
    assert local_file(tmp_path, here, "none.tif") == here / "none.tif"


def test_a_catalogue_published_on_a_server_and_copied_whole(tmp_path: Path):
    path = make_catalogue(tmp_path / "plain")
    catalogue = pystac.Catalog.from_file(str(path))
    catalogue.normalize_hrefs("https://h.org/data")
    catalogue.save(pystac.CatalogType.ABSOLUTE_PUBLISHED, dest_href=str(tmp_path / "copy"))
    assert "https://h.org/data/towns" in (tmp_path / "copy/catalog.json").read_text()
    scene, label = read_catalogue(tmp_path / "copy" / "catalog.json")
    assert scene.file == tmp_path / "copy/towns/s1/s1.json"
    assert label.sources == (scene.file,)
    assert scene.assets["visual"].path == tmp_path / "copy/towns/s1/s1.tif"


def test_it_is_read_once_while_nothing_changes(tmp_path: Path, monkeypatch):
    path = make_catalogue(tmp_path)
    opened = []
    find = pystac.Catalog.from_file.__func__

    def count(cls, *args, **kwargs):
        opened.append(args)
        return find(cls, *args, **kwargs)

    monkeypatch.setattr(pystac.Catalog, "from_file", classmethod(count))
    first = read_catalogue(path)
    first.clear()  # the caller's own list
    assert len(read_catalogue(tmp_path)) == 2 and len(opened) == 1
    file = tmp_path / "towns/s1/s1.json"
    file.write_text(file.read_text().replace('"visual"', '"picture"'))
    assert "picture" in read_catalogue(path)[0].assets and len(opened) == 2
    (tmp_path / "more.tif").write_bytes(b"x")  # what an address means may have come
    read_catalogue(path)
    assert len(opened) == 3

"""Open Cities' catalogues, table and folders: each alone gives the same scenes, and what they miss is said."""

import csv
import json
from pathlib import Path

import pytest

from landseer.adapters.opencities_listing import Entry, list_scenes, list_tests
from landseer.adapters.opencities_stac import resolve
from landseer.errors import DataError, FileReadError

SCENES = {(1, "acc", "665946"): "2018-08-05 00:00:00Z", (1, "znz", "06f252"): "2018-06-01 00:00:00Z",
          (2, "dar", "0a4c40"): "2018-11-11 00:00:00Z"}  # fmt: skip
BUCKET = "https://drivendata-competition-building-segmentation.s3-us-west-1.amazonaws.com/"


def put(path: Path, content: object = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content))


def put_files(root: Path) -> None:
    """Write empty stand-ins for images and labels; only names are read here."""
    for tier, area, scene in SCENES:
        folder = root / f"train_tier_{tier}" / area
        put(folder / scene / f"{scene}.tif")
        put(folder / f"{scene}-labels" / f"{scene}.geojson")
    for chip in ("0a0a36", "fffd9c"):
        put(root / "test" / chip / f"{chip}.tif")


def put_catalogues(root: Path, href: str = "./") -> None:
    """Write the catalogues of both tiers; `href` begins addresses of assets: relative, or in the bucket."""
    for tier in (1, 2):
        top = root / f"train_tier_{tier}"
        cities = sorted({area for t, area, _ in SCENES if t == tier})
        put(top / "catalog.json", {"stac_version": "0.8.1", "id": f"train_tier_{tier}", "links": [
            {"rel": "root", "href": "./catalog.json"},
            *({"rel": "child", "href": f"./{city}/collection.json"} for city in cities)]})  # fmt: skip
        for city in cities:
            scenes = [s for t, c, s in SCENES if (t, c) == (tier, city)]
            ids = [name for scene in scenes for name in (scene, f"{scene}-labels")]
            put(top / city / "collection.json", {"stac_version": "0.8.1", "id": f"train_tier_{tier}_{city}",
                "links": [{"rel": "parent", "href": "../catalog.json"},
                          *({"rel": "item", "href": f"./{i}/{i}.json"} for i in ids)]})  # fmt: skip
            for scene in scenes:
                put_items(top / city, (tier, city, scene), href)


def put_items(folder: Path, key: tuple[int, str, str], href: str) -> None:
    tier, area, scene = key
    start = href if href == "./" else f"{href}train_tier_{tier}/{area}/{scene}/"
    image = {
        "image": {
            "href": f"{start}{scene}.tif",
            "type": "image/vnd.stac.geotiff; cloud-optimized=true",
        }
    }
    when = {"datetime": SCENES[key], "area": area}
    item = {
        "type": "Feature",
        "stac_version": "0.8.1",
        "bbox": [0, 0, 0, 0],
        "properties": when,
        "links": [],
    }
    put(folder / scene / f"{scene}.json", item | {"id": scene, "assets": image})
    start = href if href == "./" else f"{href}train_tier_{tier}/{area}/{scene}-labels/"
    labels = {"labels": {"href": f"{start}{scene}.geojson", "type": "application/geo+json"}}
    put(folder / f"{scene}-labels" / f"{scene}-labels.json",
        item | {"id": f"{scene}-labels", "assets": labels, "stac_extensions": ["label"]})  # fmt: skip


def put_table(root: Path, keys=tuple(SCENES)) -> None:
    with (root / "train_metadata.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["img_uri", "label_uri", "tier", "area"])
        for tier, area, scene in keys:
            start = f"train_tier_{tier}/{area}"
            writer.writerow(
                [
                    f"{start}/{scene}/{scene}.tif",
                    f"{start}/{scene}-labels/{scene}.geojson",
                    tier,
                    area,
                ]
            )


def expected(root: Path, dated: bool) -> list[Entry]:
    return [
        Entry(tier, area, scene, folder / scene / f"{scene}.tif", folder / f"{scene}-labels" / f"{scene}.geojson",
              date if dated else None)
        for (tier, area, scene), date in SCENES.items()
        for folder in [root / f"train_tier_{tier}" / area]
    ]  # fmt: skip


def test_catalogue_table_and_folders_alone_give_the_same(tmp_path: Path):
    put_files(tmp_path)
    assert list_scenes(tmp_path, [2, 1]) == (expected(tmp_path, False), [])
    put_table(tmp_path)
    assert list_scenes(tmp_path, [1, 2]) == (expected(tmp_path, False), [])
    put_catalogues(tmp_path)
    assert list_scenes(tmp_path, [1, 2]) == (expected(tmp_path, True), [])
    assert [one.key for one in list_scenes(tmp_path, [2])[0]] == [(2, "dar", "0a4c40")]


def test_addresses_in_the_bucket_mean_the_local_files(tmp_path: Path):
    put_files(tmp_path)
    put_catalogues(tmp_path, BUCKET)
    assert list_scenes(tmp_path, [1, 2]) == (expected(tmp_path, True), [])


def test_scenes_that_one_source_lacks_are_kept_and_reported(tmp_path: Path):
    put_files(tmp_path)
    put_catalogues(tmp_path)
    put_table(tmp_path, [*list(SCENES)[1:], (1, "mon", "401175")])
    found, findings = list_scenes(tmp_path, [1, 2])
    assert [one.scene for one in found] == ["665946", "401175", "06f252", "0a4c40"]
    assert found[1].image == tmp_path / "train_tier_1/mon/401175/401175.tif"
    assert [(f.sample, f.what, f.figure) for f in findings] == [
        ("401175", "scene is not in catalog.json", "tier 1, mon"),
        ("665946", "scene is not in train_metadata.csv", "tier 1, acc"),
        ("401175", "scene is not in the folders", "tier 1, mon"),
    ]


def test_broken_and_missing_files_of_the_catalogue_are_reported(tmp_path: Path):
    put_files(tmp_path)
    put_catalogues(tmp_path)
    (tmp_path / "train_tier_1/acc/collection.json").write_text("{")
    (tmp_path / "train_tier_1/znz/06f252-labels/06f252-labels.json").unlink()
    found, findings = list_scenes(tmp_path, [1])
    assert found == [one if one.area == "znz" else Entry(1, "acc", "665946", one.image, one.label)
                     for one in expected(tmp_path, True)[:2]]  # fmt: skip
    assert [f.what for f in findings] == [
        "file of the catalogue cannot be read",
        "file of the catalogue is missing",
        "scene is not in catalog.json",
    ]


def test_a_catalogue_that_links_to_itself_ends(tmp_path: Path):
    put_files(tmp_path)
    put_catalogues(tmp_path)
    for name in ("catalog.json", "acc/collection.json"):
        path = tmp_path / "train_tier_1" / name
        content = json.loads(path.read_text())
        content["links"].append({"rel": "child", "href": str(path.name)})
        content["links"].append({"rel": "child", "href": "../train_tier_1/./acc/collection.json"})
        put(path, content)
    assert [one.scene for one in list_scenes(tmp_path, [1])[0]] == ["665946", "06f252"]


def test_test_chips_from_folders_and_catalogue(tmp_path: Path):
    put_files(tmp_path)
    put(tmp_path / "test/fffd9c/other.tif")
    found, findings = list_tests(tmp_path)
    assert (list(found), findings) == (["0a0a36", "fffd9c"], [])
    ids = ["0a0a36", "fffd9c", "abcdef"]
    put(
        tmp_path / "test/catalog.json",
        {"links": [{"rel": "item", "href": f"{i}/{i}.json"} for i in ids]},
    )
    for chip in ids:
        assets = {"image": {"href": f"s3://bucket/x/test/{chip}/{chip}.tif"}}
        item = {"type": "Feature", "id": chip, "assets": assets}
        put(tmp_path / f"test/{chip}/{chip}.json", item)
    found, findings = list_tests(tmp_path)
    assert found == {i: tmp_path / f"test/{i}/{i}.tif" for i in ids[:2]}
    assert [(f.what, f.figure) for f in findings] == [
        ("listed test chips are missing", "1 chips: abcdef")
    ]


@pytest.mark.parametrize(
    "href,path",
    [
        ("./a.tif", "train_tier_1/acc/1/a.tif"),
        ("../2/a%20b.tif", "train_tier_1/acc/2/a b.tif"),
        (BUCKET + "train_tier_1/dar/3/a.tif", "train_tier_1/dar/3/a.tif"),
        ("s3://bucket/deep/test/3/a.tif", "test/3/a.tif"),
        ("https://elsewhere/a.tif", "train_tier_1/acc/1/a.tif"),
        ("/data/train_tier_2/dar/3/a.tif", "train_tier_2/dar/3/a.tif"),
    ],
)
def test_addresses(href, path):
    root = Path("/root")
    assert resolve(root, root / "train_tier_1/acc/1/1.json", href) == root / path


@pytest.mark.parametrize(
    "text,error,message",
    [
        ("img_uri,tier\na,1\n", DataError, "got none named label_uri, area"),
        ("img_uri,label_uri,tier,area\na,b,1,acc\na,b,one,acc\n", DataError, "first in line 3"),
        ("img_uri,label_uri,tier,area\na,,1,acc\n", DataError, "1 rows without"),
        ("", FileReadError, "expected a table of scenes"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, text, error, message):
    (tmp_path / "train_metadata.csv").write_text(text)
    with pytest.raises(error, match=message):
        list_scenes(tmp_path, [1])

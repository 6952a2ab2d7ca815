"""SpaceNet's names: tiles, places, views and sides of the published layouts."""

from pathlib import Path

import pytest

from landseer.adapters.spacenet_files import find_labels, find_tiles, place_of
from landseer.errors import DataError

ONE = "SN1_buildings/train/3band/3band_AOI_1_RIO_img100.tif"
ONE_TEST = "SN1_buildings_test_AOI_2_Rio_3band/3band/3band_AOI_2_RIO_img7.tif"
TWO = "AOI_2_Vegas_Train/RGB-PanSharpen/RGB-PanSharpen_AOI_2_Vegas_img12.tif"
TWO_TEST = "AOI_2_Vegas_Test_public/RGB-PanSharpen/RGB-PanSharpen_AOI_2_Vegas_img13.tif"
VIEW = (
    "Atlanta_nadir{}_catid_{}/Pan-Sharpen/Pan-Sharpen_Atlanta_nadir{}_catid_{}_732701_3730989.tif"
)
FOUR = [VIEW.format(angle, catid, angle, catid) for angle, catid in
        ((16, "1030010002649200"), (7, "1030010003D22F00"))]  # fmt: skip


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")


@pytest.mark.parametrize(
    "name,product,expected",
    [
        (ONE, "3band", ("AOI_1_RIO_img100", "AOI_1_RIO", "train")),
        (ONE_TEST, "3band", ("AOI_2_RIO_img7", "AOI_2_RIO", "test")),
        (TWO, "RGB-PanSharpen", ("AOI_2_Vegas_img12", "AOI_2_Vegas", "train")),
        (TWO_TEST, "RGB-PanSharpen", ("AOI_2_Vegas_img13", "AOI_2_Vegas", "test")),
    ],
)
def test_tiles_of_one_view(tmp_path: Path, name, product, expected):
    put(tmp_path, name, name.replace(product, "MUL"))
    tiles, strange = find_tiles(tmp_path, product)
    assert [(tile.name, tile.area, tile.side) for tile in tiles] == [expected]
    assert (tiles[0].place, tiles[0].path) == (tiles[0].name, tmp_path / name)
    assert (tiles[0].angle_deg, tiles[0].catid, strange) == (None, None, [])


def test_views_of_one_place(tmp_path: Path):
    put(tmp_path, *FOUR, "Atlanta_nadir7_catid_1030010003D22F00/Pan-Sharpen/readme_mask.tif")
    tiles, strange = find_tiles(tmp_path, "Pan-Sharpen")
    assert {tile.place for tile in tiles} == {"732701_3730989"}
    assert [(t.name, t.area, t.angle_deg, t.catid) for t in tiles] == [
        ("Atlanta_nadir16_1030010002649200_732701_3730989", "Atlanta", 16, "1030010002649200"),
        ("Atlanta_nadir7_1030010003D22F00_732701_3730989", "Atlanta", 7, "1030010003D22F00"),
    ]
    assert [path.name for path in strange] == ["readme_mask.tif"]


def test_labels_have_the_place_of_their_image(tmp_path: Path):
    put(
        tmp_path,
        "SN1_buildings/train/geojson/Geo_AOI_1_RIO_img100.geojson",
        "AOI_2_Vegas_Train/geojson/buildings/buildings_AOI_2_Vegas_img12.geojson",
        "geojson/spacenet-buildings/spacenet-buildings_732701_3730989.geojson",
        "AOI_2_Vegas_Roads_Train/geojson/spacenetroads/spacenetroads_AOI_2_Vegas_img12.geojson",
        "geojson/notes.geojson",
        "elsewhere/buildings_AOI_2_Vegas_img99.geojson",
        ".hidden/geojson/buildings_AOI_2_Vegas_img98.geojson",
    )
    labels, others = find_labels(tmp_path)
    assert set(labels) == {"AOI_1_RIO_img100", "AOI_2_Vegas_img12", "732701_3730989"}
    assert labels["AOI_2_Vegas_img12"].parent.name == "buildings"
    assert {path.name for path in others} == {
        "spacenetroads_AOI_2_Vegas_img12.geojson", "notes.geojson", "buildings_AOI_2_Vegas_img99.geojson",
    }  # fmt: skip
    images = [place_of(Path(name).stem) for name in (ONE, TWO, FOUR[0])]
    assert set(images) == set(labels)


def test_a_folder_whose_name_contains_test_as_part_of_a_word_is_no_test_side(tmp_path: Path):
    put(tmp_path, "latest_contest/3band/3band_AOI_1_RIO_img1.tif")
    assert find_tiles(tmp_path, "3band")[0][0].side == "train"


def test_two_data_sets_below_one_root_are_refused(tmp_path: Path):
    other = TWO.replace("AOI_2_Vegas_Train", "AOI_2_Vegas_Roads_Train")
    put(tmp_path, TWO, other, TWO_TEST)
    with pytest.raises(DataError, match="1 tiles twice, AOI_2_Vegas_img12 from") as caught:
        find_tiles(tmp_path, "RGB-PanSharpen")
    assert TWO in caught.value.message and other in caught.value.message
    assert "point `root` at one of the data sets" in caught.value.do

"""LandCover.ai: the official numbering against split.py's own loop, lists, chips, and what can be wrong."""

from pathlib import Path

import numpy as np
import pytest
import rasterio
from pydantic import ValidationError

from landseer.adapters.landcover import bands, classes, references, scan
from landseer.adapters.landcover_config import LandcoverConfig
from landseer.adapters.landcover_windows import numbered_windows
from landseer.errors import DataError, FileReadError
from landseer.raster.label import read_label
from landseer.raster.opening import quiet
from landseer.raster.read import read_bands
from landseer.raster.write import write_raster
from landseer.samples.table import read_samples, usable, write_samples
from landseer.splits.config import FixedConfig
from landseer.splits.fixed import fixed_folds

SIZES = {"M-33-20-D-c-4-2": (1100, 1600), "N-34-97-D-c-2-4": (1024, 700)}
GSD_M = {"M-33-20-D-c-4-2": 0.25, "N-34-97-D-c-2-4": 0.5}


def config(root, chips="auto"):
    return LandcoverConfig(adapter="landcover", root=root, chips=chips)


def split_py(image: np.ndarray, mask: np.ndarray, stem: str, size: int = 512):
    """The archive's split.py, its two loops and its counter."""
    written, k = {}, 0
    for y in range(0, image.shape[0], size):
        for x in range(0, image.shape[1], size):
            tile, label = image[y : y + size, x : x + size], mask[y : y + size, x : x + size]
            if tile.shape[0] == size and tile.shape[1] == size:
                written[f"{stem}_{k}"] = tile, label
            k += 1
    return written


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """Two orthophotos with masks and lists, and the windows that split.py would write."""
    root = tmp_path_factory.mktemp("landcover")
    rng = np.random.default_rng(3)
    windows = {}
    for stem, (height, width) in SIZES.items():
        image = rng.integers(0, 255, (3, height, width), np.uint8)
        mask = rng.integers(0, 5, (height, width), np.uint8)
        gsd = GSD_M[stem]
        place = {"crs": "EPSG:2180", "transform": (gsd, 0, 500000, 0, -gsd, 400000)}
        write_raster(root / f"images/{stem}.tif", image, **place)
        write_raster(root / f"masks/{stem}.tif", mask, **place)
        windows |= split_py(np.moveaxis(image, 0, -1), mask, stem)
    names = list(windows)
    for name, members in (("train", names[:5]), ("val", names[5:6]), ("test", names[6:])):
        (root / f"{name}.txt").write_text("\n".join(members) + "\n")
    return root, windows


@pytest.fixture
def copy(archive, tmp_path):
    """A folder of links to the archive, of which single files may be changed."""
    for path in archive[0].rglob("*.*"):
        link = tmp_path / path.relative_to(archive[0])
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(path)
    return tmp_path


def put_text(path: Path, text: str):
    path.unlink(missing_ok=True)
    path.write_text(text)


def test_windows_are_those_that_split_py_writes(archive):
    root, windows = archive
    frame, findings = scan(config(root))
    assert findings == []
    assert frame["sample"].tolist() == sorted(windows)
    for row in frame.itertuples():
        image, mask = windows[row.sample]
        assert (np.moveaxis(read_bands(Path(row.image)), 0, -1) == image).all()
        assert (read_label(Path(row.label), classes(config(root))) == mask).all()


def test_numbers_have_gaps_where_windows_are_cut_off():
    assert [number for number, _ in numbered_windows(1100, 1600)] == [0, 1, 2, 4, 5, 6]
    assert [number for number, _ in numbered_windows(1024, 1024)] == [0, 1, 2, 3]
    assert numbered_windows(511, 4000) == []


def test_sides_lists_sites_and_ground_sample_distances(archive, tmp_path):
    root, windows = archive
    frame, _ = scan(config(root))
    names = list(windows)
    by_name = frame.set_index("sample")
    assert by_name.loc[names, "list"].tolist() == ["train"] * 5 + ["val"] + ["test"] * 2
    assert by_name.loc[names, "official"].dropna().to_dict() == {names[5]: "val"}
    assert by_name.loc[names, "side"].tolist() == ["train"] * 6 + ["test"] * 2
    assert (by_name["site"] == [name.rpartition("_")[0] for name in by_name.index]).all()
    assert (by_name["scene"] == by_name["site"]).all()
    assert by_name["gsd_m"].tolist() == [GSD_M[site] for site in by_name["site"]]
    split = FixedConfig(column="official", unlisted="train_only")
    rows = usable(frame)
    folds = dict(zip(rows["sample"], fixed_folds(rows, split), strict=True))
    assert [folds[name] for name in names[:6]] == [-1] * 5 + [0]
    write_samples(tmp_path / "s.parquet", frame)
    assert read_samples(tmp_path / "s.parquet")["list"].tolist() == frame["list"].tolist()


def test_every_window_lies_where_its_pixels_lie(archive):
    root, _ = archive
    frame, _ = scan(config(root))
    for row in frame.itertuples():
        with rasterio.open(root / f"images/{row.site}.tif") as whole:
            number = int(row.sample.rpartition("_")[2])
            per_row = -(-whole.width // 512)
            corner = whole.xy(number // per_row * 512, number % per_row * 512, offset="ul")
        assert (row.transform[2], row.transform[5]) == pytest.approx(corner)
        assert row.crs == "EPSG:2180"
    first, second = frame["geometry"].iloc[0], frame["geometry"].iloc[1]
    assert first.intersection(second).area < 1e-6 * first.area


def test_without_lists_all_windows_train(copy):
    for name in ("train", "val", "test"):
        (copy / f"{name}.txt").unlink()
    frame, findings = scan(config(copy))
    assert set(frame["side"]) == {"train"}
    assert "list" not in frame
    assert [(f.what, f.action) for f in findings] == [
        ("train.txt, val.txt and test.txt are missing", "kept: all 8 windows on the train side")
    ]


def test_windows_without_list_are_excluded_and_lists_without_window_reported(copy):
    names = (copy / "train.txt").read_text().split()
    put_text(copy / "train.txt", "\n".join([*names[1:], "M-33-20-D-c-4-2_3", "X_0"]))
    frame, findings = scan(config(copy))
    assert frame.loc[frame["excluded"].notna(), "sample"].tolist() == [names[0]]
    assert [(f.what, f.figure, f.action) for f in findings] == [
        ("listed windows that no image has", "2 windows: M-33-20-D-c-4-2_3, X_0", "not used"),
        (
            "windows in none of train.txt, val.txt and test.txt",
            f"1 windows: {names[0]}",
            "excluded",
        ),
    ]


def test_a_window_in_two_lists_is_refused(copy):
    name = (copy / "train.txt").read_text().split()[0]
    put_text(copy / "test.txt", name)
    with pytest.raises(DataError, match=rf"{name} is in train\.txt and in test\.txt"):
        scan(config(copy))


def test_unreadable_lists_are_refused(copy):
    (copy / "val.txt").unlink()
    (copy / "val.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(FileReadError, match="expected a text file of window names"):
        scan(config(copy))


def test_missing_cut_and_wrong_masks(copy):
    first, second = SIZES
    (copy / f"masks/{first}.tif").unlink()
    frame, findings = scan(config(copy))
    of_first = frame[frame["site"] == first]
    assert set(of_first["excluded"]) == {"label is missing"}
    assert [(f.sample, f.what) for f in findings] == [(first, "label is missing")]
    write_raster(copy / f"masks/{first}.tif", np.zeros((1100, 1599), np.uint8))
    (copy / f"masks/{second}.tif").unlink()
    (copy / f"masks/{second}.tif").write_bytes(b"II*\0")
    (copy / "masks/other.tif").write_bytes(b"")
    frame, findings = scan(config(copy))
    assert frame.groupby("site")["excluded"].unique().map(list).to_dict() == {
        first: ["label and image differ in size"],
        second: ["label cannot be read"],
    }
    assert findings[0].figure == "1100 x 1599 px, image 1100 x 1600 px"
    assert "header is damaged" in findings[1].figure
    assert (findings[2].what, findings[2].action) == ("label without an image", "not used")


def test_a_mask_of_another_place_is_kept_and_reported(copy):
    stem = next(iter(SIZES))
    (copy / f"masks/{stem}.tif").unlink()
    write_raster(copy / f"masks/{stem}.tif", np.zeros((1100, 1600), np.uint8))
    frame, findings = scan(config(copy))
    assert frame["excluded"].isna().all()
    assert [f.what for f in findings] == ["label and image differ in georeference"]


def test_an_unreadable_orthophoto_is_one_excluded_row(copy):
    stem = next(iter(SIZES))
    (copy / f"images/{stem}.tif").unlink()
    (copy / f"images/{stem}.tif").write_bytes(b"")
    frame, findings = scan(config(copy))
    assert frame.loc[frame["excluded"].notna(), "sample"].tolist() == [stem]
    assert {f.what for f in findings} == {
        "image cannot be read",
        "listed windows that no image has",
    }


def put_picture(path: Path, pixels: np.ndarray):
    path.parent.mkdir(exist_ok=True)
    driver = {".png": "PNG", ".jpg": "JPEG"}[path.suffix]
    size = {"count": 3, "height": 512, "width": 512, "dtype": "uint8"}
    with quiet(), rasterio.open(path, "w", driver=driver, **size) as target:
        target.write(pixels)


@pytest.fixture
def with_chips(copy, archive):
    """The archive after split.py: JPEGs and masks of three equal bands."""
    for name, (image, mask) in archive[1].items():
        put_picture(copy / f"output/{name}_m.png", np.repeat(mask[None], 3, axis=0))
        put_picture(copy / f"output/{name}.jpg", np.moveaxis(image, -1, 0))
    return copy


def test_chips_are_the_same_windows_at_the_same_place(with_chips, archive):
    direct, _ = scan(config(with_chips, "auto"))
    chips, findings = scan(config(with_chips, "always"))
    assert findings == []
    assert direct["image"].str.contains("images/").all()
    assert chips["image"].str.endswith(".jpg").all()
    for name in ("sample", "side", "list", "site", "height", "width", "gsd_m", "crs"):
        assert chips[name].tolist() == direct[name].tolist()
    assert chips.geometry.equals(direct.geometry)
    for row in chips.itertuples():
        label = read_label(Path(row.label), classes(config(with_chips)))
        assert (label == archive[1][row.sample][1]).all()


def test_chips_alone(with_chips):
    for path in [*(with_chips / "images").iterdir(), *(with_chips / "masks").iterdir()]:
        path.unlink()
    name = min((with_chips / "output").glob("*_m.png"))
    name.unlink()
    frame, findings = scan(config(with_chips))
    assert frame["gsd_m"].isna().all()
    assert frame["geometry"].isna().all()
    assert frame.loc[frame["excluded"].notna(), "sample"].tolist() == [name.stem[:-2]]
    assert [(f.what, f.action) for f in findings] == [("label is missing", "excluded")]
    with pytest.raises(DataError, match="none that fits `chips: never`"):
        scan(config(with_chips, "never"))


def test_bands_classes_and_references():
    given = config("x")
    assert [(band.name, band.index, band.codes) for band in bands(given)] == [
        ("red", 1, ("R",)), ("green", 2, ("G",)), ("blue", 3, ("B",)),
    ]  # fmt: skip
    table = classes(given)
    assert table.names == ("background", "building", "woodland", "water", "road")
    assert table.values == (0, 1, 2, 3, 4)
    torchgeo = ((97, 74, 74), (38, 115, 0), (0, 197, 255), (207, 207, 207))
    assert tuple(tuple(bytes.fromhex(c[1:])) for c in table.colours[1:]) == torchgeo
    assert table.colours[0] not in ("#000000", "#ffffff", *table.colours[1:])
    assert references(given) == ()


def test_wrong_roots_and_keys_are_refused(tmp_path):
    with pytest.raises(DataError, match="found none that fits"):
        scan(config(tmp_path))
    with pytest.raises(ValidationError, match="chips"):
        config(tmp_path, "maybe")

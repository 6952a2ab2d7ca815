"""What can be predicted: files, folders, globs, windows of files, STAC items; and the names of what becomes of them."""

import json
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
from rasterio.windows import Window as Rectangle

from landseer.core.address import with_window
from landseer.core.window import Window
from landseer.errors import DataError, FileReadError, UsageError
from landseer.predict import Ensemble, Naming, PredictOptions, Voting, predict_images
from landseer.predict.inputs import find_images, plan_jobs
from landseer.quantities.mask import ClassMask
from landseer.raster.read import read_bands, read_info

PLACE = {"crs": "EPSG:32617", "transform": (0.5, 0.0, 500000.0, 0.0, -0.5, 4100000.0)}


def an_item(folder: Path, assets: dict[str, dict], name: str = "S2/2024") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "item.json"
    path.write_text(json.dumps({"type": "Feature", "id": name, "assets": assets}))
    return path


@pytest.mark.parametrize(("height", "width"), [(40, 60), (100, 90)])
def test_a_window_of_a_file_is_an_image(spec, local, write_image, tmp_path: Path, height, width):
    """Whether it goes through at once or in windows of its own: its map is that of the same pixels in a file."""
    path, _ = write_image("a.tif", 131, 170, **PLACE)
    address = with_window(path, Window(11, 22, height, width))
    cut = tmp_path / "cut" / "a_11_22.tif"
    cut.parent.mkdir()
    with rasterio.open(path) as whole:
        place = Rectangle(22, 11, width, height)
        side, _, left, _, _, top = tuple(whole.transform)[:6]
        moved = rasterio.Affine(side, 0, left + 22 * side, 0, -side, top - 11 * side)
        shape = {"height": height, "width": width, "transform": moved}
        with rasterio.open(cut, "w", **(whole.profile | shape)) as part:
            part.write(whole.read(window=place))
    ensemble = Ensemble([local], {"mask": ClassMask(2)}, Voting(threshold=0.5))
    options = PredictOptions(device="cpu", precision="float32", window_px=64, overlap_px=16)
    predict_images(ensemble, spec, [str(address)], tmp_path / "one", options)
    predict_images(ensemble, spec, [cut], tmp_path / "two", options)
    one, two = (tmp_path / name / "a_11_22.tif" for name in ("one", "two"))
    np.testing.assert_array_equal(read_bands(one), read_bands(two))
    assert read_info(one).transform == read_info(two).transform
    assert read_info(one).transform == pytest.approx((0.5, 0, 500011, 0, -0.5, 4099994.5))


def test_windows_of_one_file_have_names_of_their_own(write_image, tmp_path: Path):
    path, _ = write_image("a_image.tif", 50, 50)
    windows = [with_window(path, Window(row, 0, 20, 50)) for row in (0, 20)]
    naming = Naming(strip="_image", pattern="{id}_map.tif")
    jobs = plan_jobs(find_images(windows, naming), tmp_path / "out", naming)
    assert [job.output.name for job in jobs] == ["a_0_0_map.tif", "a_20_0_map.tif"]
    with pytest.raises(FileReadError, match="no such path"):
        find_images([tmp_path / "b.tif#0,0,5,5"], naming)
    same = [windows[0], with_window(path, Window(0, 0, 30, 50))]
    with pytest.raises(UsageError, match="names clash"):
        plan_jobs(find_images(same, naming), tmp_path / "out", naming)


def test_a_stac_item_stands_for_its_image(write_image, tmp_path: Path):
    path, _ = write_image("a.tif", 5, 5)
    other = {"href": "mask.tif", "roles": ["labels"]}
    image = {"href": "../images/a.tif"}
    for number, assets in enumerate([
        {"labels": other, "image": image}, {"labels": other, "visual": image, "thing": other},
        {"labels": other, "B4": image | {"roles": ["data", "reflectance"]}}, {"any": image},
        {"image": {"href": path.as_uri()}}, {"image": {"href": str(path)}},
    ]):  # fmt: skip
        item = an_item(tmp_path / f"item{number}", assets)
        (found,) = find_images([item], Naming())
        assert found.path.resolve() == path.resolve()
        assert found.name == "S2_2024"
    many = find_images([str(tmp_path / "item*" / "*.json")], Naming())
    assert {image.path.resolve() for image in many} == {path.resolve()}


def test_an_item_made_by_pystac_is_read(write_image, tmp_path: Path):
    path, _ = write_image("a.tif", 5, 5)
    item = pystac.Item("one", None, None, pystac.utils.str_to_datetime("2024-05-01"), {})
    item.add_asset("data", pystac.Asset(str(path), roles=["data"]))
    item.save_object(dest_href=str(tmp_path / "catalogue" / "one.json"), include_self_link=False)
    (found,) = find_images([tmp_path / "catalogue" / "one.json"], Naming())
    assert (found.name, found.path) == ("one", path)


def test_items_that_stand_for_no_image_say_so(tmp_path: Path):
    far = an_item(tmp_path / "far", {"image": {"href": "https://example.org/a.tif"}})
    with pytest.raises(FileReadError, match="on this disk"):
        find_images([far], Naming())
    bands = {name: {"href": f"{name}.tif", "roles": ["data"]} for name in ("B2", "B3")}
    with pytest.raises(DataError, match="got B2, B3"):
        find_images([an_item(tmp_path / "bands", bands)], Naming())
    (tmp_path / "b.json").write_text('{"type": "FeatureCollection", "features": []}')
    with pytest.raises(DataError, match="STAC item"):
        find_images([tmp_path / "b.json"], Naming())
    (tmp_path / "c.json").write_text("{")
    with pytest.raises(FileReadError, match="STAC item"):
        find_images([tmp_path / "c.json"], Naming())


@pytest.mark.parametrize(
    ("files", "pattern"),
    [
        (["a/a.tif", "b/b.tif", ".trash/x/c.tif"], "*/*.tif"),
        (["a/a.tif", "b/c/b.tif", "b/c/b.txt"], "**/*.tif"),
        (["a/b/a.png"], "*/*/*.png"),
    ],
)
def test_images_in_subfolders_are_named_by_a_pattern(tmp_path: Path, files, pattern):
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    with pytest.raises(FileReadError, match="got none") as caught:
        find_images([tmp_path], Naming())
    assert caught.value.do == f'give the pattern "{tmp_path}/{pattern}"'
    images = [name for name in files if not name.startswith(".") and not name.endswith(".txt")]
    assert len(find_images([f"{tmp_path}/{pattern}"], Naming())) == len(images)


def test_a_folder_without_images_has_no_pattern(tmp_path: Path):
    with pytest.raises(FileReadError, match="got none") as caught:
        find_images([tmp_path], Naming())
    assert caught.value.do == ""

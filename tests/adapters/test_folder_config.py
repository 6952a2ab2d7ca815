"""The folder adapter's recipe keys: what they become, and which faults are named."""

import pytest
from pydantic import TypeAdapter, ValidationError

from landseer.adapters import AdapterConfig, config_bands, config_classes
from landseer.core.bands import Band

CONFIG = TypeAdapter(AdapterConfig)
MINIMAL = {
    "adapter": "folder", "root": "data", "images": "images/*.tif", "labels": "labels/*.png",
    "bands": [{"name": "red"}, {"name": "nir"}],
    "classes": [{"name": "land", "value": 0}, {"name": "water", "value": 1}],
}  # fmt: skip


def parse(**changes):
    return CONFIG.validate_python(MINIMAL | changes)


def test_bands_take_place_codes_and_kind_from_their_names():
    specs = [
        {"name": "coastal"},
        {"name": "swir"},
        {"name": "nir", "index": 8, "nodata": -1, "scale": 1e-4, "offset": -0.1},
        {"name": "qa", "index": 9},
        {"name": "dem", "index": 10, "codes": ["Z"]},
        {"name": "worldcover", "index": 11},
        {"name": "vv", "index": 12, "kind": "reflectance"},
    ]
    bands = config_bands(parse(bands=specs))
    assert bands == (
        Band("coastal", 1, ("A",)),
        Band("swir", 2, ("S1", "S2")),
        Band("nir", 8, ("N",), "reflectance", -1.0, 1e-4, -0.1),
        Band("qa", 9, ("QA",), "quality"),
        Band("dem", 10, ("Z",), "elevation"),
        Band("worldcover", 11, (), "other"),
        Band("vv", 12, (), "reflectance"),
    )


def test_integer_classes_get_colours():
    table = config_classes(parse(ignore=[255]))
    assert (table.names, table.values, table.ignore) == (("land", "water"), (0, 1), (255,))
    assert len(set(table.colours)) == 2
    assert all(len(colour) == 7 for colour in table.colours)


def test_colours_as_hex_and_as_numbers():
    classes = [
        {"name": "a", "value": "#3C1098"},
        {"name": "b", "value": [132, 41, 246]},
        {"name": "c", "value": "#010203", "colour": "#ffffff"},
    ]
    table = config_classes(parse(classes=classes, ignore=["#000000", [155, 155, 155]]))
    assert table.values == ((60, 16, 152), (132, 41, 246), (1, 2, 3))
    assert table.ignore == ((0, 0, 0), (155, 155, 155))
    assert table.colours == ("#3c1098", "#8429f6", "#ffffff")
    assert table.is_rgb


def test_config_survives_json():
    config = parse(classes=[{"name": "a", "value": "#3C1098"}], site=r"^(\w)")
    assert CONFIG.validate_json(config.model_dump_json()) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"adapter": "geopse"}, "adapter"),
        ({"imges": "x"}, "Extra inputs are not permitted"),
        ({"images": "images/a.tif", "labels": None}, r"images: expected a pattern with a \*"),
        ({"images": "/data/*.tif"}, "expected a pattern below the root"),
        (
            {"labels": "*/labels/*.png"},
            r"labels: expected the wildcards of images in the same order \(\*\)",
        ),
        ({"test_images": "t.tif"}, "test_images: expected a pattern"),
        (
            {"test_images": "t/*.tif", "test_labels": "m/**/*.tif"},
            "test_labels: expected the wildcards",
        ),
        (
            {"test_labels": "m/*.tif"},
            r"test_labels: expected the wildcards of test_images in the same order \(none\)",
        ),
        ({"bands": []}, "at least 1 item"),
        ({"bands": [{"name": "red"}, {"name": "red"}]}, "bands: the name 'red' is given twice"),
        (
            {"bands": [{"name": "red"}, {"name": "nir", "index": 1}]},
            "bands: the index 1 is given twice",
        ),
        ({"bands": [{"name": "near infrared"}]}, "should match pattern"),
        ({"bands": [{"name": "red", "index": 0}]}, "greater than or equal to 1"),
        ({"classes": []}, "classes: expected the classes of the labels; got none"),
        (
            {"classes": [{"name": "a", "value": 0}, {"name": "a", "value": 1}]},
            "the name 'a' is given twice",
        ),
        ({"ignore": [1]}, "classes and ignore: the value 1 is given twice"),
        ({"ignore": ["#000000"]}, "all integers or all colours; got both"),
        ({"ignore": ["black"]}, "expected an integer, '#rrggbb' or"),
        ({"ignore": [[0, 0, 256]]}, r"three numbers 0\.\.255"),
        ({"ignore": [True]}, "expected an integer"),
        ({"site": "(a)(b)"}, "one group; got 2"),
        ({"site": "a"}, "one group; got 0"),
        ({"date": "("}, "expected a regular expression; got"),
        (
            {"site": "(a)", "site_table": "s.csv"},
            "site: expected a regular expression or a table; got both",
        ),
        ({"gsd_m": 0}, "greater than 0"),
    ],
)
def test_faults_are_named(changes, message):
    with pytest.raises(ValidationError, match=message):
        parse(**changes)

"""Label figures: pixels of a class on which a formula over bands holds."""

import numpy as np
import pytest

from landseer.audit.label_figures import LabelFigure, label_figures
from landseer.audit.suspects import SuspectRule, exclude_suspects
from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.errors import RecipeError
from landseer.raster.write import write_raster
from landseer.samples.table import make_samples

BANDS = (Band("qa", 1), Band("dem", 2, nodata=-1))
CLASSES = ClassTable(("sea", "kelp"), (0, 1), ignore=(9,))


@pytest.fixture
def frame(tmp_path):
    records = []
    for name, kelp in {"a": 8, "b": 0, "c": 4, "d": None}.items():
        image = np.zeros((2, 4, 4), np.int16)
        image[0, 0], image[1, 1], image[1, 2] = 1, 30, -1
        write_raster(tmp_path / f"{name}.tif", image)
        label = np.zeros(16, np.uint8)
        label[: kelp or 0], label[15] = 1, 9
        if kelp is not None:
            write_raster(tmp_path / f"{name}_l.tif", label.reshape(4, 4))
        records.append(
            {"sample": name, "side": "train", "image": str(tmp_path / f"{name}.tif"), "height": 4, "width": 4,
             "label": None if kelp is None else str(tmp_path / f"{name}_l.tif"),
             "excluded": "bad" if name == "c" else None}
        )  # fmt: skip
    return make_samples(records)


def test_shares_are_of_the_class(frame):
    rules = {
        "cloudy": LabelFigure(of="kelp", where="qa != 0"),
        "on_land": LabelFigure(of="kelp", where="dem > 10"),
    }
    found = label_figures(frame, rules, BANDS, CLASSES, workers=1)
    assert found["cloudy_pixels"].tolist()[:2] == [4, 0]
    assert found["cloudy_pct"][0] == found["on_land_pct"][0] == 0.5
    assert found["cloudy_pct"].isna().tolist() == [False, True, True, True]
    assert found["cloudy_pixels"].isna().tolist() == [False, False, True, True]
    assert "cloudy_pct" not in frame
    rule = SuspectRule(name="kelp on land", where="on_land_pct > 0.4 and on_land_pixels >= 4")
    assert exclude_suspects(found, [rule])[0]["excluded"].tolist() == [
        "kelp on land",
        None,
        "bad",
        None,
    ]


def test_without_rules_no_file_is_read(frame):
    assert label_figures(frame.assign(image="/nowhere.tif"), {}, BANDS, CLASSES) is not None


def test_a_class_must_exist(frame):
    with pytest.raises(RecipeError, match="expected one of the classes sea, kelp; got 'kelpp'"):
        label_figures(frame, {"x": LabelFigure(of="kelpp", where="qa")}, BANDS, CLASSES)

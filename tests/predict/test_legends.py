"""QGIS shows a map with the classes' names and colours, and no other entries in its legend."""

import json
import os
import shutil
import subprocess
import textwrap
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from landseer.core.classes import ClassTable
from landseer.predict import Ensemble, PredictOptions, Voting, predict_images
from landseer.quantities.mask import ClassMask
from landseer.raster.legend import legend_path
from landseer.raster.read import read_bands

PLACE = {"crs": "EPSG:32617", "transform": (0.5, 0.0, 500000.0, 0.0, -0.5, 4100000.0)}
COLOURS = ("#f2e3b3", "#0b6623")
LOOK = textwrap.dedent(
    """
    import json, sys
    from qgis.core import QgsApplication, QgsMapRendererSequentialJob, QgsMapSettings, QgsRasterLayer
    from qgis.PyQt.QtCore import QSize
    QgsApplication.setPrefixPath("/usr", True)
    application = QgsApplication([], False)
    application.initQgis()
    layer = QgsRasterLayer(sys.argv[1], "map")
    settings = QgsMapSettings()
    settings.setLayers([layer])
    settings.setDestinationCrs(layer.crs())
    settings.setExtent(layer.extent())
    settings.setOutputSize(QSize(layer.width(), layer.height()))
    job = QgsMapRendererSequentialJob(settings)
    job.start()
    job.waitForFinished()
    job.renderedImage().save(sys.argv[2])
    entries = [[c.value, c.label, c.color.name()] for c in layer.renderer().classes()]
    print(json.dumps({"entries": entries, "crs": layer.crs().authid()}))
    """
)


@pytest.fixture
def class_map(local, spec, write_image, tmp_path: Path) -> Path:
    coloured = ClassTable(("sea", "kelp"), (0, 1), colours=COLOURS)
    spec = spec.model_copy(update={"classes": coloured})
    path, _ = write_image("a.tif", 60, 80, **PLACE)
    ensemble = Ensemble([local], {"mask": ClassMask(2)}, Voting(threshold=0.5))
    options = PredictOptions(device="cpu", precision="float32", legend=True)
    predict_images(ensemble, spec, [path], tmp_path / "out", options)
    return tmp_path / "out/a.tif"


def test_the_style_names_the_classes(class_map: Path):
    entries = ET.parse(legend_path(class_map)).iter("paletteEntry")
    found = [(entry.get("value"), entry.get("label"), entry.get("color")) for entry in entries]
    assert found == [("0", "sea", COLOURS[0]), ("1", "kelp", COLOURS[1])]


def test_qgis_shows_it(class_map: Path, tmp_path: Path):
    python = shutil.which("python3", path="/usr/bin")
    environment = {
        "QT_QPA_PLATFORM": "offscreen",
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
    }
    if (
        python is None
        or subprocess.run([python, "-c", "import qgis"], env=environment, check=False).returncode
    ):
        pytest.skip("QGIS is not installed (Debian: python3-qgis)")
    picture = tmp_path / "seen.png"
    command = [python, "-c", LOOK, str(class_map), str(picture)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["crs"] == "EPSG:32617"
    assert said["entries"] == [[0.0, "sea", COLOURS[0]], [1.0, "kelp", COLOURS[1]]]
    seen, classes = np.asarray(Image.open(picture).convert("RGB")), read_bands(class_map)[0]
    assert {0, 1} <= set(np.unique(classes))
    for number, colour in enumerate(COLOURS):
        assert (seen[classes == number] == tuple(bytes.fromhex(colour[1:]))).all()

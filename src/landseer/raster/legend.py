"""A style for QGIS beside a map of classes: the names and colours of its classes, and no others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from landseer.core.files import write_text

_DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"


def legend_path(map_path: Path) -> Path:
    """Return the name under which QGIS finds a map's style by itself: the map's own, ending in `.qml`."""
    return Path(map_path).with_suffix(".qml")


def write_legend(map_path: Path, names: Sequence[str], colours: Sequence[str]) -> Path:
    """Write the style of a map whose values are class numbers.

    Without it QGIS shows the colours of the file's own palette, with numbers for names and 256 entries in the legend.

    Args:
        map_path: the map; its first band holds the numbers.
        names: of the classes, by number.
        colours: `#rrggbb` of each.

    Returns:
        The file written, whole or not at all.

    Raises:
        WriteError: the disk is full or the folder cannot be written.

    Source: the form that QGIS 3 saves its styles in.
    """
    root = ET.Element("qgis", version="3.22", styleCategories="Symbology")
    renderer = ET.SubElement(
        ET.SubElement(root, "pipe"),
        "rasterrenderer",
        {"type": "paletted", "band": "1", "opacity": "1", "alphaBand": "-1", "nodataColor": ""},
    )
    palette = ET.SubElement(renderer, "colorPalette")
    for value, (name, colour) in enumerate(zip(names, colours, strict=True)):
        entry = {"value": str(value), "label": name, "color": colour, "alpha": "255"}
        ET.SubElement(palette, "paletteEntry", entry)
    ET.indent(root)
    path = legend_path(map_path)
    write_text(path, _DOCTYPE + ET.tostring(root, encoding="unicode") + "\n")
    return path

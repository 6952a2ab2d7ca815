"""The bands of a STAC item, as its catalogue describes them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from landseer.adapters.folder_config import BandSpec
from landseer.adapters.stac_catalogue import Asset

_NAMES = {
    "rededge": "rededge1", "rededge071": "rededge1", "rededge075": "rededge2", "rededge078": "rededge3",
    "nir08": "nir2", "swir16": "swir1", "swir22": "swir2",
    "lwir": "thermal", "lwir11": "thermal1", "lwir12": "thermal2",
}  # fmt: skip
"""Names of STAC's eo extension for which landseer has names of its own.

Source: eo extension, table "Common Band Names".
"""


def band_specs(assets: Iterable[tuple[str, Asset]]) -> tuple[BandSpec, ...]:
    """Name the bands of assets that follow each other.

    Args:
        assets: pairs of key and asset.

    Returns:
        One spec per band, by common name, else by name, else by the asset's key; with nodata, scale and offset where
        they are stated. A common name that several bands have gives way to their names.
    """
    found = [(key, band) for key, asset in assets for band in (asset.bands or ({},))]
    common = [str(band.get("common_name", "")) for _, band in found]
    return tuple(
        _spec(name if name and common.count(name) == 1 else str(band.get("name") or key), band)
        for name, (key, band) in zip(common, found, strict=True)
    )


def _spec(name: str, band: Mapping[str, Any]) -> BandSpec:
    """Make one spec."""
    plain = re.sub(r"\W", "_", _NAMES.get(name, name))
    return BandSpec(
        name=plain if re.match("[A-Za-z_]", plain) else f"band_{plain}",
        nodata=None if band.get("nodata") is None else float(band["nodata"]),
        scale=float(band.get("scale", 1.0)),
        offset=float(band.get("offset", 0.0)),
    )

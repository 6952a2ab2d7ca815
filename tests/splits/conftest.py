"""Tables of grouped samples."""

import numpy as np
import pytest
from shapely import box

from landseer.samples.table import make_samples


@pytest.fixture(scope="session")
def table():
    def make(groups, **columns):
        records = [
            {
                "sample": f"s{n:04d}",
                "side": "train",
                "image": f"/{n}.tif",
                "height": 1,
                "width": 1,
                "group": str(group),
            }
            for n, group in enumerate(groups)
        ]
        return make_samples(records).assign(**columns)

    return make


@pytest.fixture(scope="session")
def placed(table):
    """Samples with square footprints of `side_m` around (longitude, latitude)."""

    def make(lon_lat, side_m=100.0, groups=None, **columns):
        shapes = []
        for lon, lat in lon_lat:
            half = side_m / 2 / 111_000
            wide = half / max(np.cos(np.radians(lat)), 1e-6)
            shapes.append(box(lon - wide, lat - half, lon + wide, lat + half))
        frame = table(range(len(shapes)) if groups is None else groups, **columns)
        return frame.set_geometry(shapes, crs="EPSG:4326")

    return make


@pytest.fixture(scope="session")
def kelp_like(table):
    """Groups of 1 to 30 samples whose flags depend on the group, as in the kelp data."""

    def make(seed, n_groups=300):
        rng = np.random.default_rng(seed)
        sizes = np.minimum(
            rng.geometric(0.4, n_groups)
            + 5 * (rng.random(n_groups) < 0.05) * rng.integers(1, 6, n_groups),
            30,
        )
        groups = np.repeat([f"g{n:04d}" for n in range(n_groups)], sizes)
        chance = np.repeat(rng.random((n_groups, 3)), sizes, axis=0)
        flags = rng.random(chance.shape) < chance * (1.0, 0.5, 0.2)
        return table(groups, has_kelp=flags[:, 0], qa_ok=flags[:, 1], almost_all_water=flags[:, 2])

    return make

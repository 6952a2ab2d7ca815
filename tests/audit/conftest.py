"""A made-up world seen through many windows, for the tests that look for the same place."""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import ndimage


def _fractal(side, slope, rng):
    down, right = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None]
    wave = np.hypot(down, right)
    wave[0, 0] = 1
    noise = rng.standard_normal(wave.shape) + 1j * rng.standard_normal(wave.shape)
    spectrum = noise * wave ** (-slope / 2)
    spectrum[0, 0] = 0
    field = np.fft.irfft2(spectrum, (side, side))
    return (field / field.std()).astype(np.float32)


@dataclass
class World:
    """Heights (NaN far out at sea), and where each view's first pixel lies."""

    height: np.ndarray
    places: np.ndarray
    size: int

    def view(self, n):
        row, col = self.places[n]
        return self.height[row : row + self.size, col : col + self.size]

    def overlap(self, a, b):
        gap = np.abs(self.places[a] - self.places[b])
        return float(np.prod(np.maximum(self.size - gap, 0))) / self.size**2

    def land(self, a, b):
        """Share of land in what two views have in common."""
        first, last = (
            np.maximum(self.places[a], self.places[b]),
            np.minimum(self.places[a], self.places[b]) + self.size,
        )
        shared = self.height[first[0] : last[0], first[1] : last[1]]
        return float((np.nan_to_num(shared) != 0).mean())


@pytest.fixture(scope="session")
def fractal():
    return _fractal


@pytest.fixture(scope="session")
def make_world():
    """Coasts with a height model that ends some pixels out at sea, as the kelp tiles have it."""

    def make(n, *, seed=0, side=3000, size=350, slope=3.0, sea=0.5):
        rng = np.random.default_rng(seed)
        height = _fractal(side, slope, rng)
        height = np.round((height - np.quantile(height, sea)) * 120)
        height[height < 0] = 0
        height[ndimage.distance_transform_edt(height == 0) > 10] = np.nan
        places = []
        while len(places) < n:
            anchor = rng.integers(size // 2, side - size - size // 2, 2)
            for _ in range(rng.choice([1, 1, 2, 3, 4, 6])):
                shift = rng.integers(-size // 2, size // 2 + 1, 2) // 2 if rng.random() < 0.7 else 0
                places.append(anchor + shift)
        return World(height, np.array(places[:n]), size)

    return make

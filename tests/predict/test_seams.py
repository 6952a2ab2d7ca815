"""What cutting into windows changes, on networks of which it is known."""

import numpy as np
import pytest
import torch
from torch import nn

from landseer.core.sides import taper
from landseer.core.window import cover
from landseer.predict.ensemble import Ensemble
from landseer.predict.seams import seam_figure
from landseer.quantities import ClassMask, Height, Presence


class Wide(nn.Module):
    """A class score and a height: means over so many pixels around, zeros outside, so that borders are wrong."""

    def __init__(self, radius: int) -> None:
        super().__init__()
        self.radius = radius

    def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        mean = nn.functional.avg_pool2d(x, 2 * self.radius + 1, 1, self.radius)
        return {"mask": torch.cat([mean, 1.4 - mean], 1), "height": mean, "kelp": mean.mean((2, 3))}


@pytest.fixture
def ensemble():
    quantities = {"mask": ClassMask(2), "height": Height(), "kelp": Presence()}
    return Ensemble([Wide(5)], quantities)


@pytest.fixture
def image():
    return torch.rand(1, 1, 70, 90, generator=torch.Generator().manual_seed(0)) + 0.2


@pytest.mark.parametrize("target", [None, "mask", "height"])
def test_nothing_changes_once_the_border_covers_the_reach(ensemble, image, target):
    figure = seam_figure(ensemble, image, window_px=32, overlap_px=12, border_px=5, target=target)
    assert figure.worst < 1e-6
    assert figure.share_changed in (0.0, None)
    assert (figure.share_changed is None) == (target == "height")
    short = seam_figure(ensemble, image, window_px=32, overlap_px=12, border_px=2, target=target)
    assert short.worst > 0.005


def test_the_figures_against_a_slow_loop(ensemble, image):
    figure = seam_figure(ensemble, image, window_px=32, overlap_px=8)
    with torch.inference_mode():
        whole = ensemble(image)["mask"][0].numpy()
    total, weight = np.zeros_like(whole), np.zeros(whole.shape[1:])
    windows = cover(70, 90, 32, 8)
    for window in windows:
        sides = []
        for start, length in ((window.row, 70), (window.col, 90)):
            starts = sorted({getattr(w, "row" if length == 70 else "col") for w in windows})
            before = max((s + 32 - start for s in starts if s < start), default=0)
            after = max((start + 32 - s for s in starts if s > start), default=0)
            sides.append(taper(32, before, after))
        with torch.inference_mode():
            part = ensemble(image[..., *window.slices])["mask"][0].numpy()
        weights = np.outer(*sides)
        for plane, values in zip(total, part, strict=True):
            plane[window.slices] += values * weights
        weight[window.slices] += weights
    tiled = total / weight
    apart = tiled - whole
    assert figure.worst == pytest.approx(np.abs(apart).max(), rel=1e-4)
    assert figure.rms == pytest.approx(np.sqrt((apart**2).mean()), rel=1e-4)
    assert figure.share_changed == pytest.approx((tiled.argmax(0) != whole.argmax(0)).mean())
    assert figure.share_changed > 0


def test_one_window_is_one_piece(ensemble, image):
    figure = seam_figure(ensemble, image, window_px=128, overlap_px=8)
    assert (figure.share_changed, figure.rms, figure.worst) == (0.0, 0.0, 0.0)


def test_pixels_without_data_do_not_count(image):
    class Holes(Wide):
        def forward(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
            outputs = super().forward(torch.nan_to_num(x))
            return {"mask": outputs["mask"].masked_fill(x.isnan(), torch.nan)}

    ensemble = Ensemble([Holes(5)], {"mask": ClassMask(2)})
    image[..., :40] = torch.nan
    figure = seam_figure(ensemble, image, window_px=32, overlap_px=12, border_px=5)
    assert figure.worst < 1e-6
    assert figure.share_changed == 0
    nothing = seam_figure(ensemble, image * torch.nan, window_px=32, overlap_px=8)
    assert (nothing.share_changed, nothing.rms, nothing.worst) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("target", ["kelp", "roads"])
def test_no_such_target(ensemble, image, target):
    with pytest.raises(ValueError, match=f"expected a dense target; got {target}"):
        seam_figure(ensemble, image, window_px=32, overlap_px=8, target=target)

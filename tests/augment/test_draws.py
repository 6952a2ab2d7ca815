"""What is drawn: the same for ever from the same seed, and new settings change no older draw."""

from __future__ import annotations

import numpy as np
import pytest

from landseer.augment import AugmentConfig
from landseer.augment.draw import draw_geometry, draw_light

WILD = AugmentConfig(
    crop_px=24, rotate_deg=180, rotate_probability=0.7, zoom=(0.6, 1.8), zoom_probability=0.7,
    shift=0.2, shift_probability=0.7,
)  # fmt: skip
LIT = AugmentConfig(
    brightness=0.2, gain=0.1, bias=0.05, noise_std=0.1, channel_dropout=0.2, blocks=2, blocks_px=6
)
GEOMETRIES = [
    (1, -3, "rot270", 0.0, 0.833268426),
    (12, 1, "antitranspose", 68.377426569, 1.61565308),
    (14, 15, "rot90", 176.42188636, 1.7889902),
]
LIGHTS = [
    ([1.0, 1.0], [0.0, 0.0], 0.029785424, 4732818336529217706, []),
    ([0.847727559] * 2, [0.029499404, 0.036561996], 0.0, 1738973899001867028, [(3, 16, 6, 6), (13, -1, 6, 6)]),
    ([1.044710302, 1.094935861], [0.0, 0.0], 0.02396034, 57116512253306633, [(-3, 0, 6, 6), (4, 14, 6, 6)]),
]  # fmt: skip
MORE = {"shear_deg": 20, "photometric": "light", "tone": {"probability": 1.0}}


@pytest.mark.parametrize("more", [{}, MORE])
@pytest.mark.parametrize("number", range(3))
def test_draws_of_the_first_version_still_hold(number: int, more: dict[str, object]) -> None:
    """Numbers that the first version drew, by seed 5 in epoch 2."""
    config = AugmentConfig.model_validate(WILD.model_dump(exclude_unset=True) | more)
    drawn = draw_geometry(config, 40, 40, seed=5, epoch=2, number=number)
    row, col, element, angle, zoom = GEOMETRIES[number]
    assert (drawn.row, drawn.col, drawn.element) == (row, col, element)
    assert (drawn.angle_deg, drawn.zoom) == pytest.approx((angle, zoom), abs=1e-8)
    config = AugmentConfig.model_validate(LIT.model_dump(exclude_unset=True) | more)
    light = draw_light(config, (2, 20, 20), seed=5, epoch=2, number=number)
    gain, bias, noise_std, noise_seed, blocks = LIGHTS[number]
    np.testing.assert_allclose(light.gain, gain, atol=1e-8)
    np.testing.assert_allclose(light.bias, bias, atol=1e-8)
    assert light.noise_std == pytest.approx(noise_std, abs=1e-8)
    assert (light.noise_seed, light.blocks) == (noise_seed, blocks)
    assert light.kept.all()


def test_shears_lean_as_far_as_asked_and_as_often() -> None:
    config = AugmentConfig(shear_deg=12, shear_probability=0.4)
    drawn = [draw_geometry(config, 9, 9, seed=0, epoch=0, number=number) for number in range(1500)]
    leans = np.array([np.degrees(np.arctan(geometry.skew[1][0])) for geometry in drawn])
    assert np.mean(leans != 0) == pytest.approx(0.4, abs=0.04)
    assert (leans.min(), leans.max()) == pytest.approx((-12, 12), abs=0.2)
    areas = [abs(np.linalg.det(np.array(geometry.linear))) for geometry in drawn]
    np.testing.assert_allclose(areas, 1.0)

"""Districts: every style and every use of a block gives a sound world, and the styles differ as they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from landseer.core.seeds import generator
from landseer.synth.camera import look
from landseer.synth.city import USES, build_city
from landseer.synth.materials import MATERIALS
from landseer.synth.render import heights
from landseer.synth.solids import World
from landseer.synth.styles import STYLES

REACH = 110.0


def city(name: str, *, seed: int = 1, **changes: object) -> World:
    return build_city(replace(STYLES[name], **changes), REACH, generator(seed, name))  # type: ignore[arg-type]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("name", STYLES)
def test_every_use_builds_a_sound_world(name: str, use: str) -> None:
    world = city(name, uses={use: 1.0})
    faces, domes = world.faces, world.domes
    assert np.isfinite(faces.corners).all() and np.isfinite(domes.centre).all()
    assert (faces.corners[..., 2] >= 0).all() and (domes.radius > 0).all()
    assert (faces.colour >= 0).all() and (faces.colour < 1).all()
    assert faces.material.max() < len(MATERIALS)
    lift = np.einsum("nij,nj->ni", faces.corners - faces.corners[:, :1], faces.normal)
    assert np.abs(lift).max() < 1e-6
    flat = np.ptp(faces.corners[..., 2], axis=1) == 0
    assert (faces.normal[flat, 2] > 0.99).all()
    assert 0.0 <= world.top_m < 160


def test_equal_seeds_build_equal_worlds_and_others_do_not() -> None:
    first, second, third = city("OMA"), city("OMA"), city("OMA", seed=2)
    np.testing.assert_array_equal(first.faces.corners, second.faces.corners)
    np.testing.assert_array_equal(first.domes.centre, second.domes.centre)
    assert first.faces.corners.shape != third.faces.corners.shape


def test_every_use_is_put_to_use_somewhere() -> None:
    assert {use for style in STYLES.values() for use in style.uses} == set(USES)


def test_towers_are_higher_than_houses_and_woods_are_green() -> None:
    view = look((0, 0), (200, 200), 0.8)
    tall, low = (heights(city("ATL", uses={use: 1.0}), view) for use in ("towers", "houses"))
    assert np.nanmax(tall) > 2 * np.nanmax(low)
    wood, bare = (heights(city("ATL", uses={use: 1.0}), view) for use in ("wood", "bare"))
    assert (wood > 4).mean() > 0.4 > (bare > 4).mean()


def test_the_ground_reaches_as_far_as_the_world_says() -> None:
    world = city("JAX")
    assert world.extent_m == (-REACH, REACH, -REACH, REACH)
    view = look((0, 0), (100, 100), 2 * REACH / 100)
    assert not np.isnan(heights(world, view)).any()

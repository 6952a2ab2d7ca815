"""The laws against re-rendering: what `move` says of a moved image is what a camera that moved so would see.

The renderer composes the map into its camera and knows none of the laws.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from landseer.augment.affine import Geometry
from landseer.augment.warp import Moved, move
from landseer.core.seeds import generator
from landseer.quantities import (
    Direction,
    FlowScale,
    Gsd,
    Height,
    Magnitude,
    Motion,
    Quantity,
)
from landseer.quantities.d4 import ELEMENTS, Element
from landseer.quantities.direction import to_vector
from landseer.synth.camera import View, look
from landseer.synth.city import build_city
from landseer.synth.render import Rendering, render
from landseer.synth.scan import scan
from landseer.synth.solids import World
from landseer.synth.styles import STYLES

LAWS: dict[str, Quantity] = {
    "height": Height(), "magnitude": Magnitude(), "direction": Direction(), "scale": FlowScale(), "gsd": Gsd(),
}  # fmt: skip
SIDE, OUT = 96, 90


@pytest.fixture(scope="module")
def city() -> World:
    return build_city(STYLES["ATL"], 75.0, generator(3, "test"))


@pytest.fixture(scope="module")
def view() -> View:
    return look((1.3, -2.7), (SIDE, SIDE), 0.71, off_nadir_deg=27, azimuth_deg=68)


@pytest.fixture(scope="module")
def before(city: World, view: View) -> Rendering:
    return render(city, view)


def moved(rendering: Rendering, geometry: Geometry, laws: dict[str, Quantity] = LAWS) -> Moved:
    """Move a rendered image and its truth by landseer's laws."""
    view = rendering.view
    targets = {
        "height": torch.from_numpy(rendering.agl_m)[None],
        "magnitude": torch.from_numpy(rendering.magnitude_px)[None],
        "direction": to_vector(torch.tensor([view.angle_rad])).float(),
        "scale": torch.tensor([view.scale_px_per_m]).float(),
        "gsd": torch.tensor([view.gsd_m]).float(),
    }
    size = (SIDE, SIDE) if geometry.is_exact else (OUT, OUT)
    return move(torch.from_numpy(rendering.radiance)[None], targets, laws, [geometry], size=size)


def about_the_middle(forward: NDArray[np.float64]) -> Geometry:
    """The geometry that takes offsets from the middle of the image by a matrix."""
    (a, b), (c, d) = np.linalg.inv(forward).tolist()
    return Geometry((SIDE - OUT) / 2, (SIDE - OUT) / 2, skew=((a, b), (c, d)))


def maps(count: int) -> list[NDArray[np.float64]]:
    """Random turns, mirrors, unlike zooms and shears; each direction is stretched 0.6 to 1.6 times."""
    rng = np.random.default_rng(0)
    found: list[NDArray[np.float64]] = []
    while len(found) < count:
        forward = np.linalg.qr(rng.normal(size=(2, 2)))[0] @ (
            np.eye(2) + rng.normal(0, 0.3, (2, 2))
        )
        stretches = np.linalg.svd(forward)[1]
        if 0.6 < stretches.min() and stretches.max() < 1.6:
            found.append(forward)
    return found


def pose_errors(out: Moved, after: View) -> dict[str, float]:
    """How far scale and gsd (as shares) and direction (as a vector) are from those of the camera."""
    down, right = after.flow_per_m
    truth = np.array([right, down]) / after.scale_px_per_m
    return {
        "scale": abs(float(out.targets["scale"]) / after.scale_px_per_m - 1),
        "gsd": abs(float(out.targets["gsd"]) / after.gsd_m - 1),
        "direction": float(np.linalg.norm(out.targets["direction"][0].numpy() - truth)),
    }


@pytest.mark.parametrize("element", ELEMENTS)
def test_each_element_of_d4_is_a_camera_that_moved(
    element: Element, city: World, view: View, before: Rendering
) -> None:
    geometry = Geometry(0, 0, element)
    out = moved(before, geometry)
    after = render(city, view.moved(np.linalg.inv(np.array(geometry.linear))))
    np.testing.assert_allclose(out.targets["height"][0], after.agl_m, atol=3e-6)
    np.testing.assert_allclose(out.targets["magnitude"][0], after.magnitude_px, atol=3e-6)
    differs = np.abs(out.image[0].numpy() - after.radiance) > 1e-4
    assert differs.mean() < 2e-4
    for name, error in pose_errors(out, after.view).items():
        assert error < 1e-6, name


@dataclass
class Seen:
    """Errors of many moved images, pixel by pixel, where all four pixels that were read show the same surface.

    Attributes:
        plane_m: heights on ground, roofs and walls, which are planes.
        crown_m: heights on crowns of trees, which are round.
        flow_px: length of the difference of flow vectors, on planes.
        any_m: heights wherever both images show something, edges of roofs included.
        compared: how many pixels of those are no edges.
    """

    plane_m: NDArray[np.float64]
    crown_m: NDArray[np.float64]
    flow_px: NDArray[np.float64]
    any_m: NDArray[np.float64]

    @property
    def compared(self) -> float:
        return (self.plane_m.size + self.crown_m.size) / self.any_m.size


def same_surface(
    before: Rendering, forward: NDArray[np.float64], number: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Where the surface seen in the moved image is the one at all four pixels around its place in the input."""
    pixels = np.stack(np.indices((OUT, OUT), dtype=np.float64), -1) - (OUT - 1) / 2
    place = pixels @ np.linalg.inv(forward).T + (SIDE - 1) / 2
    inside = ((place >= 0) & (place <= SIDE - 1)).all(-1)
    low = np.clip(np.floor(place).astype(int), 0, SIDE - 2)
    same = inside & (number >= 0)
    for down in (0, 1):
        for right in (0, 1):
            same &= before.surface[low[..., 0] + down, low[..., 1] + right] == number
    return same


def compare(
    city: World, before: Rendering, forwards: list[NDArray[np.float64]]
) -> tuple[Seen, dict[str, float]]:
    """Move by each map and render anew; return the errors of pixels, and the worst of the pose."""
    parts: dict[str, list[NDArray[np.float64]]] = {
        name: [] for name in ("plane", "crown", "flow", "any")
    }
    worst: dict[str, float] = {}
    n_faces = len(city.faces.corners)
    for forward in forwards:
        out = moved(before, about_the_middle(forward))
        after = before.view.moved(forward, (OUT, OUT))
        for name, error in pose_errors(out, after).items():
            worst[name] = max(worst.get(name, 0.0), error)
        hits = scan(city, after)
        height = np.where(hits.number < 0, np.nan, hits.height_m)
        error_m = np.abs(out.targets["height"][0].double().numpy() - height)
        same = same_surface(before, forward, hits.number)
        plane = same & (hits.number < n_faces)
        flow = (
            out.targets["magnitude"][0].double().numpy()[..., None]
            * out.targets["direction"][0].numpy()
        )
        true_flow = height[..., None] * np.array(after.flow_per_m)[::-1]
        parts["plane"].append(error_m[plane])
        parts["crown"].append(error_m[same & ~plane])
        parts["flow"].append(np.linalg.norm(flow - true_flow, axis=-1)[plane])
        parts["any"].append(error_m[~np.isnan(error_m)])
    joined = [np.concatenate(parts[name]) for name in ("plane", "crown", "flow", "any")]
    return Seen(*joined), worst


def test_two_hundred_affine_maps_are_cameras_that_moved(city: World, before: Rendering) -> None:
    """Angle, scale and gsd to rounding; heights and flow exact on planes, and within the curvature of crowns."""
    seen, pose = compare(city, before, maps(200))
    assert max(pose.values()) < 1e-5
    assert seen.plane_m.max() < 1e-4
    assert seen.flow_px.max() < 1e-4
    assert np.quantile(seen.crown_m, 0.99) < 0.3
    assert np.quantile(seen.any_m, 0.8) < 0.15
    assert seen.compared > 0.5
    assert seen.plane_m.size > 400_000
    assert seen.crown_m.size > 300_000


@dataclass(frozen=True)
class DividedScale(FlowScale):
    """The published law of zoom: scale / zoom."""

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        return values / motion.zoom_b


@dataclass(frozen=True)
class MultipliedGsd(Gsd):
    """The published law of zoom: gsd * zoom."""

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        return values * motion.zoom_b


@dataclass(frozen=True)
class SwappedFlips(Direction):
    """The published law of flips: an upside-down flip mirrors dx, where it should mirror dy."""

    def moved(self, values: Tensor, motion: Motion, direction_b2: Tensor | None = None) -> Tensor:
        return values * torch.tensor([-1.0, 1.0])


@pytest.mark.parametrize("zoom", [0.9, 1.1])
def test_the_published_zoom_is_no_camera(zoom: float, view: View, before: Rendering) -> None:
    geometry, after = Geometry(3, 3, zoom=zoom), view.moved(zoom * np.eye(2), (OUT, OUT))
    wrong = {**LAWS, "scale": DividedScale(), "gsd": MultipliedGsd()}
    right, published = (pose_errors(moved(before, geometry, laws), after) for laws in (LAWS, wrong))
    assert max(right.values()) < 1e-6
    assert min(published["scale"], published["gsd"]) > 0.17


def test_the_published_flip_is_no_camera(view: View, before: Rendering) -> None:
    geometry, after = Geometry(0, 0, "flip_ud"), view.moved(np.diag([-1.0, 1.0]))
    wrong = {**LAWS, "direction": SwappedFlips()}
    right, published = (pose_errors(moved(before, geometry, laws), after) for laws in (LAWS, wrong))
    assert right["direction"] < 1e-6
    assert published["direction"] == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize("zoom", [0.8, 1.25])
def test_what_a_magnified_view_predicts_is_brought_back_by_the_inverse(
    zoom: float, view: View
) -> None:
    """Published code multiplies scales of magnified views by the magnification again, before it averages them."""
    seen = torch.tensor([view.moved(zoom * np.eye(2)).scale_px_per_m]).float()
    back = FlowScale().moved(seen, Motion.zoomed(zoom).inverse)
    assert float(back) == pytest.approx(view.scale_px_per_m, rel=1e-6)
    assert abs(float(seen) * zoom / view.scale_px_per_m - 1) > 0.35

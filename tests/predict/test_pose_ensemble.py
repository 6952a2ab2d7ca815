"""Views of an image that a known physics predicts: every quantity comes back as the image alone gives it."""

from __future__ import annotations

import math
import weakref

import pytest
import torch
from torch import Tensor, nn

from landseer.predict import ensemble as module
from landseer.predict import viewed
from landseer.predict.ensemble import Ensemble, Voting
from landseer.quantities import (
    ClassMask,
    DenseValue,
    Direction,
    FlowScale,
    Gsd,
    Height,
    ImageValue,
    Magnitude,
    Motion,
    MultiLabelMask,
    Presence,
    SoftMask,
    d4,
)
from landseer.quantities.direction import to_vector
from landseer.quantities.views import parse_views

QUANTITIES = {
    "mask": ClassMask(3),
    "layers": MultiLabelMask(2),
    "soft": SoftMask(2),
    "there": Presence(1),
    "tall": Height(),
    "shift": Magnitude(),
    "angle": Direction(),
    "scale": FlowScale(),
    "gsd": Gsd("none"),
    "cover": DenseValue(),
    "warm": ImageValue(),
}
DENSE = ("mask", "layers", "soft", "tall", "shift", "cover")
SETS = [*d4.TTA_SETS, *d4.ELEMENTS[1:], "flips*transpose", "rotations*flip_lr", "d2*transpose"]
ZOOMS = ["none@0.5", "none@2", "rot90@1.5", "d4@0.75,1,1.25", "flips*transpose@0.5,1.5"]
SCALE, GSD = 0.8, 0.4


class Seer(nn.Module):
    """Sees heights in its first band and, in the slope of its second, how the image leans and how far it is zoomed.

    The second band is a plane of slope 1 into the direction of displacement. In an image magnified by z its slope is
    1 / z there: pixels per metre are that much more, metres per pixel that much fewer.
    """

    def __init__(self, bias: float = 0.0) -> None:
        super().__init__()
        self.bias = bias

    def forward(self, x: Tensor, gsd_m: Tensor | None = None) -> dict[str, Tensor]:
        tall, plane = x[:, :1] + self.bias, x[:, 1]
        inner = plane[:, 6:-6, 6:-6]
        dy = (inner[:, -1] - inner[:, 0]).mean(1) / (inner.shape[1] - 1)
        dx = (inner[:, :, -1] - inner[:, :, 0]).mean(1) / (inner.shape[2] - 1)
        slope = torch.stack([dx, dy], 1)
        length = slope.norm(dim=1, keepdim=True)
        angle = self.bias / 10
        turn = torch.tensor(
            [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        )
        scale = SCALE / length
        return {
            "mask": torch.cat([torch.zeros_like(tall), tall - 6, 12 - tall], 1),
            "layers": torch.cat([tall - 4, 9 - tall], 1),
            "soft": torch.cat([tall, 8 + 0 * tall], 1),
            "there": tall.mean((2, 3)) - 5,
            "tall": tall,
            "shift": tall * scale[:, :, None, None],
            "angle": (slope @ turn.T) * (1 + self.bias),
            "scale": scale,
            "gsd": GSD * length,
            "cover": 2 * tall - 3,
            "warm": tall.mean((2, 3)),
        }


def scene(angles=(0.4, 3.9), height=40, width=56) -> Tensor:
    """Smooth heights, and a plane that rises into the direction of displacement."""
    rows, cols = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    images = []
    for angle in angles:
        dx, dy = to_vector(torch.tensor(angle))
        tall = 8 + 5 * torch.sin(rows / 9 + angle) * torch.cos(cols / 11)
        images.append(torch.stack([tall, cols * dx + rows * dy]))
    return torch.stack(images).float()


def predict(x: Tensor, tta: str = "none", members=None, **voting) -> dict[str, Tensor]:
    return Ensemble(members or [Seer()], QUANTITIES, Voting(tta=tta, **voting))(x)


def test_the_image_alone_gives_what_was_drawn():
    x = scene()
    values = predict(x)
    assert values.keys() == QUANTITIES.keys()
    torch.testing.assert_close(values["tall"], x[:, :1])
    torch.testing.assert_close(
        values["angle"], to_vector(torch.tensor([0.4, 3.9])), atol=1e-5, rtol=0
    )
    torch.testing.assert_close(values["scale"], torch.full((2, 1), SCALE))
    torch.testing.assert_close(values["gsd"], torch.full((2, 1), GSD))
    torch.testing.assert_close(values["shift"], SCALE * x[:, :1])
    assert all(value.dtype == torch.float32 for value in values.values())


@pytest.mark.parametrize("tta", SETS)
def test_turned_and_mirrored_views_all_say_the_same(tta):
    x = scene()
    plain, averaged = predict(x), predict(x, tta)
    for name in QUANTITIES:
        torch.testing.assert_close(averaged[name], plain[name], atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("name", QUANTITIES)
@pytest.mark.parametrize("element", d4.ELEMENTS)
def test_each_element_alone_is_undone(element, name, monkeypatch):
    monkeypatch.setitem(d4.TTA_SETS, "one", (element,))
    monkeypatch.setattr(module, "parse_views", lambda _: (viewed.View(element),))
    x = scene()
    plain, turned = predict(x), predict(x, "one")
    torch.testing.assert_close(turned[name], plain[name], atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("tta", ZOOMS)
def test_zoomed_views_agree_on_smooth_fields_and_obey_the_laws(tta):
    """Interpolation costs 0.1 m of heights of 3 to 13 m inside and 1 m at the border, and a thousandth of a slope."""
    x = scene()
    plain, zoomed = predict(x), predict(x, tta)
    for name in ("angle", "scale", "gsd"):
        torch.testing.assert_close(zoomed[name], plain[name], atol=1e-3, rtol=1e-3)
    for name, tolerance in (("tall", 0.1), ("shift", 0.1), ("cover", 0.2), ("mask", 0.05)):
        difference = (zoomed[name] - plain[name]).abs()
        assert difference[..., 4:-4, 4:-4].max() < tolerance, name
        assert difference.max() < 10 * tolerance, name
    torch.testing.assert_close(
        zoomed["shift"], zoomed["tall"] * zoomed["scale"][:, :, None, None], atol=0.01, rtol=0
    )
    torch.testing.assert_close(zoomed["warm"], plain["warm"], atol=0.05, rtol=0)


def test_zooms_to_whole_pixels_have_the_zoom_of_the_areas():
    x = scene(height=37, width=51)
    view = viewed.View("rot90", 1.3)
    seen, motion = viewed.look(x, view)
    assert seen.shape[-2:] == (round(51 * 1.3), round(37 * 1.3))
    expected = math.sqrt(seen.shape[-1] * seen.shape[-2] / (37 * 51))
    torch.testing.assert_close(motion.zoom_b, torch.full((2,), expected))
    zoomed = predict(x, "none@1.3,0.77")
    torch.testing.assert_close(zoomed["scale"], torch.full((2, 1), SCALE), atol=0.01, rtol=0)
    assert zoomed["tall"].shape == (2, 1, 37, 51)


class Wrong(FlowScale):
    """The published multi-scale inverse."""

    def moved(self, values, motion, direction_b2=None):
        return values / motion.stretch_b(direction_b2)[:, None]


def test_the_published_inverse_of_zooms_is_seen(monkeypatch):
    x = scene()
    monkeypatch.setitem(QUANTITIES, "scale", Wrong())
    wrong = predict(x, "none@1.5")["scale"]
    torch.testing.assert_close(wrong, torch.full((2, 1), SCALE * 1.5**2), rtol=1e-3, atol=0)


@pytest.mark.parametrize("name", ["tall", "angle", "mask", "shift"])
def test_a_wrong_inverse_is_seen(name, monkeypatch):
    monkeypatch.setattr(viewed, "inverse", lambda element: element)
    x = scene(height=48, width=48)
    plain, wrong = predict(x), predict(x, "rot90")
    assert (plain[name] - wrong[name]).abs().max() > 0.05


def test_angles_are_never_averaged_as_numbers():
    """Views of an image that leans down see 0 and 2 pi: their mean is down, not up."""
    x = scene(angles=(0.0, 2 * math.pi - 1e-3))
    down = torch.tensor([0.0, 1.0]).expand(2, 2)
    torch.testing.assert_close(predict(x, "d4")["angle"], down, atol=2e-3, rtol=0)


def slow_mean(x: Tensor, tta: str, members, weights) -> dict[str, Tensor]:
    """Average members, each the average of its views, with all predictions at hand."""
    each = []
    for member in members:
        seen = []
        for view in parse_views(tta):
            outputs = member(d4.apply(view.element, x))
            back = d4.inverse(view.element)
            seen.append({n: q.transform(q.value(outputs[n]), back) for n, q in QUANTITIES.items()})
        each.append({n: _mean(n, [one[n] for one in seen], [1.0] * len(seen)) for n in QUANTITIES})
    return {n: _mean(n, [one[n] for one in each], weights) for n in QUANTITIES}


def _mean(name: str, values: list[Tensor], weights: list[float]) -> Tensor:
    parts = [v / v.norm(dim=1, keepdim=True) for v in values] if name == "angle" else values
    mean = sum(w * part for w, part in zip(weights, parts, strict=True)) / sum(weights)
    return mean / mean.norm(dim=1, keepdim=True) if name == "angle" else mean


@pytest.mark.parametrize("tta", ["none", "d4", "flips*transpose"])
def test_several_members_are_their_slow_mean(tta):
    x, members, weights = scene(), [Seer(0), Seer(2), Seer(7)], (0.2, 1.0, 0.5)
    got = predict(x, tta, members, weights=weights)
    expected = slow_mean(x, tta, members, weights)
    for name in QUANTITIES:
        torch.testing.assert_close(got[name], expected[name], atol=2e-5, rtol=1e-5)
    # a long vector counts no more than a short one
    raw = sum(w * m(x)["angle"] for w, m in zip(weights, members, strict=True))
    raw = raw / raw.norm(dim=1, keepdim=True)
    assert (raw - got["angle"]).abs().max() > 0.01
    torch.testing.assert_close(got["angle"].norm(dim=1), torch.ones(2))


def test_hard_votes_touch_class_masks_alone():
    x, members = scene(), [Seer(0), Seer(2), Seer(7)]
    soft, hard = predict(x, "d4", members), predict(x, "d4", members, hard=True)
    for name in QUANTITIES:
        if name != "mask":
            assert torch.equal(soft[name], hard[name]), name
    thirds = (hard["mask"] * 3).round() / 3
    torch.testing.assert_close(hard["mask"], thirds)
    assert not torch.equal(soft["mask"], hard["mask"])


class Watched(Seer):
    """Remembers its answers only as long as somebody else does, and the distances it was told."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[weakref.ref[Tensor]] = []
        self.most_alive = self.n_calls = 0
        self.told: list[float] = []

    def forward(self, x: Tensor, gsd_m: Tensor | None = None) -> dict[str, Tensor]:
        self.most_alive = max(self.most_alive, sum(one() is not None for one in self.answers))
        self.n_calls += 1
        if gsd_m is not None:
            self.told.append(gsd_m[0].item())
        outputs = super().forward(x)
        self.answers += [weakref.ref(value) for value in outputs.values()]
        return outputs


@pytest.mark.parametrize("tta", ["d4", "d4@0.75,1,1.25"])
def test_answers_are_added_up_as_they_come_and_let_go(tta):
    """At most the answers of one view are alive when the next is asked for, however many there are."""
    few, many = Watched(), Watched()
    predict(scene(), "none@1,0.75", [few, few])
    predict(scene(), tta, [many] * 4)
    assert many.n_calls == 4 * len(parse_views(tta)) and few.n_calls == 4
    assert many.most_alive <= few.most_alive <= len(QUANTITIES)


def test_every_view_is_told_its_own_ground_sample_distance():
    member = Watched()
    ensemble = Ensemble([member], QUANTITIES, Voting(tta="flip_lr@0.5,1,2"))
    ensemble(scene(), torch.tensor([0.3, 0.6]))
    assert member.told == pytest.approx([0.3, 0.3, 0.6, 0.6, 0.15, 0.15])
    assert [view.zoom for view in parse_views("flip_lr@0.5,1,2")] == [1, 1, 0.5, 0.5, 2, 2]


def test_unknown_answers_stay_unknown_and_spoil_no_other():
    class Hole(Seer):
        def forward(self, x: Tensor, gsd_m: Tensor | None = None) -> dict[str, Tensor]:
            outputs = super().forward(x)
            outputs["scale"] = torch.full_like(outputs["scale"], torch.nan)
            outputs["tall"][0, 0, 3, 4] = torch.nan
            return outputs

    x = scene(height=40, width=40)
    values = predict(x, "none", [Seer(), Hole()])
    plain = predict(x)
    assert values["scale"].isnan().all()
    assert values["tall"].isnan().nonzero().tolist() == [[0, 0, 3, 4]]
    for name in QUANTITIES.keys() - {"scale", "tall"}:
        torch.testing.assert_close(values[name], plain[name])


def test_motions_of_views_are_those_of_pixels():
    """A spot lands where the motion of the view says."""
    for view in parse_views("d4@1,0.5,2"):
        image = torch.zeros(1, 1, 33, 33)
        image[0, 0, 10:13, 20:23] = (
            1  # centre (11, 21), five rows above and five right of the middle
        )
        seen, motion = viewed.look(image, view)
        assert isinstance(motion, Motion)
        plane = seen[0, 0]
        rows, cols = (torch.arange(float(n)) for n in plane.shape)
        found = (
            torch.stack([(plane.sum(1) * rows).sum(), (plane.sum(0) * cols).sum()]) / plane.sum()
        )
        middle = torch.tensor([(plane.shape[0] - 1) / 2, (plane.shape[1] - 1) / 2])
        expected = motion.forward_b22[0] @ torch.tensor([-5.0, 5.0])
        torch.testing.assert_close(found - middle, expected, atol=0.15, rtol=0)

"""From references to targets: picked, derived, laid on their grids, and judged."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from landseer.augment.affine import Geometry
from landseer.augment.warp import move
from landseer.feed.targets import (
    as_judged,
    beside_targets,
    derive_grids,
    derive_targets,
    losses_take,
    make_evaluation,
    one_of,
    pick_grids,
    pick_targets,
)
from landseer.models.targets import TargetSpec
from landseer.quantities import (
    ClassMask,
    Direction,
    FlowScale,
    Height,
    Magnitude,
    MultiLabelMask,
    Presence,
)
from landseer.quantities.direction import to_vector

NAMES = ("land", "water", "ice")
SPECS = {
    "tall": TargetSpec(quantity="height", reference="agl"),
    "shift": TargetSpec(quantity="magnitude", of=("tall", "scale")),
    "scale": TargetSpec(quantity="flow_scale"),
    "angle": TargetSpec(quantity="direction"),
    "mask": TargetSpec(quantity="mask"),
    "there": TargetSpec(quantity="presence", of=("mask",), layers=("ice", "water")),
    "roofs": TargetSpec(quantity="multi_label", layers=("a", "b")),
}


def known(seed=0, size=(8, 8)) -> dict[str, torch.Tensor]:
    """What a batch of two knows, by reference."""
    generator = torch.Generator().manual_seed(seed)
    agl = 20 * torch.rand(2, *size, generator=generator)
    agl[0, 0, 0] = torch.nan
    mask = torch.zeros(2, *size, dtype=torch.uint8)
    mask[0, 2, 2:4], mask[1] = 2, 255
    roofs = torch.randint(0, 2, (2, 2, *size), generator=generator).float()
    roofs[1, 0, 3, 3] = torch.nan
    return {
        "agl": agl,
        "scale": torch.tensor([0.7, torch.nan]),
        "angle": to_vector(torch.tensor([0.3, 4.0])),
        "mask": mask,
        "roofs": roofs,
        "unused": torch.zeros(2),
    }


def test_targets_are_picked_by_the_names_of_their_references():
    given = known()
    picked = pick_targets(given, SPECS)
    assert list(picked) == ["tall", "scale", "angle", "mask", "roofs"]
    assert picked["tall"] is given["agl"] and picked["mask"] is given["mask"]


def test_layers_become_numbers_with_255_where_unknown():
    roofs = pick_targets(known(), SPECS)["roofs"]
    assert roofs.dtype == torch.uint8 and roofs[1, 0, 3, 3] == 255
    assert (roofs == 255).sum() == 1 and set(roofs.unique().tolist()) == {0, 1, 255}


def test_grids_go_by_target_and_magnitudes_share_those_of_their_heights():
    grid = torch.rand(2, 2, 3)
    picked = pick_grids({"agl": grid, "other": grid}, SPECS)
    assert list(picked) == ["tall"] and picked["tall"] is grid
    complete = derive_grids(picked, SPECS)
    assert list(complete) == ["tall", "shift"] and complete["shift"] is grid
    assert derive_grids({}, SPECS) == {}
    on_mask = derive_grids({"mask": grid}, SPECS)
    assert list(on_mask) == ["mask"], "presence has no pixels"


def test_derived_targets_by_a_slow_loop():
    given = pick_targets(known(), SPECS)
    complete = derive_targets(given, SPECS, NAMES)
    assert given.keys() == complete.keys() - {"shift", "there"}
    for sample in range(2):
        for row in range(8):
            for col in range(8):
                expected = float(given["tall"][sample, row, col]) * float(given["scale"][sample])
                got = float(complete["shift"][sample, row, col])
                assert got == pytest.approx(expected, nan_ok=True)
    assert complete["there"][0].tolist() == [1.0, 0.0], "ice, water"
    assert complete["there"][1].isnan().all(), "nothing of this mask is known"


def test_derived_targets_follow_what_augmentation_made_of_the_others():
    """A zoom by two: heights stay, the scale doubles, and so do magnitudes; presence is read off the new mask."""
    given = pick_targets(known(size=(9, 9)), {n: s for n, s in SPECS.items() if n != "roofs"})
    given["scale"] = torch.tensor([0.7, 0.4])
    laws = {"tall": Height(), "scale": FlowScale(), "angle": Direction(), "mask": ClassMask(3)}
    image = torch.zeros(2, 1, 9, 9)
    zoom = [Geometry(0, 0, "rot90", zoom=2.0), Geometry(4, 4, "flip_ud")]
    moved = move(image, given, laws, zoom, size=(9, 9))
    complete = derive_targets(moved.targets, SPECS, NAMES)
    torch.testing.assert_close(complete["scale"], torch.tensor([1.4, 0.4]))
    expected = moved.targets["tall"] * torch.tensor([1.4, 0.4])[:, None, None]
    torch.testing.assert_close(complete["shift"], expected, equal_nan=True)
    middle = complete["shift"][0, 4, 4] / given["tall"][0, 4, 4]
    assert middle == pytest.approx(2 * 0.7)
    seen = moved.targets["mask"][0]
    assert complete["there"][0, 0] == float((seen == 2).any())
    # the same magnitudes had they been moved by their own law
    before = {"shift": given["tall"] * given["scale"][:, None, None]}
    own = move(image, before, {"shift": Magnitude()}, zoom, size=(9, 9)).targets["shift"]
    torch.testing.assert_close(complete["shift"], own, equal_nan=True)


def nested(step=2.0, shift=0.0) -> torch.Tensor:
    """A grid of which each pixel holds step x step pixels of the image."""
    origin = (step - 1) / 2 + shift
    return torch.tensor([[step, 0, origin], [0, step, origin]])[None].repeat(2, 1, 1)


def test_values_are_averaged_over_the_pixels_of_a_coarser_reference():
    values = {"tall": torch.rand(2, 1, 8, 8), "scale": torch.rand(2, 1)}
    targets = {"tall": torch.rand(2, 4, 4), "scale": torch.rand(2)}
    placed, kept = beside_targets(values, targets, {"tall": nested()})
    torch.testing.assert_close(placed["tall"], functional.avg_pool2d(values["tall"], 2))
    assert placed["scale"] is values["scale"] and kept["scale"] is targets["scale"]
    assert torch.equal(kept["tall"], targets["tall"])
    assert values["tall"].shape[-1] == 8, "what was given is left alone"


def test_reference_pixels_beyond_the_image_are_unknown_in_both():
    values, targets = {"tall": torch.rand(2, 1, 8, 8)}, {"tall": torch.rand(2, 5, 5)}
    placed, kept = beside_targets(values, targets, {"tall": nested()})
    assert placed["tall"].isfinite().all()
    assert kept["tall"][:, 4].isnan().all() and kept["tall"][:, :, 4].isnan().all()
    assert torch.equal(kept["tall"][:, :4, :4], targets["tall"][:, :4, :4])
    assert not targets["tall"].isnan().any(), "what was given is left alone"
    unknown = nested()
    unknown[1] = torch.nan
    placed, kept = beside_targets(values, targets, {"tall": unknown})
    assert kept["tall"][1].isnan().all() and placed["tall"].isfinite().all()


def test_grids_of_targets_that_are_not_predicted_do_no_harm():
    values, targets = {"scale": torch.rand(2, 1)}, {"scale": torch.rand(2)}
    placed, kept = beside_targets(values, targets, {"tall": nested()})
    assert placed == values and kept == targets


def test_losses_take_values_where_pixels_are_averaged_and_outputs_elsewhere():
    raw = {"tall": torch.randn(2, 1, 4, 4), "shift": torch.randn(2, 1, 4, 4)}
    taken = losses_take({"tall": Height(), "shift": Magnitude()}, raw, {"tall": nested()})
    assert torch.equal(taken["tall"], raw["tall"].relu()) and taken["shift"] is raw["shift"]
    # the mean of heights is not the height of the mean
    mean = functional.avg_pool2d(taken["tall"], 2)
    assert not torch.allclose(mean, functional.avg_pool2d(raw["tall"], 2).relu())


def test_what_is_judged_has_the_shape_of_its_target():
    quantities = {
        "mask": ClassMask(3), "tall": Height(), "scale": FlowScale(), "angle": Direction(),
        "one": MultiLabelMask(1), "roofs": MultiLabelMask(2), "there": Presence(1),
    }  # fmt: skip
    values = {
        "mask": torch.rand(2, 3, 4, 5), "tall": torch.rand(2, 1, 4, 5), "scale": torch.rand(2, 1),
        "angle": torch.rand(2, 2), "one": torch.rand(2, 1, 4, 5), "roofs": torch.rand(2, 2, 4, 5),
        "there": torch.rand(2, 1),
    }  # fmt: skip
    judged = as_judged(quantities, values)
    shapes = {name: tuple(value.shape) for name, value in judged.items()}
    assert shapes == {
        "mask": (2, 4, 5), "tall": (2, 4, 5), "scale": (2,), "angle": (2, 2),
        "one": (2, 1, 4, 5), "roofs": (2, 2, 4, 5), "there": (2, 1),
    }  # fmt: skip
    assert torch.equal(judged["mask"].long(), values["mask"].argmax(1))
    one = one_of(judged, 1)
    assert one["scale"].shape == () and one["angle"].shape == (2,)
    assert isinstance(one["tall"], np.ndarray)


def test_the_evaluation_counts_what_the_targets_say():
    evaluation = make_evaluation(SPECS, NAMES)
    names = set(evaluation.names)
    wanted = {"iou_water", "tall_rmse", "shift_r2", "scale_mae", "angle_error_deg", "geopose_r2"}
    assert wanted | {"there_iou_ice", "roofs_dice_b", "flow_epe"} <= names
    targets = derive_targets(pick_targets(known(), SPECS), SPECS, NAMES)
    targets["scale"] = torch.tensor([0.7, 0.5])
    perfect = {
        "mask": torch.where(targets["mask"] == 255, 0, targets["mask"]),
        "there": targets["there"].nan_to_num(0.3), "roofs": (targets["roofs"] == 1).float(),
        "tall": targets["tall"].nan_to_num(9.0), "shift": targets["shift"].nan_to_num(9.0),
        "scale": targets["scale"], "angle": 3 * targets["angle"],
    }  # fmt: skip
    counts = np.stack([evaluation.count(one_of(targets, n), one_of(perfect, n)) for n in range(2)])
    scores = evaluation.scores(counts, ["x", "y"])
    assert scores["tall_rmse"] == scores["shift_mae"] == scores["scale_bias"] == 0
    assert scores["geopose_r2"] == pytest.approx(1) and scores["iou_ice"] == 1
    assert scores["angle_error_deg"] == pytest.approx(0, abs=1e-4)
    assert scores["roofs_iou_macro"] == 1 and scores["there_iou_ice"] == 1
    assert math.isnan(scores["there_iou_water"]), "neither there nor predicted"

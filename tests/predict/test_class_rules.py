"""Numbers for each class and views for each member: the map is decided as selection decided."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from landseer.predict.ensemble import Ensemble, Voting
from landseer.predict.spec import MemberSpec
from landseer.quantities.d4 import apply
from landseer.quantities.mask import ClassMask
from landseer.select.way import Rule, mixed


class Conv(nn.Module):
    """A network that is not the same under a mirror."""

    def __init__(self, seed, n_classes=3):
        super().__init__()
        torch.manual_seed(seed)
        self.layer = nn.Conv2d(2, n_classes, 3, padding=1)

    def forward(self, x):
        return {"mask": self.layer(torch.nan_to_num(x))}


RULES = [Rule(), Rule(factors=(1.0, 0.7, 2.5)), Rule(thresholds=(0.3, 0.45))]


@pytest.mark.parametrize("rule", RULES)
def test_maps_are_decided_as_selection_decides(rule):
    members, x = [Conv(0), Conv(1)], torch.randn(2, 2, 24, 24)
    voting = Voting((0.25, 0.75), class_factors=rule.factors, class_thresholds=rule.thresholds)
    ensemble = Ensemble(members, {"mask": ClassMask(3)}, voting)
    mean = ensemble(x)["mask"]
    decided = ensemble.decide(mean).numpy()
    for one, own in zip(decided, mean, strict=True):
        np.testing.assert_array_equal(one, rule.decide(own.numpy()))
    # through the 16-bit files only pixels whose numbers tie to 16 bits may differ
    said = np.stack([member(x)["mask"].softmax(1).detach().numpy() for member in members])
    stored = np.rint(said[:, :, 1:] * 65535).astype(np.uint16).astype(np.float32) / 65535
    again = np.stack([rule.decide(mixed(stored[:, i], (0.25, 0.75))) for i in range(2)])
    assert (again != decided).mean() < 1e-3
    assert len(np.unique(decided)) == 3


def test_members_see_views_of_their_own():
    members, x = [Conv(0), Conv(1)], torch.randn(1, 2, 16, 16)
    voting = Voting((1.0, 3.0), member_tta=("none", "none*flip_lr"))
    quantity = ClassMask(3)
    found = Ensemble(members, {"mask": quantity}, voting)(x)["mask"]
    first, second = (m(x)["mask"].softmax(1) for m in members)
    back = apply("flip_lr", members[1](apply("flip_lr", x))["mask"].softmax(1))
    torch.testing.assert_close(found, (first + 3 * (second + back) / 2) / 4)
    with pytest.raises(ValueError, match="2 sets of views"):
        Ensemble(members, {"mask": quantity}, Voting(member_tta=("none",)))


def test_a_factor_for_each_class():
    p = torch.tensor([0.5, 0.3, 0.2]).reshape(1, 3, 1, 1)
    assert ClassMask(3).decide(p, factors=(1, 1, 1)).item() == 0
    assert ClassMask(3).decide(p, factors=(1, 2, 1)).item() == 1
    with pytest.raises(Exception, match="3 factors"):
        ClassMask(3).decide(p, factors=(1, 2))
    with pytest.raises(ValidationError):
        MemberSpec(file="members/a.safetensors", fold=0, seed=0, tta=3)

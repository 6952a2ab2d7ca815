"""What heads read: the ground sample distance as a logarithm; and their own weights, anew for each target."""

import numpy as np
import torch
from torch import nn

from landseer.models.head_plain import renewed
from landseer.models.shared import Shared


def test_the_distance_is_one_plane_of_logarithms_of_metres():
    x = torch.rand(2, 3, 4, 5)
    shared = Shared(x, [x], (4, 5), torch.tensor([0.3, 2.0], dtype=torch.float64))
    np.testing.assert_allclose(shared.log_gsd().numpy(), np.log([[0.3], [2.0]]), rtol=1e-6)
    more = shared.with_gsd(x.bfloat16())
    assert more.shape == (2, 4, 4, 5) and more.dtype == torch.bfloat16
    assert torch.equal(more[:, :3], x.bfloat16())
    planes = np.log([0.3, 2.0])[:, None, None] * np.ones((2, 4, 5))
    np.testing.assert_allclose(more[:, 3].float().numpy(), planes, rtol=1e-2)


def test_a_renewed_head_is_another_with_weights_as_the_library_draws_them():
    old = nn.Sequential(nn.Conv2d(40, 1, 3, padding=1), nn.Identity())
    with torch.no_grad():
        old[0].bias.fill_(7)
    before = old[0].weight.clone()
    torch.manual_seed(0)
    new = renewed(old, 6)
    assert torch.equal(old[0].weight, before) and old[0].bias.item() == 7
    assert new[0].weight.shape == (6, 40, 3, 3) and new[0].padding == (1, 1)
    assert new[0].bias.abs().max() == 0
    bound = np.sqrt(6 / (40 * 9 + 6 * 9))  # Glorot and Bengio 2010
    assert 0.95 * bound < new[0].weight.abs().max() <= bound

"""How pseudo-labels enter training: how many, in which order, with which loss."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from landseer.core.classes import IGNORE
from landseer.feed.order import count_draws, draw_epoch, interleave
from landseer.feed.source import SoftLabel, harden, read_soft
from landseer.losses.soft_labels import pseudo_label_loss
from landseer.quantities import ClassMask
from landseer.raster.write import write_raster


@given(st.integers(1, 200), st.integers(1, 200), st.integers(1, 16))
def test_every_batch_has_the_share_and_nobody_changes_places(n: int, soft: int, size: int) -> None:
    labelled, taught = np.arange(n), 1000 + np.arange(soft)
    order = interleave(labelled, taught)
    assert order[order < 1000].tolist() == labelled.tolist()
    assert order[order >= 1000].tolist() == taught.tolist()
    share = soft / (n + soft)
    for start in range(0, len(order) - size + 1, size):
        count = int((order[start : start + size] >= 1000).sum())
        assert np.floor(size * share - 1e-9) <= count <= np.ceil(size * share + 1e-9)


@pytest.mark.parametrize(
    ("n_draws", "mix", "expected"),
    [(None, 0.5, (12, 12)), (None, 0.75, (12, 36)), (20, 0.25, (15, 5)), (2, 0.9, (1, 1))],
)
def test_the_mix_is_exact(n_draws: int | None, mix: float, expected: tuple[int, int]) -> None:
    assert count_draws(12, 7, n_draws, mix) == expected
    assert count_draws(12, 0, n_draws, mix) == (n_draws or 12, 0)


def test_without_pseudo_labels_the_order_of_an_epoch_is_as_it_was() -> None:
    for n_draws in (None, 5, 40):
        n, _ = count_draws(12, 0, n_draws, 0.5)
        assert (draw_epoch(None, 12, n, 7, 3) == draw_epoch(None, 12, n_draws, 7, 3)).all()


@pytest.fixture
def soft() -> torch.Tensor:
    p = torch.rand(2, 4, 5, 6, generator=torch.Generator().manual_seed(1))
    p = p / p.sum(1, keepdim=True)
    p[1, :, 2] = torch.nan
    return p


def logits_of(channels: int) -> torch.Tensor:
    return torch.randn(2, channels, 5, 6, generator=torch.Generator().manual_seed(2))


def test_the_loss_is_torch_s_kl_div_where_pseudo_labels_are_known(soft: torch.Tensor) -> None:
    raw = logits_of(4).requires_grad_()
    loss = pseudo_label_loss(ClassMask(4), raw, soft)
    known = ~soft.isnan().any(1)
    pixels, truth = raw.movedim(1, -1)[known], soft.movedim(1, -1)[known]
    torch.testing.assert_close(
        loss, functional.kl_div(pixels.log_softmax(-1), truth, reduction="batchmean")
    )
    loss.backward()
    assert raw.grad is not None and (raw.grad[1, :, 2] == 0).all()
    nothing = pseudo_label_loss(ClassMask(4), raw, torch.full_like(soft, torch.nan))
    assert nothing == 0


def test_classes_that_are_judged_alone_and_twins_have_their_least_loss_at_the_pseudo_label(
    soft: torch.Tensor,
) -> None:
    sure = soft.nan_to_num(0.25)
    exact = sure.logit()
    assert float(pseudo_label_loss(ClassMask(4, "sigmoid"), exact, sure)) == pytest.approx(
        0, abs=1e-5
    )
    twin = torch.cat([sure.log(), exact], dim=1)
    assert float(pseudo_label_loss(ClassMask(4, "twin"), twin, sure)) == pytest.approx(0, abs=1e-5)
    raw = logits_of(4)
    entropy = functional.binary_cross_entropy_with_logits(raw, sure, reduction="none").sum(1).mean()
    least = functional.binary_cross_entropy(sure, sure, reduction="none").sum(1).mean()
    loss = pseudo_label_loss(ClassMask(4, "sigmoid"), raw, sure)
    torch.testing.assert_close(loss, entropy - least, rtol=1e-4, atol=1e-5)
    two = sure[:, :2] / sure[:, :2].sum(1, keepdim=True)
    raw = logits_of(3)
    assert float(pseudo_label_loss(ClassMask(2, "twin"), raw, two)) > 0


def test_a_pseudo_label_is_read_as_the_recipe_wants_it(tmp_path: Path) -> None:
    p = np.random.default_rng(0).dirichlet([0.5] * 3, (6, 7)).transpose(2, 0, 1)
    path = tmp_path / "a.tif"
    write_raster(path, np.rint(p[1:] * 65535).astype(np.uint16))
    plain = read_soft(SoftLabel(path))
    np.testing.assert_allclose(plain, p, atol=2e-5)
    sharp = read_soft(SoftLabel(path, temperature=0.5))
    np.testing.assert_allclose(sharp, plain**2 / (plain**2).sum(0), atol=1e-5)
    least = read_soft(SoftLabel(path, least=0.7))
    assert (np.isnan(least).all(0) == (plain.max(0) < 0.7)).all()
    hard = harden(least)
    assert (hard[plain.max(0) < 0.7] == IGNORE).all()
    assert (hard[plain.max(0) >= 0.7] == plain.argmax(0)[plain.max(0) >= 0.7]).all()

"""Fitting pretrained weights onto an encoder with any channels, and proving that they arrived."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from landseer.errors import UsageError, WeightsError
from landseer.models.config import StemRule
from landseer.models.stem import adapt_stem

BuildEncoder = Callable[[int, Mapping[str, Any] | None], nn.Module]
"""Builds an encoder for a number of input channels; the mapping tells timm where its weights are."""


def fit_pretrained(
    encoder: nn.Module,
    build: BuildEncoder,
    state: Mapping[str, Tensor],
    channels: Mapping[str, Sequence[str]],
    rule: StemRule,
) -> None:
    """Load pretrained weights into an encoder, in place.

    A donor encoder takes the weights as timm reads them; then all of it is copied over. Its stem, which is whatever
    changes its shape with the number of channels, is adapted by `rule` where it was made for three
    channels, which are taken to be red, green and blue; made for as many as there are, it is copied as it is.

    Args:
        encoder: the encoder to fill.
        build: builds another encoder like it, with the same random numbers at each call.
        state: the weights by timm's keys.
        channels: band codes by channel name, in order.
        rule: how the stem is adapted; `random` keeps the encoder's own.

    Raises:
        WeightsError: the weights belong to another encoder, or the stem cannot be adapted.
    """
    count = _pretrained_channels(encoder, state, len(channels))
    donor = _donor(build, state, count)
    _check_arrived(donor, build(count, None))
    stem_keys, own = _stem_keys(build), encoder.state_dict()
    for key, tensor in donor.state_dict().items():
        if key not in stem_keys:
            own[key].copy_(tensor)
        elif rule != "random":
            own[key].copy_(adapt_stem(tensor, channels, rule) if count == 3 else tensor)


def _pretrained_channels(encoder: nn.Module, state: Mapping[str, Tensor], count: int) -> int:
    """Tell how many channels the weights were made for: as many as there are, or three."""
    first = getattr(encoder.model, "pretrained_cfg", {}).get("first_conv") or ()
    names = (first,) if isinstance(first, str) else first
    found = [state[f"{name}.weight"].shape[1] for name in names if f"{name}.weight" in state]
    return count if found and set(found) == {count} else 3


def _donor(build: BuildEncoder, state: Mapping[str, Tensor], count: int) -> nn.Module:
    """Build an encoder of `count` channels that holds the pretrained weights."""
    overlay: dict[str, Any] = {
        "state_dict": dict(state),
        "hf_hub_id": None,
        "url": "",
        "custom_load": False,
    }
    if count != 3:
        overlay |= {"input_size": (count, 224, 224), "first_conv": None}
    try:
        with _quiet_timm():
            return build(count, overlay)
    except (RuntimeError, UsageError) as error:
        raise WeightsError(
            f"expected weights of this encoder; got others: {' '.join(str(error).split())[:300]}",
            where="model.weights",
            do="give the weights of the encoder named in model.encoder",
        ) from error


def with_stem_for(
    state: Mapping[str, Tensor],
    channels: Mapping[str, Sequence[str]],
    rule: StemRule,
    kernels: Sequence[str],
) -> Mapping[str, Tensor]:
    """Give a ResNet's weights that were trained on many bands a stem for these channels.

    Args:
        state: the weights by timm's keys.
        channels: band codes by channel name, in order.
        rule: how the stem is adapted.
        kernels: codes of the bands for which the stem was trained; where they are three, nothing is done.

    Raises:
        WeightsError: there are three channels, which have weights of their own.
    """
    if len(kernels) == 3 or "conv1.weight" not in state:
        return state
    if len(channels) == 3:
        raise WeightsError(
            f"expected more channels than 3 for weights of {len(kernels)} bands",
            where="model.weights",
            do="take the weights whose name ends in rgb",
        )
    stem = adapt_stem(state["conv1.weight"], channels, rule, kernels=kernels)
    return {**state, "conv1.weight": stem}


def fit_swin(
    encoder: nn.Module,
    state: Mapping[str, Tensor],
    channels: Mapping[str, Sequence[str]],
    rule: StemRule,
    kernels: Sequence[str],
) -> None:
    """Load pretrained weights into torchvision's Swin V2, in place.

    Args:
        encoder: the encoder to fill.
        state: the weights by torchvision's keys; those of its classifier are left alone.
        channels: band codes by channel name, in order.
        rule: how the stem is adapted; `random` keeps the encoder's own.
        kernels: codes of the bands for which the stem was trained. A stem of as many channels as there are, but of
            other bands, is copied as it is.

    Raises:
        WeightsError: the weights belong to another encoder, or the stem cannot be adapted.
    """
    own = encoder.state_dict()
    stem = "features.0.0.weight"
    wrong = [
        key
        for key, tensor in own.items()
        if key not in state or (key != stem and state[key].shape != tensor.shape)
    ]
    if wrong:
        raise WeightsError(
            f"expected weights of this encoder, all of its layers; {len(wrong)} are not in the file or are of another "
            f"shape, such as {', '.join(wrong[:3])}",
            where="model.weights",
            do="give the weights of the encoder named in model.encoder",
        )
    for key, tensor in own.items():
        if key != stem:
            tensor.copy_(state[key])
        elif rule != "random":
            is_own = state[key].shape[1] == len(channels) != len(kernels)
            tensor.copy_(
                state[key] if is_own else adapt_stem(state[key], channels, rule, kernels=kernels)
            )


@contextmanager
def _quiet_timm() -> Iterator[None]:
    """Keep timm from logging that classifier weights are left over, which they always are."""
    log = logging.getLogger("timm.models._builder")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)


def _check_arrived(donor: nn.Module, untouched: nn.Module) -> None:
    """Refuse weights that left drawn parameters as they were drawn.

    timm loads without complaint what fits and leaves the rest; a file of another network would pass unseen.
    """
    drawn = dict(untouched.named_parameters())
    missing = [
        key
        for key, tensor in donor.named_parameters()
        if tensor.requires_grad and tensor.min() != tensor.max() and torch.equal(tensor, drawn[key])
    ]
    if missing:
        raise WeightsError(
            f"expected weights for all layers of the encoder; {len(missing)} are not in the file, "
            f"such as {', '.join(missing[:3])}",
            where="model.weights",
            do="give the weights of the encoder named in model.encoder",
        )


def _stem_keys(build: BuildEncoder) -> set[str]:
    """Find the tensors whose shape depends on the number of channels."""
    three, four = build(3, None).state_dict(), build(4, None).state_dict()
    return {key for key, tensor in three.items() if tensor.shape != four[key].shape}

"""Encoders by their names: which there are, and what is wrong with a name before anything is built."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

import timm

from landseer.models.satlas import PREFIX, SATLAS
from landseer.models.swin import SWINS

_FILE_ENDINGS = (".safetensors", ".pth", ".pt", ".bin", ".tar")


def split_name(encoder: str) -> tuple[str, str]:
    """Split `resnet18.a1_in1k` into architecture and weights tag ("" where there is none)."""
    architecture, _, tag = encoder.partition(".")
    return architecture, tag


def check_encoder(name: str) -> str | None:
    """Say what is wrong with an encoder's name, without building it.

    Args:
        name: timm name, with or without a weights tag, or one of torchvision's Swin V2.

    Returns:
        None when it is known; otherwise what was expected and the nearest names.
    """
    if name in SWINS:
        return None
    architecture, tag = split_name(name)
    if not timm.is_model(architecture):
        close = _nearest(architecture, [*SWINS, *timm.list_models()])
        return f"expected an encoder of timm; got {name!r}{close}"
    if tag and tag not in weight_tags(architecture):
        return _bad_tag(architecture, tag)
    return None


def check_weights(encoder: str, weights: str) -> str | None:
    """Say what is wrong with the choice of pretrained weights, without fetching them.

    Args:
        encoder: a name that `check_encoder` accepts.
        weights: `none`, `imagenet`, a tag of timm, `satlas:NAME`, or the path of a local file.

    Returns:
        None, or what was expected and what came.
    """
    architecture, _ = split_name(encoder)
    if weights == "none":
        return None
    if weights.startswith(PREFIX):
        return _satlas_problem(architecture, weights.removeprefix(PREFIX))
    if is_file_name(weights):
        return (
            None if Path(weights).is_file() else f"expected a weights file; {weights} is not there"
        )
    if encoder in SWINS:
        fits = weights == "imagenet"
        return None if fits else f"expected none, imagenet, satlas:NAME or a file; got {weights!r}"
    tags = weight_tags(architecture)
    if not tags:
        return f"expected weights: none or a local file, for timm has no pretrained {architecture}; got {weights!r}"
    return None if weights in (*tags, "imagenet") else _bad_tag(architecture, weights)


def _satlas_problem(architecture: str, name: str) -> str | None:
    """Say what is wrong with weights of Satlas for an encoder."""
    fitting = [one for one, known in SATLAS.items() if known.encoder == architecture]
    if name in fitting:
        return None
    if name in SATLAS:
        return f"expected model.encoder: {SATLAS[name].encoder}, whose weights these are; got {architecture}"
    listed = ", ".join(fitting) or f"none for {architecture}"
    return f"expected weights of Satlas ({listed}); got {name!r}{_nearest(name, list(SATLAS))}"


def is_file_name(weights: str) -> bool:
    """Return whether a choice of weights is a path rather than a tag."""
    return "/" in weights or weights.endswith(_FILE_ENDINGS)


def weight_tags(architecture: str) -> list[str]:
    """Return the tags of an architecture's pretrained weights in timm, the default first."""
    names = timm.list_models(f"{architecture}.*", pretrained=True)
    tags = [split_name(name)[1] for name in names]
    default = timm.get_pretrained_cfg(architecture)
    first = default.tag if default is not None else ""
    return sorted(tags, key=lambda tag: (tag != first, tag))


def _bad_tag(architecture: str, tag: str) -> str:
    """Say which tags there are instead of this one."""
    tags = weight_tags(architecture)
    listed = ", ".join(tags[:12]) or "none"
    return f"expected a weights tag of {architecture} ({listed}); got {tag!r}{_nearest(tag, tags)}"


def _nearest(name: str, names: list[str]) -> str:
    """Name the nearest of the known names."""
    close = get_close_matches(name.lower(), names, n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(close)}?" if close else ""

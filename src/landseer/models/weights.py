"""Finding pretrained weights: a local file, then the Hugging Face cache, then the hub. Nothing is unpickled."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import huggingface_hub
import timm
import torch
import torchvision
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from landseer.errors import WeightsError
from landseer.models.encoders import check_weights, is_file_name, split_name, weight_tags
from landseer.models.published import by_own_keys
from landseer.models.satlas import PREFIX, REPOSITORY
from landseer.models.swin import SWINS

HUB_FILE = "model.safetensors"
"""Name of the weights in every timm repository of the hub."""


def find_weights(encoder: str, weights: str) -> dict[str, Tensor] | None:
    """Find the pretrained weights of an encoder.

    Args:
        encoder: timm name, with or without a tag, or one of torchvision's Swin V2.
        weights: `none`, `imagenet` (the encoder's own tag, or the library's default one), a tag, `satlas:NAME`, or a
            local file.

    Returns:
        Tensors by the library's keys, on the CPU, and those of a feature pyramid under `fpn.` where the file has one;
        None for `none`.

    Raises:
        WeightsError: no such weights, or they cannot be read or fetched; the text says how to get them.
    """
    problem = check_weights(encoder, weights)
    if problem is not None:
        raise WeightsError(
            problem, where=f"model.weights of {encoder}", do="correct it, or set it to none"
        )
    if weights == "none":
        return None
    if weights.startswith(PREFIX):
        return by_own_keys(read_state(_satlas_path(weights)))
    if is_file_name(weights):
        return by_own_keys(read_state(Path(weights)))
    return (
        read_state(_torchvision_path(encoder)) if encoder in SWINS else _from_hub(encoder, weights)
    )


def read_state(path: Path) -> dict[str, Tensor]:
    """Read tensors by key from a .safetensors or a torch file, on the CPU.

    Torch files may hold the tensors under `state_dict` or `model`, and keys may begin with `module.`.

    Raises:
        WeightsError: the file is missing, damaged, or holds more than tensors (which is never unpickled).
    """
    path = Path(path)
    if not path.is_file():
        raise WeightsError("expected a weights file; it is not there", where=path)
    try:
        state = (
            load_file(path)
            if path.suffix == ".safetensors"
            else _tensors(torch.load(path, map_location="cpu", weights_only=True))
        )
    except (SafetensorError, RuntimeError, EOFError, OSError, ValueError) as error:
        raise WeightsError(
            f"expected a readable weights file; got: {_first_sentence(error)}",
            where=path,
            do="fetch or copy the file again",
        ) from error
    except pickle.UnpicklingError as error:
        raise WeightsError(
            "expected a file of tensors alone; it holds other Python objects, or is damaged, and is not unpickled",
            where=path,
            do="convert it to .safetensors where you trust it",
        ) from error
    return {key.removeprefix("module."): tensor for key, tensor in state.items()}


def _tensors(content: Any) -> dict[str, Tensor]:
    """Take the tensors out of a torch file's content."""
    for key in ("state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    state = (
        {k: v for k, v in content.items() if torch.is_tensor(v)}
        if isinstance(content, dict)
        else {}
    )
    if not state:
        raise ValueError("no tensors by name in it")
    return state


def _from_hub(encoder: str, weights: str) -> dict[str, Tensor]:
    """Take timm's weights from the cache, or else fetch them."""
    architecture, tag = split_name(encoder)
    tag = tag if weights == "imagenet" else weights
    tag = tag or weight_tags(architecture)[0]
    source = timm.get_pretrained_cfg(f"{architecture}.{tag}")
    repository = source.hf_hub_id if source else None
    if not repository:
        url = str(source.url if source else "")
        raise _unreachable(f"{architecture}.{tag}", url, "it is not on the Hugging Face hub")
    try:
        path = _download(repository)
    except Exception as error:  # the hub's HTTP library, and with it its errors, differ by version
        url = f"https://huggingface.co/{repository}/resolve/main/{HUB_FILE}"
        raise _unreachable(f"{architecture}.{tag}", url, _first_sentence(error)) from error
    return read_state(Path(path))


def _satlas_path(weights: str) -> Path:
    """Return the path of a file of Satlas in the cache; fetch it when it is not there."""
    name = f"{weights.removeprefix(PREFIX)}.pth"
    try:
        return Path(_download(REPOSITORY, name))
    except Exception as error:  # as above
        url = f"https://huggingface.co/{REPOSITORY}/resolve/main/{name}"
        raise _unreachable(weights, url, _first_sentence(error)) from error


def _torchvision_path(encoder: str) -> Path:
    """Return the path of torchvision's ImageNet weights in torch's cache; fetch them when they are not there."""
    url = torchvision.models.get_model_weights(encoder)["DEFAULT"].url
    path = Path(torch.hub.get_dir()) / "checkpoints" / url.rpartition("/")[2]
    if path.is_file():
        return path
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), progress=False)
    except OSError as error:
        raise _unreachable(
            encoder, url, _first_sentence(error), f"{path.parent} (moved by TORCH_HOME)"
        ) from error
    return path


def _download(repository: str, name: str = HUB_FILE) -> str:
    """Return the path of the cached file; go to the network only when it is not there."""
    cached = huggingface_hub.try_to_load_from_cache(repository, name)
    return cached if isinstance(cached, str) else huggingface_hub.hf_hub_download(repository, name)


def _unreachable(name: str, url: str, reason: str, cache: str | None = None) -> WeightsError:
    """Say how to get weights that could not be fetched."""
    hub = f"{huggingface_hub.constants.HF_HUB_CACHE} (moved by HF_HOME)"
    return WeightsError(
        f"expected the pretrained weights {name}; they are not in the cache and could not be fetched: {reason}",
        where=f"cache {cache or hub}",
        do=f"where there is a network, fetch {url} and give its path as model.weights; or copy a filled cache here "
        f"and set {'TORCH_HOME' if cache else 'HF_HOME'}; or set model.weights: none",
    )


def _first_sentence(error: Exception) -> str:
    """Shorten an error to the first sentence of its first line, without the full stop."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return re.split(r"\.(?=\s|$)", line, maxsplit=1)[0] or line

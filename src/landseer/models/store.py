"""Members on disk: safetensors that hold numbers and nothing else. Loading never unpickles."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from landseer.core.files import atomic_path
from landseer.errors import FileReadError, WeightsError

Module = TypeVar("Module", bound=nn.Module)


def save_member(path: Path, model: nn.Module) -> None:
    """Write a model's parameters and buffers, whole or not at all.

    Args:
        path: of the .safetensors file; its folder is made.
        model: on any device; not changed.

    Raises:
        WriteError: the file cannot be written.
    """
    save_state(path, model.state_dict())


def save_state(path: Path, state: dict[str, Tensor]) -> None:
    """Write tensors by key, whole or not at all; tied ones are written twice.

    Raises:
        WriteError: the file cannot be written.
    """
    plain = {
        key: tensor.detach().cpu().clone(memory_format=torch.contiguous_format)
        for key, tensor in state.items()
    }
    content = save(plain, metadata={"format": "pt"})
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def load_member(path: Path, model: Module) -> Module:
    """Fill a model from a file that `save_member` wrote, in place.

    Args:
        path: of the .safetensors file.
        model: built from the same configuration, best with `pretrained=False`.

    Returns:
        The model.

    Raises:
        FileReadError: the file is missing, truncated, or not safetensors.
        WeightsError: keys are missing or too many, or shapes differ; nothing was loaded.
    """
    state = load_state(path)
    own = model.state_dict()
    problems = [
        *_listed("missing", own.keys() - state.keys()),
        *_listed("not of this model", state.keys() - own.keys()),
        *_listed(
            "of another shape",
            {k for k in own.keys() & state.keys() if own[k].shape != state[k].shape},
        ),
    ]
    if problems:
        raise WeightsError(
            f"expected the tensors of this model; got {'; '.join(problems)}",
            where=path,
            do="build the model with the inputs, encoder, decoder and classes it was trained with",
        )
    model.load_state_dict(state, strict=True)
    return model


def load_state(path: Path) -> dict[str, Tensor]:
    """Read tensors by key, on the CPU.

    Raises:
        FileReadError: the file is missing, truncated, or not safetensors.
    """
    path = Path(path)
    if not path.is_file():
        raise FileReadError("expected a member's weights; the file is not there", where=path)
    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise FileReadError(
            f"expected a safetensors file; got: {error}", where=path, do="copy or train it again"
        ) from error


def _listed(what: str, keys: set[str]) -> list[str]:
    """Describe some keys, the first few by name."""
    names = sorted(keys)
    return (
        [f"{len(names)} {what} ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})"]
        if names
        else []
    )

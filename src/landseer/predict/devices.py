"""The devices that a user names, and whether they are there."""

from __future__ import annotations

import torch

from landseer.errors import UsageError


def device_names(names: str) -> list[str]:
    """Take apart the names of devices; `all` is every CUDA device, or the CPU where there is none."""
    if names == "all":
        count = torch.cuda.device_count()
        return [f"cuda:{number}" for number in range(count)] or ["cpu"]
    return [name.strip() for name in names.split(",")]


def choose_device(name: str) -> torch.device:
    """Return the device of this name; `auto` takes CUDA where there is one.

    Raises:
        UsageError: torch knows no such device, or it is not there.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise _refused(name, "a name that torch does not know") from None
    if device.type == "cuda":
        _check_cuda(name, device)
    elif device.type != "cpu":
        _probe(name, device)
    return device


def _check_cuda(name: str, device: torch.device) -> None:
    """Refuse a CUDA device that is not there."""
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if count == 0:
        raise _refused(
            name, "no CUDA device that torch can use: no card, no driver, or one too old"
        )
    if (device.index or 0) >= count:
        raise _refused(name, f"CUDA devices cuda:0 to cuda:{count - 1}")


def _probe(name: str, device: torch.device) -> None:
    """Refuse another device on which nothing can be computed."""
    try:
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError, NotImplementedError):
        raise _refused(name, "a device that cannot be used here") from None


def _refused(name: str, came: str) -> UsageError:
    """Say that a device is not there."""
    return UsageError(
        f"expected a device that is there; got {came}",
        where=f"device {name!r}",
        do="give --device auto or --device cpu; `landseer doctor` says what torch sees",
    )

"""Devices by name: those that are there, and a plain refusal of those that are not."""

import pytest
import torch

from landseer.errors import UsageError
from landseer.predict.devices import choose_device, device_names


def cards(monkeypatch, count: int) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)


def test_devices_that_are_there(monkeypatch):
    cards(monkeypatch, 2)
    assert choose_device("auto") == torch.device("cuda")
    assert [choose_device(name) for name in device_names("all")] == [
        torch.device("cuda:0"), torch.device("cuda:1"),
    ]  # fmt: skip
    cards(monkeypatch, 0)
    assert choose_device("auto") == choose_device("cpu") == torch.device("cpu")
    assert device_names("all") == ["cpu"]
    assert device_names("cuda:0, cuda:1") == ["cuda:0", "cuda:1"]


@pytest.mark.parametrize(
    ("name", "count", "came"),
    [
        ("cuda", 0, "no CUDA device"),
        ("cuda:0", 0, "no CUDA device"),
        ("cuda:2", 2, "CUDA devices cuda:0 to cuda:1"),
        ("foo", 2, "a name that torch does not know"),
        ("", 0, "a name that torch does not know"),
        ("cuda:x", 2, "a name that torch does not know"),
        ("meta", 0, "a device that cannot be used here"),
    ],
)
def test_devices_that_are_not_there_are_refused(monkeypatch, name: str, count: int, came: str):
    cards(monkeypatch, count)
    with pytest.raises(UsageError, match=came) as caught:
        choose_device(name)
    assert caught.value.where == f"device {name!r}" and "--device cpu" in caught.value.do

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from landseer.errors import WeightsError
from landseer.feed.embed import make_embed

NETWORK = "mobilenetv3_small_050"


def pictures():
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (40, 50), dtype=np.uint8) for _ in range(3)]


def test_scores_are_those_of_the_network_and_its_file(tmp_path):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        network = timm.create_model(NETWORK, num_classes=1000).eval()
    save_file(network.state_dict(), tmp_path / "w.safetensors")
    by_file = make_embed(NETWORK, str(tmp_path / "w.safetensors"), pooled=False)(pictures())
    by_seed = make_embed(NETWORK, "none", pooled=False, seed=3)(pictures())
    assert by_file.shape == (3, 1000) and by_file.dtype == np.float32
    assert np.array_equal(by_file, by_seed)
    assert not np.array_equal(
        by_seed, make_embed(NETWORK, "none", pooled=False, seed=4)(pictures())
    )


def test_pooled_features_are_shorter_and_leave_the_generator_alone():
    state = torch.random.get_rng_state()
    found = make_embed(NETWORK, "none", pooled=True)(pictures())
    assert found.shape[0] == 3 and found.shape[1] != 1000
    assert torch.equal(state, torch.random.get_rng_state())


def test_wrong_names_and_files_are_refused(tmp_path):
    with pytest.raises(WeightsError, match="expected an encoder"):
        make_embed("resnet51", "none", pooled=False)
    save_file({"a": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(WeightsError, match="weights of the whole network"):
        make_embed(NETWORK, str(tmp_path / "other.safetensors"), pooled=False)

"""Vectors of pictures by a pretrained classification network, for grouping samples by likeness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from landseer.errors import WeightsError
from landseer.models.encoders import check_encoder, split_name
from landseer.models.weights import find_weights

SIDE_PX = 224
_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_BATCH = 16


def make_embed(
    encoder: str, weights: str, *, pooled: bool, seed: int = 0
) -> Callable[[Sequence[NDArray[np.uint8]]], NDArray[np.float32]]:
    """Make the function that turns pictures into vectors.

    Pictures become three equal channels, are resized to 224 x 224 bilinearly, and normalised as ImageNet's.

    Args:
        encoder: timm name of a classification network.
        weights: `imagenet`, a tag, a local file, or `none` for random weights.
        pooled: the features before the classifier, averaged over the image, rather than the class scores.
        seed: root of random weights.

    Returns:
        A function from (h, w) uint8 pictures to (n, d) float32.

    Raises:
        WeightsError: no such network, or its weights cannot be found, fetched or fitted; the text says what to do.

    Source: K:kelp/data_prep/aoi_grouping.py (generate_embeddings) for the network, the resize and the scores.
    """
    network = _network(encoder, weights, pooled=pooled, seed=seed)

    def embed(pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Compute one vector per picture."""
        parts = [
            network(torch.stack([_prepare(one) for one in pictures[start : start + _BATCH]]))
            for start in range(0, len(pictures), _BATCH)
        ]
        return torch.cat(parts).numpy()

    return torch.inference_mode()(embed)


def _network(encoder: str, weights: str, *, pooled: bool, seed: int) -> Any:
    """Build the network and load its weights, the classifier's too where its scores are asked for."""
    problem = check_encoder(encoder)
    if problem is not None:
        raise WeightsError(problem, where="same_place.embedding.encoder", do="correct it")
    state = find_weights(encoder, weights)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network: Any = timm.create_model(split_name(encoder)[0], num_classes=1000)
    if state is not None:
        try:
            network.load_state_dict(state)
        except RuntimeError as error:
            raise WeightsError(
                f"expected weights of the whole network {encoder}; got others: {' '.join(str(error).split())[:200]}",
                where="same_place.embedding.weights",
                do="give the weights of the network named in same_place.embedding.encoder",
            ) from error
    if pooled:
        network.reset_classifier(0)
    return network.eval()


def _prepare(picture: NDArray[np.uint8]) -> Tensor:
    """Resize and normalise one picture, (3, 224, 224)."""
    image = Image.fromarray(picture).convert("RGB")
    small = np.asarray(image.resize((SIDE_PX, SIDE_PX), Image.Resampling.BILINEAR), np.float32)
    scaled = (small / 255 - np.asarray(_MEAN)) / np.asarray(_DEVIATION)
    return torch.from_numpy(np.ascontiguousarray(scaled.astype(np.float32).transpose(2, 0, 1)))

"""How the same place is looked for: the recipe's key `same_place`."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EmbeddingConfig(BaseModel):
    """Grouping by the likeness of a network's outputs, as published kelp mapping did it; the better way is `image`.

    The defaults repeat that work: the elevation as an 8-bit picture, the 1000 class scores of an ImageNet network, a
    greedy merge that depends on the order, and groups above 100 samples taken apart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    encoder: str = "resnet50.tv2_in1k"
    """timm name of the network; the default tag is torchvision's IMAGENET1K_V2."""

    weights: str = "imagenet"
    """`imagenet`, a tag of timm, a local file, or `none` for a random network."""

    features: Literal["logits", "pooled"] = "logits"
    """The class scores, or the features before them averaged over the image."""

    threshold: float = Field(default=0.97, gt=-1, le=1)
    """Least cosine of two samples of one place."""

    grouping: Literal["greedy", "components"] = "greedy"
    """`greedy`: in order, without uniting groups; `components`: every chain to its end."""

    explode_above: int | None = Field(default=100, ge=1)
    """Groups of more samples are taken apart into single ones; None keeps them."""

    seed: int = Field(default=0, ge=0)
    """Root of a random network's weights."""


class RectifyConfig(BaseModel):
    """By which references oblique images are laid on the ground before they are compared."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    height: str = "agl"
    """Raster of heights above ground, m, on the pixels of the image."""

    scale: str = "scale"
    """Number: pixels by which a metre of height is displaced."""

    angle: str = "angle"
    """Angle: where the ground below a height lies, 0 down, counter-clockwise."""


class SamePlaceConfig(BaseModel):
    """What is compared, and how much agreement makes two samples the same place.

    The defaults find shifts of up to half an image each way. What remains to be chosen is `layers`: something that
    stays the same from date to date.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    method: Literal["auto", "footprint", "image", "embedding", "none"] = "auto"
    """`auto`: by footprint where a sample has one, by image among the others; `embedding`: by how alike a pretrained
    network finds them, which has no geometry and is kept to be compared with; `none`: only sites and duplicates."""

    layers: tuple[str, ...] = ()
    """Formulas over bands, and rasters of values on the images' pixels, whose evidence adds up; empty: elevation and
    near infrared, or what there is of them, and with `rectify` the root of the heights."""

    rectify: RectifyConfig | None = None
    """Lays oblique images on the ground before they are compared, so that views from several sides agree; images
    without heights, scale or angle, such as those to be predicted, are compared as they are."""

    valid: str | None = None
    """Formula that is true where a pixel can be trusted, such as `qa == 0`; None takes what `quality.corrupted` leaves,
    else all but nodata. Layers of elevation alone are not masked by a formula over quality bands alone."""

    working_px: int | None = Field(default=None, ge=32, le=512)
    """Images are averaged down until their longer side is at most this, in pixels; None: 192, or 128 for large sets."""

    min_overlap: float = Field(default=0.05, gt=0, le=1)
    """Least shared area of two images, as a share of one."""

    link_overlap: float = Field(default=0.1, ge=0, le=1)
    """Least shared area, as a share of the smaller sample, that makes two samples one group. Samples that share less,
    such as neighbours cut with a margin, stay apart, and are kept out of each other's training (column `barred`)."""

    min_agreement: float = Field(default=0.2, gt=0, le=1)
    """Least correlation of the shared area; only the strong rule against coincidence is `false_pairs`."""

    false_pairs: float = Field(default=0.001, gt=0, lt=1000)
    """Expected number of unrelated pairs that are taken for the same place by chance, over the whole data set."""

    sites_are_places: bool = True
    """Whether samples of one site are one group; false where a site is a whole city or region: its samples show
    different places, none of them lies in another site, and folds may hold parts of each."""

    min_footprint_overlap: float = Field(default=0.001, ge=0, le=1)
    """Least shared ground of two footprints, as a share of the smaller one."""

    landmarks: int = Field(default=60, ge=4)
    """Landmarks per image by which pairs are proposed."""

    likeness: float = Field(default=0.8, gt=0, lt=1)
    """Least likeness (cosine) of two landmarks."""

    neighbours: int = Field(default=20, ge=1)
    """Look-alikes kept per landmark."""

    votes: int = Field(default=3, ge=2)
    """Least number of landmarks that agree on a shift."""

    candidates_per_sample: int = Field(default=40, ge=1)
    """Proposed pairs per sample that are registered, most votes first."""

    exhaustive_up_to: int = Field(default=4000, ge=0)
    """Up to this many images every pair is compared at every shift, all layers together; above it only pairs that
    landmarks propose are, which finds less where there is noise or cloud. Counted by site where sites are regions."""

    embedding: EmbeddingConfig = EmbeddingConfig()
    """How `method: embedding` compares and groups."""

"""After each validation: what the network saw, what it said, what is true."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as lightning
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import Tensor

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.feed.loader import Batch, make_batch
from landseer.feed.source import Source
from landseer.feed.targets import (
    beside_targets,
    derive_grids,
    derive_targets,
    pick_grids,
    pick_targets,
)
from landseer.models.slices import in_slices
from landseer.models.targets import TargetSpec
from landseer.track.figures import (
    Example,
    class_colours,
    confusion_figure,
    examples_figure,
    figure_pixels,
    save_figure,
    stretch,
)
from landseer.track.tensorboard import TensorBoard
from landseer.track.values import ValueExample, values_figure
from landseer.train.module import TrainingModule


class Pictures(lightning.Callback):
    """Write `images/epoch_NNN.png`, one such file for each real-valued target, and `images/confusion.png`.

    Args:
        folder: the member's.
        source: where samples come from.
        positions: which ones are drawn.
        classes: the class table.
        bands: of the images.
        targets: what is predicted.
        tensorboard: where pictures also go, or None.
    """

    def __init__(
        self,
        folder: Path,
        source: Source,
        positions: list[int],
        classes: ClassTable,
        bands: tuple[Band, ...],
        targets: dict[str, TargetSpec],
        tensorboard: TensorBoard | None,
    ) -> None:
        self._folder, self._source, self._positions = folder, source, positions
        self._classes, self._bands, self._tensorboard = classes, bands, tensorboard
        self._targets = targets
        self._masks = [name for name, spec in targets.items() if spec.quantity == "mask"]
        self._values = [name for name, spec in targets.items() if spec.quantity in _DRAWN]

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Draw the chosen samples and the confusion matrix."""
        if trainer.sanity_checking or not isinstance(pl_module, TrainingModule):
            return
        epoch = trainer.current_epoch
        if self._positions:
            for name, figure in self._drawn(pl_module, f"epoch {epoch}").items():
                self._keep(
                    figure, f"epoch_{epoch:03d}{name and f'_{name}'}", name or "examples", epoch
                )
        for name in self._masks:
            counts = np.sum(list(pl_module.tally.values()), axis=0)
            matrix = pl_module.evaluation.confusion(counts, name)
            title = f"held-out fold, epoch {epoch}"
            figure = confusion_figure(matrix, self._classes.names, title)
            self._keep(figure, "confusion", "confusion", epoch)

    def _keep(self, figure: Figure, file: str, tag: str, epoch: int) -> None:
        """Write a figure, and show it to TensorBoard."""
        save_figure(figure, self._folder / "images" / f"{file}.png")
        if self._tensorboard is not None:
            self._tensorboard.add_image(tag, figure_pixels(figure), epoch)

    def _drawn(self, module: TrainingModule, title: str) -> dict[str, Figure]:
        """Predict the chosen samples one by one and draw a figure for each dense target."""
        masks: list[Example] = []
        values: dict[str, list[ValueExample]] = {name: [] for name in self._values}
        for position in self._positions:
            batch = make_batch(self._source, [position])
            predicted = self._predict(module, batch)
            seen = module.model.preprocess.mask_nodata(batch["image"].to(module.device))
            picture = stretch(composite(seen[0].cpu().numpy(), self._bands))
            targets = self._truth(batch)
            grids = derive_grids(pick_grids(batch["grids"], self._targets), self._targets)
            placed, truth = beside_targets(predicted, targets, grids)
            for name in self._masks:
                masks.append(_mask_example(module, batch, picture, truth[name], predicted[name]))
            for name in self._values:
                one = ValueExample(
                    batch["samples"][0],
                    picture,
                    truth[name][0].numpy(),
                    predicted[name][0, 0].numpy(),
                    (placed[name][0, 0] - truth[name][0]).numpy(),
                )
                values[name].append(one)
        figures = {"": examples_figure(masks, self._colours, title)} if masks else {}
        for name, examples in values.items():
            unit = module.model.quantities[name].unit
            figures[name] = values_figure(examples, f"{name}, {title}", unit)
        return figures

    @property
    def _colours(self) -> tuple[str, ...]:
        """A colour for each class."""
        return tuple(class_colours(self._classes.colours, len(self._classes)))

    def _truth(self, batch: Batch) -> dict[str, Tensor]:
        """Return the targets of a batch."""
        targets = pick_targets(batch["targets"], self._targets)
        return derive_targets(targets, self._targets, self._classes.names)

    @torch.no_grad()
    def _predict(self, module: TrainingModule, batch: Batch) -> dict[str, Tensor]:
        """Predict one sample's dense targets."""
        model = module.model
        image, gsd_m = (batch[key].to(module.device) for key in ("image", "gsd_m"))
        values = in_slices(model.values, model, image, gsd_m)
        return {name: values[name].float().cpu() for name in (*self._masks, *self._values)}


_DRAWN = ("height", "magnitude", "dense_value")


def _mask_example(
    module: TrainingModule,
    batch: Batch,
    picture: NDArray[np.float32],
    truth: Tensor,
    probability: Tensor,
) -> Example:
    """Put together what is shown of a class mask."""
    quantity = next(q for q in module.model.quantities.values() if q.kind == "mask")
    decision = quantity.decide(probability)[0].numpy()  # type: ignore[attr-defined]
    positive = probability[0, 1:].sum(dim=0).numpy()
    return Example(batch["samples"][0], picture, truth[0].numpy(), decision, positive)


def composite(image_chw: np.ndarray, bands: tuple[Band, ...]) -> np.ndarray:
    """Return red, green and blue where the bands have them, else the first three (or one, thrice)."""
    names = {code: number for number, band in enumerate(bands) for code in band.codes}
    chosen = [names[code] for code in "RGB" if code in names]
    if len(chosen) < 3:
        chosen = list(range(min(3, len(image_chw)))) if len(image_chw) >= 3 else [0, 0, 0]
    return image_chw[chosen]

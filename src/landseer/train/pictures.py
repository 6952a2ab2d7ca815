"""After each validation: what the network saw, what it said, what is true."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as lightning
import numpy as np
import torch

from landseer.core.bands import Band
from landseer.core.classes import ClassTable
from landseer.feed.loader import stack
from landseer.feed.source import Source
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
from landseer.train.module import TrainingModule


class Pictures(lightning.Callback):
    """Write `images/epoch_NNN.png` and `images/confusion.png` into the member's folder."""

    def __init__(
        self,
        folder: Path,
        source: Source,
        positions: list[int],
        classes: ClassTable,
        bands: tuple[Band, ...],
        tensorboard: TensorBoard | None,
    ) -> None:
        self._folder, self._source, self._positions = folder, source, positions
        self._classes, self._bands, self._tensorboard = classes, bands, tensorboard
        self._colours = class_colours(classes.colours, len(classes))

    def on_validation_epoch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        """Draw the chosen samples and the confusion matrix."""
        if trainer.sanity_checking or not isinstance(pl_module, TrainingModule):
            return
        epoch = trainer.current_epoch
        if self._positions:
            examples = [self._example(pl_module, position) for position in self._positions]
            figure = examples_figure(examples, self._colours, f"epoch {epoch}")
            save_figure(figure, self._folder / "images" / f"epoch_{epoch:03d}.png")
            if self._tensorboard is not None:
                self._tensorboard.add_image("examples", figure_pixels(figure), epoch)
        confusion = confusion_figure(
            pl_module.matrix, self._classes.names, f"held-out fold, epoch {epoch}"
        )
        save_figure(confusion, self._folder / "images" / "confusion.png")
        if self._tensorboard is not None:
            self._tensorboard.add_image("confusion", figure_pixels(confusion), epoch)

    @torch.no_grad()
    def _example(self, module: TrainingModule, position: int) -> Example:
        """Predict one sample."""
        image, label = stack([self._source.read(position)])
        raw = image.to(module.device)
        probability = module.model.quantity.value(module.model(raw).float())
        decision = module.model.quantity.decide(probability)[0].cpu().numpy()
        shown = module.model.preprocess.mask_nodata(raw)[0].cpu().numpy()
        return Example(
            self._source.items[position].sample,
            stretch(composite(shown, self._bands)),
            label[0].numpy(),
            decision.astype(np.uint8),
            probability[0, 1:].sum(dim=0).cpu().numpy(),
        )


def composite(image_chw: np.ndarray, bands: tuple[Band, ...]) -> np.ndarray:
    """Return red, green and blue where the bands have them, else the first three (or one, thrice)."""
    names = {code: number for number, band in enumerate(bands) for code in band.codes}
    chosen = [names[code] for code in "RGB" if code in names]
    if len(chosen) < 3:
        chosen = list(range(min(3, len(image_chw)))) if len(image_chw) >= 3 else [0, 0, 0]
    return image_chw[chosen]

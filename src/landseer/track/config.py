"""Where a run is shown besides its plain files (recipe key `track`). No torch here, and no tracker."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_CONFIG = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class MlflowConfig(BaseModel):
    """MLflow: one run for each run folder, a child for each member (`pip install 'landseer[mlflow]'`)."""

    model_config = _CONFIG

    uri: str | None = None
    """Address of a server or store; null takes `mlflow.db` (SQLite) beside the run folders."""
    experiment: str = Field("landseer", min_length=1)
    """Name of the experiment."""


class WandbConfig(BaseModel):
    """Weights & Biases: one run for each member, grouped by run folder (`pip install 'landseer[wandb]'`)."""

    model_config = _CONFIG

    project: str = Field("landseer", min_length=1)
    """Name of the project."""
    entity: str | None = None
    """User or team; null takes the account's own."""
    mode: Literal["auto", "offline", "online"] = "auto"
    """Send at once, or write below the run folder for `wandb sync`; auto sends where `WANDB_API_KEY` is set."""


class TrackConfig(BaseModel):
    """Where figures, pictures and the best weights go besides the run folder. Nothing here changes what is trained."""

    model_config = _CONFIG

    tensorboard: Literal["auto", "off"] = "auto"
    """Write TensorBoard's files beside the weights where TensorBoard is installed, or never."""
    mlflow: MlflowConfig | None = None
    """MLflow; null sends nothing."""
    wandb: WandbConfig | None = None
    """Weights & Biases; null sends nothing."""
    aliases: Literal["kelp"] | None = None
    """Write the scores of a mask of two classes also under the 18 names of the kelp system."""

"""landseer: from Earth-observation tiles and labels to maps that can be trusted.

The names below are what people use from Python; each is loaded when it is first asked for, so that the import of the
package alone costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "Formula": "spectral.formula",
    "KelpSynthConfig": "synth.settings",
    "LandseerError": "errors",
    "PredictOptions": "predict.options",
    "Recipe": "recipe.schema",
    "load_catalogue": "spectral.catalogue",
    "load_model_folder": "predict.model_folder",
    "load_recipe": "recipe.load",
    "look": "run.look_stage",
    "make_kelp": "synth.kelp",
    "open_run": "run.context",
    "predict_files": "predict.tiles",
    "read_samples": "samples.table",
    "read_selection": "select.selection",
    "run_stages": "run.runner",
    "score_paths": "submit.score",
    "show": "report.show",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    if name not in _HOMES:
        raise AttributeError(f"module 'landseer' has no attribute {name!r}")
    return getattr(importlib.import_module(f"landseer.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """List the public names."""
    return sorted(__all__)

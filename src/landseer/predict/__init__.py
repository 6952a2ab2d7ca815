"""From a saved model and images to maps."""

from landseer.predict.ensemble import Ensemble, Precision, Voting
from landseer.predict.model_folder import (
    SPEC_FILE,
    Loader,
    MemberSource,
    load_model_folder,
    save_model_folder,
)
from landseer.predict.oof import OofBatch, oof_path, read_oof, write_oof
from landseer.predict.options import Failure, PredictOptions, PredictSummary
from landseer.predict.spec import MemberSpec, ModelSpec, Naming
from landseer.predict.tiles import build_ensemble, predict_files, predict_images

__all__ = [
    "SPEC_FILE",
    "Ensemble",
    "Failure",
    "Loader",
    "MemberSource",
    "MemberSpec",
    "ModelSpec",
    "Naming",
    "OofBatch",
    "Precision",
    "PredictOptions",
    "PredictSummary",
    "Voting",
    "build_ensemble",
    "load_model_folder",
    "oof_path",
    "predict_files",
    "predict_images",
    "read_oof",
    "save_model_folder",
    "write_oof",
]

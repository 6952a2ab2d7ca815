"""All stages in order, with what each reads, writes and depends on."""

from __future__ import annotations

from landseer.run.calibrate_stage import calibrate_probabilities
from landseer.run.choose_stage import choose
from landseer.run.data_stages import audit, list_samples, measure, split_samples
from landseer.run.decisions import audit_files
from landseer.run.deliver import write_model
from landseer.run.look_stage import write_look
from landseer.run.maps_stage import write_maps
from landseer.run.model_stages import oof_state, predict_out_of_fold, train_members
from landseer.run.outside import data_state, split_files, training_files
from landseer.run.report_stage import write_report
from landseer.run.selftrain_taught import taught_files
from landseer.run.stage import Stage
from landseer.run.suspects_stage import write_suspects

_MODEL_KEYS = ("seed", "data", "inputs", "model", "targets", "balance", "loss", "augment")
_TRAIN_KEYS = tuple(
    f"train.{name}"
    for name in (
        "epochs", "samples_per_epoch", "batch_size", "accumulate", "optimiser", "schedule",
        "clip_norm", "freeze", "ema_decay", "average", "soup", "early_stop", "monitor", "seeds", "folds", "sampler",
        "precision", "deterministic", "validate_every_epochs", "keep_best",
    )
)  # fmt: skip

_WEIGHTS = "folds/*/best*.safetensors"

STAGES: tuple[Stage, ...] = (
    Stage(
        "samples",
        list_samples,
        keys=("data",),
        inputs=(),
        outputs=("audit/listed.parquet", "audit/listing.csv"),
        extra=data_state,
        optional=("scenes",),
    ),
    Stage(
        "audit",
        audit,
        keys=("data", "quality", "same_place"),
        inputs=("audit/listed.parquet", "audit/listing.csv"),
        outputs=(
            "audit/audited.parquet",
            "audit/findings.csv",
            "audit/pairs.csv",
            "audit/groups.csv",
            "audit/exclusions.csv",
            "audit/summary.json",
        ),
        extra=audit_files,
    ),
    Stage(
        "split",
        split_samples,
        keys=("seed", "split", "weights"),
        inputs=("audit/audited.parquet", "audit/pairs.csv"),
        outputs=("samples.parquet", "audit/proof.json", "audit/balance.csv"),
        extra=split_files,
    ),
    Stage(
        "statistics",
        measure,
        keys=("data", "inputs"),
        inputs=("samples.parquet",),
        outputs=("statistics.json",),
        extra=training_files,
    ),
    Stage(
        "look",
        write_look,
        keys=("name", "seed", "data", "quality", "inputs", "report"),
        inputs=(
            "samples.parquet",
            "statistics.json",
            "audit/listing.csv",
            "audit/findings.csv",
            "audit/pairs.csv",
            "audit/proof.json",
        ),
        outputs=("report/data/index.html", "report/data/*.png", "report/data/groups"),
        extra=training_files,
    ),
    Stage(
        "train",
        train_members,
        keys=(*_MODEL_KEYS, *_TRAIN_KEYS, "select.metric"),
        inputs=("samples.parquet", "statistics.json"),
        outputs=("folds/members.json", _WEIGHTS),
        extra=taught_files,
    ),
    Stage(
        "oof",
        predict_out_of_fold,
        keys=("select.tta",),
        inputs=("samples.parquet", "folds/members.json", _WEIGHTS),
        outputs=("oof/done.json", "oof"),
        extra=oof_state,
    ),
    Stage(
        "select",
        choose,
        keys=("seed", "data", "targets", "select", "train.seeds", "train.folds"),
        inputs=("samples.parquet", "oof"),
        outputs=("selection.json",),
        extra=training_files,
    ),
    Stage(
        "calibrate",
        calibrate_probabilities,
        keys=("seed", "data", "targets", "calibrate", "train.seeds", "train.folds"),
        inputs=("samples.parquet", "oof", "selection.json"),
        outputs=("calibration.json",),
        extra=training_files,
    ),
    Stage(
        "suspects",
        write_suspects,
        keys=("data", "targets", "model", "suspects", "train.seeds", "train.folds"),
        inputs=("samples.parquet", "oof", "selection.json"),
        outputs=("audit/suspects.csv", "audit/suspects"),
        extra=training_files,
    ),
    Stage(
        "model",
        write_model,
        keys=(
            "name",
            "data",
            "inputs",
            "model",
            "targets",
            "maps.window_px",
            "maps.overlap_px",
        ),
        inputs=(
            "selection.json",
            "calibration.json",
            "statistics.json",
            "folds/members.json",
            _WEIGHTS,
        ),
        outputs=("model/model.yaml", "model/members"),
    ),
    Stage(
        "maps",
        write_maps,
        keys=("seed", "data", "inputs", "model", "targets", "maps", "train.seeds", "train.folds"),
        inputs=(
            "selection.json",
            "samples.parquet",
            "statistics.json",
            "folds/members.json",
            _WEIGHTS,
            "oof",
        ),
        outputs=("maps/scores.json", "maps/scores.csv"),
        extra=training_files,
        optional=("maps/*.tif", "maps/*.qml"),
    ),
    Stage(
        "report",
        write_report,
        keys=("name", "report", "suspects.pictures"),
        inputs=(
            "maps/scores.json",
            "model/model.yaml",
            "selection.json",
            "calibration.json",
            "samples.parquet",
            "statistics.json",
            "folds/members.json",
            "audit/listing.csv",
            "audit/findings.csv",
            "audit/pairs.csv",
            "audit/proof.json",
            "audit/suspects.csv",
            "audit/suspects",
        ),
        outputs=("report/index.html",),
    ),
)

VERBS = {
    "samples": "samples",
    "audit": "audit",
    "split": "split",
    "statistics": "statistics",
    "look": "look",
    "train": "oof",
    "suspects": "suspects",
    "select": "model",
    "maps": "maps",
    "report": "report",
}
"""The last stage that each verb brings up to date."""

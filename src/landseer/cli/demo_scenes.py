"""Demos of scenes, land cover and buildings: what makes their recipes small, their data, and how they are judged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from landseer.cli.demo_tiles import demo_settings, test_rows
from landseer.cli.verb import room

SMALL_LANDCOVER = (
    "split.n_folds=3",
    "model.encoder=resnet10t",
    "model.weights=none",
    "model.decoder=unet",
    "model.depth=4",
    "model.decoder_channels=[64, 48, 32, 24]",
    "model.drop_path=0",
    "model.scale=0.5",
    "augment.crop_px=320",
    "augment.photometric=light",
    "augment.colour={probability: 0.7, shift: 0.1}",
    "augment.haze={probability: 0.3, thickness: [0.1, 0.4]}",
    "train.epochs=10",
    "train.samples_per_epoch=96",
    "train.validate_every_epochs=5",
    "train.batch_size=8",
    "train.optimiser={kind: adamw, lr: 2.0e-3, weight_decay: 0.02}",
    "train.schedule={kind: onecycle, rise: 0.2}",
    "train.freeze=[]",
    "train.early_stop=null",
    "train.ema_decay=0.97",
    "select.tta=[none, flips]",
)
"""What makes the land-cover recipe small enough for two processors and a few minutes."""

SMALL_BUILDINGS = (
    "data.tiers=[1, 2]",
    "data.windows.window_px=512",
    "split.n_folds=3",
    "split.train_only={tier: [2]}",
    "model.encoder=resnet10t",
    "model.weights=none",
    "model.drop_path=0",
    "model.scale=0.5",
    "model.context_fpn={aspp_rates: [2, 4, 6], dropout: 0.1}",
    "targets.gsd.weight=0.02",
    "augment.crop_px=320",
    "augment.photometric=light",
    "train.epochs=12",
    "train.samples_per_epoch=96",
    "train.validate_every_epochs=6",
    "train.batch_size=8",
    "train.optimiser={kind: adamw, lr: 2.0e-3, weight_decay: 0.02}",
    "train.clip_norm=1",
    "train.ema_decay=0.97",
    "select.tta=[none, flips]",
)
"""What makes the buildings recipe small enough for two processors and a few minutes."""


def make_landcover(data: Path, train: int | None, test: int | None, seed: int) -> Any:
    """Make orthophotos of the country."""
    config = demo_settings(
        room("synth").LandcoverSynthConfig,
        train=train or 12,
        test=test or 3,
        size_px=1024,
        seed=seed,
    )
    return room("synth").make_landcover(data, config)


def say_landcover(made: Any) -> str:
    """Say what was made."""
    return f"{made.n_train + made.n_val} orthophotos for training, {made.n_test} of other places to be judged on"


def judge_landcover(run: Any, data: Path, out: Path) -> dict[str, Any]:
    """Map the orthophotos that were put aside whole, score the maps, and turn their buildings into polygons."""
    scenes = sorted({str(scene) for scene in test_rows(run)["scene"]})
    maps, polygons = out / "maps", out / "buildings.gpkg"
    options = room("predict").PredictOptions(uncertainty=("disagreement",), legend=True)
    room("predict").predict_files(
        run.path("model"), [data / "images" / f"{scene}.tif" for scene in scenes], maps, options
    )
    pairs = [(s, maps / f"{s}.tif", data / "masks" / f"{s}.tif") for s in scenes]
    rules = room("metrics.map_counts").MapRules(tolerance_px=3.0, object_classes=(1,))
    scored = room("submit.score_maps").score_maps(pairs, rules=rules, classes=run.classes)
    settings = room("vector.options").VectoriseOptions(classes=("building",), rectangular=True)
    found = room("vector.vectorise").vectorise(
        [maps / f"{s}.tif" for s in scenes], polygons, settings
    )
    pooled = scored.pooled()
    return {
        "mIoU": pooled["iou_macro"],
        "IoU": {name: pooled[f"iou_{name}"] for name in run.classes.names},
        "boundary F1 within 3 px": pooled["boundary_f1_macro"],
        "F1 of buildings": pooled["objects_f1_building"],
        "maps": str(maps),
        "polygons": f"{polygons} ({sum(found.shapes.values())} buildings)",
    }


def make_buildings(data: Path, train: int | None, test: int | None, seed: int) -> Any:
    """Make drone mosaics of towns."""
    config = demo_settings(
        room("synth").BuildingsSynthConfig,
        train=train or 6, tier_2=3, test=test or 16, size_px=1024, seed=seed,
    )  # fmt: skip
    return room("synth").make_buildings(data, config)


def say_buildings(made: Any) -> str:
    """Say what was made."""
    return (
        f"{made.n_tier_1} mosaics of tier 1 and {made.n_tier_2} of tier 2 for training, {made.n_chips} chips of other "
        "places to be judged on"
    )


def judge_buildings(run: Any, data: Path, out: Path) -> dict[str, Any]:
    """Predict the chips, pack them as the contest asks, score them against the hidden truth."""
    predictions, archive = out / "predictions", out / "submission" / "submission.tgz"
    rows = test_rows(run)
    options = room("predict").PredictOptions(nodata="zero")
    room("predict").predict_files(run.path("model"), list(rows["image"]), predictions, options)
    size = int(rows["height"].iloc[0])
    room("submit.opencities").pack_opencities(predictions, rows["sample"], archive, size_px=size)
    pairs = [
        (s, predictions / f"{s}.tif", data / "truth" / "test" / f"{s}.tif") for s in rows["sample"]
    ]
    rules = room("metrics.map_counts").MapRules(tolerance_px=3.0, object_classes=(1,))
    scored = room("submit.score_maps").score_maps(pairs, rules=rules, classes=run.classes)
    pooled = scored.pooled()
    return {
        "jaccard": pooled["iou_building"],
        "F1 of buildings": pooled["objects_f1_building"],
        "boundary F1 within 3 px": pooled["boundary_f1_building"],
        "submission": str(archive),
    }

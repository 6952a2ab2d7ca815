"""Parts that are right alone and wrong together."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from landseer.raster.write import write_raster

Ask = Callable[..., list[str]]
"""From a recipe's text and overrides to what is wrong with it."""

BANDS = "swir, nir, red, green, blue, qa, dem"
NAMES = "B, DEM, G, N, QA, R, S1, S2, blue, dem, green, nir, qa, red, swir"

CASES = {
    "band": (
        "inputs.bands=[red, grean]",
        f"inputs.bands.1: expected a band of the data ({BANDS}); got 'grean'; did you mean 'green'?",
    ),
    "letter case of a band": (
        "inputs.bands=[RED]",
        f"inputs.bands.0: expected a band of the data ({BANDS}); got 'RED'; did you mean 'red'?",
    ),
    "index": (
        "inputs.indices=[NDVI, NDVII]",
        "inputs.indices.1: expected an index of the catalogue; got 'NDVII'; "
        "did you mean NDVI, NDII, TNDVI?",
    ),
    "band of an index": (
        "inputs.indices=[SIPI]",
        "inputs.indices.0: expected bands A, N, R; missing A (Aerosols); did you mean QA? "
        f"bands and codes there are: {NAMES}",
    ),
    "formula": (
        'inputs.formulas={A: "N - Q"}',
        f"inputs.formulas.A: expected bands N, Q; missing Q; did you mean QA? "
        f"bands and codes there are: {NAMES}",
    ),
    "constant": (
        "inputs.formulas={B: {index: ARVI, gama: 3}}",
        "inputs.formulas.B: expected constants of ARVI (gamma); got gama",
    ),
    "single equals sign": (
        'inputs.valid="qa = 0"',
        "inputs.valid: expected a formula; got text that cannot be read (invalid syntax) in "
        "'qa = 0'; did you mean `==`?",
    ),
    "numbers for a condition": (
        'inputs.keep_index_where="dem + 1"',
        "inputs.keep_index_where: expected a condition, such as `qa == 0`; got numbers from 'dem + 1'",
    ),
    "band of a condition": (
        'quality.water="demm <= 0"',
        f"quality.water: expected a band of the data ({BANDS}); got 'demm'; did you mean 'dem'?",
    ),
    "layer": (
        "same_place.layers=[dem, nor]",
        f"same_place.layers.1: expected a band of the data ({BANDS}); got 'nor'; did you mean 'nir'?",
    ),
    "suspects": (
        "quality.suspects=[{name: a, where: kelp_pixels}]",
        "quality.suspects.0.where: expected a condition, such as `qa == 0`; got numbers from "
        "'kelp_pixels'",
    ),
    "encoder": (
        "model.encoder=resnet43",
        "model.encoder: expected an encoder of timm; got 'resnet43'; did you mean resnet…",
    ),
    "weights": ("model.weights=./no.pth", "model.weights: expected a weights file; {}/no.pth is not there"),
    "decoder's widths": (
        "model.decoder_channels=[3]",
        "model.decoder_channels: expected 5 decoder_channels for unet of depth 5; got [3]",
    ),
    "decoder's depth": (
        "model={encoder: resnet18, weights: none, decoder: fpn, depth: 3}",
        "model.depth: expected a depth of 5 for fpn; got 3",
    ),
    "class weights": (
        "loss=[{kind: ce, class_weights: [1, 2, 3]}]",
        "loss.0: expected 2 class_weights; got 3",
    ),
    "class numbers": (
        "loss=[{kind: dice}, {kind: dice, classes: [4]}]",
        "loss.1: expected classes from 0 to 1; got 4",
    ),
    "metric": (
        "select.metric=dice_kelb",
        "select.metric: expected one of 14 values; got 'dice_kelb'; did you mean 'dice_kelp'?",
    ),
    "monitor": (
        "train.monitor=iou_kelpp",
        "train.monitor: expected one of 14 values; got 'iou_kelpp'; did you mean 'iou_kelp'?",
    ),
    "tta": (
        "select.tta=[none, rotation]",
        "select.tta.1: expected one of none, flips, rotations, d2, d4; got 'rotation'; "
        "did you mean 'rotations'?",
    ),
    "no tta": (
        "select.tta=[]",
        "select.tta: expected at least one of none, flips, rotations, d2, d4; got []",
    ),
    "fold": ("train.folds=[0, 5]", "train.folds.1: expected a fold from 0 to 4; got 5"),
    "fold that scores trials": (
        "tune.folds=[0, 77]", "tune.folds.1: expected a fold from 0 to 4; got 77"
    ),
    "fold that is left for the end": (
        "tune.rescore_folds=[5]", "tune.rescore_folds.0: expected a fold from 0 to 4; got 5"
    ),
    "views of a teacher": (
        "selftrain.tta=d7",
        "selftrain.tta: expected one of none, flips, rotations, d2, d4; got 'd7'; did you mean 'd4'?",
    ),
    "epochs of a teacher": (
        "selftrain.tta=d4+last2",
        "selftrain.tta: expected +bestK or +epochK behind a set of views; got 'd4+last2'",
    ),
    "a teacher that agrees with itself": (
        "selftrain.pick.disagreement_at_most=0.1",
        "selftrain.pick.disagreement_at_most: expected null, for each fold's teacher is one network, which agrees "
        "with itself; got 0.1; give train.seeds two or more",
    ),
    "nothing to label": (
        "selftrain.unlabelled={test: false, train: false}",
        "selftrain.unlabelled: expected samples that get pseudo-labels: true for test or train, or weak; got none",
    ),
    "lists of samples": (
        "split={kind: fixed, files: [a.txt]}",
        "split.files.0: expected a text file of sample names; got nothing at {}/a.txt",
    ),
    "outer fold": (
        "split={kind: group_kfold, n_folds: 3, outer: {fold: 3}}",
        "split.outer: expected a fold from 0 to 2; got 3",
    ),
    "what is put aside": (
        "split={kind: random, outer: {fold: 3}, holdout: 0.1}",
        "split: expected one of holdout, holdout_sites and outer; got holdout and outer",
    ),
    "size of the blocks": (
        "split={kind: spatial_blocks, n_folds: 3}",
        "split: expected either block_m or n_blocks; got both or neither",
    ),
    "form of the dates": (
        "split={kind: by_time, date_format: '%d/%m'}",
        "split.date_format: expected a form with a year, such as %d/%m/%Y; got '%d/%m'",
    ),
    "dates of data that have none": (
        "split={kind: by_time}",
        "split.kind: expected data with a date for each sample; adapter kelp brings none",
    ),
    "sites of data that have none": (
        "split={kind: leave_one_site_out}",
        "split.kind: expected data with a site for each sample; adapter kelp brings none",
    ),
    "sites put aside of data that have none": (
        "split={kind: group_kfold, holdout_sites: [a]}",
        "split.holdout_sites: expected data with a site for each sample; adapter kelp brings none",
    ),
    "data root": (
        "data.root=dta",
        "data.root: expected a folder; got nothing at {}/dta; did you mean 'data'?",
    ),
    "data root that is a file": (
        "data.root=demo.yaml",
        "data.root: expected a folder; got a file at {}/demo.yaml",
    ),
    "classes": (
        "data={adapter: folder, root: data, images: '*.tif', bands: [{name: red}, {name: nir}, "
        "{name: qa}]}",
        "data.classes: expected two classes or more to learn; got 0",
    ),
    "class names": (
        "data={adapter: folder, root: data, images: '*.tif', bands: [{name: red}, {name: nir}, "
        "{name: qa}], classes: [{name: macro, value: 0}, {name: b, value: 1}]}",
        "data.classes: expected class names other than 'macro' and 'foreground'; got 'macro'; "
        "rename the class in the recipe",
    ),
    "band called like another's code": (
        "data={adapter: folder, root: data, images: '*.tif', bands: [{name: red}, {name: nir}, "
        "{name: qa}, {name: R}], classes: [{name: a, value: 0}, {name: b, value: 1}]}",
        "8:1: inputs: expected names that no other band has as name or code; got R; rename the band",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("override", "line"), CASES.values(), ids=CASES)
def test_what_does_not_fit(
    recipe: str, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, override: str, line: str
) -> None:
    monkeypatch.chdir(tmp_path)
    expected = line.replace("{}", str(tmp_path), 1)
    place = "" if line[0].isdigit() else "command line: "
    (found,) = ask(recipe, override)
    whole = found.partition(expected.removesuffix("…"))[:2] if "…" in expected else (found,)
    assert "".join(whole) == place + expected.removesuffix("…")


def test_votes_are_not_calibrated(recipe: str, ask: Ask) -> None:
    (found,) = ask(recipe, "select.vote=hard", "calibrate.kind=isotonic")
    wanted = "calibrate.kind: expected auto or none where select.vote is hard; got isotonic"
    assert found.removeprefix("command line: ") == wanted
    assert ask(recipe, "select.vote=hard", "calibrate.kind=auto") == []


KEEP_3 = "train.keep_best=3"


def test_networks_of_a_teacher_are_seeds_or_epochs(recipe: str, ask: Ask) -> None:
    asked = "selftrain.pick.disagreement_at_most=0.1"
    epochs = (KEEP_3,)
    for enough in (
        ("train.seeds=[0, 1]",), epochs, ("selftrain.teachers=all",), (*epochs, "selftrain.tta=d4+best2"),
        (*epochs, "select.checkpoints=choose"),
    ):  # fmt: skip
        assert ask(recipe, asked, *enough) == [], enough
    for few in (
        (*epochs, "selftrain.tta=d4+best1"),
        (*epochs, "train.soup={kind: uniform}"),
        ("train.seeds=[0, 1]", "train.soup={kind: uniform, over: seeds}"),
        (*epochs, "select.checkpoints=choose", "select.weights=greedy"),
    ):
        (found,) = ask(recipe, asked, *few)
        assert "disagreement_at_most: expected null" in found, few


def test_students_that_teach_nobody_may_be_one_network(recipe: str, ask: Ask) -> None:
    asked = ("selftrain.pick.disagreement_at_most=0.1",)
    student = ("selftrain.student={train.keep_best: 1}", "train.keep_best=1")
    assert ask(recipe, *asked, *student) == []
    (found,) = ask(recipe, *asked, *student, "selftrain.rounds=2")
    assert "disagreement_at_most: expected null" in found


def test_mined_samples_must_be_there_and_be_weighed(
    recipe: str, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    weighted = "train.sampler=weighted"
    (found,) = ask(recipe, "mine.mined=weights.csv", weighted)
    nothing = f"expected weights.csv of `landseer mine`; got nothing at {tmp_path}/weights.csv"
    assert found == f"command line: mine.mined: {nothing}"
    (tmp_path / "weights.csv").touch()
    assert ask(recipe, "mine.mined=weights.csv", weighted) == []
    (found,) = ask(recipe, "mine.mined=weights.csv")
    assert "mine.mined: expected null with train.sampler uniform" in found


def test_names_of_two_classes_are_of_a_mask_of_two(recipe: str, ask: Ask) -> None:
    classes = "classes: [{name: sea, value: 0}, {name: kelp, value: 1}, {name: land, value: 2}]"
    bands = "bands: [{name: red}, {name: nir}, {name: qa}]"
    data = f"data={{adapter: folder, root: data, images: '*.tif', {bands}, {classes}}}"
    more = ("loss=[{kind: ce}]", "select.metric=iou_macro")
    fine = ask(recipe, data, *more)
    lines = ask(recipe, data, *more, "track.aliases=kelp")
    (found,) = (one for one in lines if one not in fine)
    assert found.endswith(
        "track.aliases: expected null, for these are names of two classes; got 3 classes"
    )
    assert ask(recipe, "track.aliases=kelp") == []
    named = "targets={kelp: {quantity: mask}}"
    (found,) = ask(recipe, named, "track.aliases=kelp", "select.metric=kelp_iou_kelp")
    assert found.endswith("got no class mask called mask")


def test_what_is_searched_needs_soft_votes(recipe: str, ask: Ask) -> None:
    wanted = "select.vote: expected soft where members or factors are searched; got hard"
    (found,) = ask(recipe, "select.vote=hard", "select.weights=greedy")
    assert found.removeprefix("command line: ") == wanted
    (found,) = ask(recipe, "select.vote=hard", "select.weights=fitted", "train.seeds=[0, 1, 2, 3]")
    assert found.removeprefix("command line: ") == wanted
    assert ask(recipe, "select.vote=hard", "select.weights=fitted") == []


def test_a_threshold_needs_two_classes(recipe: str, ask: Ask) -> None:
    data = (
        "data={adapter: folder, root: data, images: '*.tif', bands: [{name: red}, {name: nir}, {name: qa}], "
        "classes: [{name: sea, value: 0}, {name: kelp, value: 1}, {name: land, value: 2}]}"
    )
    more = ("select.metric=iou_macro", "loss=[{kind: ce}]")
    fine = ask(recipe, data, *more, "select.threshold=tune")
    (found,) = (one for one in ask(recipe, data, *more, "select.threshold=0.4") if one not in fine)
    wanted = "select.threshold: expected tune, argmax or per_class with 3 classes; got 0.4"
    assert found.removeprefix("command line: ") == wanted


def test_a_root_in_the_file_counts_from_its_folder_and_says_how_far_it_leads(
    recipe: str, ask: Ask, tmp_path: Path
) -> None:
    assert ask(recipe.replace("root: data", "root: far/away")) == [
        f"4:3: data.root: expected a folder; got nothing at {tmp_path}/far/away; {tmp_path} is there"
    ]


def test_a_catalogue_that_cannot_be_read_is_one_line_among_others(
    recipe: str, ask: Ask, tmp_path: Path
) -> None:
    text = recipe.replace("adapter: kelp", "adapter: stac") + "train: {epochs: 0}\n"
    catalogue, epochs = ask(text)
    assert catalogue.startswith("2:1: data: expected") and f"{tmp_path}/data" in catalogue
    assert epochs == "15:9: train.epochs: expected a number of at least 1; got 0"
    (tmp_path / "data").rmdir()
    gone = f"4:3: data.root: expected a folder; got nothing at {tmp_path}/data; {tmp_path} is there"
    assert ask(text) == [gone, epochs]


def test_a_catalogue_may_be_named_by_its_file(
    recipe: str, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/catalog.json").write_text("{}")
    by_file = FOLDER.replace("root: data", "root: data/catalog.json")
    assert ask(recipe, by_file.replace("folder, ", "stac, ").replace("images: '*.tif', ", "")) == []
    (found,) = ask(recipe, by_file)
    assert found.startswith("command line: data.root: expected a folder; got a file at ")


def test_a_loss_that_no_mask_takes_is_not_judged(recipe: str, ask: Ask) -> None:
    twin = "model.activation=twin"
    both = "[{kind: ce, half: softmax}, {kind: dice, half: sigmoid}]"
    half = "loss=[{kind: dice, half: sigmoid}]"
    assert ask(recipe, twin, half, f"targets={{mask: {{quantity: mask, loss: {both}}}}}") == []
    for targets in ("{}", "{mask: {quantity: mask}}"):
        (found,) = ask(recipe, twin, half, f"targets={targets}")
        assert "expected a term that judges the softmax" in found


def test_an_own_formula_hides_a_catalogue_name_and_is_reported_once(recipe: str, ask: Ask) -> None:
    found = ask(recipe, "inputs.indices=[NDVI, A]", 'inputs.formulas={NDVI: "N - R", A: "N - Z"}')
    assert [line.split(": ")[1] for line in found] == ["inputs.formulas.A"]


FOLDER = (
    "data={adapter: folder, root: data, images: '*.tif', bands: [{name: red}, {name: nir}, "
    "{name: qa}], classes: [{name: a, value: 0}, {name: b, value: 1}]}"
)


def test_a_split_needs_sites_dates_and_places(
    recipe: str, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    def about(split: str, *more: str) -> list[str]:
        found = ask(recipe, FOLDER, f"split={split}", "name=x", *more)
        return [line.removeprefix("command line: ") for line in found]

    assert about("{kind: by_time}") == [
        "data: expected date or date_table, for split by_time goes by it; got neither"
    ]
    assert about("{kind: by_time}", "data.date='_(.*)_'") == []
    assert about("{kind: location_stratified}") == [
        "data: expected site or site_table, for split location_stratified goes by it; got neither"
    ]
    assert about("{kind: location_stratified, column: city}") == []
    assert about("{kind: random, holdout_sites: [a]}") == [
        "data: expected site or site_table, for split holdout_sites goes by it; got neither"
    ]
    blocks = "{kind: spatial_blocks, block_m: 100, n_folds: 2}"
    assert about(blocks) == []
    write_raster(tmp_path / "data" / "a.tif", np.ones((3, 4, 4), np.uint8))
    line = "expected images with CRS and transform, for distances on the ground; got one without"
    assert about(blocks) == [f"split.kind: {line}"]
    assert about("{kind: group_kfold, buffer_m: 5}") == [f"split.buffer_m: {line}"]
    assert about("{kind: group_kfold}") == []

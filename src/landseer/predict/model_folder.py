"""The deliverable `model/`: one YAML file and one file per member, written whole and checked when read.

Members are safetensors; trees are xgboost's `.ubj` and lightgbm's `.txt`. Nothing in any of them is code.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from torch import nn

from landseer.core.files import atomic_path, write_text
from landseer.errors import DataError, FileReadError, StageError
from landseer.models.model import build_model
from landseer.models.store import load_member
from landseer.models.targets import MASK
from landseer.models.tree_member import load_tree_member
from landseer.predict.spec import FORMAT, MemberSpec, ModelSpec

SPEC_FILE = "model.yaml"

Loader = Callable[[], nn.Module]
"""Builds one member on the CPU, in evaluation mode."""


@dataclass(frozen=True, slots=True)
class MemberSource:
    """A trained member as training left it.

    Attributes:
        path: its safetensors file, or its trees.
        fold, seed: what it was trained on and with.
        weight: its share in the average.
        rank: 0 for its best epoch, 1 for the second best, …
        tta: the set of views that it averages; None takes the model's.
        voice: as of `MemberSpec`.
    """

    path: Path
    fold: int
    seed: int
    weight: float = 1.0
    rank: int = 0
    tta: str | None = None
    voice: str = ""

    @property
    def file(self) -> str:
        """Where it lives inside the model folder."""
        behind = f"_best{self.rank + 1}" if self.rank else ""
        return f"members/fold{self.fold}_seed{self.seed}{behind}{Path(self.path).suffix}"


def save_model_folder(folder: Path, spec: ModelSpec, members: Sequence[MemberSource]) -> ModelSpec:
    """Write the deliverable: copy the members, then `model.yaml`; files of earlier members are removed.

    Args:
        folder: created when missing.
        spec: its own `members` are replaced by what `members` says.
        members: at least one; members of weight 0 are left out.

    Returns:
        The spec as written, with files and hashes.

    Raises:
        StageError: no member with a positive weight, two members for the same place, or a file is missing.
        WriteError: the disk is full or the folder cannot be written.
    """
    kept = [member for member in members if member.weight > 0]
    if not kept:
        raise StageError("expected at least one member with a positive weight; got none")
    if len({(member.file, member.tta, member.voice) for member in kept}) < len(kept):
        raise StageError("expected one member per fold and seed; got two for the same pair")
    folder = Path(folder)
    written = spec.model_copy(update={"members": tuple(_copy(folder, member) for member in kept)})
    listed = {member.file for member in written.members}
    write_text(folder / SPEC_FILE, _dump(written))
    for path in (folder / "members").iterdir():
        if f"members/{path.name}" not in listed:
            path.unlink()
    return written


def load_model_folder(folder: Path, *, verify: bool = True) -> tuple[ModelSpec, tuple[Loader, ...]]:
    """Read the deliverable.

    Args:
        folder: the model folder, or its `model.yaml`.
        verify: check every member's SHA-256 before anything is loaded.

    Returns:
        The spec, and one loader per member in the order of the spec.

    Raises:
        FileReadError: it is not a model folder, or a member's file is missing.
        DataError: a newer format, a wrong key, or a file that is not the one the model was saved with.
    """
    folder = Path(folder)
    folder = folder.parent if folder.name == SPEC_FILE else folder
    spec = read_spec(folder)
    for member in spec.members:
        _check_member(folder, member, verify=verify)
    return spec, tuple(partial(load_one, spec, folder / member.file) for member in spec.members)


def load_one(spec: ModelSpec, path: Path) -> nn.Module:
    """Build one member as the spec says and fill it from its file.

    Raises:
        FileReadError: the file is not safetensors, or of trees is none of theirs.
        WeightsError: the file holds another network.
        UsageError: of trees, their library is not installed.
    """
    if spec.trees is not None:
        mask = spec.mask or MASK
        return load_tree_member(path, spec.inputs, spec.bands, spec.trees.neighbourhood, mask)
    model = build_model(
        spec.inputs,
        spec.model,
        spec.bands,
        spec.statistics,
        len(spec.classes),
        seed=0,
        pretrained=False,
        targets=spec.targets,
    )
    return load_member(path, model).eval()


def _copy(folder: Path, member: MemberSource) -> MemberSpec:
    """Copy one member's file into the folder and note its hash."""
    target = folder / member.file
    if not Path(member.path).is_file():
        raise StageError(
            "expected the weights of a trained member; the file is missing",
            where=member.path,
            do="train this member first",
        )
    if Path(member.path).resolve() != target.resolve():
        with atomic_path(target) as temporary:
            shutil.copyfile(member.path, temporary)
    return MemberSpec(
        file=member.file,
        weight=member.weight,
        fold=member.fold,
        seed=member.seed,
        tta=member.tta,
        voice=member.voice,
        sha256=_sha256(target),
    )


def _sha256(path: Path) -> str:
    """Hash a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _dump(spec: ModelSpec) -> str:
    """Write the spec as YAML that a person can read."""
    text = yaml.safe_dump(spec.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    return f"# A landseer model: `landseer predict {{this folder}} IMAGES -o OUT`\n{text}"


def read_spec(folder: Path) -> ModelSpec:
    """Read and validate `model.yaml`."""
    path = folder / SPEC_FILE
    raw = _read_yaml(path)
    found = raw.get("format")
    if isinstance(found, int) and found > FORMAT:
        raise DataError(
            f"expected model format {FORMAT} or older; got {found}, written by landseer "
            f"{raw.get('landseer', '?')}",
            where=path,
            do="install a newer landseer",
        )
    try:
        spec = ModelSpec.model_validate(raw)
    except ValidationError as error:
        raise DataError(_describe(error), where=path, do="save the model again") from error
    if not spec.members:
        raise DataError("expected at least one member; got none", where=path)
    return spec


def _read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping."""
    if not path.is_file():
        raise FileReadError(
            f"expected a model folder with {SPEC_FILE} in it; there is none",
            where=path.parent,
            do="give the folder that `landseer select` or `landseer run` wrote (runs/NAME/model)",
        )
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FileReadError(f"expected YAML; {error}", where=path) from error
    if not isinstance(raw, dict):
        raise FileReadError(f"expected a mapping; got {type(raw).__name__}", where=path)
    return raw


def _describe(error: ValidationError) -> str:
    """Say in one line which keys are wrong."""
    parts = [
        f"{'.'.join(map(str, item['loc'])) or 'model'}: {item['msg']}" for item in error.errors()
    ]
    return f"expected the keys of a landseer model; {'; '.join(parts[:5])}"


def _check_member(folder: Path, member: MemberSpec, *, verify: bool) -> None:
    """Raise when a member's file is missing or is another file."""
    path = folder / member.file
    if not path.is_file():
        raise FileReadError(
            "expected the weights of a member; the file is missing",
            where=path,
            do="copy the whole model folder, with its members",
        )
    if verify and member.sha256 and (came := _sha256(path)) != member.sha256:
        raise DataError(
            f"expected SHA-256 {member.sha256[:16]}…; got {came[:16]}…",
            where=path,
            do="copy the model folder again: this file is damaged or from another model",
        )

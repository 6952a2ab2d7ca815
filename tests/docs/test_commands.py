"""Commands on the pages: every verb exists, its options parse, and recipe keys given to it are keys."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from landseer.cli.main import VERBS
from landseer.errors import LandseerError
from landseer.recipe.load import load_recipe
from landseer.recipe.template import fill_template, template_names
from landseer.submit import METRICS, SUBMITTERS
from landseer.synth import SYNTHS

ROOT = Path(__file__).parents[2]
PROGRAMS = {"landseer", "make", "python", "python3", "cd", "git", "export", "cat", "ls"}
NAMES: dict[str, tuple[str, Collection[str]]] = {
    "score": ("metric", METRICS),
    "submit": ("kind", SUBMITTERS),
    "synth": ("task", SYNTHS),
    "init": ("task", template_names()),
}
"""Arguments that must be one of a family's names."""


@pytest.fixture(scope="session")
def commands(blocks: list[Any]) -> list[tuple[str, list[str]]]:
    """Return place and words of every command in a console block."""
    return [(b.place, c) for b in blocks if b.language == "console" for c in b.commands()]


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """Write the recipes that `landseer init` writes; return their folder."""
    for name in template_names():
        (tmp_path / f"{name}.yaml").write_text(fill_template(name, name=name, root=tmp_path))
    return tmp_path


def parse(reference: ModuleType, words: list[str]) -> dict[str, Any]:
    """Parse a command as the command line would, without running it."""
    verb, *arguments = [word for word in words[1:] if word != "--debug"]
    command = reference.verb_command(verb)
    return command.make_context(f"landseer {verb}", arguments).params


def test_console_blocks_hold_commands(blocks: list[Any]) -> None:
    silent = [b.place for b in blocks if b.language == "console" and not b.commands()]
    assert not silent


def test_programs_are_known(commands: list[tuple[str, list[str]]]) -> None:
    assert len(commands) > 30
    assert [(place, words) for place, words in commands if words[0] not in PROGRAMS] == []


def test_verbs_exist_and_their_options_parse(
    commands: list[tuple[str, list[str]]], reference: ModuleType
) -> None:
    faults = []
    for place, words in commands:
        if words[0] != "landseer" or words[1:] in (["--help"], ["--version"]):
            continue
        if words[-1] == "--help":
            assert words[1] in VERBS, place
            continue
        try:
            values = parse(reference, words)
        except Exception as error:  # noqa: BLE001 - the parser's errors differ by version of typer
            faults.append(f"{place}: {' '.join(words)}: {error}")
            continue
        key, known = NAMES.get(words[1], ("", ()))
        if key and values[key] not in known:
            faults.append(f"{place}: {values[key]!r} is no {key}")
    assert not faults, "\n".join(faults)


def test_overrides_are_keys_of_the_recipe(
    commands: list[tuple[str, list[str]]], reference: ModuleType, templates: Path
) -> None:
    faults, count = [], 0
    for place, words in commands:
        if words[0] != "landseer" or words[-1].startswith("--"):
            continue
        values = parse(reference, words)
        overrides = values.get("overrides") or ()
        if not overrides:
            continue
        count += 1
        named = [name for name in template_names() if name in str(values["recipe"])]
        task = named[0] if named else "folder"
        try:
            load_recipe(templates / f"{task}.yaml", overrides)
        except LandseerError as error:
            faults.append(f"{place}: {error}")
    assert count > 3
    assert not faults, "\n".join(faults)


def test_make_targets_exist(commands: list[tuple[str, list[str]]]) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {w for _, words in commands if words[0] == "make" for w in words[1:] if "=" not in w}
    assert named and named <= targets


def test_verbs_named_in_running_text_exist(pages: list[Path]) -> None:
    named = {
        (page.name, verb)
        for page in pages
        for verb in re.findall(r"`landseer ([a-z]+)", page.read_text("utf-8"))
    }
    assert {(page, verb) for page, verb in named if verb not in VERBS} == set()


def test_names_in_python_blocks_can_be_imported(blocks: list[Any]) -> None:
    checked = 0
    for block in (b for b in blocks if b.language == "python"):
        for node in ast.walk(ast.parse(block.text)):
            if not isinstance(node, ast.ImportFrom) or not str(node.module).startswith("landseer"):
                continue
            module = importlib.import_module(str(node.module))
            for alias in node.names:
                assert hasattr(module, alias.name), f"{block.place}: {node.module}.{alias.name}"
                checked += 1
    assert checked

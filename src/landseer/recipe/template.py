"""The commented recipes that `landseer init` writes."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from landseer.errors import UsageError


def template_names() -> list[str]:
    """List the recipes that come with landseer."""
    folder = resources.files("landseer.recipe") / "builtin"
    return sorted(
        p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")
    )


def fill_template(task: str, *, name: str, root: Path) -> str:
    """Return a commented recipe for a data folder.

    Raises:
        UsageError: there is no such task.
    """
    if task not in template_names():
        raise UsageError(f"expected a task: {', '.join(template_names())}; got {task!r}")
    text = resources.files("landseer.recipe").joinpath(f"builtin/{task}.yaml").read_text("utf-8")
    return text.format(name=name, root=root)

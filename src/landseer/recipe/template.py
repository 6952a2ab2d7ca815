"""The commented recipes that `landseer init` writes."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path

from landseer.errors import UsageError

RUN_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
"""What a run may be called, for its name becomes a folder."""

_PLAIN_PATH = re.compile(r"[/\w][\w./-]*")


def template_names() -> list[str]:
    """List the recipes that come with landseer."""
    folder = resources.files("landseer.recipe") / "builtin"
    return sorted(
        p.name.removesuffix(".yaml") for p in folder.iterdir() if p.name.endswith(".yaml")
    )


def fill_template(task: str, *, name: str, root: Path) -> str:
    """Return a commented recipe for a data folder.

    Raises:
        UsageError: there is no such task, or the name cannot be a folder's.
    """
    if task not in template_names():
        raise UsageError(f"expected a task: {', '.join(template_names())}; got {task!r}")
    if not re.fullmatch(RUN_NAME, name):
        raise UsageError(
            f"expected a name of letters, digits and . _ -; got {name!r}",
            do="choose another --name",
        )
    text = resources.files("landseer.recipe").joinpath(f"builtin/{task}.yaml").read_text("utf-8")
    return text.format(name=_scalar(name), root=_scalar(str(root)))


def _scalar(text: str) -> str:
    """Write a text as YAML; quote it where it is not plain."""
    is_plain = _PLAIN_PATH.fullmatch(text) and not text[0].isdigit() and text not in _WORDS
    return text if is_plain else json.dumps(text, ensure_ascii=False)


_WORDS = frozenset({"null", "true", "false", "Null", "NULL"})
"""Words that YAML reads as something else than text."""

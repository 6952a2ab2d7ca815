"""Pages: links resolve, fences are closed, the module list is the package, and texts speak of the project alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
OUTSIDE = ("/work", "../shared", "FACTS", "CONTRACT.md")
NAMED_FOLDERS = ("tutorial", "how-to", "reference", "explanation")


def slug(heading: str) -> str:
    """Return the anchor of a heading, as the usual Markdown viewers make it."""
    text = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return text.replace(" ", "-")


def anchors(page: Path) -> set[str]:
    text = re.sub(r"```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    return {slug(line.lstrip("#")) for line in text.splitlines() if re.match(r"#+ ", line)}


def links(page: Path) -> list[str]:
    text = CODE.sub("", page.read_text("utf-8"))
    return [link for link in LINK.findall(text) if "://" not in link]


def test_the_slug_of_a_heading_is_the_one_viewers_make() -> None:
    assert slug(" loss: `kind: dice`") == "loss-kind-dice"


def test_every_internal_link_leads_somewhere(pages: list[Path]) -> None:
    dead = []
    for page in pages:
        for link in links(page):
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists():
                dead.append(f"{page.relative_to(ROOT)}: {link} is not there")
            elif anchor and anchor not in anchors(target):
                dead.append(f"{page.relative_to(ROOT)}: {link} has no such heading")
    assert not dead, "\n".join(dead)


def test_every_page_of_the_docs_is_reached_from_another(pages: list[Path]) -> None:
    reached = {
        (page.parent / link.partition("#")[0]).resolve() for page in pages for link in links(page)
    }
    orphans = [str(p.relative_to(ROOT)) for p in pages if p.parent != ROOT and p not in reached]
    assert not orphans


def test_fences_are_closed_and_name_their_language(pages: list[Path]) -> None:
    for page in pages:
        fences = [line for line in page.read_text("utf-8").splitlines() if line.startswith("```")]
        opening = fences[::2]
        assert len(fences) % 2 == 0 and set(fences[1::2]) <= {"```"}, page
        assert all(re.fullmatch(r"```(console|yaml|text|python)", line) for line in opening), page


@pytest.mark.parametrize("folder", NAMED_FOLDERS)
def test_the_four_kinds_of_pages_are_there(folder: str) -> None:
    assert list((ROOT / "docs" / folder).glob("*.md"))


def test_texts_speak_of_the_project_alone(pages: list[Path]) -> None:
    found = [f"{p.name}: {word}" for p in pages for word in OUTSIDE if word in p.read_text("utf-8")]
    assert not found


def test_architecture_lists_every_module_once_and_nothing_else() -> None:
    source = ROOT / "src" / "landseer"
    there = {str(path.relative_to(source)) for path in source.rglob("*.py")}
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    listed = re.findall(r"^- `([\w/]+\.py)`: \S", text, re.MULTILINE)
    assert sorted(set(listed)) == sorted(listed), "a module is listed twice"
    assert there - set(listed) == set(), "not listed"
    assert set(listed) - there == set(), "listed, but not there"


def test_architecture_names_the_floors_that_are_checked() -> None:
    floors = (ROOT / ".importlinter").read_text("utf-8")
    layers = re.search(r"layers =\n((?: {4}.*\n)+)", floors)
    assert layers is not None
    names = [name.strip() for line in layers[1].splitlines() for name in line.split("|")]
    text = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    assert [name for name in names if f"`{name}`" not in text] == []


def test_messages_that_the_page_on_bad_data_quotes_are_in_the_code() -> None:
    text = (ROOT / "docs" / "how-to" / "bad-data.md").read_text("utf-8")
    quoted = re.findall(r"^\| “([^”]+)” \|", text, re.MULTILINE)
    source = " ".join(path.read_text("utf-8") for path in (ROOT / "src" / "landseer").rglob("*.py"))
    source = re.sub(r"\"\s*\n\s*f?\"", "", source).replace("{role}", "label")
    missing = [q for q in quoted if not all(part in source for part in q.split(" … "))]
    assert len(quoted) > 20
    assert not missing

"""A verdict: what was found in one sample's files, and the first reason to leave it out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from landseer.samples.findings import EXCLUDED, KEPT, Finding


@dataclass(slots=True)
class Verdict:
    """What was found in one sample.

    Attributes:
        sample: its name.
        findings: in the order in which they were found.
        excluded: the first reason to leave it out, or None.
    """

    sample: str
    findings: list[Finding] = field(default_factory=list)
    excluded: str | None = None

    def exclude(self, path: Path, what: str, figure: str, band: str = "") -> None:
        """Leave the sample out."""
        self.findings.append(Finding(self.sample, str(path), band, what, figure, EXCLUDED))
        self.excluded = self.excluded or (f"{what}: {figure}" if figure else what)

    def note(self, path: Path, band: str, what: str, figure: str, action: str = KEPT) -> None:
        """Report something and keep the sample."""
        self.findings.append(Finding(self.sample, str(path), band, what, figure, action))


def share_text(count: int, total: int) -> str:
    """Write a number of pixels and its share of all."""
    return f"{count} pixels ({100 * count / max(total, 1):.3g} %)"

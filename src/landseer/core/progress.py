"""Progress: a bar on a terminal, plain lines when piped, nothing when quiet."""

from __future__ import annotations

import sys
import time
from types import TracebackType

_PLAIN_INTERVAL_S = 10.0


class Progress:
    """Count finished items and show them on stderr; use it in a `with` block."""

    def __init__(self, label: str, total: int | None) -> None:
        self.label, self.total, self.done = label, total, 0
        self._started = self._shown = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def __enter__(self) -> Progress:
        return self

    def advance(self, count: int = 1, note: str = "") -> None:
        """Say that `count` more items are finished."""
        self.done += count
        now = time.monotonic()
        if self.label and now - self._shown >= (0.1 if self._terminal else _PLAIN_INTERVAL_S):
            self._shown = now
            self._show(note, final=False)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.label and (self._terminal or time.monotonic() - self._started >= _PLAIN_INTERVAL_S):
            self._show("", final=True)

    def _show(self, note: str, *, final: bool) -> None:
        seconds = time.monotonic() - self._started
        count = f"{self.done}/{self.total}" if self.total is not None else str(self.done)
        rate = self.done / seconds if seconds > 0 else 0.0
        left = (
            f", {(self.total - self.done) / rate:.0f} s left"
            if self.total and rate and not final
            else ""
        )
        text = f"{self.label} {_bar(self.done, self.total)}{count} ({seconds:.0f} s{left}) {note}".rstrip()
        if self._terminal:
            sys.stderr.write(f"\r\x1b[2K{text}" + ("\n" if final else ""))
        else:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()


def _bar(done: int, total: int | None, width: int = 24) -> str:
    """Draw a bar of `width` characters, or nothing when the total is unknown."""
    if not total:
        return ""
    full = width * min(done, total) // total
    return "█" * full + "░" * (width - full) + " "

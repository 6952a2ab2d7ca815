"""Which process works on a trial, and whether it is still there."""

from __future__ import annotations

import os
import socket
import time
from pathlib import Path
from typing import Any

SILENT_S = 600.0
"""How long a process on another machine may be silent before it counts as dead, seconds."""


def own_mark() -> dict[str, Any]:
    """Return what tells this process apart: machine, number, birth, and the time of day, seconds since 1970."""
    pid = os.getpid()
    return {"host": socket.gethostname(), "pid": pid, "born": _born(pid), "seen": time.time()}


def is_alive(
    mark: dict[str, Any] | None, *, begun: float | None = None, now: float | None = None
) -> bool:
    """Say whether the process of a mark still works.

    Args:
        mark: of `own_mark`; None, where a process left none: it died before it could, or is about to.
        begun: when the trial of the mark began, seconds since 1970; None where nobody knows.
        now: seconds since 1970.

    Edges: a process on another machine is alive if it was seen less than `SILENT_S` ago, and one without a mark if its
        trial began less than that ago; the clocks of both must be set, for the latter in one time zone.
    """
    now = time.time() if now is None else now
    if mark is None:
        return begun is not None and now - begun < SILENT_S
    if mark["host"] != socket.gethostname():
        return now - float(mark["seen"]) < SILENT_S
    born = _born(int(mark["pid"]))
    return born is not None and born == mark["born"]


def _born(pid: int) -> str | None:
    """Return when a process of this machine began, in the kernel's ticks; None where there is none any more."""
    try:
        after_name = (
            Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        )
    except OSError:
        return _born_elsewhere(pid)
    return None if after_name[0] in "ZX" else after_name[19]


def _born_elsewhere(pid: int) -> str | None:
    """Say whether a process is there on systems that have no /proc; without its birth a number may be another's."""
    if Path("/proc/self/stat").exists():
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "there"

"""An ordered parallel map with a progress line: threads for reading, processes for arithmetic."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from typing import TypeVar

from landseer.core.memory import keep_freed_memory
from landseer.core.progress import Progress

Item = TypeVar("Item")
Result = TypeVar("Result")


def cpu_count() -> int:
    """Return the number of processors this process may use."""
    return (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1)
    )


def parallel_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    label: str = "",
    workers: int | None = None,
    processes: bool = False,
) -> Iterator[Result]:
    """Yield `function(item)` for each item, in the order of the items, with a few ahead in flight.

    Args:
        function: must be importable when `processes` is true.
        label: what is being done, for the progress line; "" shows none.
        workers: None takes one per processor; 0 or 1 runs in this thread.
        processes: spawn processes instead of threads (never forks: GDAL and torch do not survive a fork).
    """
    workers = cpu_count() if workers is None else workers
    total = len(items) if isinstance(items, Sized) else None
    with Progress(label, total) as progress:
        if workers <= 1:
            for item in items:
                yield function(item)
                progress.advance()
            return
        with _executor(workers, processes) as executor:
            pending: deque[Future[Result]] = deque()
            for item in items:
                pending.append(executor.submit(function, item))
                if len(pending) >= 3 * workers:
                    yield pending.popleft().result()
                    progress.advance()
            while pending:
                yield pending.popleft().result()
                progress.advance()


def _executor(workers: int, processes: bool) -> Executor:
    """Make the pool of workers."""
    if processes:
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(workers, mp_context=context, initializer=keep_freed_memory)
    return ThreadPoolExecutor(workers)

"""Who works while networks do: batches are made ahead and answers taken in behind, in the order of the plan."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TypeVar

import torch

from landseer.predict.ensemble import Ensemble

Batch = TypeVar("Batch")
Answer = TypeVar("Answer")


def ask_all(
    batches: Generator[Batch],
    devices: Sequence[Ensemble],
    ask: Callable[[Ensemble, Batch], Answer],
    take_in: Callable[[Answer], None],
    in_threads: bool,
) -> None:
    """Ask the networks about all batches, and take the answers in, in the order of the batches.

    Args:
        batches: closed at the end, whatever happens, in the thread that ran them.
        devices: the ensemble, once per device; several get the batches in turn.
        ask: (ensemble, batch) -> answer.
        take_in: gets one answer at a time.
        in_threads: whether one device's batches are made, and its answers taken in, by other threads meanwhile.

    Raises:
        Whatever one of the three raises.

    Edges: neither devices nor threads change the order, and so no result. While networks work on a batch, the next one
        is made and, on a GPU, the one before is taken in: what an answer is made of must last so long.
    """
    if len(devices) == 1 and in_threads:
        _alternate(batches, devices[0], ask, take_in)
        return
    with closing(batches):
        if len(devices) > 1:
            _deal(batches, devices, ask, take_in)
        else:
            for batch in batches:
                take_in(ask(devices[0], batch))


def _deal(
    batches: Iterable[Batch],
    devices: Sequence[Ensemble],
    ask: Callable[[Ensemble, Batch], Answer],
    take_in: Callable[[Answer], None],
) -> None:
    """Deal the batches to several devices, each in a thread of its own."""
    ahead: deque[Future[Answer]] = deque()
    with ThreadPoolExecutor(len(devices), thread_name_prefix="device") as executor:
        for number, batch in enumerate(batches):
            ahead.append(executor.submit(ask, devices[number % len(devices)], batch))
            if len(ahead) > len(devices):
                take_in(ahead.popleft().result())
        while ahead:
            take_in(ahead.popleft().result())


def _alternate(
    batches: Generator[Batch],
    ensemble: Ensemble,
    ask: Callable[[Ensemble, Batch], Answer],
    take_in: Callable[[Answer], None],
) -> None:
    """Run the networks in this thread, while others have the next batch ready and take in the last answer.

    On the CPU networks belong into the main thread: glibc gives others their large blocks anew each time, and a U-Net
    takes nearly twice as long. There a single other thread does the rest.
    """
    with _other_threads(on_cpu=ensemble.device.type == "cpu") as (before, after):
        try:
            added: Future[None] | None = None
            batch = before.submit(next, batches, None).result()
            while batch is not None:
                following = before.submit(next, batches, None)
                answer = ask(ensemble, batch)
                batch = following.result()
                if added is not None:
                    added.result()
                added = after.submit(take_in, answer)
            if added is not None:
                added.result()
        finally:
            before.submit(batches.close).result()  # GDAL's settings belong to that thread


@contextmanager
def _other_threads(*, on_cpu: bool) -> Iterator[tuple[ThreadPoolExecutor, ThreadPoolExecutor]]:
    """Start a thread for what comes before the networks and one for what comes after; on the CPU they are the same.

    There PyTorch counts and compares in it alone: helpers of its own, which spin for a while when they have nothing to
    do, would take a tenth of the networks' time.
    """
    if not on_cpu:
        with ThreadPoolExecutor(1, "windows") as before, ThreadPoolExecutor(1, "sums") as after:
            yield before, after
        return
    count = torch.get_num_threads()
    try:
        with ThreadPoolExecutor(1, "windows", torch.set_num_threads, (1,)) as other:
            yield other, other
    finally:
        torch.set_num_threads(count)  # threads that start later take over what was set last

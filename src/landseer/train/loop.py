"""Run Lightning's loop as this package wants it: without advice, and ended by Ctrl-C as all else is."""

from __future__ import annotations

import logging
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def loop() -> Iterator[None]:
    """Keep Lightning's advice off the screen while its loop runs, let an interrupt be one, undo what it sets.

    Raises:
        KeyboardInterrupt: Ctrl-C ended the loop; Lightning itself would end the process, with exit code 1 and no word.
    """
    before = signal.getsignal(signal.SIGINT)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        warnings.filterwarnings("ignore", message=".*lightning.*")
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
        refusing = torch.are_deterministic_algorithms_enabled()
        try:
            yield
        except SystemExit as stop:
            if not isinstance(stop.__context__, KeyboardInterrupt):
                raise
            signal.signal(signal.SIGINT, before)
            raise KeyboardInterrupt from None
        finally:
            torch.use_deterministic_algorithms(refusing)

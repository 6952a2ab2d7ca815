"""Random numbers that depend on what they are for, never on who draws them or when."""

from __future__ import annotations

import hashlib

import numpy as np


def derive(seed: int, *keys: object) -> int:
    """Derive a 63-bit seed from a root seed and a path of keys.

    Args:
        seed: the root seed of the run.
        keys: what the numbers are for, e.g. `"augment", epoch, position`; compared by `repr`.

    Returns:
        An integer in [0, 2**63), the same on every machine, process and Python.

    Source: own (SHA-256 of the key path).
    """
    text = "/".join([str(int(seed)), *(repr(key) for key in keys)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def generator(seed: int, *keys: object) -> np.random.Generator:
    """Return a numpy generator seeded by `derive(seed, *keys)`."""
    return np.random.Generator(np.random.PCG64(derive(seed, *keys)))

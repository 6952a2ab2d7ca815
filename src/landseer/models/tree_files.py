"""Files of trees, and the libraries that know them: xgboost's UBJSON, lightgbm's text. Nothing in them is code.

The libraries' own pickles are never written or read. A random forest is xgboost's, for scikit-learn keeps forests in
pickles alone.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from landseer.errors import FileReadError, UsageError
from landseer.models.tree_config import TREE_SUFFIXES
from landseer.models.tree_convert import NotConvertibleError, telling_rows, xgboost_model

Scorer = Callable[[NDArray[np.float32], int], NDArray[np.float32]]
"""(n, channels) float32, NaN where missing, and a number of threads -> (n, classes) logits; several may ask at once,
with the same number of threads."""

SAYS, SHARES = "says", "shares"
"""Name and value of the attribute by which xgboost's file says that its trees give shares of votes, not logits."""

_LEAST_SHARE = 1e-6
_TRIED_ROWS = 512


def tree_library(name: str) -> Any:
    """Import xgboost or lightgbm.

    Raises:
        UsageError: it is not installed, or the system lacks what it needs.
    """
    try:
        return importlib.import_module(name)
    except OSError as error:  # lightgbm brings no OpenMP of its own, and slim systems have none
        raise UsageError(
            f"expected the library {name}; it cannot be loaded: {error}",
            where="trees",
            do="apt-get install libgomp1, or the like; or name other models in trees.models",
        ) from error
    except ImportError as error:
        raise UsageError(
            f"expected the library {name}; it is not installed",
            where="trees",
            do="pip install 'landseer[trees]'",
        ) from error


def library_of(path: Path) -> str:
    """Name the library that wrote a file of trees, by its ending."""
    return "lightgbm" if Path(path).suffix == ".txt" else "xgboost"


def load_trees(path: Path) -> Scorer:
    """Read trees.

    Args:
        path: a `.ubj` file of xgboost or a `.txt` file of lightgbm.

    Returns:
        What computes logits: their softmax are the probabilities.

    Raises:
        FileReadError: it is missing, damaged or of another kind.
        UsageError: the library is not installed.
    """
    path = Path(path)
    if path.suffix not in _READERS or not path.is_file():
        raise FileReadError(
            f"expected trees ({' or '.join(TREE_SUFFIXES)}); got no such file", where=path
        )
    try:
        return _READERS[path.suffix](path)
    except (ValueError, KeyError, TypeError) as error:
        came = " ".join(str(error).split())[:200]
        raise FileReadError(f"expected trees; {came}", where=path) from error


def _read_xgboost(path: Path) -> Scorer:
    """Read xgboost's trees."""
    booster = tree_library("xgboost").Booster(model_file=str(path))
    is_forest, ask = booster.attr(SAYS) == SHARES, _asker(booster)

    def score(x_nf: NDArray[np.float32], threads: int) -> NDArray[np.float32]:
        said = ask(x_nf, threads)
        return _logits_of_shares(said) if is_forest else _logits(said)

    return score


def _asker(booster: Any) -> Scorer:
    """Return what gives a booster's margins, in several threads at once if need be: only its settings are no such."""
    lock, current = Lock(), [0]

    def ask(x_nf: NDArray[np.float32], threads: int) -> NDArray[np.float32]:
        with lock:
            if current[0] != threads:
                booster.set_param({"nthread": threads})
                current[0] = threads
        return np.asarray(booster.inplace_predict(x_nf, predict_type="margin"))

    return ask


def _read_lightgbm(path: Path) -> Scorer:
    """Read lightgbm's trees; xgboost answers for them where it is there and says the same."""
    lightgbm = tree_library("lightgbm")
    try:
        booster = lightgbm.Booster(model_file=str(path))
    except lightgbm.basic.LightGBMError as error:
        raise ValueError(str(error)) from error

    def slow(x_nf: NDArray[np.float32], threads: int) -> NDArray[np.float32]:
        return _logits(booster.predict(x_nf, raw_score=True, num_threads=threads))

    fast = _converted(path)
    return slow if fast is None or not _agree(path, slow, fast) else fast


def _converted(path: Path) -> Scorer | None:
    """Return lightgbm's trees as xgboost's; None where they cannot be written as those."""
    try:
        xgboost = tree_library("xgboost")
        model = xgboost_model(path, xgboost)
    except (UsageError, NotConvertibleError):
        return None
    booster = xgboost.Booster()
    booster.load_model(model)
    ask = _asker(booster)
    return lambda x_nf, threads: _logits(ask(x_nf, threads))


def _agree(path: Path, one: Scorer, other: Scorer) -> bool:
    """Whether two readings of lightgbm's trees say the same where the trees ask."""
    rows = telling_rows(path, _TRIED_ROWS, np.random.default_rng(0))
    return bool(np.allclose(one(rows, 1), other(rows, 1), rtol=1e-4, atol=1e-4))


def _logits(said: NDArray[Any]) -> NDArray[np.float32]:
    """Give the first of two classes the logit 0; leave more classes as they are."""
    if said.ndim == 1:
        return np.stack([np.zeros_like(said), said], axis=1).astype(np.float32, copy=False)
    return said.astype(np.float32, copy=False)


def _logits_of_shares(said: NDArray[Any]) -> NDArray[np.float32]:
    """Turn shares of votes, of class 1 or of every class, into logits."""
    if said.ndim == 1:
        said = np.stack([1 - said, said], axis=1)
    return np.log(said.clip(_LEAST_SHARE, 1)).astype(np.float32, copy=False)


_READERS: Mapping[str, Callable[[Path], Scorer]] = {".ubj": _read_xgboost, ".txt": _read_lightgbm}

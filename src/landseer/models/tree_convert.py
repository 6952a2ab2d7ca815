"""Trees of lightgbm as trees of xgboost, which answers about twice as fast and says the same.

lightgbm goes left where a number is <= a float64, xgboost where it is < a float32. Channels are float32: x <= t holds
where x is less than the float32 after the greatest one that is not above t, so that every pixel ends in the same leaf.
Leaves are added in float32 instead of float64.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MISSING_IS_ZERO, _MISSING_IS_NAN = 1, 2
_NO_PARENT = 2**31 - 1
_MISSING_SHARE = 0.05
_ZERO = np.float32(1e-35)


class NotConvertibleError(Exception):
    """Trees with something that xgboost's have not."""


def xgboost_model(path: Path, xgboost: Any) -> bytearray:
    """Write trees of lightgbm as xgboost reads them.

    Args:
        path: lightgbm's text.
        xgboost: the library.

    Returns:
        JSON for `xgboost.Booster.load_model`; its margins are lightgbm's raw scores.

    Raises:
        NotConvertibleError: categories, linear leaves, averages, zeros that count as missing, or no such file.
    """
    head, trees = _read(path)
    if "average_output" in head or not {"max_feature_idx", "num_tree_per_iteration"} <= set(head):
        raise NotConvertibleError("not a sum of trees")
    n_outputs = int(head["num_tree_per_iteration"])
    n_features = int(head["max_feature_idx"]) + 1
    model = _empty(xgboost, n_features, n_outputs)
    made = model["learner"]["gradient_booster"]["model"]
    template = made["trees"][0]
    made["trees"] = [_tree(n, tree, n_features, template) for n, tree in enumerate(trees)]
    made["tree_info"] = [n % n_outputs for n in range(len(trees))]
    made["iteration_indptr"] = list(range(0, len(trees) + 1, n_outputs))
    made["gbtree_model_param"]["num_trees"] = str(len(trees))
    return bytearray(json.dumps(model), "utf-8")


def telling_rows(path: Path, n: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Make rows of numbers at which trees ask: where two readings of the same trees differ, they differ there.

    Args:
        path: lightgbm's text.
        n: how many.
        random: what draws them; a twentieth of the numbers is missing.
    """
    head, trees = _read(path)
    n_features = int(head["max_feature_idx"]) + 1
    where = np.concatenate([_numbers(tree, "split_feature", np.int64) for tree in trees])
    limits = np.concatenate([_numbers(tree, "threshold", np.float64) for tree in trees])
    asked = [np.append(limits[where == place], 0.0) for place in range(n_features)]
    rows = np.stack([random.choice(values, n) for values in asked], axis=1).astype(np.float32)
    rows[random.random(rows.shape) < _MISSING_SHARE] = np.nan
    return rows


def _read(path: Path) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Take lightgbm's text apart: what stands before the trees, and each tree."""
    text = Path(path).read_text(encoding="utf-8").split("\nend of trees", 1)[0]
    head, *trees = text.split("\nTree=")
    return dict(_fields(head)), [dict(_fields(tree)) for tree in trees]


def _fields(text: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of lines."""
    for line in text.splitlines():
        name, _, value = line.partition("=")
        yield name, value


def _empty(xgboost: Any, n_features: int, n_outputs: int) -> dict[str, Any]:
    """Return a model of the library at hand that adds up leaves, with one round whose trees are to be replaced."""
    settings = {"objective": "reg:squarederror", "base_score": 0.0, "max_depth": 1, "nthread": 1}
    if n_outputs > 1:
        many = {"objective": "multi:softprob", "num_class": n_outputs}
        settings = {**settings, **many}
    x = np.zeros((n_outputs, n_features), np.float32)
    label = np.arange(n_outputs, dtype=np.float32)
    data = xgboost.DMatrix(x, label, nthread=1)
    raw = xgboost.train(settings, data, 1).save_raw("json")
    return dict(json.loads(bytes(raw)))


def _tree(
    number: int, tree: Mapping[str, str], n_features: int, template: Mapping[str, Any]
) -> dict[str, Any]:
    """Write one tree, brother beside brother: xgboost takes the one after the left child for the right one."""
    if tree.get("num_cat", "0") != "0" or tree.get("is_linear", "0") != "0":
        raise NotConvertibleError("categories or linear leaves")
    left, right = (_numbers(tree, f"{side}_child", np.int64) for side in ("left", "right"))
    leaves, asked = (
        _numbers(tree, "leaf_value", np.float64),
        _numbers(tree, "split_feature", np.int64),
    )
    limits, default_left = _questions(tree)
    order, first_child, parents = _by_level(left, right)
    is_leaf = order < 0
    question, leaf = np.where(is_leaf, 0, order), np.where(is_leaf, ~order, 0)

    def of_questions(values: NDArray[Any]) -> NDArray[Any]:
        return np.where(is_leaf, 0, values[question]) if len(values) else np.zeros(len(order), int)

    said = np.where(is_leaf, leaves[leaf].astype(np.float32), 0)
    filled = {
        "id": number,
        "left_children": first_child,
        "right_children": np.where(is_leaf, -1, first_child + 1),
        "parents": parents,
        "split_indices": of_questions(asked),
        "split_conditions": np.where(is_leaf, said, of_questions(limits)),
        "default_left": of_questions(default_left),
        "split_type": np.zeros(len(order), int),
        "base_weights": said,
        "loss_changes": np.zeros(len(order)),
        "sum_hessian": np.ones(len(order)),
        "tree_param": {
            **template["tree_param"],
            "num_feature": str(n_features),
            "num_nodes": str(len(order)),
        },
    }
    return {**template, **{name: _plain(value) for name, value in filled.items()}}


def _by_level(
    left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Order the nodes of a tree from its root on; return what each is, its left child and its parent.

    What it is, is lightgbm's number: a question from 0 on, a leaf -1, -2, …
    """
    order, first_child, parents = [0 if len(left) else -1], [], [_NO_PARENT]
    for place, node in enumerate(order):  # grows as it is read
        first_child.append(len(order) if node >= 0 else -1)
        if node >= 0:
            order += [int(left[node]), int(right[node])]
            parents += [place, place]
    return np.array(order), np.array(first_child), np.array(parents)


def _questions(tree: Mapping[str, str]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the float32 below which pixels go left, and whether those go left that miss the channel."""
    limits = _numbers(tree, "threshold", np.float64)
    kinds = _numbers(tree, "decision_type", np.int64)
    missing = kinds >> 2 & 3
    if (missing == _MISSING_IS_ZERO).any() or (kinds & 1).any():
        raise NotConvertibleError("zeros that count as missing, or categories")
    # where a channel was never missing in training, lightgbm takes 0 for what is missing
    default_left = np.where(missing == _MISSING_IS_NAN, kinds >> 1 & 1, 0 <= limits)
    with np.errstate(over="ignore"):
        below = limits.astype(np.float32)
    below = np.where(below > limits, np.nextafter(below, np.float32(-np.inf)), below)
    # lightgbm takes 0 for what is no farther from it than this
    below = np.where((limits < 0) & (below >= -_ZERO), np.nextafter(-_ZERO, np.float32(-1)), below)
    below = np.where((limits >= 0) & (below < _ZERO), _ZERO, below)
    return np.nextafter(below, np.float32(np.inf)), default_left.astype(np.int64)


def _numbers(tree: Mapping[str, str], name: str, dtype: type[np.generic]) -> NDArray[Any]:
    """Read a line of numbers; none where there is no such line."""
    return np.array(tree.get(name, "").split(), dtype)


def _plain(value: Any) -> Any:
    """Turn arrays into lists; float32 keeps all its digits as float64."""
    return value.tolist() if isinstance(value, np.ndarray) else value

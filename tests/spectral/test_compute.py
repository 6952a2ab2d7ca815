"""Many indices at once; splitting an image into variables."""

import numpy as np
import pytest

from landseer.core.bands import Band
from landseer.errors import FormulaError
from landseer.spectral import Formula, Program, ResolvedIndex, compute, resolve, variables_from

BANDS = [
    Band("nir", 1, ("N",), nodata=-1),
    Band("red", 2, ("R",), scale=0.5, offset=-1.0),
    Band("qa", 3, ("QA",), "quality"),
]
IMAGE = np.array([[[4, -1]], [[6, 4]], [[0, 1]]], np.int16)


def test_variables_have_names_and_codes_in_physical_values():
    variables = variables_from(IMAGE, BANDS)
    assert set(variables) == {"nir", "N", "red", "R", "qa", "QA"}
    np.testing.assert_array_equal(variables["N"], np.array([[4, np.nan]], np.float32))
    np.testing.assert_array_equal(variables["R"], [[2, 1]])
    assert variables["qa"].dtype == np.int16 and np.shares_memory(variables["qa"], IMAGE)
    assert variables["N"] is variables["nir"]


def test_variables_of_a_batch_of_tensors():
    torch = pytest.importorskip("torch")
    batch = torch.from_numpy(np.stack([IMAGE, IMAGE]).astype(np.float32))
    variables = variables_from(batch, BANDS)
    assert variables["N"].shape == (2, 1, 2)
    np.testing.assert_array_equal(variables["N"][1].numpy(), variables_from(IMAGE, BANDS)["N"])
    np.testing.assert_array_equal(variables["R"][0].numpy(), variables_from(IMAGE, BANDS)["R"])
    assert not torch.isnan(batch).any()


def test_integer_tensors_become_float_only_where_needed():
    torch = pytest.importorskip("torch")
    variables = variables_from(torch.from_numpy(IMAGE), BANDS)
    assert variables["qa"].dtype == torch.int16 and variables["N"].dtype == torch.float32


def test_the_first_band_keeps_a_shared_code():
    bands = [Band("a", 1, ("S1", "S2")), Band("b", 2, ("S2",))]
    variables = variables_from(np.arange(2.0).reshape(2, 1, 1), bands)
    assert variables["S2"][0, 0] == 0


def test_stack_order_axis_and_conditions():
    indices = resolve([], {"sum": "N + R", "clear": "QA == 0", "again": "N + R"}, BANDS)
    variables = variables_from(IMAGE, BANDS)
    stack = compute(indices, variables)
    assert stack.shape == (3, 1, 2) and stack.dtype == np.float32
    np.testing.assert_array_equal(stack[:, 0, 0], [6, 1, 6])
    np.testing.assert_array_equal(stack[:, 0, 1], [np.nan, 0, np.nan])
    assert compute(indices, variables, axis=1).shape == (1, 3, 2)


def test_tensors_stack_like_arrays():
    torch = pytest.importorskip("torch")
    indices = resolve([], {"sum": "N + R", "clear": "QA == 0", "ratio": "N/R"}, BANDS)
    expected = compute(indices, variables_from(IMAGE, BANDS))
    batch = torch.from_numpy(np.stack([IMAGE, IMAGE]))
    got = compute(indices, variables_from(batch, BANDS), axis=1)
    assert got.shape == (2, 3, 1, 2) and got.dtype == torch.float32
    np.testing.assert_array_equal(got[1].numpy(), expected)
    only = compute(indices[1:2], variables_from(batch, BANDS))
    assert only.dtype == torch.float32


def test_gradients_flow_through_tensors():
    torch = pytest.importorskip("torch")
    n = torch.tensor([2.0, 3.0], requires_grad=True)
    Formula.parse("N**2/2")({"N": n}).sum().backward()
    assert n.grad.tolist() == [2.0, 3.0]


def test_torch_path_has_no_branch_on_data():
    torch = pytest.importorskip("torch")
    formula = Formula.parse("max(1/(1/N - 1/R), 0) + where(N > R, 1, 0)")
    example = {"N": torch.rand(4), "R": torch.rand(4)}
    graph = torch.fx.experimental.proxy_tensor.make_fx(lambda n, r: formula({"N": n, "R": r}))(
        example["N"], example["R"]
    )
    other = {"N": torch.tensor([1.0, 0.0, 2.0, 4.0]), "R": torch.tensor([1.0, 1.0, 0.0, 2.0])}
    torch.testing.assert_close(graph(other["N"], other["R"]), formula(other), equal_nan=True)


def test_missing_names_say_which_index():
    index = ResolvedIndex("mine", Formula.parse("N - X"))
    with pytest.raises(FormulaError, match="missing X") as caught:
        compute([index], variables_from(IMAGE, BANDS))
    assert "mine" in caught.value.where


def test_shared_parts_are_computed_once():
    calls = []

    class Counted(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            calls.append(ufunc.__name__)
            kwargs.pop("out", None)
            plain = [np.asarray(x) if isinstance(x, Counted) else x for x in inputs]
            return getattr(ufunc, method)(*plain, **kwargs).view(Counted)

    trees = [
        Formula.parse(text).tree for text in ("(N - R)/(N + R)", "2*(N - R)", "(N - R)/(N + R)")
    ]
    arrays = {name: np.ones(3, np.float32).view(Counted) for name in "NR"}
    results = Program(trees, keep_infinite=True).run(arrays)
    assert len(results) == 3 and results[0] is results[2]
    assert sorted(calls) == ["add", "divide", "multiply", "subtract"]


def test_infinities_can_be_kept_at_the_end_only():
    trees = [Formula.parse(text).tree for text in ("1/N", "atan(1/N)")]
    with np.errstate(all="ignore"):
        kept = Program(trees, keep_infinite=True).run({"N": np.zeros(1, np.float32)})
    assert np.isinf(kept[0]).all() and np.isnan(kept[1]).all()

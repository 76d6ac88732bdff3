"""The specification of autograd.transforms: JAX's functions over scalars that remember, nested in any combination.

What goes in comes out: numbers or Values, in lists, tuples, dicts and arrays arranged as the argument is. Nested calls
must not confuse their perturbations, and each identity of the calculus - w.(Jv) = (J^T w).v, the complex step - holds.
"""

from __future__ import annotations

import asyncio
import cmath
import inspect
import itertools
import math
import random
import threading
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple, cast

import numpy as np
import pytest
from test_derivatives import random_function, rosenbrock

import autograd as ag
from autograd import (
    Value,
    grad,
    gradients,
    graph,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jvp,
    tracing,
    value_and_grad,
    vjp,
)

Function = Callable[..., Any]


# --- Helpers --------------------------------------------------------------------------------------------


class Line(NamedTuple):
    """A named tuple of parameters."""

    slope: Any
    offset: Any


def numbers(tree: Any) -> Any:
    """A structure with its Values replaced by their data."""
    if isinstance(tree, Value):
        return tree.data
    if isinstance(tree, np.ndarray):
        return np.vectorize(numbers, otypes=[float])(tree)
    if isinstance(tree, dict):
        return {key: numbers(item) for key, item in tree.items()}
    if isinstance(tree, (list, tuple)):
        items = [numbers(item) for item in tree]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    return tree


class Counted:
    """A function that counts its calls."""

    def __init__(self, function: Function) -> None:
        self.function = function
        self.calls = 0

    def __call__(self, *args: Any) -> Any:
        """Call it once more."""
        self.calls += 1
        return self.function(*args)


# --- Names and signatures -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        (grad, "(f, argnums=0, has_aux=False)"),
        (value_and_grad, "(f, argnums=0, has_aux=False)"),
        (jacobian, "(f, argnums=0, has_aux=False)"),
        (hessian, "(f, argnums=0, has_aux=False)"),
        (jacfwd, "(f, argnums=0, has_aux=False)"),
        (jacrev, "(f, argnums=0, has_aux=False)"),
        (vjp, "(f, *primals, has_aux=False)"),
        (jvp, "(f, primals, tangents, has_aux=False)"),
        (hvp, "(f, x, v)"),
        (gradients, "(output, inputs, create_graph=False)"),
    ],
)
def test_signatures_are_those_of_jax(function: Function, parameters: str) -> None:
    """Names, order and defaults of the parameters; hvp and gradients are this library's own."""
    signature = inspect.signature(function)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values()]
    assert str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty)) == parameters


def test_what_each_transform_returns() -> None:
    """One example of each, as the documentation shows them."""

    def f(x: Any, y: Any) -> Any:
        return x * x * y

    assert grad(f)(3.0, 5.0) == 30.0
    assert value_and_grad(f)(3.0, 5.0) == (45.0, 30.0)
    assert jacobian(f)(3.0, 5.0) == 30.0
    assert hessian(f)(3.0, 5.0) == 10.0
    assert hvp(lambda x: x * x * x, 3.0, 2.0) == 36.0
    assert jvp(f, (3.0, 5.0), (1.0, 10.0)) == (45.0, 120.0)
    out, pull = vjp(f, 3.0, 5.0)
    assert (out, pull(2.0)) == (45.0, (60.0, 18.0))


@pytest.mark.parametrize(
    ("argnums", "expected"),
    [
        (0, 42.0),
        (1, 14.0),
        (2, 3.0),
        (-1, 3.0),
        (-3, 42.0),
        ((0,), (42.0,)),
        ((0, 2), (42.0, 3.0)),
        ((2, 0), (3.0, 42.0)),
        ((-1, -2, -3), (3.0, 14.0, 42.0)),
        ([1, 2], (14.0, 3.0)),
        ((), ()),
    ],
)
def test_argnums(argnums: Any, expected: Any) -> None:
    """An int gives a derivative, a sequence a tuple of them in its order; negative ones count from the end."""

    def f(x: Any, y: Any, z: Any) -> Any:
        return x * y * z

    assert grad(f, argnums)(1.0, 3.0, 14.0) == expected
    assert value_and_grad(f, argnums)(1.0, 3.0, 14.0) == (42.0, expected)
    assert jacobian(f, argnums)(1.0, 3.0, 14.0) == expected


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, jacfwd, jacrev, hessian])
def test_argnums_must_name_arguments(transform: Function) -> None:
    """A position beyond the positional arguments is a ValueError, and so is one that is named twice."""
    with pytest.raises(ValueError, match="expected argnums below the number of positional arguments, 2, got 2"):
        transform(lambda x, y: x * y, argnums=2)(1.0, 2.0)
    with pytest.raises(ValueError, match="expected argnums below .*, got -3"):
        transform(lambda x, y: x * y, argnums=-3)(1.0, 2.0)
    with pytest.raises(ValueError, match="expected argnums below .*, 0, got 0"):
        transform(lambda x=1.0: x)()
    with pytest.raises(ValueError, match=r"expected different argnums, got \(0, -2\)"):
        transform(lambda x, y: x * y, argnums=(0, -2))(1.0, 2.0)


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, jacfwd, jacrev, hessian])
@pytest.mark.parametrize(
    ("f", "argnums", "error", "message"),
    [
        (3.0, 0, TypeError, "expected a function, got float"),
        (None, 0, TypeError, "expected a function, got NoneType"),
        (max, 1.0, TypeError, "expected an int or a tuple of ints as argnums, got 1.0"),
        (max, None, TypeError, "expected an int or a tuple of ints as argnums, got None"),
        (max, "x", TypeError, "expected an int or a tuple of ints as argnums, got 'x'"),
        (max, (0, "x"), TypeError, r"expected an int or a tuple of ints as argnums, got \(0, 'x'\)"),
        (max, (1, 1), ValueError, r"expected different argnums, got \(1, 1\)"),
    ],
)
def test_what_cannot_be_a_derivative_is_refused_at_once(
    transform: Function, f: Any, argnums: Any, error: type[Exception], message: str
) -> None:
    """What is no function, or no argnums whatever the arguments, is refused before there is a call."""
    with pytest.raises(error, match=f"^(grad|jacobian|jacfwd|jacrev|hessian): {message}$"):
        transform(f, argnums)


@pytest.mark.parametrize(
    ("transform", "what"),
    [
        (grad, "gradient"),
        (value_and_grad, "value and the gradient"),
        (jacobian, "Jacobian"),
        (jacfwd, "Jacobian"),
        (jacrev, "Jacobian"),
        (hessian, "Hessian"),
    ],
)
def test_a_derivative_is_named_after_its_function(transform: Function, what: str) -> None:
    """It says what of which function it is, and what that says of itself; the signature is the function's."""

    def loss(w: float, x: float = 2.0) -> float:
        """How far off."""
        return w * w * x

    derivative = transform(loss, 0)
    assert derivative.__name__ == f"{transform.__name__}(loss)"
    assert derivative.__doc__ == f"The {what} of loss, as a function of the same arguments.\n\nloss: How far off."
    assert inspect.signature(derivative) == inspect.signature(loss)
    silent = transform(lambda x: x * x)
    assert silent.__name__ == f"{transform.__name__}(<lambda>)"
    assert silent.__doc__ == f"The {what} of <lambda>, as a function of the same arguments."
    assert transform(Counted(lambda x: x * x)).__name__ == f"{transform.__name__}(Counted)"


@pytest.mark.parametrize(("primals", "tangents", "which"), [(2.0, (1.0,), "primals"), ((2.0,), 1.0, "tangents")])
def test_jvp_takes_tuples(primals: Any, tangents: Any, which: str) -> None:
    """A number in the place of a tuple of one is a TypeError that says so, and not one about iteration."""
    with pytest.raises(TypeError, match=f"^jvp: expected a tuple of {which}, one for each argument, got float$"):
        jvp(lambda x: x * x, primals, tangents)


def test_hvp_speaks_of_itself() -> None:
    """A vector that does not fit is a ValueError of hvp, and what is no number in it a TypeError of hvp."""
    with pytest.raises(ValueError, match=r"^hvp: expected tangents arranged like .*\[1.0, 2.0\].*, got .*\[1.0\]"):
        hvp(lambda x: x[0] * x[1], [1.0, 2.0], [1.0])
    with pytest.raises(TypeError, match=r"^hvp: the tangents\[0\]: expected numbers, .* got str"):
        hvp(lambda x: x * x, 1.0, "1")


@pytest.mark.parametrize(("inputs", "kind"), [(Value(1.0), "Value"), (1.0, "float"), (None, "NoneType")])
def test_gradients_takes_a_sequence(inputs: Any, kind: str) -> None:
    """A single Value has to stand in a list: anything else is a TypeError that says what was expected."""
    x = Value(2.0)
    with pytest.raises(TypeError, match=f"^gradients: expected a sequence of Values as inputs, got {kind}$"):
        gradients(x * x, inputs)


def test_other_arguments_are_passed_on() -> None:
    """Keyword arguments and the other positional ones may be anything at all, and arrive as they are."""
    marker = object()

    def f(x: Any, mode: Any, *rest: Any, power: int, marker: Any = None) -> Any:
        assert mode == "sum"
        assert rest == (None, {"set"})
        assert marker is not None
        return x**power

    assert grad(f)(3.0, "sum", None, {"set"}, power=2, marker=marker) == 6.0
    assert value_and_grad(f)(3.0, "sum", None, {"set"}, power=2, marker=marker) == (9.0, 6.0)
    assert jacobian(f)(3.0, "sum", None, {"set"}, power=2, marker=marker) == 6.0
    assert hessian(f)(3.0, "sum", None, {"set"}, power=3, marker=marker) == 18.0


def test_hessian_of_several_arguments() -> None:
    """A tuple of tuples: H[i][j] is d2 f / d x_i d x_j, arranged as x_i outside and as x_j inside."""

    def f(x: Any, y: Any) -> Any:
        return x[0] * x[1] * y + y * y

    found = hessian(f, argnums=(0, 1))([2.0, 3.0], 5.0)
    assert found == (([[0.0, 5.0], [5.0, 0.0]], [3.0, 2.0]), ([3.0, 2.0], 2.0))


# --- Structures in, structures out ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "argument", "expected"),
    [
        pytest.param(lambda x: x * x, 3, 6.0, id="an int"),
        pytest.param(lambda x: x * x, True, 2.0, id="a bool"),
        pytest.param(lambda x: x * x, Fraction(1, 2), 1.0, id="a fraction"),
        pytest.param(lambda x: x * x, np.float32(0.5), 1.0, id="a number of NumPy"),
        pytest.param(lambda x: x[0] * x[1], [3.0, 5.0], [5.0, 3.0], id="a list"),
        pytest.param(lambda x: x[0] * x[1], (3.0, 5.0), (5.0, 3.0), id="a tuple"),
        pytest.param(lambda p: p["w"] * p["b"], {"w": 3.0, "b": 5.0}, {"w": 5.0, "b": 3.0}, id="a dict"),
        pytest.param(lambda p: p.slope * 2 + p.offset, Line(3.0, 5.0), Line(2.0, 1.0), id="a named tuple"),
        pytest.param(lambda x: x[0][1] * x[1][0], [[1.0, 2.0], [3.0]], [[0.0, 3.0], [2.0]], id="a ragged list"),
        pytest.param(lambda x: 0.0, [], [], id="an empty list"),
        pytest.param(lambda x: x["a"][0], {"a": (1.0, []), "b": {}}, {"a": (1.0, []), "b": {}}, id="empty ones within"),
        pytest.param(
            lambda p: p["layers"][0].slope * p["layers"][1].offset * p["rate"],
            {"layers": [Line(2.0, 3.0), Line(5.0, 7.0)], "rate": 11.0},
            {"layers": [Line(77.0, 0.0), Line(0.0, 22.0)], "rate": 14.0},
            id="all of them",
        ),
    ],
)
def test_gradients_are_arranged_as_the_argument(function: Function, argument: Any, expected: Any) -> None:
    """The gradient has the argument's structure and types of containers, and floats where the numbers are."""
    found = grad(function)(argument)
    assert found == expected
    assert repr(found) == repr(expected)  # 1.0 and not 1, Line(...) and not (...)
    assert vjp(function, argument)[1](1.0) == (expected,)


@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3), (2, 1, 3), (0,), (3, 0)])
@pytest.mark.parametrize("dtype", [float, np.float32, int, object])
def test_gradients_by_an_array_are_arrays(shape: tuple[int, ...], dtype: type) -> None:
    """Of floats, in the shape of the argument, whatever its numbers; the function sees an object array of Values."""
    size = math.prod(shape)
    array: Any = (np.arange(size) + 1).reshape(shape).astype(dtype)

    def f(x: Any) -> Any:
        assert isinstance(x, np.ndarray)
        assert x.dtype == object or not size
        assert x.shape == shape
        return ag.sum([v * v * v for v in x.flat])

    found = grad(f)(array)
    assert isinstance(found, np.ndarray)
    assert found.dtype == np.float64
    assert found.shape == shape
    assert np.array_equal(found, 3.0 * array.astype(float) ** 2)


def test_memory_layout_does_not_matter() -> None:
    """Transposed, strided and reversed arrays are read in the order of their indices."""
    A = np.arange(12.0).reshape(3, 4)
    for view in (A.T, A[::2], A[:, ::-1], np.asfortranarray(A)):
        found = grad(lambda X, view=view: (X * view).sum())(view)
        assert np.array_equal(found, view)


def test_arrays_inside_other_structures() -> None:
    """A dict of a matrix, a vector and a number comes back as one."""
    p = {"W": np.array([[1.0, 2.0], [3.0, 4.0]]), "b": np.array([5.0, 6.0]), "c": 7.0}
    x = np.array([10.0, 20.0])
    found = grad(lambda p: (p["W"] @ x + p["b"]).sum() * p["c"])(p)
    assert found.keys() == p.keys()
    assert np.array_equal(found["W"], 7.0 * np.array([[10.0, 20.0], [10.0, 20.0]]))
    assert np.array_equal(found["b"], [7.0, 7.0])
    assert found["c"] == (p["W"] @ x + p["b"]).sum()


def test_the_gradient_by_a_matrix_is_a_matrix() -> None:
    """The textbook's shapes: of a scalar by an m x n matrix m x n, in lists and in arrays."""
    W, x = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [7.0, 8.0, 9.0]
    listed = grad(lambda W: ag.sum(ag.matvec(W, x)))(W)
    assert listed == [x, x]
    array = grad(lambda W: (W @ np.array(x)).sum())(np.array(W))
    assert np.array_equal(array, listed)


def test_the_jacobian_of_a_vector_by_a_matrix_has_rank_3() -> None:
    """For y = W a, with W k x n, the Jacobian is k x k x n: d y_i / d w_jl = a_l where i = j, else 0."""
    W, a = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [7.0, 8.0, 9.0]
    expected = [[a, [0.0] * 3], [[0.0] * 3, a]]
    assert jacobian(lambda W: ag.matvec(W, a))(W) == expected
    found = jacobian(lambda W: W @ np.array(a))(np.array(W))
    assert isinstance(found, np.ndarray)
    assert found.shape == (2, 2, 3)
    assert found.dtype == np.float64
    assert np.array_equal(found, expected)


def test_the_jacobian_of_a_vector_by_a_vector_is_a_matrix() -> None:
    """For y = W a it is W."""
    W, a = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [7.0, 8.0, 9.0]
    assert jacobian(lambda a: ag.matvec(W, a))(a) == W
    assert np.array_equal(jacobian(lambda a: np.array(W) @ a)(np.array(a)), W)


def test_the_jacobian_of_a_matrix_by_a_matrix_has_rank_4() -> None:
    """For C = A B it is d c_ij / d a_kl = [i = k] b_lj."""
    A, B = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    found = jacobian(lambda A: A @ B)(A)
    assert found.shape == (2, 4, 2, 3)
    assert np.array_equal(found, np.einsum("ik,lj->ijkl", np.eye(2), B))
    assert jacobian(lambda A: ag.matmul(A, B.tolist()))(A.tolist()) == found.tolist()


def test_the_jacobian_is_arranged_as_the_result_outside_and_as_the_argument_inside() -> None:
    """A dict of results by a named tuple is a dict of named tuples."""
    found = jacobian(lambda p: {"y": p.slope * 3 + p.offset, "z": (p.slope,)})(Line(1.0, 2.0))
    assert found == {"y": Line(3.0, 1.0), "z": (Line(1.0, 0.0),)}
    two = jacobian(lambda x, y: [x * y, x + y], argnums=(0, 1))(2.0, 3.0)
    assert two == ([3.0, 1.0], [2.0, 1.0])


def test_an_array_by_a_list_and_a_list_by_an_array() -> None:
    """Where only one side is an array, it holds the lists of the other, or is held by them."""
    by_array = jacobian(lambda x: [x[0] * x[1], x[1]])(np.array([2.0, 3.0]))
    assert isinstance(by_array, list)
    assert [row.tolist() for row in by_array] == [[3.0, 2.0], [0.0, 1.0]]
    of_array = jacobian(lambda x: np.array([x[0] * x[1], x[1]]))([2.0, 3.0])
    assert isinstance(of_array, np.ndarray)
    assert of_array.shape == (2,)
    assert of_array.tolist() == [[3.0, 2.0], [0.0, 1.0]]


def test_the_hessian_by_an_array_is_an_array() -> None:
    """By an m x n matrix it is m x n x m x n."""
    found = hessian(lambda X: (X * X * X).sum())(np.array([[1.0, 2.0], [3.0, 4.0]]))
    assert found.shape == (2, 2, 2, 2)
    assert np.array_equal(found.reshape(4, 4), np.diag([6.0, 12.0, 18.0, 24.0]))


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: grad(lambda x: x)("3"), "grad: argument 0: expected numbers, or lists, .* got str"),
        (lambda: grad(lambda x: x)(None), "argument 0: expected numbers, .* got NoneType"),
        (lambda: grad(lambda x: x)(1j), "got complex"),
        (lambda: grad(lambda x: x)(Decimal(1)), "got Decimal"),
        (lambda: grad(lambda x, p: x, argnums=1)(1.0, {"w": [1.0, "2"]}), r"argument 1\['w'\]\[1\]: expected .* str"),
        (lambda: jacobian(lambda x: x)([1.0, (2.0, {3})]), r"jacobian: argument 0\[1\]\[1\]: expected .* got set"),
        (lambda: grad(lambda x: x)(np.array(["a"])), "argument 0: expected an array of numbers, .* holds str"),
        (lambda: grad(lambda x: x)(np.array([[1.0], [2.0, 3.0]], object)), "an array of numbers, .* holds list"),
        (lambda: grad(lambda x: x)(np.array([1j])), "an array of numbers, .* holds complex"),
        (lambda: vjp(lambda x: x, 1.0, ["2"]), r"vjp: argument 1\[0\]: expected .* got str"),
        (lambda: jvp(lambda x: x, (1.0,), ("2",)), r"jvp: the tangents\[0\]: expected .* got str"),
    ],
)
def test_what_is_not_a_number_is_refused_by_its_place(attempt: Function, message: str) -> None:
    """The message names the argument, where in it, and the type."""
    with pytest.raises(TypeError, match=message):
        attempt()


# --- Results --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", [grad, value_and_grad])
@pytest.mark.parametrize(
    ("result", "kind"),
    [
        (lambda x: [x, x], "list"),
        (lambda x: (x,), "tuple"),
        (lambda x: {"x": x}, "dict"),
        (lambda x: np.array([x]), "ndarray"),
    ],
)
def test_a_gradient_needs_a_single_number(transform: Function, result: Function, kind: str) -> None:
    """For several numbers the message names the transform that is meant; one number in a list is still a list."""
    with pytest.raises(
        TypeError, match=rf"expected a function with a single number as its result, got {kind}; .*jacob"
    ):
        transform(result)(1.0)


@pytest.mark.parametrize("transform", [grad, jacobian, hessian, value_and_grad, lambda f: lambda x: vjp(f, x)])
def test_a_function_that_returns_nothing(transform: Function) -> None:
    """A forgotten return is a TypeError that says so."""
    with pytest.raises(TypeError, match="the result: expected numbers, .* got NoneType"):
        transform(lambda x: None)(1.0)


def test_the_result_may_be_a_number_of_any_kind() -> None:
    """A function that returns an int or a float is constant: its derivative is 0.0, a float."""
    for constant in (7, 7.0, Fraction(7), np.float64(7.0), True):
        out, slope = value_and_grad(lambda x, c=constant: c)(2.0)
        assert (type(out), type(slope)) == (float, float)
        assert (out, slope) == (float(constant), 0.0)
        assert jacobian(lambda x, c=constant: [c, x])([2.0, 3.0]) == [[0.0, 0.0], [[1.0, 0.0], [0.0, 1.0]]]


def test_unused_arguments_have_the_derivative_zero() -> None:
    """0.0, in the structure of the argument, by every transform."""

    def f(x: Any, _: Any) -> Any:
        return x * x

    unused = {"a": [1.0, 2.0], "b": np.array([3.0])}
    found = grad(f, argnums=1)(2.0, unused)
    assert found["a"] == [0.0, 0.0]
    assert found["b"].tolist() == [0.0]
    assert hessian(f, argnums=1)(2.0, 3.0) == 0.0
    assert hessian(f, argnums=(0, 1))(2.0, 3.0) == ((2.0, 0.0), (0.0, 0.0))
    assert jvp(f, (2.0, 3.0), (0.0, 1.0)) == (4.0, 0.0)
    assert vjp(f, 2.0, 3.0)[1](1.0) == (4.0, 0.0)
    assert hvp(lambda x: 5.0, [1.0, 2.0], [3.0, 4.0]) == [0.0, 0.0]
    assert grad(grad(lambda x: 3.0 * x))(2.0) == 0.0
    assert grad(grad(grad(lambda x: x * x)))(2.0) == 0.0


def test_floats_in_floats_out() -> None:
    """Plain floats, not Values and not numbers of NumPy, however deep the transforms are nested."""

    def f(x: Any) -> Any:
        return x**3

    results = [
        *[grad(f)(2), grad(grad(f))(2.0), grad(grad(grad(grad(f))))(2.0), *value_and_grad(f)(2.0), hessian(f)(2.0)],
        *[jacobian(f)(2.0), *jvp(f, (2.0,), (1,)), vjp(f, 2.0)[0], *vjp(f, 2.0)[1](1), hvp(f, 2.0, 1.0)],
        *grad(lambda x: x[0] * x[1])(np.array([2, 3])).tolist(),
        grad(f)(np.float64(2.0)),
        value_and_grad(f)(np.float32(2.0))[0],
        grad(lambda x: x * Value(3.0))(2.0),  # a Value that the function brings along is a constant here
    ]
    assert {type(x) for x in results} == {float}


def test_values_in_values_out() -> None:
    """Derivatives by Values are Values: parts of the graph, with derivatives of their own."""
    x = Value(2.0, label="x")
    slope = grad(lambda t: t**3)(x)
    assert isinstance(slope, Value)
    assert slope.data == 12.0
    slope.backward()
    assert x.grad == 12.0  # the second derivative, 6 x
    out, slope = value_and_grad(lambda t: t**3)(x)
    assert [g.data for y in (out, slope) for g in gradients(y, [x], create_graph=True)] == [12.0, 12.0]
    for found in (
        *(jacobian(lambda t: t * t)(x), hessian(lambda t: t * t)(x), hvp(lambda t: t * t, x, 1.0)),
        *jvp(lambda t: t * t, (x,), (1.0,)),
        vjp(lambda t: t * t, x)[0],
        *vjp(lambda t: t * t, x)[1](1.0),
        grad(lambda t: 5.0)(x),
        grad(lambda t, w: t * 3.0)(1.0, x),  # the argument beside it is a Value
        grad(lambda t, scale: t * scale)(1.0, scale=x),
        grad(lambda t, p: t * p["w"][0])(1.0, {"w": [x]}),
        jvp(lambda t: t * t, (3.0,), (x,))[1],
        *vjp(lambda t: t * t, 3.0)[1](x),
    ):
        assert isinstance(found, Value)


def test_values_among_numbers() -> None:
    """One Value in a structure makes all derivatives Values; an array of them is an object array."""
    found = grad(lambda x: x[0] * x[1])([Value(2.0), 3.0])
    assert all(isinstance(x, Value) for x in found)
    assert numbers(found) == [3.0, 2.0]
    array = grad(lambda x: (x * x).sum())(np.array([Value(2.0), Value(3.0)]))
    assert array.dtype == object
    assert numbers(array).tolist() == [4.0, 6.0]


def test_a_derivative_by_values_is_differentiable_by_what_was_passed_in() -> None:
    """With respect to arguments that were not differentiated by, too: d/dw (d/dx (w x^2)) = 2 x."""
    w = Value(3.0)
    slope = grad(lambda x, w: w * x * x)(5.0, w)
    assert slope.data == 30.0
    assert gradients(slope, [w]) == [10.0]


def test_grads_are_left_alone() -> None:
    """No transform reads or writes a `grad`: not of the arguments, of captured leaves, or of nodes between."""
    x, w = Value(2.0), Value(3.0)
    inner = w * 2.0
    watched = [x, w, inner]
    for node, mark in zip(watched, (7.0, 8.0, 9.0), strict=True):
        node.grad = mark

    def f(t: Any) -> Any:
        out = t * t * inner
        watched.append(out)
        return out

    for argument in (x, 2.0):
        grad(f)(argument)
        value_and_grad(f)(argument)
        jacobian(f)(argument)
        hessian(f)(argument)
        hvp(f, argument, 1.0)
        jvp(f, (argument,), (1.0,))
        vjp(f, argument)[1](1.0)
        gradients(f(x), [x, w, inner], create_graph=True)
        gradients(f(x), [x, w, inner])
    assert [node.grad for node in watched] == [7.0, 8.0, 9.0] + [0.0] * (len(watched) - 3)


# --- gradients ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_by_any_node(create_graph: bool) -> None:
    """Inputs may be leaves, results on the way, the output itself, repeated, or not in the graph at all."""
    x, stranger = Value(2.0), Value(1.0)
    y = x * x
    z = y * y + x
    found = gradients(z, [x, y, z, y, stranger, x], create_graph)
    assert numbers(found) == [33.0, 8.0, 1.0, 8.0, 0.0, 33.0]
    assert {type(g) for g in found} == {Value if create_graph else float}


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_takes_any_sequence_of_inputs(create_graph: bool) -> None:
    """A tuple, a generator, an array, or nothing at all."""
    x, y = Value(2.0), Value(3.0)
    several: list[Any] = [(x, y), iter([x, y]), np.array([x, y])]
    for inputs in several:
        assert numbers(gradients(x * y, inputs, create_graph)) == [3.0, 2.0]
    assert gradients(x * y, [], create_graph) == []


def test_gradients_by_a_leaf_that_is_the_output() -> None:
    """d x / d x = 1."""
    x = Value(2.0)
    assert gradients(x, [x]) == [1.0]
    assert numbers(gradients(x, [x], create_graph=True)) == [1.0]


@pytest.mark.parametrize(
    ("attempt", "kind"),
    [
        (lambda x: gradients(cast(Any, 3.0), [x]), "float"),
        (lambda x: gradients(cast(Any, [x]), [x]), "list"),
        (lambda x: gradients(x, cast(Any, [2.0])), "float"),
        (lambda x: gradients(x, cast(Any, [x, None])), "NoneType"),
    ],
)
def test_gradients_are_of_values_by_values(attempt: Function, kind: str) -> None:
    """A number has no history to differentiate."""
    with pytest.raises(TypeError, match=f"gradients: expected Values, got {kind}"):
        attempt(Value(1.0))


def test_gradients_can_be_drawn_and_differentiated_again() -> None:
    """With create_graph=True a gradient is a Value like any other: `backward` runs through it."""
    x = Value(2.0)
    (slope,) = gradients(x**4, [x], create_graph=True)
    (second,) = gradients(slope, [x], create_graph=True)
    second.backward()
    assert (slope.data, second.data, x.grad) == (32.0, 48.0, 48.0)


# --- vjp, jvp, hvp --------------------------------------------------------------------------------------


def test_a_pull_back_may_be_called_again_and_again() -> None:
    """It is linear: each call sweeps the same graph with other cotangents; the function was called once."""
    f = Counted(lambda x, y: [x * y, x + y])
    out, pull = vjp(f, 2.0, 3.0)
    assert out == [6.0, 5.0]
    assert pull([1.0, 0.0]) == (3.0, 2.0)
    assert pull([0.0, 1.0]) == (1.0, 1.0)
    assert pull([2.0, 10.0]) == (16.0, 14.0)
    assert f.calls == 1


def test_a_cotangent_is_arranged_as_the_result() -> None:
    """In lists, dicts and arrays; anything else is a ValueError that shows both."""
    _, pull = vjp(lambda x: {"a": [x, x * x], "b": x}, 3.0)
    assert pull({"a": [1.0, 1.0], "b": 1.0}) == (8.0,)
    for wrong in ([1.0, 1.0, 1.0], {"a": [1.0], "b": 1.0}, {"a": (1.0, 1.0), "b": 1.0}, 1.0):
        with pytest.raises(ValueError, match=r"expected a cotangent arranged like the result, \{'a': \[3.0, 9.0\], 'b"):
            pull(wrong)
    out, pull = vjp(lambda x: x * 2.0, np.array([1.0, 2.0]))
    assert out.tolist() == [2.0, 4.0]
    (found,) = pull(np.array([1.0, 10.0]))
    assert found.tolist() == [2.0, 20.0]
    with pytest.raises(ValueError, match="arranged like the result"):
        pull(np.array([1.0, 2.0, 3.0]))


def test_tangents_are_arranged_as_the_primals() -> None:
    """Number by number; anything else is a ValueError that shows both."""
    f = Counted(lambda p, x: [p["w"] * x[0], x[1]])
    assert jvp(f, ({"w": 2.0}, [3.0, 4.0]), ({"w": 1.0}, [0.0, 5.0])) == ([6.0, 4.0], [3.0, 5.0])
    for wrong in (({"w": 1.0},), ({"w": 1.0}, (0.0, 5.0)), ({"v": 1.0}, [0.0, 5.0]), ({"w": 1.0}, [0.0])):
        with pytest.raises(ValueError, match="jvp: expected tangents arranged like the primals"):
            jvp(f, ({"w": 2.0}, [3.0, 4.0]), wrong)


def test_jvp_of_arrays() -> None:
    """J v of y = A x is A v."""
    A, x, v = np.arange(6.0).reshape(2, 3), np.ones(3), np.array([1.0, 10.0, 100.0])
    out, along = jvp(lambda x: A @ x, (x,), (v,))
    assert out.tolist() == (A @ x).tolist()
    assert along.tolist() == (A @ v).tolist()


def test_how_often_a_function_is_called() -> None:
    """Once by every transform: forward and backward sweeps run over its one graph."""
    for use in (
        lambda f: grad(f)([2.0, 3.0]),
        lambda f: value_and_grad(f)([2.0, 3.0]),
        lambda f: jacobian(f)([2.0, 3.0]),
        lambda f: jvp(f, ([2.0, 3.0],), ([1.0, 1.0],)),
        lambda f: vjp(f, [2.0, 3.0])[1](1.0),
        lambda f: hessian(f)([2.0, 3.0]),
        lambda f: hvp(f, [2.0, 3.0], [1.0, 1.0]),
    ):
        f = Counted(lambda x: x[0] * x[1] * x[1])
        use(f)
        assert f.calls == 1


def test_a_value_asks_for_values_inside_another_transform_too() -> None:
    """An argument that is a Value is answered by Values, also where the transform around has nothing to do with it."""
    seen: list[Any] = []

    def around(t: Value) -> Value:
        seen.extend([grad(lambda x: x * x)(Value(3.0)), grad(lambda x: x * x)(3.0)])
        return t * 2.0

    assert grad(around)(1.0) == 2.0
    assert isinstance(seen[0], Value)
    assert [seen[0].data, seen[1]] == [6.0, 6.0]
    assert isinstance(seen[1], float)


def test_one_value_among_the_weights_asks_for_values() -> None:
    """A cotangent or a tangent of Values and numbers is a Value's: the derivative depends on it."""
    _, pull = vjp(lambda x: [x * 2.0, x * 3.0], 1.0)
    seed = Value(1.0)
    for cotangent in ([seed, 2.0], [2.0, seed]):
        (found,) = pull(cotangent)
        assert isinstance(found, Value)
        assert found.data == (8.0 if cotangent[0] is seed else 7.0)
        assert gradients(found, [seed]) == [2.0 if cotangent[0] is seed else 3.0]
    for tangents in ((seed, 2.0), (2.0, seed)):
        _, along = jvp(lambda x, y: x * y, (3.0, 5.0), tangents)
        assert isinstance(along, Value)
        assert gradients(along, [seed]) == [5.0 if tangents[0] is seed else 3.0]
    _, pull = vjp(lambda x: [], 1.0)
    assert type(pull([])[0]) is float


def test_jvp_is_one_forward_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass over the graph, for however many results; no backward sweep is made."""
    sweeps = Counted(graph.tangents)
    monkeypatch.setattr(graph, "tangents", sweeps)
    monkeypatch.delattr(graph, "gradients")
    monkeypatch.delattr(graph, "gradient_terms")
    out, along = jvp(lambda x, y: [x * y, x + y, ag.sin(x)], (2.0, 3.0), (1.0, 10.0))
    assert out == [6.0, 5.0, math.sin(2.0)]
    assert along == [23.0, 11.0, math.cos(2.0)]
    assert sweeps.calls == 1


def test_hvp_is_the_hessian_times_the_vector() -> None:
    """Without the matrix, to the rounding of a product, on random functions."""
    rng = random.Random(2)
    for _ in range(100):
        n = rng.randint(1, 5)
        f = random_function(rng, n, rng.randint(2, 10))
        x, v = ([rng.uniform(-1.5, 1.5) for _ in range(n)] for _ in range(2))
        H = hessian(f)(x)
        for found, row in zip(hvp(f, x, v), H, strict=True):
            terms = [h * t for h, t in zip(row, v, strict=True)]
            assert abs(found - math.fsum(terms)) <= 1e-12 * max(1.0, *map(abs, terms))


def test_hvp_of_structures() -> None:
    """The vector and the product are arranged as the argument."""

    def f(p: Any) -> Any:
        return p["a"] ** 2 * p["b"][0]

    assert hvp(f, {"a": 3.0, "b": [5.0]}, {"a": 1.0, "b": [10.0]}) == {"a": 70.0, "b": [6.0]}
    found = hvp(lambda x: (x * x * x).sum(), np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    assert found.tolist() == [6.0, 120.0]
    assert hvp(rosenbrock, [1.0, 1.0], [1.0, 2.0]) == [2.0, 0.0]


def test_a_jacobian_has_one_row_of_its_own_for_each_result() -> None:
    """An infinite slope of one result does not reach the row of another, as 0 * inf would."""
    assert jacobian(lambda x: [x, ag.sqrt(x)])(0.0) == [1.0, math.inf]
    assert jacobian(lambda x: [ag.sqrt(x[0]), x[1]])([0.0, 1.0]) == [[math.inf, 0.0], [0.0, 1.0]]


# --- Identities -----------------------------------------------------------------------------------------


def test_the_adjoint_identity() -> None:
    """w.(J v) = (J^T w).v for 2,000 random maps: the forward and the backward sweep agree to 1e-13.

    Relative to the sum of |w_i J_ij v_j|, which is what either side adds up.
    """
    rng = random.Random(3)
    for _ in range(2000):
        n, m = rng.randint(1, 4), rng.randint(1, 3)
        parts = [random_function(rng, n, rng.randint(1, 6)) for _ in range(m)]

        def f(x: Any, parts: Sequence[Function] = parts) -> Any:
            """A map from n numbers to m."""
            return [part(x) for part in parts]

        x, v = ([rng.uniform(-1.5, 1.5) for _ in range(n)] for _ in range(2))
        w = [rng.uniform(-1.0, 1.0) for _ in range(m)]
        _, along = jvp(f, (x,), (v,))
        _, pull = vjp(f, x)
        (back,) = pull(w)
        J = jacobian(f)(x)
        size = math.fsum(abs(w[i] * J[i][j] * v[j]) for i in range(m) for j in range(n))
        left, right = math.fsum(map(float.__mul__, w, along)), math.fsum(map(float.__mul__, back, v))
        assert abs(left - right) <= 1e-13 * size


# Each operation on floats and Values, and on complex numbers.
ANALYTIC: list[tuple[Function, Function]] = [
    (lambda x, y: x + y, lambda x, y: x + y),
    (lambda x, y: x - 2.0 * y, lambda x, y: x - 2.0 * y),
    (lambda x, y: x * y, lambda x, y: x * y),
    (lambda x, y: x / (1.5 + y * y), lambda x, y: x / (1.5 + y * y)),
    (lambda x, y: (1.5 + x * x) ** y, lambda x, y: cmath.exp(y * cmath.log(1.5 + x * x))),
    (lambda x, y: x**3 * y, lambda x, y: x * x * x * y),
    (lambda x, y: ag.exp(0.5 * x), lambda x, y: cmath.exp(0.5 * x)),
    (lambda x, y: ag.log(1.5 + x * x) * y, lambda x, y: cmath.log(1.5 + x * x) * y),
    (lambda x, y: ag.sqrt(0.5 + y * y), lambda x, y: cmath.sqrt(0.5 + y * y)),
    (lambda x, y: ag.sin(x) * y, lambda x, y: cmath.sin(x) * y),
    (lambda x, y: ag.cos(x + y), lambda x, y: cmath.cos(x + y)),
    (lambda x, y: ag.tanh(x * y), lambda x, y: cmath.tanh(x * y)),
    (lambda x, y: ag.atan(x), lambda x, y: cmath.atan(x)),
    (lambda x, y: ag.asinh(x - y), lambda x, y: cmath.asinh(x - y)),
    (lambda x, y: ag.sinh(0.5 * x), lambda x, y: cmath.sinh(0.5 * x)),
    (lambda x, y: ag.cosh(0.5 * y), lambda x, y: cmath.cosh(0.5 * y)),
    (lambda x, y: ag.sigmoid(x), lambda x, y: 1.0 / (1.0 + cmath.exp(-x))),
    (lambda x, y: ag.dot([x, y], [y, 0.5], x), lambda x, y: x * y + 0.5 * y + x),
    (lambda x, y: ag.logsumexp(x, y), lambda x, y: cmath.log(cmath.exp(x) + cmath.exp(y))),
    (lambda x, y: ag.hypot(x, y, 1.0), lambda x, y: cmath.sqrt(x * x + y * y + 1.0)),
]


def test_the_complex_step() -> None:
    """f(x + ih).imag / h is f'(x), without a difference that could cancel, on 2,000 random composites.

    The error is relative to the derivative, or to 1 where it is smaller: the results are of the size of 1.
    """
    rng, h = random.Random(4), 1e-30
    for _ in range(2000):
        n = rng.randint(1, 3)
        plan = [(rng.choice(ANALYTIC), rng.randrange(k), rng.randrange(k)) for k in range(n, n + rng.randint(1, 7))]

        def f(x: Sequence[Any], which: int, plan: Any = plan) -> Any:
            """The composite of real (0) or complex (1) operations."""
            results = list(x)
            for pair, i, j in plan:
                out = pair[which](results[i], results[j])
                results.append(out / (1.0 + 0.25 * out * out) if abs(numbers(out)) > 2.0 else out)
            return results[-1]

        x = [rng.uniform(-1.0, 1.0) for _ in range(n)]
        for i, slope in enumerate(grad(lambda x, f=f: f(x, 0))(x)):
            stepped = f([complex(t, h) if i == k else complex(t) for k, t in enumerate(x)], 1).imag / h
            assert abs(slope - stepped) <= 1e-12 * max(1.0, abs(slope))


# --- Nesting --------------------------------------------------------------------------------------------

DERIVATIVES: dict[str, Function] = {
    "grad": grad,
    "value_and_grad": lambda f: lambda x: value_and_grad(f)(x)[1],
    "jacobian": jacobian,
    "vjp": lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    "jvp": lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    "jvp by a pair": lambda f: lambda x: jvp(lambda p: [f(p["x"])], ({"x": x},), ({"x": 1.0},))[1][0],
}


@pytest.mark.parametrize("names", list(itertools.product(DERIVATIVES, repeat=3)), ids=" ".join)
def test_transforms_nest_in_any_combination(names: Sequence[str]) -> None:
    """Whichever three of them: the third derivative of x**5 at 2 is 240, exactly, as a float."""
    f: Function = lambda x: x**5  # noqa: E731
    for name, expected in zip(names, (80.0, 160.0, 240.0), strict=True):
        f = DERIVATIVES[name](f)
        found = f(2.0)
        assert type(found) is float
        assert found == expected


@pytest.mark.parametrize("name", DERIVATIVES)
def test_second_order_transforms_nest_too(name: str) -> None:
    """hessian and hvp of a derivative, and a derivative of them: all are the third derivative."""
    D = DERIVATIVES[name]

    def f(x: Any) -> Any:
        return x**5

    assert hessian(D(f))(2.0) == 240.0
    assert hvp(D(f), 2.0, 1.0) == 240.0
    assert D(hessian(f))(2.0) == 240.0
    assert D(lambda x: hvp(f, x, 1.0))(2.0) == 240.0
    assert D(lambda v: hvp(f, 2.0, v))(7.0) == 160.0


def later(stored: list[Function]) -> Function:
    """A function that stores a function of its argument, and differentiates what was stored."""

    def f(x: Any) -> Any:
        stored.append(lambda y: x * x * y * y)
        return grad(stored[-1])(2.0)

    return f


def afterwards() -> tuple[float, float]:
    """The derivative, and that of the stored function once the transform around it has ended."""
    stored: list[Function] = []
    return grad(later(stored))(3.0), grad(stored[0])(2.0)


def pulled_times_x(pull: Function) -> Function:
    """x times what x is pulled back to."""
    return lambda x: pull(x)[0] * x


def cube(x: Any) -> Any:
    """x to the third."""
    return x**3


def nth(f: Function, n: int) -> Function:
    """The n-th derivative, by recursion."""
    return f if n == 0 else grad(nth(f, n - 1))


def leaked() -> Value:
    """The variable of a transform that has ended."""
    kept: list[Value] = []

    def square(x: Value) -> Value:
        kept.append(x)
        return x * x

    grad(square)(3.0)
    return kept[0]


D = grad
CONFUSION: dict[str, tuple[Function, Any]] = {
    "x d/dy (x + y)": (lambda: D(lambda x: x * D(lambda y: x + y)(1.0))(1.0), 1.0),
    "x d/dy (x y)": (lambda: D(lambda x: x * D(lambda y: x * y)(2.0))(3.0), 6.0),
    "x d/dy (x + y) at y = x": (lambda: D(lambda x: x * D(lambda y: x + y)(x))(1.0), 1.0),
    "d/dy (x y) at y = x": (lambda: D(lambda x: D(lambda y: x * y)(x))(5.0), 1.0),
    "d/dy (x y y) at y = x": (lambda: D(lambda x: D(lambda y: x * y * y)(x))(3.0), 12.0),
    "equal numbers": (lambda: D(lambda x: x * D(lambda y: x * y * y)(3.0))(3.0), 36.0),
    "y does not occur": (lambda: D(lambda x: x * D(lambda y: x)(2.0) + x)(3.0), 1.0),
    "x does not occur": (lambda: D(lambda x: x * D(lambda y: y * y)(3.0))(2.0), 6.0),
    "an inner constant": (lambda: D(lambda x: D(lambda y: 7.0)(x) + x * x)(2.0), 4.0),
    "the inner function is the identity": (lambda: D(lambda x: x * D(lambda y: y)(x))(2.0), 1.0),
    "three deep": (lambda: D(lambda x: D(lambda y: D(lambda z: x * y * z)(1.0))(2.0))(3.0), 1.0),
    "three deep, past the middle": (lambda: D(lambda x: D(lambda y: y * D(lambda z: x * z)(1.0))(2.0))(3.0), 1.0),
    "three deep, with factors": (
        lambda: D(lambda x: x * D(lambda y: y * D(lambda z: x * y * z)(1.0))(2.0))(3.0),
        24.0,
    ),
    "three deep, all at x": (lambda: D(lambda x: D(lambda y: D(lambda z: x * y * z * z)(y))(x))(3.0), 24.0),
    "two inner derivatives side by side": (
        lambda: D(lambda x: D(lambda y: x * y * y)(2.0) * D(lambda y: y * x)(5.0))(3.0),
        24.0,
    ),
    "an inner derivative inside an inner function": (
        lambda: D(lambda x: D(lambda y: x * y + D(lambda z: z * x * y)(x))(2.0))(3.0),
        2.0,
    ),
    "jvp inside grad": (lambda: D(lambda x: jvp(lambda y: x * y * y, (3.0,), (1.0,))[1])(2.0), 6.0),
    "jvp inside grad, value": (lambda: D(lambda x: jvp(lambda y: x * y * y, (3.0,), (1.0,))[0])(2.0), 9.0),
    "grad inside jvp": (lambda: jvp(lambda x: D(lambda y: x * y * y)(3.0), (2.0,), (1.0,)), (12.0, 6.0)),
    "grad inside jvp at x": (lambda: jvp(lambda x: x * D(lambda y: x + y)(x), (1.0,), (1.0,)), (1.0, 1.0)),
    "jvp inside jvp": (lambda: jvp(lambda x: jvp(lambda y: x * y, (4.0,), (1.0,))[1], (2.0,), (1.0,)), (2.0, 1.0)),
    "jvp inside jvp at x": (
        lambda: jvp(lambda x: x * jvp(lambda y: x + y, (x,), (1.0,))[1], (1.0,), (1.0,)),
        (1.0, 1.0),
    ),
    "x is the inner direction": (lambda: D(lambda x: jvp(lambda y: y * y, (3.0,), (x,))[1])(2.0), 6.0),
    "x is the inner point and direction": (lambda: D(lambda x: jvp(lambda y: y * y, (x,), (x,))[1])(2.0), 8.0),
    "x is the inner cotangent": (lambda: D(lambda x: vjp(lambda y: y * y, 3.0)[1](x)[0])(2.0), 6.0),
    "pulled back inside grad": (lambda: D(lambda x: vjp(lambda y: x * y * y, 3.0)[1](1.0)[0])(2.0), 6.0),
    "pulled back by x at x": (lambda: D(lambda x: vjp(lambda y: x * y * y, x)[1](x)[0])(2.0), 24.0),
    "a pull-back from outside": (lambda: D(vjp(lambda y: y * y * y, 2.0)[1])(5.0), TypeError),
    "a pull-back from outside, its entry": (lambda: D(pulled_times_x(vjp(lambda y: y * y * y, 2.0)[1]))(5.0), 120.0),
    "stored and called later": (lambda: D(later([]))(3.0), 24.0),
    "stored, called after the transform": (lambda: afterwards(), (24.0, 36.0)),
    "a variable that leaked": (lambda: D(lambda y: leaked() * y)(2.0), 3.0),
    "hessian inside grad": (lambda: D(lambda x: hessian(lambda y: x * y * y * y)(2.0))(5.0), 12.0),
    "hvp inside grad": (lambda: D(lambda x: hvp(lambda y: x * y * y * y, 2.0, x))(5.0), 120.0),
    "jacobian inside jacobian": (
        lambda: jacobian(lambda x: jacobian(lambda y: [x * y * y, x + y])(3.0))(2.0),
        [6.0, 0.0],
    ),
    "grad of value and grad": (lambda: D(lambda x: sum(value_and_grad(lambda y: x * y)(x)))(3.0), 7.0),
    "argnums inside": (lambda: D(lambda x: grad(lambda a, b: a * b * b, argnums=1)(x, x))(3.0), 12.0),
    "the same function on both levels": (lambda: D(lambda x: D(cube)(x) * cube(x))(2.0), 240.0),
    "the fifth derivative": (lambda: nth(lambda x: x**5, 5)(3.0), 120.0),
    "structures": (
        lambda: D(lambda p: D(lambda y: p["a"] * y * p["b"][0])(p["a"]))({"a": 2.0, "b": [3.0]}),
        {"a": 3.0, "b": [2.0]},
    ),
    "an inner structure that holds x twice": (
        lambda: D(lambda x: sum(D(lambda q: q[0] * q[1] * x)([x, x])))(3.0),
        12.0,
    ),
    "an inner structure of x and a number": (lambda: D(lambda x: D(lambda q: q[0] * q[1])([x, 5.0])[1])(3.0), 1.0),
    "the inner result is an outer structure": (
        lambda: jacobian(lambda x: jacobian(lambda y: [x, y, x * y])(x))(3.0),
        [0.0, 0.0, 1.0],
    ),
}


@pytest.mark.parametrize(("compute", "expected"), CONFUSION.values(), ids=CONFUSION)
def test_no_perturbation_confusion(compute: Function, expected: Any) -> None:
    """Every call differentiates by its own variables alone, exactly, whatever numbers and variables are about.

    Source: J. Siskind and B. Pearlmutter, Perturbation Confusion and Referential Transparency (2005).
    """
    if expected is TypeError:
        with pytest.raises(TypeError, match="jacobian"):
            compute()
        return
    found = compute()
    assert found == expected
    assert repr(found) == repr(expected)


def test_there_are_at_least_25_of_them() -> None:
    """The list is not to shrink."""
    assert len(CONFUSION) >= 25


def test_nested_derivatives_on_values() -> None:
    """With a Value of the user as the outermost variable the same results are Values."""
    x = Value(3.0)
    found = D(lambda x: x * D(lambda y: y * D(lambda z: x * y * z)(1.0))(2.0))(x)
    assert isinstance(found, Value)
    assert found.data == 24.0
    assert gradients(found, [x]) == [8.0]


def test_newton_s_method_inside_a_gradient() -> None:
    """A root found by iteration with derivatives is itself differentiated: d sqrt(a) / d a = 1 / (2 sqrt(a))."""

    def root(a: Any) -> Any:
        x = 1.0 * a
        for _ in range(8):
            x = x - (x * x - a) / grad(lambda t: t * t - a)(x)
        return x

    assert root(2.0) == pytest.approx(math.sqrt(2.0), rel=1e-15)
    assert grad(root)(2.0) == pytest.approx(0.5 / math.sqrt(2.0), rel=1e-14)


# --- Contexts -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", [grad, value_and_grad, jacobian, hessian, DERIVATIVES["vjp"], DERIVATIVES["jvp"]])
def test_an_exception_leaves_nothing_behind(transform: Function) -> None:
    """Raised at whatever depth, it comes out as it is, and no variable stays active."""

    def f(x: Any) -> Any:
        return grad(lambda y: ag.log(y - 10.0) * x)(x)

    for _ in range(3):
        with pytest.raises(ValueError, match="log: x = -8.0 is outside the domain x > 0"):
            transform(f)(2.0)
        assert tracing.active.get() == ()
    assert type(grad(lambda x: x * x)(2.0)) is float


def test_an_exception_that_is_caught_inside() -> None:
    """An inner transform that fails leaves the outer one as it was."""

    def f(x: Any) -> Any:
        before = tracing.active.get()
        with pytest.raises(TypeError, match="got NoneType"):
            grad(lambda y: None)(x)
        assert tracing.active.get() == before
        return x * grad(lambda y: x * y)(2.0)

    assert grad(f)(3.0) == 6.0


def test_threads_do_not_confuse_each_other() -> None:
    """Each thread nests its own transforms: what is active in one is not in another."""
    barrier = threading.Barrier(4, timeout=30)
    found: dict[int, list[float]] = {}

    def work(number: int) -> None:
        """Nested derivatives, with all threads inside their outer function at once."""

        def outer(x: Any) -> Any:
            assert len(tracing.active.get()) == 1
            barrier.wait()
            return x * grad(lambda y: x * y * number)(2.0)

        found[number] = [grad(outer)(float(k)) for k in range(1, 6)]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {number: [2.0 * k * number for k in range(1, 6)] for number in range(1, 5)}


def test_tasks_do_not_confuse_each_other() -> None:
    """Neither do asyncio's tasks."""

    async def work(number: float) -> float:
        await asyncio.sleep(0)
        found: float = grad(lambda x: x * grad(lambda y: x * y)(number))(number)
        return found

    async def main() -> list[float]:
        return await asyncio.gather(*[work(float(k)) for k in range(5)])

    assert asyncio.run(main()) == [0.0, 2.0, 4.0, 6.0, 8.0]


def test_long_graphs() -> None:
    """Depth is limited by memory only, in both sweeps and in a gradient of a gradient."""

    def f(x: Any) -> Any:
        for _ in range(20_000):
            x = x * 0.5 + 1.0
        return x * x

    assert grad(f)(1.0) == pytest.approx(0.0, abs=1e-300)
    assert jvp(f, (1.0,), (1.0,))[0] == pytest.approx(4.0)
    assert hessian(f)(1.0) == pytest.approx(0.0, abs=1e-300)


# --- Arrays and matrices --------------------------------------------------------------------------------


def test_arrays_of_values_among_themselves() -> None:
    """A @ a, A * B, A + B, A.sum(), A.T: NumPy's own loops run over the Values."""
    A, B, a = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[5.0, 6.0], [7.0, 8.0]]), np.array([9.0, 10.0])
    by_A, by_a = grad(lambda A, a: (A @ a).sum(), argnums=(0, 1))(A, a)
    assert by_A.tolist() == [[9.0, 10.0], [9.0, 10.0]]
    assert by_a.tolist() == [4.0, 6.0]
    assert grad(lambda A, B: (A * B + A).sum())(A, B).tolist() == [[6.0, 7.0], [8.0, 9.0]]
    assert grad(lambda A, B: (A @ B).sum())(A, B).tolist() == (np.ones((2, 2)) @ B.T).tolist()
    assert grad(lambda A: (A.T @ A).sum())(A).tolist() == grad(lambda A: (A.T.dot(A)).sum())(A).tolist()
    assert grad(lambda A: A[0, 1] * A[1].sum())(A).tolist() == [[0.0, 7.0], [2.0, 2.0]]


def test_an_array_of_values_with_numbers() -> None:
    """Numbers, and arrays of numbers, mix with arrays of Values."""
    found = grad(lambda a: (2.0 * a + np.array([1.0, 2.0]) * a - 3.0).sum())(np.array([5.0, 6.0]))
    assert found.tolist() == [3.0, 4.0]


def test_the_textbook_s_layer_in_lists() -> None:
    """z = W a + b, y = sigma(z): dC/dW = delta a^T, dC/db = delta, dC/da = W^T delta with delta = (y - t) y (1 - y)."""
    W, a, b, t = [[0.5, -1.0, 0.25], [1.5, 0.75, -0.5]], [1.0, 2.0, -1.0], [0.1, -0.2], [0.0, 1.0]

    def cost(W: Any, a: Any, b: Any) -> Any:
        y = ag.elementwise(ag.sigmoid, ag.matvec(W, a, b))
        return 0.5 * ag.sum([d * d for d in ag.elementwise(lambda y, t: y - t, y, t)])

    y = [ag.sigmoid(z) for z in ag.matvec(W, a, b)]
    delta = [(y - t) * y * (1.0 - y) for y, t in zip(y, t, strict=True)]
    by_W, by_a, by_b = grad(cost, argnums=(0, 1, 2))(W, a, b)
    for row, expected in zip(by_W, ag.outer(delta, a), strict=True):
        assert row == pytest.approx(expected, rel=1e-14)
    assert by_b == pytest.approx(delta, rel=1e-14)
    assert by_a == pytest.approx(ag.matvec(ag.transpose(W), delta), rel=1e-14)


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda W: ag.matvec(W, [1.0, 2.0]), "expected a vector of 3 for a matrix of 2 x 3, got one of 2"),
        (lambda W: ag.matvec(W, [1.0] * 3, [1.0]), "expected a vector b of 2 for a matrix of 2 x 3, got one of 1"),
        (lambda W: ag.matmul(W, W), "expected a second matrix of 3 rows for one of 2 x 3, got 2 x 3"),
        (
            lambda W: ag.elementwise(lambda x, y: x + y, W, ag.transpose(W)),
            r"expected the shape \(2, 3\), got \(3, 2\)",
        ),
        (lambda W: ag.transpose([*W, [1.0]]), r"expected rows of one length, got lengths \[1, 3\]"),
        (lambda W: ag.outer(W, [1.0]), r"expected a vector, got a matrix of the shape \(2, 3\)"),
    ],
)
def test_shapes_that_do_not_fit(attempt: Function, message: str) -> None:
    """Inside a transform, too, the message names both shapes."""
    with pytest.raises(ValueError, match=message):
        jacobian(attempt)([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

"""The specification of has_aux: what a function returns beside its value; and of Jacobians in both directions."""

from __future__ import annotations

import math
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest

import autograd as ag
from autograd import (
    Value,
    grad,
    graph,
    hessian,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    nodes,
    value_and_grad,
    vjp,
)
from autograd.structures import flatten, rebuild

Function = Callable[..., Any]


class Report(NamedTuple):
    """What one may return beside a loss."""

    loss: Any
    text: str


def cube(x: Any) -> Any:
    """x cubed; beside it a structure of Values, numbers and other things."""
    return x**3, {"square": x * x, "report": Report(x, "fine"), "list": [1, None, (x + 1.0,)]}


BESIDE = {"square": 4.0, "report": Report(2.0, "fine"), "list": [1, None, (3.0,)]}

CALLS: dict[str, tuple[Function, Any]] = {
    "grad": (lambda f, x: grad(f, has_aux=True)(x), (12.0, BESIDE)),
    "value_and_grad": (lambda f, x: value_and_grad(f, has_aux=True)(x), ((8.0, BESIDE), 12.0)),
    "vjp": (
        lambda f, x: next((out, pull(1.0), aux) for out, pull, aux in [vjp(f, x, has_aux=True)]),
        (8.0, (12.0,), BESIDE),
    ),
    "jvp": (lambda f, x: jvp(f, (x,), (1.0,), has_aux=True), (8.0, 12.0, BESIDE)),
    "jacobian": (lambda f, x: jacobian(f, has_aux=True)(x), (12.0, BESIDE)),
    "jacrev": (lambda f, x: jacrev(f, has_aux=True)(x), (12.0, BESIDE)),
    "jacfwd": (lambda f, x: jacfwd(f, has_aux=True)(x), (12.0, BESIDE)),
    "hessian": (lambda f, x: hessian(f, has_aux=True)(x), (12.0, BESIDE)),
}

each_call = pytest.mark.parametrize(("call", "expected"), CALLS.values(), ids=CALLS)


def kinds(tree: Any) -> list[type]:
    """The types of the numbers in a structure."""
    if isinstance(tree, dict):
        tree = [*tree.values()]
    if isinstance(tree, (list, tuple)):
        return [kind for item in tree for kind in kinds(item)]
    return [type(tree)]


# --- What comes back --------------------------------------------------------------------------------------------


@each_call
def test_what_is_beside_comes_back_beside(call: Function, expected: Any) -> None:
    """In JAX's places; numbers where numbers went in, each container of its kind, other things as they are."""
    found = call(cube, 2.0)
    assert found == expected
    assert Value not in kinds(found)
    assert type(found[-1] if isinstance(found[-1], dict) else found[0][1]) is dict


@each_call
def test_values_in_values_out(call: Function, expected: Any) -> None:
    """Values beside it stay Values where Values went in, and can be differentiated."""
    x = Value(2.0)
    found = call(cube, x)
    assert found == expected
    aux = found[-1] if isinstance(found[-1], dict) else found[0][1]
    assert isinstance(aux["square"], Value)
    (slope,) = ag.gradients(aux["square"], [x])
    assert slope == 4.0


@each_call
def test_the_function_runs_once(call: Function, expected: Any) -> None:
    """Its value, its derivative and what is beside are of one call."""
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        return cube(x)

    assert call(f, 2.0) == expected
    assert len(calls) == 1


@pytest.mark.parametrize(
    "aux",
    [
        None, "text", 3, 2.5, Fraction(1, 3), {1, 2}, [], {}, (), object(), [None, ["a"]], {"a": (1, {"b": "c"})},
        np.arange(3), np.array(["a", "b"]), defaultdict(list, {"a": [1.0]}), np.zeros(2).view(np.matrix),
        OrderedDict(b=1, a=2), len,
    ],
    ids=lambda aux: type(aux).__name__,
)  # fmt: skip
def test_it_may_be_anything(aux: Any) -> None:
    """What holds no Value comes back itself."""
    assert grad(lambda x: (x * x, aux), has_aux=True)(3.0)[1] is aux


def test_arrays_of_values() -> None:
    """Come back as arrays of floats; a lone Value as a float."""
    slope, aux = grad(lambda x: ((x * x).sum(), [x * 2.0, x[0]]), has_aux=True)(np.array([1.0, 2.0]))
    assert slope.tolist() == [2.0, 4.0]
    assert aux[0].dtype == np.float64
    assert aux[0].tolist() == [2.0, 4.0]
    assert type(aux[1]) is float


def test_a_container_that_cannot_be_made_anew() -> None:
    """With a Value in it, it is a TypeError that says where; the Value would not become a number."""
    with pytest.raises(TypeError, match=r"^grad: aux\['m'\]: expected .* got defaultdict, a dict with more to it"):
        grad(lambda x: (x * x, {"m": defaultdict(float, a=x)}), has_aux=True)(3.0)
    found = grad(lambda x: (x * x, OrderedDict(b=x, a=[x])), has_aux=True)(3.0)[1]
    assert (type(found), [*found.items()]) == (OrderedDict, [("b", 3.0), ("a", [3.0])])


def test_with_argnums_and_keywords() -> None:
    """By several arguments, and with others passed on."""

    def f(x: Any, y: Any, *, k: float) -> Any:
        return x * y * k, (x + y, k)

    assert grad(f, (0, 1), has_aux=True)(2.0, 3.0, k=4.0) == ((12.0, 8.0), (5.0, 4.0))
    assert value_and_grad(f, 1, True)(2.0, 3.0, k=4.0) == ((24.0, (5.0, 4.0)), 8.0)
    assert jacobian(f, (1,), has_aux=True)(2.0, 3.0, k=4.0) == ((8.0,), (5.0, 4.0))
    assert hessian(f, (0, 1), has_aux=True)(2.0, 3.0, k=4.0) == (((0.0, 4.0), (4.0, 0.0)), (5.0, 4.0))
    assert vjp(lambda x, y: f(x, y, k=1.0), 2.0, 3.0, has_aux=True)[2] == (5.0, 1.0)


@pytest.mark.parametrize("call", [call for call, _ in CALLS.values()], ids=CALLS)
@pytest.mark.parametrize(
    ("result", "got"),
    [
        (lambda x: x * x, "Value"),
        (lambda x: [x, x], "list"),
        (lambda x: (x, x, x), "a tuple of 3"),
        (lambda x: (x,), "a tuple of 1"),
        (lambda x: None, "NoneType"),
        (lambda x: 2.0, "float"),
    ],
)
def test_no_pair(call: Function, result: Function, got: str) -> None:
    """Is a TypeError that says what was expected, and what came."""
    message = rf"expected a function that returns a pair \(value, aux\), as has_aux=True says, got {got}$"
    with pytest.raises(TypeError, match=message):
        call(result, 2.0)


def test_a_pair_without_has_aux() -> None:
    """A gradient of two numbers is refused with the way out."""
    with pytest.raises(TypeError, match="and what goes beside a number is has_aux=True"):
        grad(lambda x: (x * x, x))(2.0)


# --- Nested, and under jit --------------------------------------------------------------------------------------


def test_what_is_beside_is_differentiated_by_a_transform_around() -> None:
    """Where it depends on the outer variable, even if the inner value does not; and no perturbation is confused."""

    def outer(x: Any) -> Any:
        slope, aux = grad(lambda y: (y * y, x * x), has_aux=True)(2.0)
        assert not isinstance(slope, Value)
        return slope * aux

    assert value_and_grad(outer)(3.0) == (36.0, 24.0)

    def crossed(x: Any) -> Any:
        slope, aux = grad(lambda y: (y * y * x, {"q": x * y}), has_aux=True)(x)
        return slope * aux["q"]  # 2 x x times x x

    assert value_and_grad(crossed)(3.0) == (162.0, 216.0)
    assert jvp(crossed, (3.0,), (1.0,)) == (162.0, 216.0)
    assert hessian(crossed)(3.0) == 2.0 * 12.0 * 9.0

    def both(x: Any) -> Any:
        return x**4, {"half": x / 2.0}

    inner = grad(both, has_aux=True)  # (4 x^3, aux), a pair again
    assert grad(inner, has_aux=True)(2.0) == (48.0, {"half": 1.0})
    assert grad(grad(inner, has_aux=True), has_aux=True)(2.0) == (48.0, {"half": 1.0})


@pytest.mark.parametrize("x", [2.0, -3.0, Value(2.0), np.float64(2.0)])
def test_under_jit(x: Any) -> None:
    """jit of a derivative with something beside, and the derivative of a jitted function: as without."""

    def f(x: Any) -> Any:
        return ag.sin(x) * x, {"twice": 2.0 * x, "l": [x * x]}

    for name, (call, _) in CALLS.items():
        expected = call(f, x)
        found = call(jit(f), x)
        assert repr(shown(found)) == repr(shown(expected)), name
    for transform in (grad, value_and_grad, jacobian, jacfwd, jacrev, hessian):
        expected = transform(f, has_aux=True)(x)
        fast = jit(transform(f, has_aux=True))
        for _ in range(2):
            found = fast(x)
            assert flat(found) == pytest.approx(flat(expected), rel=1e-13)
            assert kinds(found) == kinds(expected)


def flat(tree: Any) -> list[float]:
    """The numbers of a structure."""
    return [v.data if isinstance(v, Value) else v for v in flatten(tree)[0]]


def shown(tree: Any) -> Any:
    """A structure with its numbers rounded to ten digits, Values as such."""
    leaves, structure = flatten(tree)
    texts = [f"{type(x).__name__} {getattr(x, 'data', x):.10g}" for x in leaves]
    return rebuild(structure, texts)


# --- jacfwd and jacrev ------------------------------------------------------------------------------------------


def wide(p: Any) -> Any:
    """Two numbers of many."""
    return [ag.sum([w * w for w in p["w"]]) * p["b"], ag.exp(p["b"])]


def long(x: Any) -> Any:
    """Many numbers of two, in a dict."""
    return {"powers": [x[0] ** k * x[1] for k in range(12)], "last": (x[1],)}


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (wide, {"w": [1.0, 2.0, 3.0, 4.0], "b": 0.5}),
        (long, [1.5, -2.0]),
        (lambda x: x, 3.0),
        (lambda x: [], [1.0, 2.0]),
        (lambda x: 7.0, [1.0, 2.0]),
        (lambda x: [1.0, x[0]], (1.0, 2.0)),
        (lambda x: 2.0, []),
        (lambda A: A @ A, np.arange(4.0).reshape(2, 2)),
        (lambda A: A[0], np.arange(6.0).reshape(2, 3)),
        (lambda x: np.array([x * 1.0, x * x, x]), 2.0),
        (lambda x: [ag.relu(x), ag.maximum(x, 0.0), abs(x), ag.floor(x)], 0.0),
    ],
)
def test_both_directions_find_the_same(f: Function, x: Any) -> None:
    """The Jacobian by tangents, by adjoints, and by the cheaper: one arrangement, the numbers up to rounding."""
    found = [transform(f)(x) for transform in (jacfwd, jacrev, jacobian)]
    assert len({repr(flatten(J)[1]) for J in found}) == 1
    for J in found[1:]:
        assert flat(J) == pytest.approx(flat(found[0]), rel=1e-14)
    for J in found:
        assert repr(kinds(J)) == repr(kinds(found[0]))


def test_of_several_arguments_and_of_values() -> None:
    """A tuple for a tuple of argnums; Values in, Values out, to be differentiated again."""

    def f(x: Any, y: Any) -> Any:
        return [x * y, x * x, y, x]

    for transform in (jacfwd, jacrev, jacobian):
        assert transform(f, (1, 0))(2.0, 3.0) == ([2.0, 0.0, 1.0, 0.0], [3.0, 4.0, 0.0, 1.0])
        x = Value(2.0)
        J = transform(f)(x, 3.0)
        assert J == [3.0, 4.0, 0.0, 1.0]
        assert ag.gradients(J[1], [x]) == [2.0]
    for outer in (jacfwd, jacrev):
        for inner in (jacfwd, jacrev):
            assert outer(inner(lambda x: x[0] ** 2 * x[1]))([3.0, 5.0]) == [[10.0, 6.0], [6.0, 0.0]]
            assert jit(outer(inner(lambda x: x[0] ** 2 * x[1])))([3.0, 5.0]) == [[10.0, 6.0], [6.0, 0.0]]


class Sweeps:
    """How often each kind of sweep is made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.forward = self.backward = 0
        for module in (graph, nodes):
            self._count(monkeypatch, module, "gradients", "backward")
            self._count(monkeypatch, module, "tangents", "forward")

    def _count(self, monkeypatch: pytest.MonkeyPatch, module: Any, name: str, kind: str) -> None:
        function = getattr(module, name)

        def counted(*args: Any) -> Any:
            setattr(self, kind, getattr(self, kind) + 1)
            return function(*args)

        monkeypatch.setattr(module, name, counted)


def through(m: int) -> Function:
    """A function with m results, all of which go through one long computation."""

    def f(xs: Any) -> Any:
        total = ag.sum(xs)
        for _ in range(50):
            total = ag.sin(total)
        return [total * k for k in range(m)]

    return f


@pytest.mark.parametrize(
    ("f", "n", "forward", "backward"),
    [
        (through(30), 1, 1, 0),
        (through(30), 3, 3, 0),
        (through(3), 30, 0, 3),
        (through(4), 4, 0, 4),
        (
            lambda xs: [*[x * x for x in xs], xs[0]],
            30,
            0,
            31,
        ),  # each result needs a step of its own, forward all of them
    ],
)
def test_the_cheaper_direction(
    f: Function, n: int, forward: int, backward: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sweep for each argument, or one for each result: whichever takes fewer steps, and not simply fewer sweeps."""
    sweeps = Sweeps(monkeypatch)
    jacobian(f)([0.1] * n)
    assert (sweeps.forward, sweeps.backward) == (forward, backward)
    jacfwd(f)([0.1] * n)
    assert sweeps.forward == forward + n
    assert sweeps.backward == backward


def test_against_known_numbers() -> None:
    """The Jacobian of polar coordinates: [[cos, -r sin], [sin, r cos]]."""
    r, t = 2.0, 0.7
    expected = [[math.cos(t), -r * math.sin(t)], [math.sin(t), r * math.cos(t)]]
    for transform in (jacfwd, jacrev, jacobian, lambda f: jit(jacfwd(f)), lambda f: jit(jacrev(f))):
        found = transform(lambda p: [p[0] * ag.cos(p[1]), p[0] * ag.sin(p[1])])([r, t])
        for row, known in zip(found, expected, strict=True):
            assert row == pytest.approx(known, rel=1e-15)

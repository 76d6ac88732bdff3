"""Programs for micrograd and for the scalar GPT: their constructors, their names, their ways to add an operation.

What a Value is made of; attributes that are checked as they are set, and those that users add; nodes made by hand, and
what they promise; the two classics' own programs, with the numbers that their own classes give.
"""

from __future__ import annotations

import ast
import copy
import math
import pickle
import re
import sys
import tracemalloc
import warnings
import weakref
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest
from classics import Atom, Micro, demo, train_gpt

import autograd as ag
from autograd import Value, graph, handmade, rules
from nn import MLP

PRIMITIVE = re.escape("@primitive")

# --- What a Value is made of ----------------------------------------------------------------------------

X, Y = Value(2.0), Value(3.0)
UNKNOWN = "only a _backward can tell"

FORMS: dict[str, tuple[tuple[Any, ...], dict[str, Any], tuple[str, tuple[Value, ...], object, str]]] = {
    "a number": ((), {}, ("", (), (), "")),
    "label": (("x",), {}, ("x", (), (), "")),
    "label by name": ((), {"label": "x"}, ("x", (), (), "")),
    "a label of NumPy's": ((np.str_("x"),), {}, ("x", (), (), "")),
    "children, local derivatives": (((X, Y), (3.0, 2.0)), {}, ("", (X, Y), (3.0, 2.0), "")),
    "children, operation": (((X, Y), "*"), {}, ("", (X, Y), UNKNOWN, "*")),
    "children, operation, label": (((X,), "exp", "y"), {}, ("y", (X,), UNKNOWN, "exp")),
    "children, local derivatives, label": (((X,), (1.5,), "y"), {}, ("y", (X,), (1.5,), "")),
    "children alone": (((X, Y),), {}, ("", (X, Y), UNKNOWN, "")),
    "an operand twice": (((X, X), (1, 2)), {}, ("", (X, X), (1.0, 2.0), "")),
    "children=, local_grads=": ((), {"children": (X,), "local_grads": (2,)}, ("", (X,), (2.0,), "")),
    "_children=, _op=": ((), {"_children": (X,), "_op": "sq"}, ("", (X,), UNKNOWN, "sq")),
    "_children=, _op=, label=": ((), {"_children": (X,), "_op": "sq", "label": "y"}, ("y", (X,), UNKNOWN, "sq")),
    "children=, op=": ((), {"children": (X,), "op": "sq"}, ("", (X,), UNKNOWN, "sq")),
    "_children=, local_grads=": ((), {"_children": (X,), "local_grads": (2.0,)}, ("", (X,), (2.0,), "")),
    "children, local_grads=": (((X,),), {"local_grads": (2.0,)}, ("", (X,), (2.0,), "")),
    "children, _op=": (((X,),), {"_op": "sq"}, ("", (X,), UNKNOWN, "sq")),
    "label, children=, op=": (("y",), {"children": (X,), "op": "sq"}, ("y", (X,), UNKNOWN, "sq")),
    "children, operation, label=": (((X,), "sq"), {"label": "y"}, ("y", (X,), UNKNOWN, "sq")),
    "no children": (((),), {}, ("", (), (), "")),
    "no children, no derivatives": (((), ()), {}, ("", (), (), "")),
    "no children, no operation": (((), ""), {}, ("", (), (), "")),
    "no children, a name": (((), "w", "x"), {}, ("x", (), (), "")),
    "_children=(), _op=''": ((), {"_children": (), "_op": ""}, ("", (), (), "")),
    "derivatives of NumPy's": (((X, Y), (np.float64(3.0), True)), {}, ("", (X, Y), (3.0, 1.0), "")),
    "derivatives that are not finite": (((X, Y), (math.inf, -0.0)), {}, ("", (X, Y), (math.inf, -0.0), "")),
}


@pytest.mark.parametrize("form", FORMS)
def test_what_a_value_is_made_of(form: str) -> None:
    """A label; or operands, with their derivatives or an operation's name; an empty tuple of operands makes a leaf."""
    args, named, (label, children, partials, op) = FORMS[form]
    node: Any = Value(7, *args, **named)
    assert (node.data, type(node.data), node.grad) == (7.0, float, 0.0)
    assert (node.label, node._op) == (label, op)
    assert [id(x) for x in node.parents] == [id(x) for x in node._prev] == [id(x) for x in node._children]
    assert [id(x) for x in node.parents] == [id(x) for x in children]
    assert (node.rule is rules.LEAF) is (not children)
    if partials is UNKNOWN:
        assert len(node.partials) == 0
        with pytest.raises(TypeError, match=PRIMITIVE):
            _ = node._local_grads
    else:
        assert node.partials == node._local_grads == partials
        assert {type(slope) for slope in node.partials} <= {float}


BOTH: dict[str, tuple[tuple[Any, ...], dict[str, Any], str]] = {
    "children and _children": ((), {"children": (X,), "_children": (X,)}, r"children=.*_children=, got both"),
    "children twice": (((X,),), {"children": (X,)}, r"children by position or children=, got both"),
    "_children too": (((X,), "+"), {"_children": (X,)}, r"children by position or _children=, got both"),
    "op and _op": (((X,),), {"op": "a", "_op": "a"}, r"op= or _op=, got both"),
    "operation twice": (((X,), "a"), {"_op": "a"}, r"op by position or _op=, got both"),
    "local_grads twice": (
        ((X,), (1.0,)),
        {"local_grads": (1.0,)},
        r"local_grads by position or local_grads=, got both",
    ),
    "local_grads and _op": (((X,), (1.0,)), {"_op": "a"}, r"local_grads by position or _op=, got both"),
    "local_grads= and op=": (((X,),), {"local_grads": (1.0,), "op": "a"}, r"local_grads= or op=, got both"),
    "label twice": (("x",), {"label": "x"}, r"label by position or label=, got both"),
    "label beside children, twice": (("x", "+", "y"), {}, r"label by position or label=, got both"),
    "children in a list": (([X],), {}, r"label \(text\) or children \(a tuple\), got list"),
    "children in a set": (({X},), {}, r"label \(text\) or children \(a tuple\), got set"),
    "children in a dict": (({X: 1},), {}, r"label \(text\) or children \(a tuple\), got dict"),
    "children in a generator": (((x for x in (X,)),), {}, r"label \(text\) or children \(a tuple\), got generator"),
    "children in an array": ((np.array([X]),), {}, r"label \(text\) or children \(a tuple\), got ndarray"),
    "no children in a list": (([],), {}, r"label \(text\) or children \(a tuple\), got list"),
    "bytes": ((b"x",), {}, r"label \(text\) or children \(a tuple\), got bytes"),
    "None": ((None,), {}, r"label \(text\) or children \(a tuple\), got NoneType"),
    "a Value": ((X,), {}, r"label \(text\) or children \(a tuple\), got Value"),
    "derivatives in a list": (((X,), [1.0]), {}, r"op \(text\) or local_grads \(a tuple\), got list"),
    "a derivative alone": (((X,), 1.0), {}, r"op \(text\) or local_grads \(a tuple\), got float"),
    "derivatives in an array": (((X,), np.ones(1)), {}, r"op \(text\) or local_grads \(a tuple\), got ndarray"),
    "children= in a list": ((), {"children": [X]}, r"expected a tuple as children, got list"),
    "_children= in a set": ((), {"_children": {X}}, r"expected a tuple as _children, got set"),
    "local_grads= in a list": (((X,),), {"local_grads": [1.0]}, r"expected a tuple as local_grads, got list"),
    "_op= as a number": (((X,),), {"_op": 3}, r"expected text as _op, got int"),
    "label= as None": ((), {"label": None}, r"expected text as label, got NoneType"),
    "third label": (((X,), "+", 3), {}, r"expected text as label, got int"),
    "a number as child": (((X, 1.0), "+"), {}, r"expected a tuple of Values as children, got one of Value, float"),
    "a micrograd Value as child": (
        ((Micro(1.0),), "+"),
        {},
        r"expected a tuple of Values as children, got one of Micro",
    ),
    "a Value as derivative": (((X,), (X,)), {}, r"expected real numbers as local derivatives, got Value"),
    "text as derivative": (((X,), ("1",)), {}, r"expected real numbers as local derivatives, got str"),
    "an operation of nothing": (("x", "+"), {}, r"expected children \(a tuple\) before op or local_grads, got 'x'"),
    "derivatives of nothing": (("", (1.0,)), {}, r"expected children \(a tuple\) before op or local_grads, got ''"),
    "another keyword": ((), {"colour": "red"}, r"unexpected keyword argument 'colour'"),
    "too many": (((X,), "+", "y", 1), {}, r"Value\(\) takes"),
}


@pytest.mark.parametrize("attempt", BOTH)
def test_what_a_value_is_not_made_of(attempt: str) -> None:
    """Another iterable, or both of what is one thing, is a TypeError that names both."""
    args, named, message = BOTH[attempt]
    made: Any = Value
    with pytest.raises(TypeError, match=message):
        made(7.0, *args, **named)


@pytest.mark.parametrize("slopes", [(), (1.0,), (1.0, 2.0, 3.0)], ids=len)
def test_a_derivative_for_each_operand(slopes: tuple[float, ...]) -> None:
    """Another number of derivatives than of operands would be a gradient lost in silence."""
    with pytest.raises(
        ValueError, match=f"^Value: expected as many local derivatives as children, 2, got {len(slopes)}"
    ):
        Value(7.0, (X, Y), slopes)
    with pytest.raises(ValueError, match=r"as many local derivatives as children, 0, got 1"):
        Value(7.0, (), (1.0,))


def test_names_of_the_scalar_gpt() -> None:
    """_children and _local_grads of what operators made: x**3 has the one child that it has there."""
    x, y = Value(2.0), Value(5.0)
    assert (x * y)._local_grads == (5.0, 2.0)
    cube: Any = x**3
    assert [id(child) for child in cube._children] == [id(x)]
    assert cube._local_grads == (12.0,)
    assert (x**y)._local_grads == (x**y).partials
    for node in (x * y, cube, x.relu(), x.log()):
        for child, local in zip(node._children, node._local_grads, strict=True):
            child.grad += local  # as its backward does
    assert (x.grad, y.grad) == (5.0 + 12.0 + 1.0 + 0.5, 2.0)


def test_relu_has_micrograds_name() -> None:
    """Code that reads micrograd's graphs asks for 'ReLU'; here the row, and what is drawn, is called relu."""
    node = Value(1.0).relu()
    assert (node._op, node.rule.symbol) == ("ReLU", "relu")
    assert (ag.relu(Value(-1.0))._op, (Value(2.0) ** 2)._op, Value(2.0).tanh()._op) == ("ReLU", "**2", "tanh")
    assert "ReLU" in ag.draw_dot(node).source
    assert "relu" in ag.draw(node).source


# --- Attributes that are checked as they are set --------------------------------------------------------

NO_NUMBERS: list[Any] = ["a", "3", None, 1j, [1.0], np.array([1.0, 2.0]), np.array(1.0), Decimal(1), b"1", Value(1.0)]
NUMBERS: list[Any] = [2, True, np.float64(2.5), np.float32(0.1), np.int8(3), np.bool_(True), Fraction(1, 3), math.inf]


@pytest.mark.parametrize("bad", NO_NUMBERS, ids=lambda bad: type(bad).__name__)
def test_data_is_a_number(bad: Any) -> None:
    """What is no real number is refused as the constructor does, and the number stays."""
    p = Value(0.5)
    with pytest.raises(TypeError, match=f"^data: expected a real number, got {type(bad).__name__}$"):
        p.data = bad
    assert repr(p) == "Value(data=0.5, grad=0.0)"


@pytest.mark.parametrize("good", NUMBERS, ids=repr)
def test_data_is_converted(good: Any) -> None:
    """A number of another type becomes a float, as in the constructor: also that of a gradient."""
    p = Value(0.5)
    p.data = p.grad = good
    assert (type(p.data), type(p.grad)) == (float, float)
    assert p.data == p.grad == float(good)


def test_a_step_with_a_value_in_it() -> None:
    """p.data -= lr * Value(...) is refused where it happens."""
    p, rate = Value(1.0), Value(0.1)
    p.grad = 2.0
    with pytest.raises(TypeError, match=r"^data: expected a real number, got Value$"):
        p.data -= rate * p.grad  # type: ignore[assignment]
    assert p.data == 1.0


def test_a_number_of_numpys_raises_as_promised() -> None:
    """After p.data = np.float64(0), 1 / p raises: np.float64 would warn and go on with inf."""
    p = Value(1.0)
    p.data = np.float64(0.0)
    with pytest.raises(ZeroDivisionError):
        1 / p
    p.data -= np.float64(1.0)
    with pytest.raises(ValueError, match="log"):
        p.log()


def test_numbers_beyond_floats() -> None:
    """An int too large for a float is an OverflowError that says of what."""
    p = Value(1.0)
    with pytest.raises(OverflowError, match=r"^data: expected a number within the range of a float"):
        p.data = 10**400
    with pytest.raises(OverflowError, match=r"^grad: expected a number within the range of a float"):
        p.grad = 10**400


def test_no_gradient_is_a_gradient_of_zero() -> None:
    """grad = None, as PyTorch's zero_grad leaves it, counts as 0.0 and reads back as that."""
    x = Value(3.0)
    x.grad = 5.0
    x.grad = None
    assert (x.grad, type(x.grad)) == (0.0, float)
    (x * x).backward()
    assert x.grad == 6.0
    y = x * 2.0
    y.grad = None
    y.backward()
    assert (x.grad, y.grad) == (8.0, 1.0)


@pytest.mark.parametrize("bad", [x for x in NO_NUMBERS if x is not None], ids=lambda bad: type(bad).__name__)
def test_a_gradient_is_a_number(bad: Any) -> None:
    """A gradient is refused as data is."""
    x = Value(0.5)
    with pytest.raises(TypeError, match=f"^grad: expected a real number or None, got {type(bad).__name__}$"):
        x.grad = bad
    assert x.grad == 0.0


def test_what_is_set_is_what_the_engine_uses() -> None:
    """Numbers set by hand enter forward and backward, and a label every picture."""
    x = Value(3.0)
    x.data, x.label = 4, "x"
    y = x * x
    assert y.data == 16.0
    y.label = "y"
    y.backward()
    assert x.grad == 8.0
    assert "y = *(x, x)" in repr(ag.draw(y))


@pytest.mark.parametrize("name", ["data", "grad", "label"])
def test_checked_attributes_cannot_be_deleted(name: str) -> None:
    """They are properties of the class, which explain themselves."""
    with pytest.raises(AttributeError):
        delattr(Value(1.0), name)
    assert getattr(Value, name).__doc__


SHOWING = {"drawing.py", "expressions.py", "functions.py", "labels.py"}


def test_the_engine_writes_the_slots() -> None:
    """What is written beside forward and backward goes past the properties, which stop a recording: but in pictures."""
    package = Path(ag.__file__).parent
    found = [
        f"{path.relative_to(package)}, line {node.lineno}: .{node.attr}"
        for path in sorted(package.rglob("*.py"))
        if path.name not in SHOWING
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in {"grad", "label"}
    ]
    assert found == []


# --- Attributes of the user's, and copies ---------------------------------------------------------------


def pickled(x: object, protocol: int) -> object:
    """What comes back from a pickle."""
    return pickle.loads(pickle.dumps(x, protocol))


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {p}": partial(pickled, protocol=p) for p in range(2, pickle.HIGHEST_PROTOCOL + 1)},
}
each_copy = pytest.mark.parametrize("way", COPIES)


class Length(Value):
    """A Value with a unit."""

    def __init__(self, data: float, unit: str = "m") -> None:
        super().__init__(data)
        self.unit = unit


class Slotted(Value):
    """A Value with one more slot."""

    __slots__ = ("unit",)


@each_copy
def test_copies_keep_what_users_added(way: str) -> None:
    """Adam's moments on a parameter, or a colour, are there in its copies; the original's are its own."""
    p: Any = Value(1.0, "p")
    p.m, p.v, p.notes = 0.2, 0.04, ["first"]
    p.grad = 3.0
    q = COPIES[way](p)
    assert (q.data, q.grad, q.label, q.m, q.v, q.notes) == (1.0, 3.0, "p", 0.2, 0.04, ["first"])
    q.m = 1.0
    assert p.m == 0.2
    assert (q.notes is p.notes) is (way == "copy")


@each_copy
@pytest.mark.parametrize("kind", [Length, Slotted])
def test_copies_of_a_subclass(way: str, kind: Any) -> None:
    """A copy is of the class of the original, with what it has in its dictionary and in slots of its own."""
    x: Any = kind(2.0)
    x.unit, x.grad, x.note = "km", 1.5, "far"
    y: Any = COPIES[way](x)
    assert type(y) is kind
    assert (y.data, y.grad, y.unit, y.note, y.rule) == (2.0, 1.5, "km", "far", rules.LEAF)


@each_copy
def test_a_copy_has_no_backward_of_the_original(way: str) -> None:
    """A _backward is bound to its leaf, and to its graph: copies of the leaf are made without it."""
    x: Any = Value(2.0)
    x._backward = lambda: None
    x.note = "kept"
    assert vars(COPIES[way](x)) == {"note": "kept"}


def test_old_pickles_load() -> None:
    """What was pickled before leaves had attributes: their four parts alone."""
    x = ag.value.leaf(2.0, 1.0, "x", True)
    assert (x.data, x.grad, x.label, x.rule, type(x)) == (2.0, 1.0, "x", rules.CONSTANT, Value)


def test_a_subclass_is_a_value() -> None:
    """Operators, functions, sweeps, transforms and jit take it; results are Values."""
    a, b = Length(2.0), Length(3.0, "km")
    y = (a * b + 2.0 * a - b / a).tanh() * ag.dot([a, b], [b, a]) + ag.maximum(a, 1.0)
    x, z = Value(2.0), Value(3.0)
    expected = (x * z + 2.0 * x - z / x).tanh() * ag.dot([x, z], [z, x]) + ag.maximum(x, 1.0)
    y.backward()
    expected.backward()
    assert type(y) is Value
    assert (y.data, a.grad, b.grad) == (expected.data, x.grad, z.grad)
    assert (b.unit, ag.gradients(a * b, [a])) == ("km", [3.0])
    assert ag.grad(lambda t: t * a)(1.0) == 2.0
    fast = ag.jit(lambda t: t * a * a)
    for _ in range(3):
        out = fast(b)
        assert out.data == 12.0
    a.grad = b.grad = 0.0
    fast(b).backward()
    assert (a.grad, b.grad) == (12.0, 4.0)


def test_a_subclass_made_while_recording() -> None:
    """A function under jit that makes one keeps its class, and its numbers are right in every call."""
    kinds: list[str] = []

    def f(x: Any) -> Any:
        scale = Length(2.0, "km")
        kinds.append(type(scale).__name__)
        return x * scale if scale.unit == "km" else x

    fast = ag.jit(f)
    assert [fast(Value(x)).data for x in (1.0, 2.0, 3.0)] == [2.0, 4.0, 6.0]
    assert set(kinds) == {"Length"}
    again = ag.jit(lambda x: Length(x.data) * x)
    with pytest.warns(RuntimeWarning, match=r"makes a Length of a number that it takes out of a Value"):
        assert again(Value(3.0)).data == 9.0
    assert ag.gradients(again(X), [X]) == [2.0]


# --- Nodes made by hand: with local derivatives ---------------------------------------------------------


def log_of(x: Any) -> Any:
    """The scalar GPT's way to write an operation."""
    return Value(math.log(x.data), (x,), (1 / x.data,))


def times(x: Any, y: Any) -> Any:
    """One of two operands."""
    return Value(x.data * y.data, (x, y), (y.data, x.data))


def sum_of(*xs: Any) -> Any:
    """One of many operands."""
    return Value(math.fsum(x.data for x in xs), xs, (1.0,) * len(xs))


def test_given_derivatives_are_used() -> None:
    """The derivative that was given is what backward hands on, whatever it is."""
    x = Value(1e-12)
    clamped = max(x.data, 1e-10)
    Value(math.log(clamped), (x,), (1.0 / clamped,)).backward()
    assert x.grad == 1e10
    x, y = Value(2.0), Value(3.0)
    z = sum_of(times(x, y), log_of(x) * 2.0, times(y, y), x)
    z.backward()
    assert z.data == 6.0 + 2.0 * math.log(2.0) + 9.0 + 2.0
    assert (x.grad, y.grad) == (3.0 + 2.0 / 2.0 + 1.0, 2.0 + 6.0)
    assert ag.gradients(z, [x, y]) == [5.0, 8.0]


def test_gradients_of_first_order_need_no_formula() -> None:
    """grad, value_and_grad, vjp and jacobian of a function that makes such nodes are those of the operators."""
    assert ag.grad(log_of)(4.0) == 0.25
    assert ag.value_and_grad(times, (0, 1))(2.0, 5.0) == (10.0, (5.0, 2.0))
    assert ag.vjp(times, 2.0, 5.0)[1](2.0) == (10.0, 4.0)
    assert ag.jacobian(lambda x: [times(x[0], x[1]), log_of(x[0])])([2.0, 5.0]) == [[5.0, 2.0], [0.5, 0.0]]


NEED_A_FORMULA: dict[str, Callable[[], object]] = {
    "create_graph": lambda: ag.gradients(log_of(X), [X], create_graph=True),
    "grad of grad": lambda: ag.grad(ag.grad(log_of))(2.0),
    "grad of a Value": lambda: ag.grad(log_of)(Value(2.0)),
    "jvp": lambda: ag.jvp(log_of, (2.0,), (1.0,)),
    "jvp of two operands": lambda: ag.jvp(lambda x, y: times(x, y) + x, (2.0, 3.0), (1.0, 0.0)),
    "hessian": lambda: ag.hessian(lambda x: times(x[0], x[1]))([2.0, 3.0]),
    "hvp": lambda: ag.hvp(lambda x: times(x[0], x[1]), [2.0, 3.0], [1.0, 0.0]),
    "symbolic": lambda: [step.symbolic for step in ag.steps(log_of(X) * 2.0)],
    "equation": lambda: [step.equation() for step in ag.steps(log_of(X) * 2.0)],
    "a printed step": lambda: [str(step) for step in ag.steps(log_of(X) * 2.0)],
    "explain": lambda: ag.explain(log_of(X) * 2.0),
    "what if": lambda: ag.animate(log_of(X) * 2.0),
    "quiz": lambda: ag.quiz(log_of(X) * 2.0, seed=0),
}


@pytest.mark.parametrize("need", NEED_A_FORMULA)
def test_what_needs_a_formula_refuses(need: str) -> None:
    """There is no row: a TypeError names the way to an operation that has one."""
    with pytest.raises(TypeError, match=PRIMITIVE):
        NEED_A_FORMULA[need]()


def test_what_does_not_pass_through_needs_none() -> None:
    """A node made by hand elsewhere in the graph is in nobody's way."""
    w = Value(3.0)
    beside = log_of(w)
    assert ag.grad(ag.grad(lambda x: x * x * beside))(2.0) == 2.0 * math.log(3.0)
    assert ag.jvp(lambda x: x * beside.data, (2.0,), (1.0,)) == (2.0 * math.log(3.0), math.log(3.0))
    x = Value(2.0)
    (slope,) = ag.gradients(x**3 + beside, [x], create_graph=True)
    assert slope.data == 12.0


def test_the_steps_of_a_node_made_by_hand_are_numbers() -> None:
    """steps() gives them, and in a list of steps the derivative stands for itself."""
    x = Value(2.0, "x")
    y = log_of(x)
    (step,) = ag.steps(y)
    assert (step.partial, step.contribution, step.after) == (0.5, 0.5, 0.5)
    assert repr(step) == "0: dv1/dx += dv1/dv1 * dv1/dx = 1 * 0.5 = 0.5"


def test_pictures_of_nodes_made_by_hand() -> None:
    """draw shows the name that they have and the partials that are known; trace and draw_dot are as ever."""
    x = Value(2.0, "x")
    y = Value(math.log(2.0), (x,), (0.5,), "y")
    z = Value(8.0, (x,), "cube")
    z._backward = lambda: None
    root = y * z
    assert [line.split()[0] for line in repr(ag.draw(root)).splitlines()] == ["x", "y", "v1", "v2"]
    assert "y = given(x)" in repr(ag.draw(root))
    assert "v1 = cube(x)" in repr(ag.draw(root))
    source = ag.draw(root).source
    assert "∂ 0.5" in source
    assert source.count("∂") == 3  # of the product by both, and of the logarithm
    assert 'label="cube"' in ag.draw_dot(root).source.replace("label=cube", 'label="cube"')
    assert len(ag.trace(root)[0]) == 4
    for options in ({"collapse": True}, {"expand": True}, {"collapse": True, "max_nodes": 3}):
        assert ag.draw(root, **options).source


# --- Nodes made by hand: with a _backward ---------------------------------------------------------------


def cube(self: Any) -> Any:
    """An operation as micrograd's courses add one."""
    out: Any = Value(self.data**3, (self,), "cube")

    def _backward() -> None:
        self.grad += 3 * self.data**2 * out.grad

    out._backward = _backward
    return out


def by_hand_tanh(self: Any) -> Any:
    """The lecture's tanh."""
    t = (math.exp(2 * self.data) - 1) / (math.exp(2 * self.data) + 1)
    out: Any = Value(t, (self,), "tanh")

    def _backward() -> None:
        self.grad += (1 - t**2) * out.grad

    out._backward = _backward
    return out


def product(self: Any, other: Any) -> Any:
    """One of two operands."""
    out: Any = Value(self.data * other.data, (self, other), "*")

    def _backward() -> None:
        self.grad += other.data * out.grad
        other.grad += self.data * out.grad

    out._backward = _backward
    return out


def test_an_operation_put_on_the_class(monkeypatch: pytest.MonkeyPatch) -> None:
    """Value.cube = cube: backward calls what was assigned, between the steps of our own operations."""
    monkeypatch.setattr(Value, "cube", cube, raising=False)
    x: Any = Value(2.0)
    y = x.cube() * 2
    y.backward()
    assert (y.data, x.grad) == (16.0, 24.0)
    x.grad = 0.0
    z = (x.cube() + x).cube() * x.cube()  # reused, and one upon the other
    z.backward()
    twin = Value(2.0)
    ((twin**3 + twin) ** 3 * twin**3).backward()
    assert x.grad == pytest.approx(twin.grad, rel=1e-15)
    z.backward()
    assert x.grad == pytest.approx(2 * twin.grad, rel=1e-15)  # leaves accumulate, interior nodes do not


def test_the_lectures_neuron_with_operations_by_hand() -> None:
    """tanh(x1 w1 + x2 w2 + b) with * and tanh made by hand has the lecture's gradients."""
    x1, x2, w1, w2, b = (Value(n) for n in (2.0, 0.0, -3.0, 1.0, 6.8813735870195432))
    o = by_hand_tanh(product(x1, w1) + product(x2, w2) + b)
    o.backward()
    assert o.data == pytest.approx(math.sqrt(0.5), rel=1e-15)
    assert [x.grad for x in (x1, w1, x2, w2, b)] == pytest.approx([-1.5, 1.0, 0.5, 0.0, 0.5], rel=1e-14)


@pytest.mark.parametrize("ours", [False, True], ids=["alone", "among ours"])
def test_assigned_functions_are_called_in_reverse_order(ours: bool) -> None:
    """Results before operands, each once in a pass, also where nothing has arrived; a leaf's comes last."""
    called: list[str] = []

    def hooked(name: str, *operands: Any) -> Any:
        out: Any = Value(1.0, operands, name)
        out._backward = lambda: called.append(name)
        return out * 1.0 if ours else out

    x: Any = Value(1.0)
    x._backward = lambda: called.append("x")
    a = hooked("a", x)
    b = hooked("b", a)
    c = hooked("c", a, b)
    d = hooked("d", a, b, c)
    d.backward()
    assert called == ["d", "c", "b", "a", "x"]
    d.backward()
    assert called == 2 * ["d", "c", "b", "a", "x"]


def test_behind_an_edge_that_carries_nothing() -> None:
    """There a function is called too, as in micrograd, with a gradient of 0."""
    seen: list[float] = []
    x = Value(2.0)
    inner: Any = Value(-8.0, (x,), "minus cube")

    def _backward() -> None:
        seen.append(inner.grad)
        x.grad += -12.0 * inner.grad

    inner._backward = _backward
    (inner.relu() + 1.0).backward()
    assert (seen, x.grad) == ([0.0], 0.0)


def test_a_step_by_hand() -> None:
    """node._backward() is what was assigned, or the chain rule by the derivatives that were given."""
    x = Value(2.0)
    y, z = cube(x), log_of(x)
    y.grad = z.grad = 1.0
    y._backward()
    assert x.grad == 12.0
    z._backward()
    assert x.grad == 12.5


def test_a_function_assigned_to_a_node_of_ours() -> None:
    """It takes the place of the chain rule at that node, which then has no derivative that others could use."""
    x: Any = Value(3.0)
    y: Any = x * x
    y._backward = lambda: setattr(x, "grad", x.grad + 100.0 * y.grad)
    z = y * 2.0
    z.backward()
    assert (x.grad, y._op) == (200.0, "*")
    with pytest.raises(TypeError, match=PRIMITIVE):
        ag.gradients(z, [x])


@pytest.mark.parametrize("bad", [None, 3, "f", Value(1.0)], ids=lambda bad: type(bad).__name__)
def test_a_backward_is_a_function(bad: Any) -> None:
    """Anything else is refused."""
    node: Any = Value(8.0, (Value(2.0),), "cube")
    with pytest.raises(
        TypeError, match=f"^_backward: expected a function without arguments, got {type(bad).__name__}$"
    ):
        node._backward = bad


def test_a_subclass_in_the_manner_of_micrograd() -> None:
    """A class that sets a _backward in its constructor, for leaves too, or has one of its own as a method."""

    class Own(Value):
        def __init__(self, data: float, _children: tuple[Any, ...] = (), _op: str = "") -> None:
            super().__init__(data, _children, _op)
            self._backward = lambda: None

        def double(self) -> Own:
            out = Own(self.data * 2, (self,), "double")

            def _backward() -> None:
                self.grad += 2 * out.grad

            out._backward = _backward
            return out

    class Halved(Value):
        def __init__(self, x: Value) -> None:
            super().__init__(x.data / 2, (x,), "half")

        def _backward(self) -> None:
            self.parents[0].grad += 0.5 * self.grad

    x = Own(3.0)
    (x.double().double() * x).backward()
    assert x.grad == 24.0
    y = Value(3.0)
    (Halved(Halved(y)) * y).backward()
    assert y.grad == 1.5


def test_without_a_derivative_nothing_is_written() -> None:
    """backward() raises, names the node, and leaves every grad as it was: leaves', and those of an earlier pass."""
    x, w = Value(2.0), Value(5.0)
    inner = x * w
    other = inner.exp()
    other.backward()
    before = [node.grad for node in graph.order(other)]
    lacking = Value(7.0, (inner,), "seven")
    root = lacking * x + other
    with pytest.raises(TypeError, match=rf"^backward: seven: a node made by hand.*_backward.*{PRIMITIVE}"):
        root.backward()
    assert [node.grad for node in graph.order(other)] == before
    assert lacking.grad == root.grad == 0.0
    with pytest.raises(TypeError, match=PRIMITIVE):
        lacking.backward()
    with pytest.raises(TypeError, match=PRIMITIVE):
        _ = lacking._backward
    other.backward()  # that graph is as it was
    lacking._backward = lambda: None
    root.backward()
    assert root.grad == 1.0


def test_a_number_that_is_not_one_may_lack_it_too() -> None:
    """nan equals nothing, itself included: which nodes lack a derivative is known by identity."""
    x = Value(math.nan)
    node: Any = Value(math.nan, (x,), "f")
    with pytest.raises(TypeError, match=PRIMITIVE):
        node.backward()
    node._backward = lambda: setattr(x, "grad", 1.0)
    node.backward()
    assert x.grad == 1.0


def test_nothing_is_kept_alive() -> None:
    """What backward() looks for is known by weak references: a node that is dropped is forgotten, with its graph."""
    known = len(handmade.unusual)
    leaf: Any = Value(1.0)
    leaf._backward = lambda: None
    node = Value(1.0, (leaf,), "f")
    assert len(handmade.unusual) == known + 2
    references = weakref.ref(leaf), weakref.ref(node)
    del leaf, node
    assert [reference() for reference in references] == [None, None]
    assert len(handmade.unusual) == known


NEED_A_DERIVATIVE: dict[str, Callable[[], object]] = {
    "gradients": lambda: ag.gradients(cube(X) * 2.0, [X]),
    "create_graph": lambda: ag.gradients(cube(X) * 2.0, [X], create_graph=True),
    "grad": lambda: ag.grad(lambda x: cube(x) * 2.0)(2.0),
    "value_and_grad": lambda: ag.value_and_grad(cube)(2.0),
    "grad of two operands": lambda: ag.grad(lambda x: product(x, x))(2.0),
    "vjp": lambda: ag.vjp(cube, 2.0)[1](1.0),
    "jvp": lambda: ag.jvp(cube, (2.0,), (1.0,)),
    "jacobian": lambda: ag.jacobian(lambda x: [cube(x), x])(2.0),
    "hessian": lambda: ag.hessian(cube)(2.0),
    "hvp": lambda: ag.hvp(cube, 2.0, 1.0),
    "steps": lambda: list(ag.steps(cube(X))),
    "explain": lambda: ag.explain(cube(X)),
    "animate": lambda: ag.animate(cube(X)),
}


@pytest.mark.parametrize("need", NEED_A_DERIVATIVE)
def test_what_needs_a_derivative_refuses(need: str) -> None:
    """A _backward is known to backward() alone: transforms raise, and name the way to an operation with derivatives."""
    before = X.grad
    with pytest.raises(TypeError, match=PRIMITIVE):
        NEED_A_DERIVATIVE[need]()
    assert X.grad == before


def test_a_method_put_on_the_class_changes_no_function(monkeypatch: pytest.MonkeyPatch) -> None:
    """Value.tanh = tanh, the lecture's exercise, is what x.tanh() says; autograd.tanh and activations stay ours."""

    def loud(self: Value) -> Value:
        raise AssertionError(f"{self} was asked for the user's own method")

    model = MLP(2, [3, 1], activation="tanh")
    expected = model([0.5, -0.25])
    names = (
        "tanh",
        "relu",
        "sigmoid",
        "exp",
        "log",
        "sin",
        "round",
        "floor",
        "clip",
        "leaky_relu",
        "maximum",
        "__abs__",
    )
    for name in names:
        monkeypatch.setattr(Value, name, loud)
    x = Value(0.5)
    assert ag.tanh(x).rule is rules.TANH
    assert (ag.relu(x).data, ag.exp(x).data, ag.maximum(x, 1.0).data) == (0.5, math.exp(0.5), 1.0)
    assert (ag.clip(x, 0.0, 0.25).data, ag.leaky_relu(-x).data, ag.abs(-x).data) == (0.25, -0.005, 0.5)
    assert (ag.round(x).data, round(x).data, math.floor(x).data) == (0.0, 0.0, 0.0)
    assert MLP(2, [3, 1], activation="tanh").layers[0].neurons[0]([0.5, -0.25]).rule is rules.TANH
    again = model([0.5, -0.25])
    assert isinstance(again, Value)
    assert isinstance(expected, Value)
    assert again.data == expected.data
    again.backward()
    assert ag.grad(ag.grad(ag.tanh))(0.3) == pytest.approx(-0.5331818782014542, rel=1e-12)
    assert ag.jit(lambda t: ag.sigmoid(ag.tanh(t)))(0.5) == ag.sigmoid(ag.tanh(0.5))


def test_anomalies_behind_a_node_made_by_hand() -> None:
    """detect_anomaly names it, with the line that made it, by value and by gradient."""
    with ag.detect_anomaly():
        x = Value(0.0)
        with pytest.raises(FloatingPointError, match=r"given\(0.0\) gave inf, at .*test_drop_in.py"):
            Value(math.inf, (x,), (1.0,))
        y: Any = Value(0.0, (x,), "root")
        y._backward = lambda: setattr(x, "grad", math.inf * y.grad)
        with pytest.raises(
            FloatingPointError, match=r"backward through root\(0.0\), by its own _backward, made a gradi"
        ):
            y.backward()
        x.grad = 0.0
        z = Value(0.0, (x,), (math.inf,))
        with pytest.raises(FloatingPointError, match=r"backward through given\(0.0\) made a gradient of inf"):
            z.backward()
        x.grad = 0.0
        cube(x).backward()


# --- Nodes made by hand, under jit ----------------------------------------------------------------------


def heard(run: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What a run returns, and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        return run(), [str(each.message) for each in caught]


@pytest.mark.parametrize("operation", [cube, by_hand_tanh, log_of], ids=lambda operation: operation.__name__)
def test_a_function_that_makes_them_runs_eagerly(operation: Callable[[Any], Any]) -> None:
    """It gives the numbers and gradients that it gives without jit, with one warning that names the way out."""
    w = Value(0.5)

    def f(x: Any) -> Any:
        return operation(x * w) * 2.0

    def run(function: Callable[[Any], Any]) -> list[float]:
        out = []
        for number in (1.0, 2.0, 0.5):
            x = Value(number)
            w.grad = 0.0
            y = function(x)
            y.backward()
            out += [y.data, x.grad, w.grad]
        return out

    fast = ag.jit(f)
    numbers, messages = heard(lambda: run(fast))
    assert numbers == run(f)
    assert len(messages) == 1
    assert "makes a node by hand" in messages[0]
    assert "@primitive" in messages[0]
    assert "test_drop_in.py" in messages[0]


def test_captured_nodes_made_by_hand() -> None:
    """Those made before are numbers to the program, and backward goes on through them."""
    x = Value(2.0)
    for inner in (cube(x), log_of(x)):
        fast = ag.jit(lambda t: t * inner * inner)  # noqa: B023 - called in this turn
        for _ in range(3):
            x.grad = inner.grad = 0.0
            y = fast(Value(3.0))
            y.backward()
            slope = 12.0 if inner.data == 8.0 else 0.5
            assert y.data == pytest.approx(3.0 * inner.data**2, rel=1e-15)
            assert x.grad == pytest.approx(6.0 * inner.data * slope, rel=1e-15)


@pytest.mark.parametrize("of", ["an argument", "the result"])
def test_what_a_jitted_function_keeps_on_a_value(of: str) -> None:
    """An attribute set inside is there after every call, as without jit: it runs eagerly, with one warning."""

    def f(x: Any) -> Any:
        y = x * 2.0
        (x if of == "an argument" else y).colour = "green"
        return y

    fast = ag.jit(f)

    def run() -> list[Any]:
        out: list[Any] = []
        for number in (1.0, 2.0):
            x: Any = Value(number)
            y = fast(x)
            out += [y.data, vars(x if of == "an argument" else y)]
        return out

    found, messages = heard(run)
    assert found == [2.0, {"colour": "green"}, 4.0, {"colour": "green"}]
    assert len(messages) == 1
    assert "it sets .colour of a Value that it computes or is given, at " in messages[0]


WRITES: dict[str, Callable[[Any], object]] = {
    "grad": lambda w: setattr(w, "grad", 1.0),
    "grad = None": lambda w: setattr(w, "grad", None),
    "grad +=": lambda w: setattr(w, "grad", w.grad + 1.0),
    "zero_grad": lambda w: w.model.zero_grad(),
    "_backward": lambda w: setattr(w, "_backward", lambda: None),
}


@pytest.mark.parametrize("write", WRITES)
def test_what_a_jitted_function_sets_is_set_in_every_call(write: str) -> None:
    """Of Values that it captures, too: it runs eagerly, with one warning that names the line."""
    model = MLP(1, [1])
    w: Any = model.layers[0].neurons[0].b
    w.model = model

    def f(x: Any) -> Any:
        WRITES[write](w)
        return x * w

    def run(function: Callable[[Any], Any]) -> list[object]:
        out: list[object] = []
        for number in (1.0, 2.0, 0.5):
            w.grad = 7.0
            y = function(Value(number))
            out += [y.data, w.grad]
        return out

    numbers, messages = heard(lambda: run(ag.jit(f)))
    assert numbers == run(f)
    assert len(messages) == 1
    assert "test_drop_in.py" in messages[0]


# --- The classics' own programs -------------------------------------------------------------------------


def test_micrograds_demo() -> None:
    """Two moons told apart by a network in scalars: losses and parameters are those of the own class, to 12 digits."""
    steps = 6
    own, ours = demo(Micro, steps, points=20), demo(Value, steps, points=20)
    assert ours == pytest.approx(own, rel=1e-12, abs=1e-15)
    assert [f"{loss:.4f}" for loss in ours[:steps]] == [f"{loss:.4f}" for loss in own[:steps]]
    assert ours[steps - 1] < 0.7 * ours[0]


@pytest.fixture(scope="module")
def gpt_by_its_own_class() -> tuple[list[float], list[float], list[str]]:
    """What the scalar GPT prints with its own class."""
    return train_gpt(Atom, 12)


@pytest.mark.parametrize("on_nodes", [False, True], ids=["moments in lists", "moments on the parameters"])
def test_the_scalar_gpt(gpt_by_its_own_class: tuple[list[float], list[float], list[str]], on_nodes: bool) -> None:
    """It learns the same from the same words, and writes the same words of its own."""
    losses, parameters, words = train_gpt(Value, 12, on_nodes)
    own_losses, own_parameters, own_words = gpt_by_its_own_class
    assert losses == pytest.approx(own_losses, rel=1e-12)
    assert parameters == pytest.approx(own_parameters, rel=1e-9, abs=1e-12)
    assert words == own_words
    assert sum(losses[-4:]) < sum(losses[:4])


def test_the_oracles_are_right() -> None:
    """The classics' classes give micrograd's printed numbers: 24.7041, 138.8338, 645.5773."""
    engines: tuple[Any, ...] = Micro, Value
    for engine in engines:
        a, b = engine(-4.0), engine(2.0)
        c = a + b
        d = a * b + b**3
        c += c + 1
        c += 1 + c + (-a)
        d += d * 2 + (b + a).relu()
        d += 3 * d + (b - a).relu()
        e: Any = c - d
        g = e**2 / 2.0 + 10.0 * (e**2) ** -1
        g.backward()
        assert [f"{x:.4f}" for x in (g.data, a.grad, b.grad)] == ["24.7041", "138.8338", "645.5773"]
    x = Atom(3.0)
    ((x * x).log() + (x / 2).exp().relu() - 1).backward()
    assert x.grad == pytest.approx(2 / 3 + math.exp(1.5) / 2, rel=1e-15)


# --- What it costs --------------------------------------------------------------------------------------


def test_memory_of_a_node() -> None:
    """A sum of two Values takes at most 232 bytes, its number, operands and dictionary-to-be included."""
    x, y, count = Value(0.1), Value(0.2), 2000
    nodes: list[Any] = [None] * count
    each = 0.0
    for _ in range(2):  # the first time the class makes up its mind how much room to leave for attributes
        nodes[:] = [None] * count
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        for i in range(count):
            nodes[i] = x + y
        each = (tracemalloc.get_traced_memory()[0] - before) / count
        tracemalloc.stop()
    assert each <= 232.0


def test_the_price_of_checked_attributes() -> None:
    """Reading p.data and p.grad runs no Python of ours, or what Python inlines; writing one function, a short one."""

    class Plain:
        __slots__ = ("data", "grad")

        def __init__(self) -> None:
            self.data, self.grad = 1.0, 0.5

    def step(p: Any, lr: float) -> None:
        p.data -= lr * p.grad

    def price(p: Any) -> tuple[int, int]:
        """How many functions in Python a step calls, and how many instructions run in all of them."""
        met = {"call": 0, "opcode": 0, "return": 0}

        def trace(frame: FrameType, event: str, _: object) -> Any:
            if frame.f_code.co_filename not in (__file__, ag.value.__file__):
                return None  # what the collector of cyclic garbage ends just now
            frame.f_trace, frame.f_trace_opcodes, frame.f_trace_lines = trace, True, False  # in this order: 3.13
            met[event] += 1
            return trace

        step(p, 0.1)
        outside = sys.gettrace()
        sys.settrace(trace)
        try:
            step(p, 0.1)
        finally:
            sys.settrace(outside)
        return met["call"], met["opcode"]

    checked = Value(1.0)
    checked.grad = 0.5
    (plain_calls, plain_instructions), (calls, instructions) = price(Plain()), price(checked)
    assert plain_calls == 1
    assert plain_instructions > 5
    assert calls <= plain_calls + (3 if ag.value.INLINED else 1)
    assert instructions <= plain_instructions + 24

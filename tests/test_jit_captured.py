"""Numbers taken out of Values inside a jitted function: each use is recorded, or answered eagerly with one warning.

The oracle is the function itself on Values. A use that is recorded has the numbers and gradients of the eager function
at every argument, whatever the captured number is by then, and no warning. A use whose origin would be lost has them
too, with one RuntimeWarning, which names the line of the user's code and a way out.
"""

from __future__ import annotations

import copy
import decimal
import functools
import json
import math
import random
import statistics
import warnings
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import Value, constant, grad, gradients, jit, value_and_grad

Function = Callable[[Any, Value], Any]

HERE = "test_jit_captured.py, line "

POINTS = (1.0, 1.1, 4.0, -0.75, 0.0, 2.5, 1.0)
"""The arguments of a call, one after the other: on both sides of every comparison below."""

WEIGHTS = (1.0, 3.0, -2.0)
"""The numbers of the captured Value, one after the other."""


# --- Uses of a number that are recorded -------------------------------------------------------------------


def ternary(x: Any, w: Value) -> Any:
    """Scaled by a number that is chosen by the number of a node."""
    return x * w * (1.0 if (x * w).data > 3 else 5.0)


def shifted_softmax(x: Any, w: Value) -> Any:
    """Softmax as the 200-line scalar GPT has it."""
    xs = [x * w, w * 2.0, x - 1.0]
    most = max(v.data for v in xs)
    exps = [(v - most).exp() for v in xs]
    return exps[0] / sum(exps)


def straight_through(x: Any, w: Value) -> Any:
    """The value of a step with the slope of the identity."""
    y = x * w
    return y - (y - y.round()).data


def normalised(x: Any, w: Value) -> Any:
    """Divided by a sum of numbers."""
    xs = [x * x, x * w, w * w + 20.0]
    total = sum(v.data for v in xs)
    return sum(v * v / total for v in xs)


def truth(x: Any, w: Value) -> Any:
    """A number as a condition."""
    if (x * w).data:
        return x * w
    return w + 7.0


def sorting(x: Any, w: Value) -> Any:
    """The middle one of three by their numbers."""
    return sorted([x * w, w + 0.5, x - 0.25], key=lambda v: v.data)[1] * w


def first_largest(x: Any, w: Value) -> Any:
    """The Value with the largest number."""
    return max([x * w, w + 0.5, x - 0.25], key=lambda v: v.data) * w


def matched(x: Any, w: Value) -> Any:
    """A number among the cases of a match statement."""
    match (x * w).data:
        case 0.0:
            return w * 3.0
        case 1.0 | 4.0:
            return x * w
        case _:
            return x - w


def accumulated(x: Any, w: Value) -> Any:
    """A running number."""
    total = 0.0
    for k in range(5):
        total += (x * w).item() * k
    return x * w + total * w


def printed(x: Any, w: Value) -> Any:
    """Text of a number, that nothing depends on."""
    y = x * w
    text = f"{y.data:.3f} {y.data} {y.data!r} {y}" + str(y.data) + repr(y.data) + format(y.data, ".2e")
    assert float(text.split()[0]) == round(float(repr(y.data)), 3)
    return y * y


def inner_gradient(x: Any, w: Value) -> Any:
    """The gradient of another function at a number."""
    return x * grad(lambda t: t * t * t)((x * w).data) * w


def inner_value_and_gradient(x: Any, w: Value) -> Any:
    """Value and gradient of another function at a number."""
    value, slope = value_and_grad(lambda t: ag.sin(t) * t)((x * w).data)
    return x * value + w * slope


def inner_floats(x: Any, w: Value) -> Any:
    """Value and gradient of another function at numbers of its own."""
    value, slope = value_and_grad(lambda t: t * t)(2.0)
    return x * value * w + slope


RECORDED: dict[str, Function] = {
    "ternary": ternary,
    "shifted softmax": shifted_softmax,
    "straight-through": straight_through,
    "normalised": normalised,
    "truth": truth,
    "bool()": lambda x, w: x * w if bool((x * w).data) else w + 7.0,
    "not": lambda x, w: x * w if not (x * w).data else w + 7.0,
    "sorted": sorting,
    "max with key": first_largest,
    "match": matched,
    "accumulated": accumulated,
    "text": printed,
    "grad inside": inner_gradient,
    "value_and_grad inside": inner_value_and_gradient,
    "value_and_grad of floats inside": inner_floats,
    "Value(x.data)": lambda x, w: Value((x * w).data) * x + w,
    "Value of the argument's number": lambda x, w: Value(x.data) * w + x,
    "constant(v)": lambda x, w: constant(x * w) * x + w,
    "constant(v.data)": lambda x, w: constant((x * w).data) * x + w,
    "stop-gradient": lambda x, w: x * w - (x * w - ag.tanh(x * w)).data,
    "item": lambda x, w: x * w + (x * w).item() * w,
    "abs": lambda x, w: abs((x * w).data) * x + w,
    "minus": lambda x, w: -(x * w).data * x + w,
    "plus": lambda x, w: +(x * w).data * x + w,
    "power": lambda x, w: (x * w).data ** 2 * x + w,
    "exponent": lambda x, w: 2.0 ** (x * w).data * x + w,
    "power of both": lambda x, w: (abs((x * w).data) + 1.0) ** (x + w).data * w,
    "floor division": lambda x, w: (x * w).data // 1.0 * w,
    "remainder": lambda x, w: (x * w).data % 1.0 * w,
    "divmod": lambda x, w: divmod((x * w).data, 2.0)[1] * w,
    "divmod from the left": lambda x, w: divmod(7.0, abs((x * w).data) + 1.0)[0] * w,
    "quotient": lambda x, w: (x * w).data / 3.0 * x + w,
    "divisor": lambda x, w: 3.0 / (1.0 + (x * w).data ** 2) * x + w,
    "of a Value": lambda x, w: (w / (2.0 + (x * w).data ** 2)) - (x * w).data * x,
    "two numbers": lambda x, w: ((x * w).data - (x + w).data) * (x * w).data * x * w,
    "with an int": lambda x, w: (1 + 2 * (x * w).data - 3) * w,
    "with a Fraction": lambda x, w: ((x * w).data * Fraction(1, 4) + Fraction(1, 2)) * w,
    "with a bool": lambda x, w: (True + (x * w).data * True) * w,
    "with numpy.float64": lambda x, w: (np.float64(2.0) * (x * w).data + np.float64(1.0)) * w,
    "compared with a number": lambda x, w: x * w if (x * w).data <= 1 else w - x,
    "compared from the left": lambda x, w: x * w if 1.0 < (x * w).data else w - x,  # noqa: SIM300
    "compared with a Fraction": lambda x, w: x * w if (x * w).data < Fraction(10, 9) else w - x,
    "compared with a number out of a node": lambda x, w: x * w if (x * w).data < (x + 0.5).data else w - x,
    "compared with a Value": lambda x, w: x * w if (x * w).data < w else w - x,
    "a Value compared with it": lambda x, w: x * w if x < (x * w).data else w - x,
    "chained": lambda x, w: x * w if 0.5 < (x * w).data < 3 else w - x,
    "equal": lambda x, w: x * w if (x * w).data == 4.0 else w - x,
    "unequal": lambda x, w: x * w if (x * w).data != 4.0 else w - x,
    "in a tuple": lambda x, w: x * w if (x * w).data in (1.0, 4.0, -8.0) else w - x,
    "compared with None": lambda x, w: w - x if (x * w).data == None else x * w,  # noqa: E711
    "sum": lambda x, w: sum(v.data for v in (x, x * w, x + w)) * w,
    "min": lambda x, w: min(v.data for v in (x, x * w, x + w)) * w,
    "real, conjugate": lambda x, w: (x * w).data.real * w + (x * w).data.conjugate() + (x * w).data.imag,
    "autograd.exp of a number": lambda x, w: ag.exp(-abs((x * w).data)) * w,
    "autograd.max of numbers": lambda x, w: ag.max([(x * w).data, x.data, 0.5]) * w,
    "autograd.softmax of numbers": lambda x, w: ag.softmax([(x * w).data, x.data, 0.5])[0] * w * x,
    "autograd.where on a number": lambda x, w: ag.where((x * w).data > 1.0, x * w, w - x),
    "autograd.where of numbers": lambda x, w: ag.where(x > 1.0, (x * w).data, 2.0) * w,
    "autograd.dot of numbers": lambda x, w: ag.dot([x.data, 2.0], [w, x * w]),
    "autograd.clip": lambda x, w: ag.clip((x * w).data, -1.0, 1.5) * w,
    "a bound of clip": lambda x, w: ag.clip(x * w, -10.0, abs(x.data)),
    "with an array": lambda x, w: sum((np.array([1.0, 2.0]) * (x * w).data / 3.0).tolist()) * w,
    "an array with it": lambda x, w: (2.0 / (1.0 + abs((x * w).data)) + np.array([1, 2]))[1] * w,
    "with an array of Values": lambda x, w: (np.array([x, w], object) / (2.0 + abs((x * w).data))).sum() * w,
    "an array of Values compared": lambda x, w: ag.where((np.array([x, w], object) < (x * w).data)[0], x * w, w - x),
    "copied": lambda x, w: copy.copy((x * w).data) * w + copy.deepcopy((x * w).data) * x,
}

# --- Uses of a number where its origin is lost ------------------------------------------------------------


def writes_data(x: Any, w: Value) -> Any:
    """A node is given another number."""
    y = x * w
    y.data = 3.0
    return y * w


def decays(x: Any, w: Value) -> Any:
    """A node is given a number computed from its own."""
    y = x * w
    y.data *= 0.5
    return y * w


def writes_grad(x: Any, w: Value) -> Any:
    """A node is given a gradient."""
    y = x * w
    y.grad = 3.0
    return y * w


def reads_grad(x: Any, w: Value) -> Any:
    """The gradient of a node is used."""
    y = x * w
    (y * y).backward()
    return x * w + y.grad * w


def indexed(x: Any, w: Value) -> Any:
    """A number as an index."""
    xs = [x * w, w - x, w * w]
    return xs[int(abs((x * w).data)) % 3] * w


def as_key(x: Any, w: Value) -> Any:
    """A number as the key of a dict."""
    return {1.0: w, (x * w).data: x}.get(4.0, w) * w


def counted(x: Any, w: Value) -> Any:
    """A number as how often to go on."""
    y = x * w
    for _ in range(int(abs(y.data))):
        y = y * 0.5 + w
    return y


LOST: dict[str, Function] = {
    "float()": lambda x, w: float((x * w).data) * w,
    "int()": lambda x, w: int((x * w).data) * w,
    "complex()": lambda x, w: complex((x * w).data).real * w,
    "round()": lambda x, w: round((x * w).data) * w,
    "round(, 1)": lambda x, w: round((x * w).data, 1) * w,
    "math.exp": lambda x, w: math.exp(-abs((x * w).data)) * w,
    "math.floor": lambda x, w: math.floor((x * w).data) * w,
    "math.ceil": lambda x, w: math.ceil((x * w).data) * w,
    "math.trunc": lambda x, w: math.trunc((x * w).data) * w,
    "math.isnan": lambda x, w: w if math.isnan((x * w).data) else x * w,
    "math.copysign": lambda x, w: math.copysign(1.0, (x * w).data) * w,
    "math.fsum": lambda x, w: math.fsum([(x * w).data, x.data]) * w,
    "math.isclose": lambda x, w: w if math.isclose((x * w).data, 4.0) else x * w,
    "%f": lambda x, w: x * w if len("%.1f" % (x * w).data) > 3 else w - x,  # noqa: UP031
    "is_integer": lambda x, w: w if (x * w).data.is_integer() else x * w,
    "as_integer_ratio": lambda x, w: (x * w).data.as_integer_ratio()[1] * w,
    "hex": lambda x, w: float.fromhex((x * w).data.hex()) * w,
    "index": indexed,
    "key": as_key,
    "hash": lambda x, w: hash((x * w).data) % 3 * w,
    "a set": lambda x, w: len({(x * w).data, x.data, 1.0}) * w,
    "range": counted,
    "json": lambda x, w: float(json.dumps((x * w).data)) * w,
    "Fraction": lambda x, w: float(Fraction((x * w).data)) * w,
    "Decimal": lambda x, w: float(decimal.Decimal((x * w).data)) * w,
    "statistics": lambda x, w: statistics.fmean([(x * w).data, x.data]) * w,
    "complex arithmetic": lambda x, w: ((x * w).data * 1j).imag * w,
    "numpy.array": lambda x, w: float(np.array([(x * w).data, x.data], float).sum()) * w,
    "with an array of float32": lambda x, w: float((np.array([0.1, 2.0], np.float32) * (x * w).data).sum()) * w,
    "with a float32": lambda x, w: np.float32(0.1) * (x * w).data * w,
    "numpy.exp": lambda x, w: float(np.exp(-abs((x * w).data))) * w,
    "numpy.float64": lambda x, w: np.float64((x * w).data) * w,
    "writing .data": writes_data,
    "writing .data in place": decays,
    "writing .grad": writes_grad,
    "reading .grad": reads_grad,
}


# --- How a function is used ---------------------------------------------------------------------------------


def number(x: Any) -> float:
    """The number of a Value, or a number."""
    return x.data if isinstance(x, Value) else float(x)


def alike(got: Sequence[float], right: Sequence[float]) -> None:
    """Equal up to rounding."""
    assert list(got) == pytest.approx(list(right), rel=1e-12, abs=1e-12)


def leaves(x: float, w: Value) -> tuple[Value, Value]:
    """Fresh leaves for the oracle, of the argument and of the captured number."""
    return Value(x), Value(w.data)


def each(one: Callable[[Any, Any, Function, Value, float], None], make: Callable[[Function, Value], Any]) -> Any:
    """A way of use as a generator: all points, with the weight of the moment, again and again."""

    def use(f: Function, w: Value) -> Iterator[None]:
        fast = make(f, w)
        while True:
            for x in POINTS:
                one(fast, x, f, w, w.data)
            yield

    return use


def one_float(fast: Any, x: float, f: Function, w: Value, _: float) -> None:
    """Value and gradient by what is captured, called with a float."""
    u, v = leaves(x, w)
    got, right = fast(x), f(u, v)
    alike([number(got)], [right.data])
    alike(gradients(constant(0.0) + got, [w]), gradients(right, [v]))


def one_value(fast: Any, x: float, f: Function, w: Value, _: float) -> None:
    """Value and gradients, called with a Value."""
    u, v = leaves(x, w)
    given = Value(x)
    got, right = fast(given), f(u, v)
    alike([got.data], [right.data])
    alike(gradients(got, [given, w]), gradients(right, [u, v]))


def one_gradient(fast: Any, x: float, f: Function, w: Value, _: float) -> None:
    """Value and gradient by the argument, of ``value_and_grad(jit(f))``."""
    u, v = leaves(x, w)
    right = f(u, v)
    value, slope = fast(x)
    alike([number(value), number(slope)], [right.data, *gradients(right, [u])])


def one_derivative(fast: Any, x: float, f: Function, w: Value, _: float) -> None:
    """The derivative that ``jit(grad(f))`` gives."""
    u, v = leaves(x, w)
    alike([number(fast(x))], gradients(f(u, v), [u]))


def one_batch(fast: Any, x: float, f: Function, w: Value, _: float) -> None:
    """Mean and gradient over a batch that begins with this point."""
    xs = [x, *POINTS]
    v = Value(w.data)
    got, right = fast.mean(xs), ag.mean([f(Value(each), v) for each in xs])
    alike([number(got)], [right.data])
    alike(gradients(constant(0.0) + got, [w]), gradients(right, [v]))


def one_map(fast: Any, x: float, f: Function, w: Value, _: float) -> None:
    """The results over a batch that begins with this point."""
    xs = [x, *POINTS]
    alike(fast.map(xs).tolist(), [f(*leaves(each, w)).data for each in xs])


WAYS = {
    "floats": each(one_float, lambda f, w: jit(lambda x: f(x, w))),
    "Values": each(one_value, lambda f, w: jit(lambda x: f(x, w))),
    "mean": each(one_batch, lambda f, w: jit(lambda x: f(x, w))),
    "map": each(one_map, lambda f, w: jit(lambda x: f(x, w))),
    "value_and_grad(jit(f))": each(one_gradient, lambda f, w: value_and_grad(jit(lambda x: f(x, w)))),
    "jit(grad(f))": each(one_derivative, lambda f, w: jit(grad(lambda x: f(x, w)))),
}


def warned(use: Callable[[Function, Value], Iterator[None]], f: Function) -> list[str]:
    """Use a function with each weight in turn; the warnings."""
    w = Value(WEIGHTS[0])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        rounds = use(f, w)
        for weight in WEIGHTS:
            w.data = weight
            next(rounds)
    assert all(each.category is RuntimeWarning for each in caught)
    return [str(each.message) for each in caught]


each_way = pytest.mark.parametrize("way", WAYS)


@each_way
@pytest.mark.parametrize("name", RECORDED)
def test_a_use_that_is_recorded(name: str, way: str) -> None:
    """Values and gradients are the eager ones at every argument and weight, and nothing is warned of."""
    assert warned(WAYS[way], RECORDED[name]) == []


@each_way
@pytest.mark.parametrize("name", LOST)
def test_a_use_that_is_answered_eagerly(name: str, way: str) -> None:
    """Values and gradients are the eager ones; one warning names a line of this file and a way out."""
    (message,) = warned(WAYS[way], LOST[name])
    assert "runs eagerly from now on: " in message
    assert HERE in message
    assert message.partition("; ")[2]


# --- What else a function does with numbers -----------------------------------------------------------------


def heard(run: Callable[[], Any]) -> tuple[Any, list[str]]:
    """What a function returns, and the RuntimeWarnings on the way."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = run()
    assert all(each.category is RuntimeWarning for each in caught)
    return result, [str(each.message) for each in caught]


def test_a_number_beside_the_loss_is_computed_anew() -> None:
    """It is a float in every call, of this call's arguments and captured numbers, and stands where it was put."""
    w = Value(2.0)

    def f(x: Any) -> Any:
        y = x * w
        return y * y, {"y": y.data, "double": [y.item() * 2.0]}

    fast = jit(f)
    for x, weight in ((1.0, 2.0), (2.0, 2.0), (3.0, 5.0), (-0.5, 1.0)):
        w.data = weight
        loss, others = fast(x)
        assert loss.data == (x * weight) ** 2
        assert gradients(loss, [w]) == pytest.approx([2.0 * x * x * weight])
        assert others == {"y": x * weight, "double": [2.0 * x * weight]}
        assert type(others["y"]) is float
    losses, others = fast.map([1.0, 2.0])
    assert losses.tolist() == [1.0, 4.0]
    assert others["y"].tolist() == [1.0, 2.0]


def test_a_number_alone_is_computed_anew() -> None:
    """A function may return nothing but numbers that it takes out of Values."""
    w = Value(2.0)
    fast = jit(lambda x: (x * w).data)
    assert [fast(1.0), fast(2.0), fast(Value(3.0))] == [2.0, 4.0, 6.0]
    w.data = 5.0
    assert fast(1.0) == 5.0
    assert fast.map([1.0, 2.0]).tolist() == [5.0, 10.0]
    assert fast.mean([1.0, 2.0]) == 7.5


def test_numbers_are_plain_when_the_recording_is_over() -> None:
    """A number that a function keeps counts and compares as the float that it is."""
    kept: list[Any] = []

    def f(x: Any) -> Any:
        y = x * 2.0
        kept.append(y.data)
        return y

    assert jit(f)(3.0) == 6.0
    x = kept[0]
    assert (x + 1.0, 2.0 * x, x / x, x**2, divmod(x, 4.0), -x, abs(x)) == (7.0, 12.0, 1.0, 36.0, (1.0, 2.0), -6.0, 6.0)
    assert (float(x), int(x), round(x), math.floor(x), hash(x), bool(x), x == 6, x < 7.0) == (
        6.0, 6, 6, 6, hash(6.0), True, True, True,
    )  # fmt: skip
    assert (Value(x).data, (Value(2.0) * x).data, (x - Value(2.0)).data) == (6.0, 12.0, 4.0)
    assert (str(x), repr(x), f"{x:.2f}", x.is_integer(), x.hex(), x.as_integer_ratio()) == (
        "6.0", "6.0", "6.00", True, 6.0.hex(), (6, 1),
    )  # fmt: skip


def test_printing_is_free(capsys: pytest.CaptureFixture[str]) -> None:
    """Text of numbers for people is written when the function itself runs, and costs no warning."""

    def f(x: Any) -> Any:
        y = x * 2.0
        print(y, y.data, f"{y:.1f}", f"{y.data:.3f}")  # noqa: T201
        return y

    fast = jit(f)
    results, messages = heard(lambda: [fast(x) for x in (1.0, 2.0, 3.0)])
    assert results == [2.0, 4.0, 6.0]
    assert messages == []
    assert capsys.readouterr().out.splitlines()[0] == "Value(data=2.0, grad=0.0) 2.0 2.0 2.000"


def test_a_backward_pass_inside() -> None:
    """A training step that calls ``backward`` leaves its gradients in every call, with one warning."""
    w = Value(2.0)

    def step(x: Any) -> Any:
        loss = (x * w) ** 2
        loss.backward()
        return loss

    fast = jit(step)

    def run() -> list[tuple[float, float]]:
        found = []
        for x in (1.0, 2.0, 3.0, 4.0):
            w.grad = 0.0
            found.append((number(fast(x)), w.grad))
        return found

    results, (message,) = heard(run)
    assert results == [(4.0 * x * x, 4.0 * x * x) for x in (1.0, 2.0, 3.0, 4.0)]
    assert HERE in message


def test_a_step_of_descent_inside() -> None:
    """A function that trains the parameter it uses does so once a call, as eagerly, with one warning."""

    def run(make: Callable[[Any], Any]) -> list[float]:
        w = Value(2.0)

        def step(x: Any) -> Any:
            w.grad = 0.0
            loss = (x * w - 3.0) ** 2
            loss.backward()
            w.data -= 0.01 * w.grad
            return loss

        fast = make(step)
        return [y for x in (1.0, 2.0, 1.5, 0.5, 1.0) for y in (number(fast(x)), w.data)]

    results, (message,) = heard(lambda: run(jit))
    alike(results, run(lambda f: lambda x: f(constant(x))))
    assert HERE in message


def add_to_gradient(_: Any, w: Value) -> None:
    """A gradient that the function keeps by itself."""
    w.grad += 1.0


WRITES: dict[str, Callable[[Any, Value], None]] = {
    "a running mean": lambda x, w: setattr(w, "data", 0.9 * w.data + 0.1),
    "a number of the argument": lambda x, w: setattr(w, "data", x.data),
}


@pytest.mark.parametrize("name", WRITES)
def test_writing_to_a_captured_value(name: str) -> None:
    """Every call writes once, as eagerly, with one warning."""

    def run(make: Callable[[Any], Any]) -> list[float]:
        w = Value(2.0)

        def f(x: Any) -> Any:
            y = x * w
            WRITES[name](x, w)
            return y

        fast = make(f)
        return [y for x in (1.0, 2.0, 1.5, 0.5, 1.0) for y in (number(fast(x)), float(w.data), w.grad)]

    results, (message,) = heard(lambda: run(jit))
    alike(results, run(lambda f: lambda x: f(constant(x))))
    assert HERE in message


@pytest.mark.parametrize("way", ["itself", "by another function"])
def test_setting_the_gradient_of_a_captured_value(way: str) -> None:
    """Every call sets it once, as eagerly, with one warning that names the line."""

    def run(make: Callable[[Any], Any]) -> list[float]:
        w = Value(2.0)

        def itself(x: Any) -> Any:
            w.grad += 1.0
            return x * w

        def by_another(x: Any) -> Any:
            add_to_gradient(x, w)
            return x * w

        fast = make(itself if way == "itself" else by_another)
        return [y for x in (1.0, 2.0, 1.5, 0.5, 1.0) for y in (number(fast(x)), w.grad)]

    results, (message,) = heard(lambda: run(jit))
    alike(results, run(lambda f: lambda x: f(constant(x))))
    assert "it sets .grad of a Value" in message
    assert "w.grad += 1.0" in message


CHANGES: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "item of a list": (lambda: [1.0, 2.0], lambda a: a.__setitem__(0, a[0] * 2.0)),
    "sum in a list": (lambda: [1.0, 2.0], lambda a: a.__setitem__(0, a[0] * 0.5 + a[1])),
    "order of a list": (lambda: [1.0, 2.0], lambda a: a.reverse()),
    "item of a dict": (lambda: {"a": 1.0, "b": 2.0}, lambda a: a.__setitem__("a", a["a"] * 2.0 + a["b"])),
    "item of an array": (lambda: np.array([1.0, 2.0]), lambda a: a.__setitem__(0, a[0] * 2.0 + a[1])),
    "inner list": (lambda: [[1.0], [2.0]], lambda a: a[0].__setitem__(0, a[0][0] * 2.0)),
    "number into a list": (lambda: [1.0, 2.0], lambda a: a.__setitem__(1, 7.0)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_an_argument_that_is_changed_in_place(name: str) -> None:
    """The caller's list, dict or array is changed once in every call, as by the function itself, with one warning."""
    make, change = CHANGES[name]
    w = Value(3.0)

    def f(a: Any) -> Any:
        change(a)
        flat = [*a.values()] if isinstance(a, dict) else [*np.ravel(np.array(a, object))]
        return sum(flat) * w + flat[0]

    def run(function: Callable[[Any], Any]) -> list[Any]:
        a = make()
        found = []
        for _ in range(5):
            found.append(number(function(a)))
            numbers = [*a.values()] if isinstance(a, dict) else np.ravel(np.array(a, object)).tolist()
            found += [number(x) for x in numbers]
        return found

    results, (message,) = heard(lambda: run(jit(f)))
    alike(results, run(f))
    assert "changes an argument" in message
    assert HERE in message


def test_an_argument_that_grows() -> None:
    """A list that is appended to is longer after every call: each length is an arrangement with its own warning."""

    def f(a: Any) -> Any:
        a.append(a[-1] * 2.0)
        return a[-1] + a[0]

    def run(function: Callable[[Any], Any]) -> list[float]:
        a = [1.0]
        return [number(function(a)) for _ in range(4)] + [number(x) for x in a]

    results, messages = heard(lambda: run(jit(f)))
    assert results == run(f)
    assert len(messages) == 4


def test_arguments_are_the_callers_own_in_no_call() -> None:
    """A function that does not change its arguments leaves lists and arrays as they were, and gets no warning."""
    a, b = [1.0, 2.0], np.array([3.0, 4.0])
    fast = jit(lambda a, b: sum(x * y for x, y in zip(a, b, strict=True)))
    results, messages = heard(lambda: [fast(a, b), fast(a, b), fast(b, a)])
    assert results == [11.0] * 3
    assert messages == []
    assert a == [1.0, 2.0]
    assert b.tolist() == [3.0, 4.0]


def test_a_value_made_of_the_number_of_an_argument_and_kept() -> None:
    """It is made anew in every call, as eagerly, with one warning that names the line."""

    def run(make: Callable[[Any], Any]) -> list[float]:
        kept = [Value(0.0)]

        def f(x: Any) -> Any:
            y = x * kept[-1]
            kept[-1] = Value(x.data)
            return y + kept[-1]

        fast = make(f)
        return [number(fast(constant(x))) for x in (1.0, 2.0, 3.0, 4.0)][2:]

    results, (message,) = heard(lambda: run(jit))
    assert results == run(lambda f: f)
    assert "keeps a number" in message
    assert HERE in message


class Lazy:
    """A model that makes its parameter at its first call."""

    def __init__(self, start: Callable[[], float]) -> None:
        self.start = start
        self.w: Value | None = None

    def __call__(self, x: Any) -> Any:
        """The model at x."""
        if self.w is None:
            self.w = Value(self.start(), label="w")
        return self.w * x


@pytest.mark.parametrize("start", [lambda: 0.5, lambda: 1, random.random, lambda: random.gauss(0.0, 1.0)])
@pytest.mark.parametrize("way", ["call", "float", "mean", "map", "grad"])
def test_a_parameter_made_at_the_first_call(start: Callable[[], float], way: str) -> None:
    """It is captured: its data is read in each call, and it gets a gradient, however its first number came about."""
    model = Lazy(start)
    fast = jit(model)
    first, second = Value(2.0), Value(3.0)

    def use() -> tuple[float, list[float], list[float]]:
        """The value, the gradient by w, and what they should be."""
        match way:
            case "call" | "float":
                y = fast(second if way == "call" else 3.0)
                assert model.w is not None
                return y.data, gradients(y, [model.w]), [3.0 * model.w.data, 3.0]
            case "mean":
                y = fast.mean([2.0, 4.0])
                assert model.w is not None
                return y.data, gradients(y, [model.w]), [3.0 * model.w.data, 3.0]
            case "map":
                ys = fast.map([1.0, 3.0])
                assert model.w is not None
                return ys[1], [ys[0] * 3.0 / model.w.data], [3.0 * model.w.data, 3.0]
            case _:
                value, slope = value_and_grad(fast)(3.0)
                assert model.w is not None
                return value, [slope * 3.0 / model.w.data], [3.0 * model.w.data, 3.0]

    fast(first)
    for data in (None, 10.0, -0.5, -0.5, 2.0):
        if data is not None and model.w is not None:
            model.w.data = data
        value, slope, right = use()
        alike([value, *slope], right)
    fresh = Lazy(start)
    y = jit(fresh)(Value(2.0))
    assert fresh.w is not None
    assert gradients(y, [fresh.w]) == [2.0]


# --- Plain numbers around the function --------------------------------------------------------------------------

scale = 1.0
scales: Any = [1.0, 2.0]


def scaled(x: Any) -> Any:
    """A helper that reads globals."""
    return x * scale + scales[0] * scales[1]


def twice_scaled(x: Any) -> Any:
    """A helper of which a helper reads globals."""
    return scaled(x) * 2.0


def decorated(f: Callable[..., Any]) -> Callable[..., Any]:
    """A wrapper that keeps the signature."""

    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return f(*args, **kwargs)

    return wrapper


class Scaled:
    """Methods whose helpers read globals."""

    def method(self, x: Any) -> Any:
        """A method."""
        return scaled(x)

    @classmethod
    def of_class(cls, x: Any) -> Any:
        """A method of the class."""
        return scaled(x)

    @staticmethod
    def static(x: Any) -> Any:
        """A function of the class."""
        return scaled(x)

    def __call__(self, x: Any) -> Any:
        """The object as a function."""
        return scaled(x)


GLOBAL: dict[str, Callable[[Any], Any]] = {
    "function": scaled,
    "helper": lambda x: twice_scaled(x),
    "decorated": decorated(scaled),
    "partial": functools.partial(lambda k, x: scaled(x) * k, 2.0),
    "method": Scaled().method,
    "method of a class": Scaled.of_class,
    "static method": Scaled.static,
    "object": Scaled(),
    "inner function": lambda x: functools.reduce(lambda x, y: x * scale + y, [x, scales[0] * scales[1]]),
    "comprehension": lambda x: sum([x * scale + scales[0] * scales[1] for _ in range(2)]),
    "gradient": grad(lambda x: scaled(x) * scaled(x)),
    "jitted": jit(scaled),
}


@pytest.mark.parametrize("way", ["float", "Value", "map", "value_and_grad"])
@pytest.mark.parametrize("name", GLOBAL)
def test_numbers_among_globals(name: str, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are looked at in each call, also those of helpers, in lists and in tuples; going back is no new path."""
    f = GLOBAL[name]
    fast = jit(f)
    ways: dict[str, Callable[[float], float]] = {
        "float": lambda x: number(fast(x)),
        "Value": lambda x: number(fast(Value(x))),
        "map": lambda x: fast.map([0.5, x])[1],
        "value_and_grad": lambda x: number(value_and_grad(fast)(x)[0]),
    }
    use = ways[way]

    def run() -> list[float]:
        found: list[float] = []
        both: Any
        for k, both in ((1.0, [1.0, 2.0]), (2.0, [1.0, 2.0]), (2.0, (1.0, 2.0)), (3.0, [5.0, 2.0]), (1.0, [1.0, 2.0])):
            monkeypatch.setitem(globals(), "scale", k)
            monkeypatch.setitem(globals(), "scales", both)
            found += [use(x) - number(f(Value(x))) for x in (1.0, 2.0, 1.5)]
            if isinstance(both, list):
                both[1] = 7.0
                found += [use(x) - number(f(Value(x))) for x in (1.0, 2.0)]
                both[1] = 2.0
                found += [use(x) - number(f(Value(x))) for x in (1.0, 2.0)]
        return found

    differences, messages = heard(run)
    assert messages == []
    alike(differences, [0.0] * len(differences))


BITS = [
    (0.0, -0.0),
    (1.0, 1),
    (1, True),
    (True, 1.0),
    (0.5, math.nextafter(0.5, 1.0)),
    (2**53, 2.0**53),
    (math.nan, 1.0),
]


def told_apart(x: Any, k: Any) -> Any:
    """Something that is another number for a zero of the other sign, and for another type."""
    return ag.atan2(x * 0.0 + 0.0, k) + x * {float: 1.0, int: 2.0, bool: 3.0}[type(k)] + k


def equal(got: float, right: float) -> bool:
    """Equal up to rounding, or both nan."""
    return got == right or (got != got and right != right) or abs(got - right) < 1e-15


@pytest.mark.parametrize("kind", ["cell", "default", "keyword default", "list", "tuple", "global", "partial"])
@pytest.mark.parametrize("pair", BITS, ids=repr)
def test_numbers_are_told_apart_by_type_and_bits(pair: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A number of another type or sign is another path, wherever it stands."""
    k: Any = pair[0]
    ks: Any = [k]

    def in_cell(x: Any) -> Any:
        return told_apart(x, k)

    def in_list(x: Any) -> Any:
        return told_apart(x, ks[0])

    def in_default(x: Any, k: Any = k) -> Any:
        return told_apart(x, k)

    def in_keyword_default(x: Any, *, k: Any = k) -> Any:
        return told_apart(x, k)

    def in_global(x: Any) -> Any:
        return told_apart(x, scale)

    functions: dict[str, Callable[..., Any]] = {
        "cell": in_cell, "default": in_default, "keyword default": in_keyword_default, "list": in_list,
        "tuple": in_list, "global": in_global, "partial": functools.partial(in_cell),
    }  # fmt: skip
    f = functions[kind]
    fast = jit(f)
    for turn in (0, 1, 0, 1):
        k = pair[turn]
        ks = (k,) if kind == "tuple" else [k]
        in_default.__defaults__ = (k,)
        in_keyword_default.__kwdefaults__ = {"k": k}
        monkeypatch.setitem(globals(), "scale", k)
        for x in (1.0, 2.0):
            assert equal(number(fast(x)), number(f(Value(x)))), (turn, x)


def test_arguments_of_a_partial() -> None:
    """The numbers that a partial holds are part of the function: another partial is another function."""
    for k in (2.0, 3.0):
        fast = jit(functools.partial(lambda k, x: x * k, k))
        assert [fast(1.0), fast(2.0)] == [k, 2.0 * k]


def test_more_than_32_numbers_in_a_cell() -> None:
    """Every call is right; the 33rd number brings one warning, which names the variable and a way out."""
    rate = 0.0

    def f(x: Any) -> Any:
        return x * rate + 1.0

    fast = jit(f)

    def run(count: int) -> list[float]:
        nonlocal rate
        found = []
        for i in range(count):
            rate = float(i)
            found += [number(fast(x)) - (x * rate + 1.0) for x in (1.0, 2.0)]
        return found

    differences, messages = heard(lambda: run(32))
    assert messages == []
    assert set(differences) == {0.0}
    differences, (message,) = heard(lambda: run(60))
    assert set(differences) == {0.0}
    assert "the plain number rate" in message
    assert "pass it as an argument, or make it a Value" in message


def test_a_value_in_the_place_of_a_number_has_one_path() -> None:
    """The way out that the warning names works: the data of a Value in a cell may change as often as it likes."""
    rate = Value(0.0)
    fast = jit(lambda x: x * rate + 1.0)

    def run() -> set[float]:
        found = set()
        for i in range(60):
            rate.data = float(i)
            found.add(fast(2.0).data - (2.0 * i + 1.0))
        return found

    differences, messages = heard(run)
    assert messages == []
    assert differences == {0.0}


@pytest.mark.parametrize("way", ["call", "map", "mean"])
def test_softmax_with_the_largest_number(way: str) -> None:
    """Right for every winner; 32 winners are 32 paths, and the next brings one warning that names autograd's own."""
    count = 40

    def f(xs: Any) -> Any:
        most = max(v.data for v in xs)
        exps = [(v - most).exp() for v in xs]
        total = sum(exps)
        return -((exps[3] / total) + 1e-9).log()

    fast = jit(f)

    def use(xs: list[float]) -> float:
        match way:
            case "call":
                return number(fast(xs))
            case "map":
                return float(fast.map([xs])[0])
            case _:
                return number(fast.mean([xs]))

    def run(winners: range) -> None:
        for i in winners:
            xs = [0.1 * j for j in range(count)]
            xs[i] = 9.0
            alike([use(xs)], [f([Value(x) for x in xs]).data])

    assert heard(lambda: run(range(32)))[1] == []
    _, (message,) = heard(lambda: run(range(count)))
    assert HERE in message
    for name in ("autograd.max", "softmax", "logsumexp"):
        assert name in message


def test_a_number_of_a_value_is_a_float_to_who_asks() -> None:
    """``isinstance(x.data, float)`` is as true while a function is recorded as it is otherwise."""

    def doubled(x: Any) -> Any:
        number = x.data
        if not isinstance(number, float) or isinstance(number, (int, Value)):
            raise TypeError("expected a float")
        return x * number

    fast = jit(doubled)
    assert [fast(x) for x in (1.0, 2.0, -3.0)] == [1.0, 4.0, 9.0]
    assert not next(iter(fast.families.values())).eager


def test_a_node_that_is_put_aside() -> None:
    """Constants in a graph that the function itself keeps are constants as before."""
    w = Value(3.0)
    kept: list[Value] = []

    def activation(x: Any) -> Any:
        kept.append(ag.tanh(w * x * 2.0 + 1.0) * Value(0.5))
        return kept[-1] * x

    fast = jit(activation)
    for number_ in (0.25, 0.5, -1.0):
        w.data -= 1.0
        x, y = Value(number_), Value(number_)
        alike(ag.gradients(fast(x), [x, w]), ag.gradients(activation(y), [y, w]))


def test_a_constant_beside_a_node_that_is_put_aside() -> None:
    """A constant that somebody holds is read anew, although a node that was computed from it is kept as well."""
    c = ag.constant(2.0)
    kept: list[Value] = []

    def scaled_by(x: Any) -> Any:
        kept.append(c * x)
        return kept[-1] + x

    fast = jit(scaled_by)
    for number_ in (2.0, 3.0, 4.0):
        c.data = number_
        alike([number(fast(1.5))], [1.5 * number_ + 1.5])


def test_numbers_of_other_types_and_in_nested_lists() -> None:
    """NumPy's numbers, fractions, and lists in lists around a function are plain numbers too."""
    around: Any = np.float64(2.0)
    fast = jit(lambda x: x * (around if isinstance(around, (float, np.integer, Fraction)) else around[1][0]))
    now: Any
    for now in (np.float64(3.0), np.int64(4), Fraction(1, 2), [1.0, [5.0]], ([1], (6.0, 7.0))):
        around = now
        right = 2.0 * float(now if not isinstance(now, (list, tuple)) else now[1][0])
        assert [fast(2.0) for _ in range(3)] == [right] * 3
    inner = [5.0]
    around = [1.0, inner]
    assert fast(2.0) == 10.0
    inner[0] = 6.0
    assert fast(2.0) == 12.0


def test_numbers_and_functions_of_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """``settings.rate``, and a function ``settings.scaled`` with globals of its own: what they are now counts."""
    settings = ModuleType("settings")
    settings.__file__ = "settings.py"
    exec("rate = 2.0\nfactor = 3.0\ndef scaled(x):\n    return x * factor\n", vars(settings))  # noqa: S102 - a module
    monkeypatch.setitem(globals(), "settings", settings)
    fast = jit(reads_a_module)
    assert [fast(1.0), fast(2.0)] == [5.0, 10.0]
    vars(settings)["rate"] = 4.0
    assert fast(1.0) == 7.0
    vars(settings)["factor"] = 5.0
    assert fast(1.0) == 9.0


def reads_a_module(x: Any) -> Any:
    """A number of a module, and a function of it."""
    return settings.rate * x + settings.scaled(x)  # type: ignore[name-defined]  # noqa: F821 - put there by the test

"""Coming from micrograd: code that uses its public surface runs here, and gives the numbers that it prints.

The programs are micrograd's README and tests and the neuron of the zero-to-hero lecture. The oracle is forward
accumulation in exact fractions; where micrograd itself is installed, its numbers are compared too.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import operator
import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest

from autograd import Value


@dataclass(frozen=True)
class Dual:
    """An exact number and its exact derivative, for + - * / relu and whole powers."""

    data: Fraction
    slope: Fraction = Fraction(0)

    @staticmethod
    def of(x: Dual | float) -> Dual:
        """A number as a constant."""
        return x if isinstance(x, Dual) else Dual(Fraction(x))

    def __add__(self, other: Dual | float) -> Dual:
        other = Dual.of(other)
        return Dual(self.data + other.data, self.slope + other.slope)

    def __mul__(self, other: Dual | float) -> Dual:
        other = Dual.of(other)
        return Dual(self.data * other.data, self.slope * other.data + self.data * other.slope)

    def __pow__(self, n: int) -> Dual:
        return Dual(self.data**n, n * self.data ** (n - 1) * self.slope)

    def __neg__(self) -> Dual:
        return self * -1

    def __sub__(self, other: Dual | float) -> Dual:
        return self + -Dual.of(other)

    def __truediv__(self, other: Dual | float) -> Dual:
        return self * Dual.of(other) ** -1

    def __rsub__(self, other: float) -> Dual:
        return Dual.of(other) - self

    def __rtruediv__(self, other: float) -> Dual:
        return Dual.of(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def relu(self) -> Dual:
        """Half of the line."""
        return self if self.data > 0 else Dual(Fraction(0))


def exact(program: Callable[..., Any], *numbers: float) -> tuple[Fraction, list[Fraction]]:
    """Value and gradient of a program, exactly: one forward run for each operand."""
    runs = [
        program(*[Dual(Fraction(x), Fraction(index == place)) for index, x in enumerate(numbers)])
        for place in range(len(numbers))
    ]
    return runs[0].data, [run.slope for run in runs]


def by_backward(engine: Any, program: Callable[..., Any], *numbers: float) -> tuple[float, list[float]]:
    """Value and gradient of a program by an engine with micrograd's surface."""
    leaves = [engine(x) for x in numbers]
    root = program(*leaves)
    root.backward()
    return root.data, [leaf.grad for leaf in leaves]


def micrograd_value() -> Any:
    """The Value of micrograd where it is installed, else this library's own."""
    return importlib.import_module("micrograd.engine").Value if importlib.util.find_spec("micrograd") else Value


# --- Programs -------------------------------------------------------------------------------------------


def readme(a: Any, b: Any) -> Any:
    """The example of micrograd's README, and the second of its tests."""
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    return g


def sanity_check(x: Any) -> Any:
    """The first of micrograd's tests."""
    z = 2 * x + 2 + x
    q = z.relu() + z * x
    h = (z * z).relu()
    return h + q + q * x


def test_readme() -> None:
    """The README's expression gives the README's printed numbers."""
    a = Value(-4.0)
    b = Value(2.0)
    g = readme(a, b)
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_readme_is_exact_to_the_last_digits() -> None:
    """So does exact arithmetic, and the floats agree with it to 15 digits."""
    out, slopes = exact(readme, -4, 2)
    assert [f"{float(x):.4f}" for x in (out, *slopes)] == ["24.7041", "138.8338", "645.5773"]
    data, grads = by_backward(Value, readme, -4.0, 2.0)
    assert [data, *grads] == pytest.approx([float(out), *map(float, slopes)], rel=4e-16)


def test_sanity_check() -> None:
    """micrograd's first test: -20 with the slope 46, in whole numbers and so exactly."""
    assert exact(sanity_check, -4) == (Fraction(-20), [Fraction(46)])
    assert by_backward(Value, sanity_check, -4.0) == (-20.0, [46.0])


@pytest.mark.parametrize("program", [readme, sanity_check], ids=lambda program: program.__name__)
def test_programs_at_other_points(program: Callable[..., Any]) -> None:
    """At a hundred other points, on both sides of each relu, value and gradient equal exact arithmetic."""
    rng = random.Random(4)
    operands = program.__code__.co_argcount
    for _ in range(100):
        numbers = [rng.randint(-64, 64) / 8 for _ in range(operands)]
        out, slopes = exact(program, *numbers)
        data, grads = by_backward(Value, program, *numbers)
        assert [data, *grads] == pytest.approx([float(out), *map(float, slopes)], rel=1e-12)


def random_program(rng: random.Random) -> Callable[..., Any]:
    """A random program of micrograd's operations on two operands, with constants on either side."""
    steps = []
    for index in range(2, rng.randint(5, 12)):
        constant = rng.choice([0.5, 2, -3, 1.25])
        steps.append((rng.choice("+-*/^rc"), rng.randrange(max(0, index - 3), index), rng.randrange(index), constant))
    signs = {"+": operator.add, "-": operator.sub, "*": operator.mul}

    def program(x: Any, y: Any) -> Any:
        """Apply the steps."""
        values = [x, y]
        for symbol, i, j, constant in steps:
            left, right = values[i], values[j]
            if symbol in signs:
                values.append(signs[symbol](left, right))
            elif symbol == "/":
                values.append(left / (right * right + 1))
            elif symbol == "^":
                values.append((left * 0.25) ** 3 if i % 2 else (left * left + 2) ** -1)
            elif symbol == "r":
                values.append(left.relu())
            else:
                values.append(constant * left - right / 4 + (constant - left) + (-right))
        return values[-1] * values[-2] + values[-3]

    return program


def test_random_programs_agree_with_micrograd() -> None:
    """On fresh graphs micrograd is right: both engines equal exact arithmetic on 300 random programs."""
    rng = random.Random(5)
    for number in range(300):
        program = random_program(rng)
        numbers = [rng.randint(-16, 16) / 8, rng.randint(-16, 16) / 8]
        out, slopes = exact(program, *numbers)
        expected = [float(out), *map(float, slopes)]
        scale = max(map(abs, expected))
        for engine in {Value, micrograd_value()}:
            data, grads = by_backward(engine, program, *numbers)
            assert [data, *grads] == pytest.approx(expected, rel=1e-9, abs=1e-11 * scale), (number, engine)


# --- The lecture's neuron -------------------------------------------------------------------------------


class Neuron:
    """The neuron of the lecture, x1 = 2 and x2 = 0 with the weights -3 and 1, node by node."""

    def __init__(self, activation: Callable[[Value], Value]) -> None:
        self.x1 = Value(2.0, label="x1")
        self.x2 = Value(0.0, label="x2")
        self.w1 = Value(-3.0, label="w1")
        self.w2 = Value(1.0, label="w2")
        self.b = Value(6.8813735870195432, label="b")
        self.x1w1 = self.x1 * self.w1
        self.x1w1.label = "x1*w1"
        self.x2w2 = self.x2 * self.w2
        self.x2w2.label = "x2*w2"
        self.x1w1x2w2 = self.x1w1 + self.x2w2
        self.n = self.x1w1x2w2 + self.b
        self.n.label = "n"
        self.o = activation(self.n)
        self.o.label = "o"

    def check(self) -> None:
        """Compare with the lecture's numbers: tanh(n) = sqrt(1/2), so tanh'(n) = 1/2."""
        assert self.o.data == pytest.approx(math.sqrt(0.5), rel=1e-15)
        assert f"{self.o.data:.4f}" == "0.7071"
        grads = [leaf.grad for leaf in (self.x1, self.w1, self.x2, self.w2, self.b)]
        assert grads == pytest.approx([-1.5, 1.0, 0.5, 0.0, 0.5], rel=1e-15)
        assert [self.o.grad, self.n.grad, self.x1w1x2w2.grad] == pytest.approx([1.0, 0.5, 0.5], rel=1e-15)


def tanh_from_exp(n: Value) -> Value:
    """The lecture's tanh, taken apart."""
    e = (2 * n).exp()
    return (e - 1) / (e + 1)


ACTIVATIONS = pytest.mark.parametrize("activation", [Value.tanh, tanh_from_exp], ids=["tanh", "from exp"])


@ACTIVATIONS
def test_the_lectures_neuron(activation: Callable[[Value], Value]) -> None:
    """backward() fills in the lecture's gradients, whether tanh is one node or six."""
    neuron = Neuron(activation)
    neuron.o.backward()
    neuron.check()


def test_backward_by_hand_node_by_node() -> None:
    """The lecture's cells: set o.grad, then call _backward() on one node after the other."""
    neuron = Neuron(Value.tanh)
    neuron.o.grad = 1.0
    for node in (neuron.o, neuron.n, neuron.b, neuron.x1w1x2w2, neuron.x2w2, neuron.x1w1):
        node._backward()
    neuron.check()


@ACTIVATIONS
def test_backward_by_hand_in_the_lectures_order(activation: Callable[[Value], Value]) -> None:
    """The lecture's own topological sort, over _prev, with _backward() on each node in reverse."""
    neuron = Neuron(activation)
    topo = []
    visited = set()

    def build_topo(v: Value) -> None:
        """Operands first."""
        if v not in visited:
            visited.add(v)
            for child in v._prev:
                build_topo(child)
            topo.append(v)

    build_topo(neuron.o)
    neuron.o.grad = 1.0
    for node in reversed(topo):
        node._backward()
    neuron.check()


def test_the_lectures_trace() -> None:
    """The lecture's trace(root) collects nodes and edges in sets, over _prev; _op names the operation of each."""
    neuron = Neuron(Value.tanh)
    nodes, edges = set(), set()

    def build(v: Value) -> None:
        """Collect v and what is below it."""
        if v not in nodes:
            nodes.add(v)
            for child in v._prev:
                edges.add((child, v))
                build(child)

    build(neuron.o)
    assert {n.label or n._op for n in nodes} == {"x1", "x2", "w1", "w2", "b", "x1*w1", "x2*w2", "+", "n", "o"}
    assert len(nodes) == 10
    assert len(edges) == 9
    assert [neuron.o._op, neuron.n._op, neuron.x1w1._op, neuron.b._op] == ["tanh", "+", "*", ""]


def test_gradients_accumulate_where_a_variable_is_used_twice() -> None:
    """The lecture's bug and its repair: b = a + a has the slope 2, and d * e with shared leaves adds up."""
    a = Value(3.0, label="a")
    b = a + a
    b.backward()
    assert a.grad == 2.0

    a, b = Value(-2.0), Value(3.0)
    d, e = a * b, a + b
    f = d * e
    f.backward()
    assert (a.grad, b.grad) == (-3.0, -8.0)


def test_a_step_of_gradient_descent() -> None:
    """The lecture's loop: forward, zero the grads, backward, p.data -= rate * p.grad."""
    x, target = Value(2.0), 0.25
    w, b = Value(-0.5), Value(0.75)
    losses = []
    for _ in range(20):
        loss = ((w * x + b).tanh() - target) ** 2
        for p in (w, b):
            p.grad = 0.0
        loss.backward()
        for p in (w, b):
            p.data += -0.1 * p.grad
        losses.append(loss.data)
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < 1e-4


def test_what_micrograd_shows() -> None:
    """repr, and constants on either side, print as micrograd prints them."""
    x = Value(2.0)
    assert repr(x) == "Value(data=2.0, grad=0.0)"
    assert repr(1 - x) == "Value(data=-1.0, grad=0.0)"
    assert repr((x**2).relu() / 4) == "Value(data=1.0, grad=0.0)"

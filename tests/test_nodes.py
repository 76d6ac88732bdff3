"""The reading of rows over Values in its parts: what is compared, how rounding is measured, how terms are added."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

import autograd as ag
from autograd import Value, grad, nodes, primitive, rules


def test_rounding_is_measured_by_what_reaches_the_root() -> None:
    """The sum of |d root / d node * node|: known nodes are left out, and so are those that a row has dropped."""
    x, y = Value(2.0), Value(3.0)
    square, dropped = x * x, -y
    root = ag.maximum(square, dropped) * 2.0 - square
    parts = {"root": 4.0, "product": 8.0, "maximum": 8.0, "square": 4.0, "x": 8.0, "constant": 8.0}
    assert nodes.size_of_terms(root, ()) == sum(parts.values())
    assert nodes.size_of_terms(root, (x,)) == sum(parts.values()) - parts["x"]
    assert nodes.size_of_terms(root, (x, square)) == sum(parts.values()) - parts["x"] - parts["square"]
    assert nodes.size_of_terms(x, ()) == 2.0
    known = ag.tanh(Value(math.inf))
    assert nodes.size_of_terms(known * 3.0, (known,)) == 3.0 + 3.0  # what the known one was computed from is no term


def test_a_partial_is_the_same_within_its_rounding() -> None:
    """A number to a part in a billion, a cancelling sum to that part of its terms; nan is nan, and nothing else is."""
    x = Value(1e8)
    cancelling = (x + 1.0) - x
    assert nodes.same(1.0 + 1e-10, 1.0)
    assert not nodes.same(1.0 + 1e-8, 1.0)
    assert nodes.same(cancelling, 1.0 + 0.01, (x,))
    assert not nodes.same(cancelling, 1.0 + 10.0, (x,))
    assert nodes.same(0.0, 0.0)
    assert not nodes.same(0.0, 1e-200)
    assert nodes.same(math.nan, math.nan)
    for one, other in ((math.nan, 1.0), (1.0, math.nan), (math.inf, 1.0), (math.inf, -math.inf)):
        assert not nodes.same(one, other)
        assert not nodes.same(Value(one), other)
    assert nodes.same(math.inf, math.inf)


@pytest.mark.parametrize("ask", [nodes.different, nodes.as_stored], ids=lambda ask: ask.__name__)
def test_a_partial_for_each_operand(ask: Callable[..., object]) -> None:
    """Fewer or more of them than the node has stored are a ValueError, not a comparison of some."""
    node = Value(2.0) * Value(3.0)
    for partials in ([], [3.0], [3.0, 2.0, 1.0]):
        with pytest.raises(ValueError, match="zip"):
            ask(node, partials)


@pytest.mark.parametrize("partials", [(), (3.0,), (3.0, 2.0, 1.0)])
def test_rounding_is_measured_along_every_edge(partials: tuple[float, ...]) -> None:
    """A node whose partials somebody has replaced by fewer or more of them is a ValueError, not measured in part."""
    node = Value(2.0) * Value(3.0)
    node.partials = partials
    with pytest.raises(ValueError, match="zip"):
        nodes.size_of_terms(node, ())


def test_what_a_row_has_dropped_is_no_infinite_term() -> None:
    """An infinite slope times the 0 of a selecting row carries nothing, where that of any other row is nan."""
    assert nodes.size_of_terms(ag.maximum(Value(2.0), Value(1.0)) * math.inf, ()) == math.inf
    assert math.isnan(nodes.size_of_terms(ag.log(Value(math.inf)) * math.inf, ()))


def test_only_new_nodes_are_settled() -> None:
    """A partial that is an operand keeps the number that somebody has given it since; it is not set back."""
    x, w = Value(2.0), Value(3.0)
    node = x * w
    w.data = 5.0
    assert nodes.as_stored(node, [w, x]) == [w, x]
    assert (x.data, w.data) == (2.0, 5.0)


def test_a_primitive_with_another_number_of_partials_over_values() -> None:
    """It is not differentiated by some of its operands alone."""

    @primitive(lambda out, x, y: (1.0, 2.0) if isinstance(out, float) else (1.0,))
    def odd(x: float, y: float) -> float:
        return x + 2.0 * y

    x, y = Value(1.0), Value(1.0)
    assert ag.gradients(odd(x, y), [x, y]) == [1.0, 2.0]
    with pytest.raises(ValueError, match="zip"):
        ag.gradients(odd(x, y), [x, y], create_graph=True)


@pytest.mark.parametrize("error", [ValueError, ZeroDivisionError, OverflowError])
def test_a_number_that_a_formula_refuses_is_read_as_a_value(error: type[Exception]) -> None:
    """A constant operand is read as its number, and where that raises as its node: there IEEE 754 answers."""
    recorded: list[Value] = []

    def numbers_refused(x: Any) -> Any:
        if recorded and not isinstance(x, Value):
            raise error("not of a number")
        return x * 1.0

    @primitive(lambda out, x, y: (y, numbers_refused(x)))
    def product(x: float, y: float) -> float:
        return x * y

    x, y = ag.constant(3.0), Value(2.0)
    recorded.append(product(x, y))
    (found,) = ag.gradients(recorded[0], [y], create_graph=True)
    assert found.data == 3.0


def test_pi_of_math_in_a_primitive() -> None:
    """``math`` is read as the functions of the library, and its pi as the number."""

    @primitive(lambda out, x: (math.pi * math.cos(math.pi * x),))
    def wave(x: float) -> float:
        return math.sin(math.pi * x)

    assert grad(grad(wave))(0.25) == pytest.approx(-(math.pi**2) * math.sqrt(0.5), rel=1e-15)


@pytest.mark.parametrize("name", ["inf", "nan", "LARGEST_EXPONENT", "LARGEST_HYPERBOLIC"])
def test_numbers_are_no_functions_of_a_reading(name: str) -> None:
    """What a namespace must supply are functions and pi; other numbers are the same in every reading."""
    assert name not in rules.NAMES
    assert "pi" in rules.NAMES


@pytest.mark.parametrize(("x", "y", "by_divisor"), [(1.0, 0.0, -math.inf), (-1.0, 0.0, math.inf), (0.0, 0.0, math.nan)])
def test_a_remainder_by_zero_under_ieee(x: float, y: float, by_divisor: float) -> None:
    """Its derivative graph is made of the numbers that IEEE 754 gives, as the gradient at floats is."""
    remainder = ag.value_and_grad(lambda a, b: a % b, (0, 1))
    with ag.ieee():
        _, (first, second) = remainder(Value(x), Value(y))
        expected = remainder(x, y)[1]
    assert first.data == expected[0] == 1.0
    assert [second.data, expected[1]] == pytest.approx([by_divisor] * 2, nan_ok=True)

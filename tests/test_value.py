"""The specification of Value: what it takes, what it refuses, and how it behaves as a number among numbers."""

from __future__ import annotations

import copy
import math
import operator
import pickle
import re
import subprocess
import sys
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from spelling import spelled

import autograd as ag
from autograd import Value, rules
from autograd.graph import order
from autograd.value import record

ROOT = Path(__file__).resolve().parents[1]

# What is not a real number, by the name of its type.
BAD: dict[str, Any] = {
    "str": "3",
    "NoneType": None,
    "complex": 1j,
    "Decimal": Decimal("1.5"),
    "list": [1.0],
    "dict": {},
}

# Python's operators, by the symbol of their row.
BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}
UNARY: dict[str, Callable[[Any], Any]] = {"pos": operator.pos, "neg": operator.neg, "abs": abs}
ORDERINGS = [operator.lt, operator.le, operator.gt, operator.ge]
COMPARISONS = [operator.eq, operator.ne, *ORDERINGS]

# The methods of Value that are bound from a row of the table.
METHODS = {name: method for name, method in vars(Value).items() if hasattr(method, "rule")}


# --- Helpers --------------------------------------------------------------------------------------------


def refusals() -> Iterator[tuple[str, Callable[[], object], str]]:
    """Each way to hand a Value what is not a number: a description, the attempt, and the type to be named."""
    x = Value(2.0)
    for kind, bad in BAD.items():
        yield f"Value({bad!r})", partial(Value, bad), kind
        for symbol, function in BINARY.items():
            yield f"Value {symbol} {bad!r}", partial(function, x, bad), kind
            yield f"{bad!r} {symbol} Value", partial(function, bad, x), kind
        for method in (x.maximum, x.minimum, x.atan2, x.leaky_relu, x.elu):
            yield f"Value.{method.__name__}({bad!r})", partial(method, bad), kind
        yield f"Value.clip({bad!r}, 3)", partial(x.clip, bad, 3.0), kind
        yield f"Value.clip(0, {bad!r})", partial(x.clip, 0.0, bad), kind


def operands_of(rule: rules.Rule) -> tuple[Value, ...]:
    """Leaves in the row's domain: as many as it takes, three for a sequence, two pairs and a bias for dot."""
    arity = {"fixed": len(rule.operand_names), "sequence": 3, "pairs": 5}[rule.layout]
    for numbers in [(0.5, 0.25, 0.75, 2.0, 1.0), (1.5, 1.25, 1.75, 2.0, 1.0)]:
        try:
            rule.value(*rule.arguments(numbers[:arity]))
        except ValueError:
            continue
        return tuple([Value(x) for x in numbers[:arity]])
    raise AssertionError(f"{rule}: expected one of the points above to lie in its domain")


def same(nodes: tuple[Value, ...], others: tuple[Value, ...]) -> bool:
    """True if they are the very same nodes; == would compare their data."""
    return [id(node) for node in nodes] == [id(node) for node in others]


each_row = pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)


# --- What becomes a Value -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "data"),
    [
        (2.5, 2.5),
        (3, 3.0),
        (True, 1.0),
        (np.float32(0.1), 0.10000000149011612),
        (np.float64(0.1), 0.1),
        (np.int8(100), 100.0),
        (np.uint64(7), 7.0),
        (Fraction(1, 3), 1 / 3),
        (2**53 + 1, 2.0**53),  # rounds, as float() does
        (10**308, 1e308),
        (math.inf, math.inf),
        (-0.0, -0.0),
    ],
    ids=repr,
)
def test_real_numbers_are_converted_once(given: float, data: float) -> None:
    """A real number of any type becomes a float, in the constructor and beside every operator."""
    x = Value(1.0)
    nodes = [Value(given), (x + given).parents[1], (given + x).parents[0], (x * given).parents[1]]
    for node in nodes:
        assert type(node.data) is float
        assert repr(node.data) == repr(data)  # which tells -0.0 from 0.0


def test_nan_is_a_number() -> None:
    """Not a number is a float, and legal."""
    assert math.isnan(Value(math.nan).data)


@pytest.mark.parametrize("huge", [10**400, -(10**400), Fraction(10**400, 3)], ids=["int", "negative", "Fraction"])
def test_numbers_beyond_floats_are_refused(huge: Any) -> None:
    """A number that no float can hold is an OverflowError that says so."""
    with pytest.raises(OverflowError, match=r"^Value: expected a number within the range of a float"):
        Value(huge)


@pytest.mark.parametrize("symbol", BINARY)
def test_numbers_beyond_floats_are_refused_by_operators(symbol: str) -> None:
    """The message names the operator on whichever side the number stands."""
    message = rf"^{re.escape(symbol)}: expected a number within the range of a float"
    with pytest.raises(OverflowError, match=message):
        BINARY[symbol](Value(2.0), 10**400)
    with pytest.raises(OverflowError, match=message):
        BINARY[symbol](10**400, Value(2.0))


@pytest.mark.parametrize(
    ("attempt", "kind"), [pytest.param(attempt, kind, id=name) for name, attempt, kind in refusals()]
)
def test_what_is_not_a_number_is_refused(attempt: Callable[[], object], kind: str) -> None:
    """The constructor, and every operation on either side, answers with a TypeError that names the type."""
    with pytest.raises(TypeError, match=rf"expected .*a.* real number, got {kind}$"):
        attempt()


def test_refusals_hold_without_assertions() -> None:
    """Under python -O, which drops assert statements, nothing more is accepted."""
    script = """
import sys
sys.path.insert(0, "tests")
from test_value import refusals

for description, attempt, kind in refusals():
    try:
        attempt()
    except TypeError as error:
        if str(error).endswith("got " + kind):
            print("refused")
            continue
    print("accepted:", description)
print("assertions", "on" if __debug__ else "off")
"""
    command = [sys.executable, "-W", "error", "-O", "-c", script]
    result = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    *answers, assertions = result.stdout.splitlines()
    assert assertions == "assertions off"
    assert answers == ["refused"] * len(list(refusals()))


def test_a_value_of_a_value_is_refused_in_plain_words() -> None:
    """A Value is no number: the message must not say that a Value was expected."""
    with pytest.raises(TypeError, match=r"^Value: expected a real number, got Value$"):
        Value(Value(1.0))  # type: ignore[call-overload]


def test_a_value_needs_a_number() -> None:
    """There is no default."""
    with pytest.raises(TypeError, match="data"):
        Value()  # type: ignore[call-overload]


def test_a_new_leaf() -> None:
    """A leaf has no parents, the gradient 0.0, and the label it was given."""
    x = Value(2.0, label="x")
    assert (x.data, x.grad, x.label, x.parents, x.partials) == (2.0, 0.0, "x", (), ())
    assert x.rule is rules.LEAF
    assert Value(2.0, "x").label == "x"
    assert Value(2.0).label == ""


def test_a_value_takes_attributes_of_its_users() -> None:
    """Code for micrograd keeps things on its Values; they are that node's alone, and none is there before."""
    for node in (Value(1.0), Value(1.0) + 1.0, Value(1.0).exp(), Value(1.0).clip(0, 2)):
        assert vars(node) == {}
        node.m = 0.0  # type: ignore[attr-defined]
        node.m = 0.9 * node.m + 0.1 * 2.0  # type: ignore[attr-defined]
        node.colour = "green"  # type: ignore[attr-defined]
        assert vars(node) == {"m": 0.2, "colour": "green"}
        assert not hasattr(Value(1.0), "m")


def test_a_value_can_be_referred_to_weakly() -> None:
    """A weak reference does not keep a node alive."""
    x = Value(1.0)
    reference = weakref.ref(x)
    assert reference() is x
    del x
    assert reference() is None


# --- Operations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", METHODS)
def test_methods_do_what_their_row_says(name: str) -> None:
    """A bound method makes the node that the row makes: same number, same partials, same parents."""
    method = METHODS[name]
    operands = operands_of(method.rule)
    expected = record(method.rule, operands)
    node = method(*operands[::-1]) if name.startswith("__r") else method(*operands)
    assert (node.data, node.partials) == (expected.data, expected.partials)
    assert same(node.parents, operands)
    assert node.rule is method.rule
    assert (node.grad, node.label) == (0.0, "")
    assert type(node.data) is float
    assert {type(slope) for slope in node.partials} == {float}


@pytest.mark.parametrize("name", METHODS)
def test_methods_are_named_and_documented(name: str) -> None:
    """help(Value) shows each method under its own name with its row's formulas."""
    method = METHODS[name]
    assert method.__name__ == name
    assert method.__qualname__ == f"Value.{name}"
    value, partials = rules.symbolic(method.rule)
    assert f"{value}, with the partial derivatives {', '.join(map(str, partials))}." in method.__doc__
    assert method.rule.domain in method.__doc__


def test_public_attributes_are_documented() -> None:
    """Whatever else Value offers has a docstring too."""
    public = {name: member for name, member in vars(Value).items() if callable(member) and not name.startswith("_")}
    assert {"backward", "item", "tanh", "clip", "leaky_relu", "elu"} <= public.keys()
    assert [name for name, member in public.items() if not member.__doc__] == []
    assert vars(Value)["data"].__doc__ == "The number."  # and not what its getter says of itself


@pytest.mark.parametrize("name", [*METHODS, "clip", "leaky_relu", "elu", "item", "backward"])
def test_methods_refuse_further_operands(name: str) -> None:
    """Too many operands are a TypeError that names the method."""
    with pytest.raises(TypeError, match=re.escape(name)):
        getattr(Value(0.5), name)(0.25, 0.5, 0.75)


def test_clip_needs_both_bounds() -> None:
    """Too few operands are a TypeError that names the method too, and the bounds may be named."""
    with pytest.raises(TypeError, match=r"clip.*hi"):
        Value(0.5).clip(0.0)  # type: ignore[call-arg]
    assert Value(0.5).clip(lo=1.0, hi=2.0).data == 1.0


@pytest.mark.parametrize("symbol", BINARY)
def test_a_binary_operator_is_one_node(symbol: str) -> None:
    """Between two Values an operator adds a single node, whose parents are its operands."""
    x, y = Value(3.0), Value(2.0)
    node = BINARY[symbol](x, y)
    assert same(node.parents, (x, y))
    assert node.rule.symbol == symbol
    assert len(order(node)) == 3
    assert node.data == BINARY[symbol](3.0, 2.0)


@pytest.mark.parametrize("symbol", BINARY)
def test_an_operator_lifts_a_number_to_a_constant(symbol: str) -> None:
    """A number beside a Value becomes a leaf of the rule CONSTANT, on the side where it stands."""
    x = Value(3.0)
    right, left = BINARY[symbol](x, 2), BINARY[symbol](2, x)
    assert right.parents[0] is x
    assert left.parents[1] is x
    for constant in (right.parents[1], left.parents[0]):
        assert constant.rule is rules.CONSTANT
        assert (constant.data, constant.parents, constant.grad, constant.label) == (2.0, (), 0.0, "")
    assert (right.data, left.data) == (BINARY[symbol](3.0, 2.0), BINARY[symbol](2.0, 3.0))
    assert right.rule.symbol == left.rule.symbol == symbol


@pytest.mark.parametrize("symbol", UNARY)
def test_a_unary_operator_is_one_node(symbol: str) -> None:
    """+x, -x and abs(x) have rows of their own, and are no products."""
    x = Value(-3.0)
    node = UNARY[symbol](x)
    assert same(node.parents, (x,))
    assert node.rule.symbol == symbol
    assert len(order(node)) == 2
    assert node.data == UNARY[symbol](-3.0)


def test_an_operand_used_twice_has_two_edges() -> None:
    """x * x has two parents, which happen to be one node."""
    x = Value(3.0)
    assert same((x * x).parents, (x, x))


def test_augmented_assignment_makes_a_new_node() -> None:
    """x += 1 binds the name to a result; whoever holds the operand sees no change."""
    x = Value(3.0)
    held = x
    x += 1.0
    assert x is not held
    assert (x.data, held.data) == (4.0, 3.0)


def test_the_builtin_sum_works() -> None:
    """sum(values) starts from the int 0, which is lifted."""
    x, y = Value(3.0), Value(4.0)
    total = sum([x, y])
    assert isinstance(total, Value)
    total.backward()
    assert (total.data, x.grad, y.grad) == (7.0, 1.0, 1.0)


@pytest.mark.parametrize("function", [operator.matmul, divmod, operator.and_])
def test_operators_without_a_row_are_refused(function: Callable[[Any, Any], object]) -> None:
    """What has no derivative here is a TypeError, not a number without history."""
    with pytest.raises(TypeError, match="unsupported operand"):
        function(Value(7.0), 2.0)
    with pytest.raises(TypeError, match="unsupported operand"):
        function(2.0, Value(7.0))


# --- A number among numbers -----------------------------------------------------------------------------


def test_item_is_the_number() -> None:
    """.item() is the float without its history."""
    assert type((Value(2.0) * 3).item()) is float
    assert (Value(2.0) * 3).item() == 6.0


def test_repr() -> None:
    """repr shows data and grad, a label where there is one, and never the parents."""
    x = Value(2.0)
    assert repr(x) == "Value(data=2.0, grad=0.0)"
    assert repr(Value(-0.5, label="w")) == "Value(data=-0.5, grad=0.0, label='w')"
    y = x * x
    y.backward()
    assert repr(x) == "Value(data=2.0, grad=4.0)"
    assert repr(y) == str(y) == f"{y}" == "Value(data=4.0, grad=1.0)"


@pytest.mark.parametrize("spec", [".3f", ">12.2e", "+.1%", "g", "012.4f"])
def test_format_is_that_of_the_float(spec: str) -> None:
    """f"{v:.3f}" formats the number."""
    assert format(Value(math.pi), spec) == format(math.pi, spec)


@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, -2.5, math.inf, math.nan, 5e-324])
def test_bool_is_that_of_the_float(x: float) -> None:
    """A Value is false where its number is 0."""
    assert bool(Value(x)) is bool(x)


NUMBERS = [-1.5, -0.0, 0.0, 1.0, 2, math.inf, -math.inf, math.nan, True, Fraction(1, 2), 10**400]


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda compare: compare.__name__)
@pytest.mark.parametrize("y", NUMBERS, ids=lambda y: repr(y)[:9])
def test_comparison_is_by_data(compare: Callable[[object, object], bool], y: float) -> None:
    """A comparison gives what the numbers give, between Values and with real numbers on either side."""
    for x in (-1.5, 0.0, 0.5, 1.0, math.inf, math.nan):
        assert compare(Value(x), y) is compare(x, y)
        assert compare(y, Value(x)) is compare(y, x)
        if abs(y) != 10**400:
            assert compare(Value(x), Value(y)) is compare(x, float(y))


@pytest.mark.parametrize("compare", COMPARISONS, ids=lambda compare: compare.__name__)
@pytest.mark.parametrize("y", [np.float32(0.5), np.float64(1.0), np.int8(1)], ids=repr)
def test_comparison_with_numpy_scalars(compare: Callable[[object, object], bool], y: Any) -> None:
    """A scalar of NumPy compares on either side as its float does, and the answer is Python's own bool."""
    for x in (-1.5, 0.5, 1.0, math.nan):
        assert compare(Value(x), y) is compare(x, float(y))
        assert compare(y, Value(x)) is compare(float(y), x)


@pytest.mark.parametrize("kind", BAD)
def test_comparison_with_what_is_not_a_number(kind: str) -> None:
    """Nothing else equals a Value, and nothing else comes before or after it."""
    x, other = Value(3.0), BAD[kind]
    assert (x == other) is False
    assert (other == x) is False
    assert (x != other) is True
    assert (other != x) is True
    for compare in ORDERINGS:
        with pytest.raises(TypeError, match="not supported between"):
            compare(x, other)
        with pytest.raises(TypeError, match="not supported between"):
            compare(other, x)


def test_hash_is_by_identity() -> None:
    """Each node is a variable of its own: equal numbers do not make one key of two nodes."""
    x, y = Value(2.0), Value(2.0)
    assert x == y
    assert len({x, y}) == 2
    names = {x: "x", y: "y"}
    assert (names[x], names[y]) == ("x", "y")
    x.data = 5.0  # the key stays where it is
    assert names[x] == "x"
    assert hash(x) == object.__hash__(x)


@pytest.mark.parametrize(
    "convert",
    [
        *(float, complex, math.exp, math.sqrt, math.hypot, math.isnan, "%f".__mod__),
        *(np.float64, np.float32, partial(np.array, dtype=float), partial(np.asarray, dtype=float)),
        lambda v: np.zeros(3).fill(v),
        lambda v: operator.setitem(cast(Any, np.zeros(3)), 0, v),
    ],
    ids=spelled,
)
def test_a_value_does_not_turn_into_a_number_in_silence(convert: Callable[[Any], object]) -> None:
    """float(v), math.exp(v) and the like are TypeErrors that name autograd's functions and item()."""
    with pytest.raises(TypeError, match=r"lose its gradient in silence: say autograd\.exp\(v\) .*v\.item\(\)"):
        convert(Value(1.0))


@pytest.mark.parametrize("convert", [operator.index, range, [1.0, 2.0].__getitem__, "ab".__mul__, bin], ids=spelled)
def test_a_value_is_no_index(convert: Callable[[Any], object]) -> None:
    """xs[v], range(v) and the like are TypeErrors that name take() and item()."""
    with pytest.raises(TypeError, match=r"lose its gradient in silence: say autograd\.take\(xs, v\).*v\.item\(\)"):
        convert(Value(1.0))


@pytest.mark.parametrize("whole", [math.floor, math.ceil, math.trunc, round], ids=lambda whole: whole.__name__)
def test_a_value_is_rounded_to_a_value(whole: Callable[[Any], Any]) -> None:
    """math.floor(v) and the like keep the history: one node of a flat row, with the number that floats would give."""
    for number in (-2.5, -0.5, 0.5, 1.5, 7.0):
        x = Value(number)
        out = whole(x)
        assert isinstance(out, Value)
        assert out.parents == (x,)
        assert (out.data, type(out.data)) == (float(whole(number)), float)


def test_round_takes_no_digits() -> None:
    """round(v, 2) would be flat too: it is refused in words."""
    with pytest.raises(TypeError, match=r"^round: expected a Value alone, got 2 digits beside it: scale it before and"):
        round(Value(1.234), 2)  # type: ignore[call-overload]
    assert round(Value(2.6), None).data == 3.0


def test_int_says_what_to_do() -> None:
    """int(v) names item(), and trunc for a Value."""
    with pytest.raises(
        TypeError, match=r"^int\(\) of a Value would lose its gradient in silence: say v.item\(\), or trunc"
    ):
        int(Value(2.0))  # type: ignore[call-overload]


# --- NumPy ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("symbol", BINARY)
@pytest.mark.parametrize("scalar", [np.float64(3.0), np.float32(3.0), np.int8(3), np.uint16(3)], ids=repr)
def test_numpy_scalars_on_either_side(symbol: str, scalar: Any) -> None:
    """A scalar of NumPy is a number like any other, and on the left it does not swallow the Value."""
    x = Value(2.0)
    left, right = BINARY[symbol](scalar, x), BINARY[symbol](x, scalar)
    assert isinstance(left, Value)
    assert left.parents[1] is x
    assert (left.data, right.data) == (BINARY[symbol](3.0, 2.0), BINARY[symbol](2.0, 3.0))
    assert type(left.data) is type(right.data) is float


def test_arrays_of_values_compute_among_themselves() -> None:
    """Object arrays add, multiply and sum elementwise, and A @ a is a matrix product, with gradients."""
    numbers = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    vector = np.array([7.0, 8.0, 9.0])
    A = np.array([[Value(x) for x in row] for row in numbers])
    a = np.array([Value(x) for x in vector])
    assert A.dtype == a.dtype == object
    assert [z.data for z in A @ a] == list(numbers @ vector)
    assert [z.data for z in (A * a).ravel()] == list((numbers * vector).ravel())
    assert [z.data for z in (A - 2.0 * A).ravel()] == list((-numbers).ravel())
    total = ((A @ a) * np.array([10.0, 1.0])).sum()
    total.backward()
    assert [w.grad for w in A.ravel()] == [*(10.0 * vector), *vector]
    assert [x.grad for x in a] == list(10.0 * numbers[0] + numbers[1])


# --- Copies ---------------------------------------------------------------------------------------------


def pickled(protocol: int, x: Any) -> Any:
    """What comes back from pickle."""
    return pickle.loads(pickle.dumps(x, protocol))


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle protocol {p}": partial(pickled, p) for p in range(2, 6)},
}


@pytest.mark.parametrize("name", COPIES)
def test_a_leaf_copies(name: str) -> None:
    """A copy of a leaf is a leaf of its own with the same data, grad, label and kind."""
    x = Value(2.0, label="x")
    x.grad = 3.0
    constant = (x + 5.0).parents[1]
    for original in (x, constant):
        other = COPIES[name](original)
        assert other is not original
        assert (other.data, other.grad, other.label) == (original.data, original.grad, original.label)
        assert other.rule is original.rule
        assert (other.parents, other.partials) == ((), ())


@each_row
@pytest.mark.parametrize("name", COPIES)
def test_a_computed_node_refuses_to_be_copied(rule: rules.Rule, name: str) -> None:
    """It would drag its graph along: a TypeError names the operation and what to save instead."""
    node = record(rule, operands_of(rule))
    message = rf"computed by '{re.escape(rule.symbol)}' cannot be copied or pickled: .* leaves, or its \.data"
    with pytest.raises(TypeError, match=message):
        COPIES[name](node)


def test_deepcopy_keeps_shared_leaves_shared() -> None:
    """A leaf that stands twice in a structure stands twice, once, in its copy."""
    x = Value(2.0)
    first, second = copy.deepcopy([x, x])
    assert first is second
    assert first is not x


# --- Names that micrograd's users know ------------------------------------------------------------------


def test_prev_and_op_are_parents_and_symbol() -> None:
    """_prev and _op are what micrograd calls the parents and the symbol."""
    x, y = Value(3.0), Value(2.0)
    assert same((x * y)._prev, (x, y))
    assert ((x * y)._op, (x + y)._op, x.relu()._op, x._op) == ("*", "+", "ReLU", "")
    assert same((x * y)._children, (x, y))
    assert (x * y)._local_grads == (2.0, 3.0)
    assert x._prev == ()


@pytest.mark.parametrize(
    ("exponent", "op"),
    [
        (3, "**3"),
        (2.0, "**2"),
        (-1, "**-1"),
        (0.5, "**0.5"),
        (0.1, "**0.1"),
        (1 / 3, "**0.3333333333333333"),
        (1e-300, "**1e-300"),
        (math.inf, "**inf"),
    ],
)
def test_a_constant_exponent_belongs_to_the_symbol(exponent: float, op: str) -> None:
    """x**3 shows as one operation '**3' with one parent, as in micrograd."""
    x = Value(3.0)
    node = x**exponent
    assert node._op == op
    assert same(node._prev, (x,))
    node.grad = 1.0
    node._backward()
    assert x.grad == node.partials[0]


def test_an_exponent_that_is_a_value_is_a_parent() -> None:
    """x**y and 2**y have two parents, each with a gradient of its own."""
    x, y = Value(3.0), Value(2.0)
    assert ((x**y)._op, (2**y)._op) == ("**", "**")
    assert same((x**y)._prev, (x, y))
    assert (2**y)._prev[1] is y


def test_backward_by_hand() -> None:
    """_backward() is one step of the chain rule: it hands the grad on to the operands, and adds to what is there."""
    a, b = Value(2.0), Value(-3.0)
    e = a * b
    d = e + 10.0
    d.grad = 1.0
    d._backward()
    assert e.grad == 1.0
    e._backward()
    assert (a.grad, b.grad) == (-3.0, 2.0)
    e._backward()
    assert (a.grad, b.grad) == (-6.0, 4.0)
    a._backward()  # a leaf has nobody to hand anything on to
    assert (a.grad, a.data) == (-6.0, 2.0)


@pytest.mark.parametrize("partials", [(-3.0,), (-3.0, 2.0, 1.0)])
def test_backward_by_hand_goes_along_every_edge(partials: tuple[float, ...]) -> None:
    """Of a node whose partials somebody has replaced by fewer or more of them it is a ValueError, not a part of it."""
    node = Value(2.0) * Value(-3.0)
    node.partials, node.grad = partials, 1.0
    with pytest.raises(ValueError, match="zip"):
        node._backward()


# --- Threads --------------------------------------------------------------------------------------------


def slopes(start: float) -> list[str]:
    """The gradients of a graph of some thousand nodes of many kinds, to the last bit."""
    leaves = [Value(start + k / 7.0) for k in range(10)]
    nodes = list(leaves)
    for k in range(600):
        x, y = nodes[-1 - k % 7], nodes[-1 - k % 10]
        nodes.append((x * y - 0.5 * x).tanh() + ag.dot([x, y], [y, 1.5], x).sin() / (y * y + 1.0))
    ag.mean(nodes).backward()
    return [leaf.grad.hex() for leaf in leaves]


def test_threads_do_not_disturb_each_other() -> None:
    """Threads that build and differentiate graphs at the same time get what each gets alone."""
    starts = [0.1 * k for k in range(12)]
    alone = [slopes(start) for start in starts]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(2) as pool:
            together = list(pool.map(slopes, starts))
    finally:
        sys.setswitchinterval(interval)
    assert together == alone
    assert len({tuple(bits) for bits in alone}) == len(starts)


@pytest.mark.parametrize("label", [5, None, b"x", ["x"]], ids=repr)
def test_a_label_is_text(label: Any) -> None:
    """What stands there is a label, or a tuple of operands; by name, or set later, it is a label."""
    kind = type(label).__name__
    with pytest.raises(TypeError, match=rf"^Value: expected label \(text\) or children \(a tuple\), got {kind}$"):
        Value(2.0, label)
    with pytest.raises(TypeError, match=f"^Value: expected text as label, got {kind}$"):
        Value(2.0, label=label)
    x = Value(2.0, "x")
    with pytest.raises(TypeError, match=f"^label: expected text, got {kind}$"):
        x.label = label
    assert x.label == "x"

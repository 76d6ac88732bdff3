"""The specification of the functions: one name for Values and for plain numbers, sequences, and primitives."""

from __future__ import annotations

import builtins
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import partial
from math import log
from typing import Any, cast

import numpy as np
import pytest

import autograd as ag
from autograd import Value, primitive, rules
from autograd.graph import order
from autograd.value import record

BAD: dict[str, Any] = {
    "str": "3",
    "NoneType": None,
    "complex": 1j,
    "Decimal": Decimal("1.5"),
    "list": [1.0],
    "dict": {},
    "ndarray": np.array([1.0, 2.0]),
}
# Functions of one or several numbers are those of the elements of an array (test_numpy.py).
NO_ARRAY = [kind for kind in BAD if kind != "ndarray"]

# The operations that formulas write with a sign.
SIGNS: dict[str, Callable[..., Any]] = {
    "+": lambda x, y: x + y,
    "-": lambda x, y: x - y,
    "*": lambda x, y: x * y,
    "/": lambda x, y: x / y,
    "pos": lambda x: +x,
    "neg": lambda x: -x,
    "**": ag.pow,
    "%": lambda x, y: x % y,
    "//": lambda x, y: x // y,
}

FUNCTIONS = [rule for rule in rules.TABLE if rule.symbol not in SIGNS]
SEQUENCES = [rule for rule in FUNCTIONS if rule.layout == "sequence"]
FIXED = [rule for rule in FUNCTIONS if rule.layout == "fixed" and rule is not rules.WHERE]

each_function = pytest.mark.parametrize("rule", FUNCTIONS, ids=lambda rule: rule.symbol)
each_sequence = pytest.mark.parametrize("rule", SEQUENCES, ids=lambda rule: rule.symbol)
each_fixed = pytest.mark.parametrize("rule", FIXED, ids=lambda rule: rule.symbol)


# --- Helpers --------------------------------------------------------------------------------------------


def function_of(rule: rules.Rule) -> Callable[..., Any]:
    """The public function of a row, taking the row's operands one by one."""
    function = getattr(ag, rule.symbol)
    if rule is rules.WHERE:
        return lambda x: function(True, x, 0.0)
    if rule is rules.DOT:
        return lambda *operands: function(*rule.arguments(operands))
    return function  # type: ignore[no-any-return]


def numbers_for(rule: rules.Rule) -> tuple[float, ...]:
    """Numbers in the row's domain: as many as it takes, three for a sequence, two pairs and a bias for dot."""
    arity = {"fixed": len(rule.operand_names), "sequence": 3, "pairs": 5}[rule.layout]
    for numbers in [(0.5, 0.25, 0.75, 2.0, 1.0), (1.5, 1.25, 1.75, 2.0, 1.0)]:
        try:
            rule.value(*rule.arguments(numbers[:arity]))
        except ValueError:
            continue
        return numbers[:arity]
    raise AssertionError(f"{rule}: expected one of the points above to lie in its domain")


def same(nodes: Iterable[Value], others: Iterable[Value]) -> bool:
    """True if they are the very same nodes; == would compare their data."""
    return [id(node) for node in nodes] == [id(node) for node in others]


def gradient(function: Callable[..., Any], *numbers: float) -> list[float]:
    """The gradient of a function of Values, by backward."""
    leaves = [Value(x) for x in numbers]
    function(*leaves).backward()
    return [leaf.grad for leaf in leaves]


# --- Values and plain numbers ---------------------------------------------------------------------------


def test_every_row_has_a_function_or_a_sign() -> None:
    """An operation of the table is a name of autograd, unless a formula writes it with a sign."""
    assert [rule.symbol for rule in FUNCTIONS if not callable(getattr(ag, rule.symbol, None))] == []
    assert {rule.symbol for rule in rules.TABLE} >= SIGNS.keys()


@each_function
def test_on_values_a_function_makes_the_node_of_its_row(rule: rules.Rule) -> None:
    """f(Value) is one node of the row, whose parents are the operands in their order."""
    operands = tuple([Value(x) for x in numbers_for(rule)])
    node = function_of(rule)(*operands)
    expected = record(rule, operands)
    assert isinstance(node, Value)
    assert node.rule is rule
    assert same(node.parents, operands)
    assert (node.data, node.partials) == (expected.data, expected.partials)


@each_function
def test_on_numbers_a_function_returns_a_float(rule: rules.Rule) -> None:
    """f(float) is the float that f(Value) holds; ints and NumPy's scalars are numbers too."""
    numbers = numbers_for(rule)
    expected = record(rule, tuple([Value(x) for x in numbers])).data
    for given in (numbers, tuple(map(np.float64, numbers)), tuple(map(np.float32, numbers))):
        out = function_of(rule)(*given)
        assert type(out) is float
        assert out == expected


@each_function
def test_one_value_among_numbers_is_enough(rule: rules.Rule) -> None:
    """With a Value in any place the result is a node, and the numbers beside it are its constants."""
    numbers = numbers_for(rule)
    for place in range(len(numbers)):
        x = Value(numbers[place])
        node = function_of(rule)(*numbers[:place], x, *numbers[place + 1 :])
        assert node.parents[place] is x
        assert [parent.data for parent in node.parents] == list(numbers)
        others = [parent for parent in node.parents if parent is not x]
        assert [parent.rule for parent in others] == [rules.CONSTANT] * (len(numbers) - 1)


@each_function
def test_a_function_is_named_and_documented(rule: rules.Rule) -> None:
    """help() shows each function under its own name, and says what it computes and what it refuses."""
    function = getattr(ag, rule.symbol)
    assert function.__name__ == function.__qualname__ == rule.symbol
    assert len(function.__doc__) > 20
    assert rule.domain in function.__doc__ or "ValueError where" in function.__doc__


@pytest.mark.parametrize("rule", [rule for rule in FIXED if hasattr(Value, rule.symbol)], ids=lambda rule: rule.symbol)
def test_a_method_equals_its_function(rule: rules.Rule) -> None:
    """x.tanh() and tanh(x) are the same operation."""
    operands = tuple([Value(x) for x in numbers_for(rule)])
    by_function, by_method = getattr(ag, rule.symbol)(*operands), getattr(Value, rule.symbol)(*operands)
    assert by_function.rule is by_method.rule
    assert same(by_function.parents, by_method.parents)
    assert (by_function.data, by_function.partials) == (by_method.data, by_method.partials)


@each_fixed
@pytest.mark.parametrize("kind", NO_ARRAY)
def test_what_is_not_a_number_is_refused(rule: rules.Rule, kind: str) -> None:
    """In each place, beside Values and beside numbers, it is a TypeError that names operation and type."""
    numbers = numbers_for(rule)
    message = rf"^{re.escape(rule.symbol)}: expected a Value or a real number, got {kind}$"
    for place in range(len(numbers)):
        for others in (numbers, tuple([Value(x) for x in numbers])):
            operands = (*others[:place], BAD[kind], *others[place + 1 :])
            with pytest.raises(TypeError, match=message):
                function_of(rule)(*operands)


@each_sequence
@pytest.mark.parametrize("kind", BAD)
def test_what_is_not_a_number_is_refused_in_sequences(rule: rules.Rule, kind: str) -> None:
    """As an element it is a TypeError that names operation and type."""
    message = rf"^{re.escape(rule.symbol)}: expected a Value or a real number, got {kind}$"
    for xs in ([1.0, BAD[kind], 2.0], [Value(1.0), BAD[kind]], [BAD[kind], Value(1.0)]):
        with pytest.raises(TypeError, match=message):
            getattr(ag, rule.symbol)(xs)


def test_numbers_outside_the_domain_raise_alike() -> None:
    """On a float and on a Value, log(-1) is the same ValueError with the same message."""
    for x in (-1.0, Value(-1.0)):
        with pytest.raises(ValueError, match=r"^log: x = -1.0 is outside the domain x > 0$"):
            ag.log(x)


def test_pow_is_the_operator() -> None:
    """ag.pow(x, y) is x**y, on either side a Value or not; real powers only, on floats too."""
    x = Value(3.0)
    assert ag.pow(x, 2).rule is ag.pow(2, x).rule is rules.POW
    assert (ag.pow(x, 2).data, ag.pow(2, x).data, ag.pow(2, 3)) == (9.0, 8.0, 8.0)
    with pytest.raises(ValueError, match=r"^x\*\*y: x = -8.0, y = .* cbrt"):
        ag.pow(-8.0, 1 / 3)


def test_round_is_flat() -> None:
    """ag.round(x) is the nearest whole number, halves to even, with the gradient 0."""
    assert [ag.round(x) for x in (0.5, 1.5, -2.5, 2.6)] == [0.0, 2.0, -2.0, 3.0]
    assert gradient(ag.round, 1.3) == [0.0]


def test_abs_is_the_builtin_on_values() -> None:
    """ag.abs(x) and abs(x) are the same row."""
    assert ag.abs(Value(-2.0)).rule is abs(Value(-2.0)).rule is rules.ABS
    assert gradient(ag.abs, -2.0) == [-1.0]


# --- Sequences ------------------------------------------------------------------------------------------


@each_sequence
def test_a_sequence_may_come_in_any_form(rule: rules.Rule) -> None:
    """A list, a tuple, a generator, an array of numbers, a dictionary's values, or one by one: all the same."""
    function = getattr(ag, rule.symbol)
    x, y, z = Value(3.0), Value(1.0), Value(2.0)
    expected = record(rule, (x, y, z))
    by_name = {"x": x, "y": y, "z": z}
    forms = [[x, y, z], (x, y, z), iter([x, y, z]), (v for v in (x, y, z)), by_name.values(), np.array([x, y, z])]
    for node in [function(form) for form in forms] + [function(x, y, z)]:
        assert (node.data, node.partials) == (expected.data, expected.partials)
        assert same(node.parents, (x, y, z))
    assert function([3.0, 1, 2]) == function(3.0, 1, 2) == function(np.array([3.0, 1.0, 2.0])) == expected.data


@each_sequence
def test_one_value_is_a_sequence_of_one(rule: rules.Rule) -> None:
    """f(x) and f([x]) agree for a single Value, and the node is made of it alone."""
    x = Value(2.0)
    for node in (getattr(ag, rule.symbol)(x), getattr(ag, rule.symbol)([x])):
        assert same(node.parents, (x,))
        assert node.data == pytest.approx(2.0, rel=1e-15)
        node.backward()
    assert x.grad == pytest.approx(2.0, rel=1e-15)


def test_the_empty_sum_is_zero() -> None:
    """sum() of nothing is 0.0, as Python has it."""
    assert repr(ag.sum([])) == repr(ag.sum(iter(()))) == "0.0"
    assert repr(ag.dot([], [])) == "0.0"


@pytest.mark.parametrize("name", ["mean", "max", "min", "logsumexp", "hypot", "norm", "softmax"])
def test_other_functions_of_nothing_are_refused(name: str) -> None:
    """Nothing has no mean and no maximum: a ValueError that names the function."""
    nothing: Any
    for nothing in ([], (), iter(())):
        with pytest.raises(ValueError, match=rf"^{name}: expected at least one number, got none$"):
            getattr(ag, name)(nothing)


def test_sum_and_mean_are_one_node() -> None:
    """A sum of n terms is a single node with n edges, rounded once."""
    xs = [Value(0.1) for _ in range(10)]
    total = ag.sum(xs)
    assert len(order(total)) == 11
    assert total.data == 1.0  # one after the other they give 0.9999999999999999
    assert gradient(lambda *ys: ag.sum(ys), 1.0, 2.0, 3.0) == [1.0, 1.0, 1.0]
    assert gradient(lambda *ys: ag.mean(ys), 1.0, 2.0, 3.0, 4.0) == [0.25] * 4
    assert gradient(lambda y: ag.sum([y, y, y]), 1.0) == [3.0]


def test_max_and_min_share_the_gradient_among_ties() -> None:
    """The k winners get 1/k each, the others nothing."""
    assert ag.max([1.0, 3.0, 3.0]) == ag.max(1.0, 3.0, 3.0) == 3.0
    assert ag.min([1.0, 3.0, 1.0]) == 1.0
    assert gradient(lambda *xs: ag.max(xs), 1.0, 3.0, 3.0, 2.0) == [0.0, 0.5, 0.5, 0.0]
    assert gradient(lambda *xs: ag.min(xs), 1.0, 1.0, 1.0, 2.0) == [1 / 3, 1 / 3, 1 / 3, 0.0]


def test_the_builtin_max_picks_the_first_winner() -> None:
    """Python's own max() and min() only compare, and give all to the first winner."""
    x, y = Value(3.0), Value(3.0)
    assert max(x, y) is x
    assert min([y, x]) is y


def test_norm_is_hypot() -> None:
    """norm([3, 4]) = 5, with the unit vector as its gradient, and 0 at the origin."""
    assert ag.norm([3.0, 4.0]) == ag.hypot(3.0, 4.0) == 5.0
    assert gradient(lambda *xs: ag.norm(xs), 3.0, 4.0) == [0.6, 0.8]
    assert gradient(lambda *xs: ag.norm(xs), 0.0, 0.0) == [0.0, 0.0]
    assert vars(ag)["norm"].__name__ == "norm"


# --- dot ------------------------------------------------------------------------------------------------


def test_dot_is_one_node() -> None:
    """w . x + b is a single node with the partials x, w and 1."""
    w, x, b = [Value(2.0), Value(3.0)], [Value(5.0), Value(7.0)], Value(11.0)
    z = ag.dot(w, x, b)
    assert z.data == 2 * 5 + 3 * 7 + 11
    assert same(z.parents, (*w, *x, b))
    assert z.partials == (5.0, 7.0, 2.0, 3.0, 1.0)
    z.backward()
    assert [v.grad for v in (*w, *x, b)] == [5.0, 7.0, 2.0, 3.0, 1.0]


def test_dot_without_a_bias() -> None:
    """Without a bias there is no edge to one."""
    w, x = [Value(2.0), Value(3.0)], [Value(5.0), Value(7.0)]
    assert same(ag.dot(w, x).parents, (*w, *x))
    assert ag.dot(w, x).partials == (5.0, 7.0, 2.0, 3.0)
    assert ag.dot(w, x, 0.0).parents[4].rule is rules.CONSTANT


def test_dot_takes_numbers_values_and_generators() -> None:
    """Either side may be numbers, either may be a generator, and the operands have names."""
    w = [Value(2.0), Value(3.0)]
    assert ag.dot(w, [5.0, 7.0]).data == ag.dot([5, 7], w).data == 31.0
    assert ag.dot((v for v in w), (x for x in (5.0, 7.0)), 1).data == 32.0
    assert ag.dot(w=[2, 3], x=[5.0, 7.0], bias=1) == 32.0
    assert type(ag.dot([2, 3], [5, 7])) is float
    assert ag.dot([2, 3], [5, 7], Value(1.0)).data == 32.0
    assert ag.dot([], [], Value(1.0)).data == 1.0


def test_dot_of_a_vector_with_itself() -> None:
    """x . x has two edges to each element, and the gradient 2 x."""
    assert gradient(lambda *xs: ag.dot(xs, xs), 3.0, -4.0) == [6.0, -8.0]


@pytest.mark.parametrize(("left", "right"), [(2, 3), (3, 2), (0, 1), (1, 0)])
def test_dot_refuses_different_lengths(left: int, right: int) -> None:
    """Nothing is cut off in silence: a ValueError gives both lengths."""
    message = rf"^dot: expected two sequences of one length, got {left} and {right}$"
    for one in (1.0, Value(1.0)):
        with pytest.raises(ValueError, match=message):
            ag.dot([one] * left, [one] * right)


@pytest.mark.parametrize("kind", BAD)
def test_dot_refuses_what_is_not_a_number(kind: str) -> None:
    """In either sequence, or as the bias, it is a TypeError that names the type."""
    bad = BAD[kind]
    attempts = [
        partial(ag.dot, [bad], [1.0]),
        partial(ag.dot, [Value(1.0)], [bad]),
        *([] if bad is None else [partial(ag.dot, [Value(1.0)], [1.0], bad)]),  # None is "no bias"
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match=rf"^dot: expected a Value or a real number, got {kind}$"):
            attempt()


# --- softmax --------------------------------------------------------------------------------------------


def test_softmax_sums_to_one() -> None:
    """The elements are positive and add up to 1, for numbers near and far apart."""
    rng = random.Random(1)
    for scale in (0.0, 1.0, 30.0, 300.0):
        xs = [rng.uniform(-scale, scale) for _ in range(10)]
        plain = ag.softmax(xs)
        assert math.fsum(plain) == pytest.approx(1.0, rel=1e-13)
        assert builtins.min(plain) > 0.0
        assert [type(p) for p in plain] == [float] * 10
        assert [p.data for p in ag.softmax([Value(x) for x in xs])] == plain
        assert plain.index(max(plain)) == xs.index(max(xs))


@pytest.mark.parametrize("shift", [-1000.0, -1.0, 512.0, 1e6])
def test_softmax_does_not_see_a_shift(shift: float) -> None:
    """softmax(x + c) = softmax(x), also where exp(x + c) would overflow."""
    xs = [0.5, -1.25, 3.0, 0.0]
    assert ag.softmax([x + shift for x in xs]) == pytest.approx(ag.softmax(xs), rel=1e-9)


def test_softmax_of_equal_numbers_and_of_one() -> None:
    """Equal numbers share equally; one number has all."""
    assert ag.softmax([7.0] * 4) == pytest.approx([0.25] * 4, rel=1e-15)
    assert ag.softmax([123.0]) == [1.0]
    assert ag.softmax(iter([0.0, 0.0])) == pytest.approx([0.5, 0.5], rel=1e-15)


def test_softmax_jacobian() -> None:
    """d p_i / d x_j = p_i ([i = j] - p_j), and each row adds up to 0."""
    numbers = [0.3, -1.2, 2.0, 0.7]
    p = ag.softmax(numbers)
    for i in range(4):
        row = gradient(lambda *xs, i=i: ag.softmax(xs)[i], *numbers)
        assert row == pytest.approx([p[i] * ((i == j) - p[j]) for j in range(4)], rel=1e-12, abs=1e-16)


def test_softmax_shares_one_logsumexp() -> None:
    """All elements subtract the same node."""
    xs = [Value(x) for x in (1.0, 2.0, 3.0)]
    wholes = {id(p.parents[0].parents[1]) for p in ag.softmax(xs)}
    assert len(wholes) == 1


def test_softmax_of_values_and_numbers() -> None:
    """One Value among numbers makes every element a node: each depends on it."""
    mixed = ag.softmax([1.0, Value(2.0), 3.0])
    assert all(isinstance(p, Value) for p in mixed)


# --- where, clip, leaky_relu, elu -----------------------------------------------------------------------


def test_where_has_no_edge_to_the_side_not_taken() -> None:
    """The node has one parent, the side that the condition chose."""
    x, y = Value(2.0), Value(3.0)
    assert same(ag.where(x > 1.0, x, y).parents, (x,))
    assert same(ag.where(x > 5.0, x, y).parents, (y,))
    node = ag.where(False, x, 7)
    assert (node.data, node.parents[0].rule) == (7.0, rules.CONSTANT)
    node.backward()
    assert x.grad == 0.0


def test_where_keeps_an_infinite_slope_out() -> None:
    """The slope of sqrt at 0 does not reach through the side not taken."""
    x = Value(0.0)
    ag.where(x > 0, ag.sqrt(x), 0.0).backward()
    assert x.grad == 0.0


def test_where_takes_any_condition() -> None:
    """A bool, a number, a Value or NumPy's bool: what is true decides; with numbers alone the result is a float."""
    for condition, expected in [(True, 1.0), (0, 2.0), (Value(0.0), 2.0), (Value(-1.0), 1.0), (np.True_, 1.0)]:
        out = ag.where(condition, 1, 2)
        assert type(out) is float
        assert out == expected
    assert ag.where(condition=True, x=1.0, y=Value(2.0)).data == 1.0


@pytest.mark.parametrize("kind", NO_ARRAY)
@pytest.mark.parametrize("condition", [True, False])
@pytest.mark.parametrize("other", [1.0, Value(1.0)], ids=["number", "Value"])
def test_where_refuses_what_is_not_a_number_on_either_side(kind: str, condition: bool, other: Any) -> None:
    """Also on the side not taken: an error that shows only now and then is hard to find."""
    message = rf"^where: expected a Value or a real number, got {kind}$"
    with pytest.raises(TypeError, match=message):
        ag.where(condition, other, BAD[kind])
    with pytest.raises(TypeError, match=message):
        ag.where(condition, BAD[kind], other)


@pytest.mark.parametrize(
    ("x", "out", "slopes"),
    [(-1.0, 0.0, [0.0, 1.0, 0.0]), (0.5, 0.5, [1.0, 0.0, 0.0]), (7.0, 2.0, [0.0, 0.0, 1.0])],
)
def test_clip_with_values_as_bounds(x: float, out: float, slopes: list[float]) -> None:
    """The gradient goes to x within the bounds, to the bound that holds elsewhere."""
    assert ag.clip(x, 0, 2) == ag.clip(x, lo=0.0, hi=2.0) == out
    assert ag.clip(Value(x), 0, 2).data == Value(x).clip(0, 2).data == out
    assert gradient(ag.clip, x, 0.0, 2.0) == slopes


def test_clip_refuses_bounds_that_cross() -> None:
    """lo > hi is a ValueError that shows the operands."""
    for x in (1.0, Value(1.0)):
        with pytest.raises(ValueError, match=r"^clip: x = 1.0, lo = 3.0, hi = 2.0 is outside the domain lo <= hi$"):
            ag.clip(x, 3.0, 2.0)


@pytest.mark.parametrize("spell", [ag.leaky_relu, Value.leaky_relu], ids=["function", "method"])
def test_leaky_relu(spell: Callable[..., Any]) -> None:
    """The slope is 0.01 unless given, by place or by name, and a Value as slope is learned."""
    assert [spell(Value(x)).data for x in (3.0, -2.0)] == [3.0, -0.02]
    assert spell(Value(-2.0), 0.5).data == spell(Value(-2.0), slope=0.5).data == -1.0
    assert gradient(spell, -2.0, 0.25) == [0.25, -2.0]
    assert gradient(spell, 2.0, 0.25) == [1.0, 0.0]
    assert gradient(spell, -2.0) == [0.01]


@pytest.mark.parametrize("spell", [ag.elu, Value.elu], ids=["function", "method"])
def test_elu(spell: Callable[..., Any]) -> None:
    """alpha is 1 unless given, by place or by name, and a Value as alpha is learned."""
    assert [spell(Value(x)).data for x in (3.0, -2.0)] == [3.0, math.expm1(-2.0)]
    assert spell(Value(-2.0), 0.5).data == spell(Value(-2.0), alpha=0.5).data == 0.5 * math.expm1(-2.0)
    assert gradient(spell, -2.0, 0.5) == pytest.approx([0.5 * math.exp(-2.0), math.expm1(-2.0)], rel=1e-15)
    assert gradient(spell, 2.0, 0.5) == [1.0, 0.0]
    assert gradient(spell, -2.0) == pytest.approx([math.exp(-2.0)], rel=1e-15)


def test_leaky_relu_and_elu_of_numbers() -> None:
    """On floats they are floats, with a learned slope they are nodes."""
    assert ag.leaky_relu(-2.0) == -0.02
    assert ag.elu(-2.0) == math.expm1(-2.0)
    assert ag.leaky_relu(-2.0, Value(0.5)).data == -1.0
    assert ag.elu(2, alpha=Value(0.5)).data == 2.0


# --- constant -------------------------------------------------------------------------------------------


def test_constant_is_a_leaf_of_the_formula() -> None:
    """A number as a node that is drawn apart; of a Value it takes the number and leaves the history behind."""
    x = Value(3.0, label="x")
    for c in (ag.constant(9), ag.constant(x * x)):
        assert (c.data, c.grad, c.label, c.parents) == (9.0, 0.0, "", ())
        assert c.rule is rules.CONSTANT
    assert ag.constant(2.5, label="c").label == "c"
    (ag.constant(x) * x).backward()
    assert x.grad == 3.0


@pytest.mark.parametrize("kind", BAD)
def test_constant_refuses_what_is_not_a_number(kind: str) -> None:
    """As the operators do."""
    with pytest.raises(TypeError, match=rf"^constant: expected a Value or a real number, got {kind}$"):
        ag.constant(BAD[kind])


# --- Matrices as nested lists ---------------------------------------------------------------------------

A: Any = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
B: Any = np.array([[7.0, -1.0], [0.0, 2.0], [3.0, -5.0]])
a: Any = np.array([2.0, -3.0, 5.0])
b: Any = np.array([10.0, 20.0])


def test_matrix_functions_agree_with_numpy() -> None:
    """On lists of numbers they give what NumPy gives, as lists of floats."""
    lists = A.tolist(), B.tolist(), a.tolist(), b.tolist()
    assert ag.matvec(lists[0], lists[2]) == (A @ a).tolist()
    assert ag.matvec(lists[0], lists[2], lists[3]) == (A @ a + b).tolist()
    assert ag.matmul(lists[0], lists[1]) == (A @ B).tolist()
    assert ag.outer(lists[2], lists[3]) == np.outer(a, b).tolist()
    assert ag.transpose(lists[0]) == A.T.tolist()
    assert ag.elementwise(lambda x, y: x - y, lists[0], ag.transpose(lists[1])) == (A - B.T).tolist()
    assert ag.elementwise(ag.exp, lists[2]) == [math.exp(x) for x in lists[2]]
    assert ag.elementwise(lambda x, y: x * y, 3.0, 5.0) == 15.0


def test_the_operands_of_a_matrix_product_stand_in_the_order_of_the_formula() -> None:
    """W a + b is drawn and explained as it is written: the row of W before a, and b at the end."""
    W, x, c = ag.elementwise(Value, A), ag.elementwise(Value, a), ag.elementwise(Value, b)
    for z, more in ((ag.matvec(W, x), []), (ag.matvec(W, x, c), c)):
        for j, node in enumerate(z):
            assert all(p is q for p, q in zip(node.parents, [*W[j], *x, *more[j : j + 1]], strict=True))
    M = ag.elementwise(Value, B)
    for row, products in zip(W, ag.matmul(W, M), strict=True):
        for k, node in enumerate(products):
            assert all(p is q for p, q in zip(node.parents, [*row, *(line[k] for line in M)], strict=True))


def test_matvec_is_one_dot_for_each_row() -> None:
    """z = W a + b has one node for each z_j, and the gradients of the textbook: delta a^T, delta and W^T delta."""
    W, x, c = ag.elementwise(Value, A), ag.elementwise(Value, a), ag.elementwise(Value, b)
    z = ag.matvec(W, x, c)
    assert [node.rule for node in z] == [rules.DOT] * 2
    delta = np.array([7.0, -2.0])
    ag.dot(delta, z).backward()
    assert ag.elementwise(lambda w: w.grad, W) == np.outer(delta, a).tolist()
    assert ag.elementwise(lambda w: w.grad, c) == delta.tolist()
    assert ag.elementwise(lambda w: w.grad, x) == (A.T @ delta).tolist()


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (lambda: ag.matvec(A, b), "matvec: expected a vector of 3 for a matrix of 2 x 3, got one of 2"),
        (lambda: ag.matvec(A, a, a), "matvec: expected a vector b of 2 for a matrix of 2 x 3, got one of 3"),
        (lambda: ag.matvec(a, a), "matvec: expected a matrix, got a vector of the shape (3,)"),
        (lambda: ag.matmul(A, A), "matmul: expected a second matrix of 3 rows for one of 2 x 3, got 2 x 3"),
        (lambda: ag.matmul(A, a), "matmul: expected a matrix, got a vector of the shape (3,)"),
        (lambda: ag.outer(a, A), "outer: expected a vector, got a matrix of the shape (2, 3)"),
        (lambda: ag.outer(a, cast(Any, 1.0)), "outer: expected a vector, got a number of the shape ()"),
        (lambda: ag.transpose([[1, 2], [3]]), "transpose: expected rows of one length, got lengths [1, 2]"),
        (lambda: ag.transpose(cast(Any, [[1, 2], 3])), "transpose: expected numbers or lists throughout"),
        (lambda: ag.elementwise(max, A, B), "elementwise: expected the shape (2, 3), got (3, 2)"),
        (lambda: ag.elementwise(abs, ["ab", "cd"]), "elementwise: expected numbers or lists throughout"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(attempt: Callable[[], object], message: str) -> None:
    """A ValueError names the function, what it expected, and what it got."""
    with pytest.raises(ValueError, match=re.escape(message)):
        attempt()


class Once(list[float]):
    """A vector that gives its numbers once, as an iterator does, and has a length all the same."""

    def __init__(self, *numbers: float) -> None:
        super().__init__(numbers)
        self.left = [*numbers]

    def __iter__(self) -> Iterator[float]:
        while self.left:
            yield self.left.pop(0)


@pytest.mark.parametrize("function", [lambda u, v: ag.transpose([u, v]), lambda u, v: ag.elementwise(max, u, v)])
def test_what_gives_its_numbers_once_cuts_nothing_off(function: Callable[..., object]) -> None:
    """A vector with nothing left once the lengths are compared is a ValueError: the other does not shrink to it."""
    assert function([1.0, 2.0], [3.0, 4.0])
    with pytest.raises(ValueError, match="zip"):
        function([1.0, 2.0], Once(3.0, 4.0))


# --- primitive ------------------------------------------------------------------------------------------


@primitive(lambda out, x: (3.0 * x * x,))
def cube(x: float) -> float:
    """The third power."""
    return x * x * x


def test_a_primitive_is_an_operation_like_any_other() -> None:
    """On a Value it is one node of its own row with its own symbol, on a float a float."""
    x = Value(2.0)
    y = cube(x)
    y.backward()
    assert (y.data, x.grad, y.partials) == (8.0, 12.0, (12.0,))
    assert (y.rule.symbol, y._op) == ("cube", "cube")
    assert cube(2) == 8.0
    assert type(cube(2)) is float
    (cube(x) * 2.0 + 1.0).backward()
    assert x.grad == 12.0 + 24.0


def test_a_primitive_keeps_its_name_and_docstring() -> None:
    """The decorated function is documented by the function it was made from."""
    assert (cube.__name__, cube.__qualname__, cube.__module__) == ("cube", "cube", __name__)
    assert cube.__doc__ == "The third power."
    assert vars(cube)["rule"].operand_names == ("x",)


def test_a_primitive_of_three_operands() -> None:
    """Each operand has its partial; numbers among them are constants."""

    @primitive(lambda out, x, y, z: (y * z, x * z, x * y))
    def product(x: float, y: float, z: float) -> float:
        """The product of three numbers."""
        return x * y * z

    assert gradient(product, 2.0, 3.0, 5.0) == [15.0, 10.0, 6.0]
    x = Value(2.0)
    node = product(3.0, x, 5)
    assert [parent.rule for parent in node.parents] == [rules.CONSTANT, rules.LEAF, rules.CONSTANT]
    node.backward()
    assert x.grad == 15.0
    assert gradient(lambda v: product(v, v, v), 2.0) == [12.0]


def test_a_primitive_may_use_its_output() -> None:
    """The first argument of the partials is the value: exp' = exp."""
    double_exp = primitive(lambda out, x: (2.0 * out,))(lambda x: math.exp(2.0 * x))
    assert gradient(double_exp, 1.0) == [2.0 * math.exp(2.0)]


@pytest.mark.parametrize("operands", [(), (1.0, 2.0), (Value(1.0), 2.0)], ids=["none", "numbers", "Value"])
def test_a_primitive_refuses_the_wrong_number_of_operands(operands: tuple[Any, ...]) -> None:
    """A TypeError gives the expected and the actual number."""
    with pytest.raises(TypeError, match=rf"^cube: expected 1 operands?, got {len(operands)}$"):
        cube(*operands)


@pytest.mark.parametrize("kind", NO_ARRAY)
def test_a_primitive_refuses_what_is_not_a_number(kind: str) -> None:
    """As every operation does."""
    with pytest.raises(TypeError, match=rf"^cube: expected a Value or a real number, got {kind}$"):
        cube(BAD[kind])


def test_value_and_partials_must_agree_in_their_operands() -> None:
    """Where they are written, not where they are first called: a TypeError shows both."""
    message = r"expected partials\(out, x, y\) beside area\(x, y\), got a function of 2 arguments"
    with pytest.raises(TypeError, match=message):

        @primitive(lambda out, x: (1.0,))
        def area(x: float, y: float) -> float:
            """A product."""
            return x * y


def test_a_primitive_has_operands() -> None:
    """A function of nothing is a constant and no operation."""
    with pytest.raises(TypeError, match=r"^primitive: expected"):
        primitive(lambda out: ())(lambda: 1.0)


@pytest.mark.parametrize("function", [math.sin, np.sin], ids=["math.sin", "np.sin"])
def test_a_primitive_is_a_python_function(function: Callable[..., float]) -> None:
    """A row is read from its code; what has none is a TypeError that says so."""
    with pytest.raises(TypeError, match=r"^primitive: expected a Python function"):
        primitive(lambda out, x: (math.cos(x),))(function)
    with pytest.raises(TypeError, match=r"^primitive: expected a Python function"):
        primitive(function)(lambda x: x)  # type: ignore[arg-type]


@pytest.mark.parametrize("answer", [6.0, [6.0], None, (), (6.0, 6.0)], ids=repr)
def test_partials_are_a_tuple_with_one_number_for_each_operand(answer: Any) -> None:
    """A bare number, and a tuple of another length, is a TypeError that shows what came."""
    square = primitive(lambda out, x: answer)(lambda x: x * x)
    with pytest.raises(TypeError, match=r": expected a tuple of 1 partials?, got " + re.escape(repr(answer))):
        square(Value(3.0))


@pytest.mark.parametrize("kind", BAD)
def test_partials_are_numbers(kind: str) -> None:
    """What is not a number is refused where it arises, not where backward meets it."""
    square = primitive(lambda out, x: (BAD[kind],))(lambda x: x * x)
    with pytest.raises(TypeError, match=rf"expected a.* real number, got {kind}$"):
        square(Value(3.0))


@pytest.mark.parametrize("kind", BAD)
def test_the_value_is_a_number(kind: str) -> None:
    """So is a value that is not a number, on a Value and on a float."""
    square = primitive(lambda out, x: (1.0,))(lambda x: BAD[kind])
    for x in (3.0, Value(3.0)):
        with pytest.raises(TypeError, match=rf"expected a.* real number, got {kind}$"):
            square(x)


def test_results_of_numpy_become_floats() -> None:
    """A primitive written with NumPy leaves no scalar of NumPy in data, partials or gradients."""
    square = primitive(lambda out, x: (np.float64(2.0) * x,))(lambda x: np.square(x))
    x = Value(3.0)
    y = square(x)
    y.backward()
    assert [type(z) for z in (y.data, *y.partials, x.grad, square(3.0))] == [float] * 4
    assert repr(x) == "Value(data=3.0, grad=6.0)"


def test_an_integer_result_becomes_a_float() -> None:
    """A primitive that counts returns floats too."""
    step = primitive(lambda out, x: (0,))(lambda x: int(x))
    x = Value(3.7)
    y = step(x)
    y.backward()
    assert [type(z) for z in (y.data, *y.partials, x.grad, step(3.7))] == [float] * 4


def test_an_error_inside_a_primitive_names_it() -> None:
    """A ValueError keeps its class and its words, and gains the operation and its operands."""

    @primitive(lambda out, x, y: (1.0, 1.0))
    def picky(x: float, y: float) -> float:
        """Refuse everything."""
        raise ValueError(f"{x + y:g} is not for me")

    for x in (2.0, Value(2.0)):
        with pytest.raises(ValueError, match=r"^picky: x = 2.0, y = 3.0: 5 is not for me$"):
            picky(x, 3.0)


def test_a_primitive_answers_within_ieee() -> None:
    """What it calls of math by either name gives inf and nan there; what has no such answer raises with its name."""
    by_module = primitive(lambda out, x: (1.0 / x,))(lambda x: math.log(x))
    by_name = primitive(lambda out, x: (1.0 / x,))(lambda x: log(x))
    gamma = primitive(lambda out, x: (math.nan,))(lambda x: math.gamma(x))
    with ag.ieee():
        for f in (by_module, by_name):
            y = f(Value(0.0))
            assert (y.data, y.partials, f(0.0)) == (-math.inf, (math.inf,), -math.inf)
            assert math.isnan(f(-1.0))
        for x in (0.0, Value(0.0)):
            with pytest.raises(ValueError, match=r"^<lambda>: x = 0.0: math domain error$"):
                gamma(x)


def test_the_domain_of_a_primitive_stands_in_its_message() -> None:
    """With a domain given, the message says what is allowed."""
    inverse = primitive(lambda out, x: (-out * out,), domain="x != 0")(lambda x: 1.0 / x)
    for x in (0.0, Value(0.0)):
        with pytest.raises(ZeroDivisionError, match=r"x = 0.0 is outside the domain x != 0$"):
            inverse(x)
    assert gradient(inverse, 2.0) == [-0.25]


def test_an_error_of_a_special_class_is_not_lost() -> None:
    """An exception whose class takes other arguments still arrives as a ValueError."""

    @primitive(lambda out, x: (1.0,))
    def decode(x: float) -> float:
        """Raise UnicodeDecodeError, which takes five arguments."""
        return x * float(b"\xff".decode())

    with pytest.raises(ValueError, match=r"^decode: x = 1.0"):
        decode(Value(1.0))


def test_other_exceptions_pass_through() -> None:
    """What is not about numbers is the author's own business."""

    @primitive(lambda out, x: (1.0,))
    def lookup(x: float) -> float:
        """Look up what is not there."""
        return {0.0: 1.0}[x]

    with pytest.raises(KeyError):
        lookup(Value(5.0))


def test_a_selecting_primitive() -> None:
    """With selecting=True an edge of partial 0.0 carries nothing; without, 0 * inf is nan."""

    def positive_part(x: float) -> float:
        """Drop what is negative."""
        return max(x, 0.0)

    def partials(out: float, x: float) -> tuple[float]:
        """Return 1 where x passes."""
        return (1.0 if out == x else 0.0,)

    selecting, plain = primitive(partials, selecting=True)(positive_part), primitive(partials)(positive_part)
    assert gradient(lambda x: selecting(x) * math.inf, -1.0) == [0.0]
    assert math.isnan(gradient(lambda x: plain(x) * math.inf, -1.0)[0])


def test_a_primitive_leaves_the_table_alone() -> None:
    """Its row is its own: the library's table does not grow."""
    before = len(rules.TABLE)
    primitive(lambda out, x: (1.0,))(lambda x: x)
    assert len(rules.TABLE) == before
    assert vars(cube)["rule"] not in rules.TABLE

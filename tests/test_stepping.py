"""The specification of showing.stepping and readings.formulas: backward as records, and what each says in symbols."""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import pytest

import autograd as ag
from autograd import Value, graph, primitive, relu, rules, steps
from autograd.readings.formulas import derivative, formula, partial_of
from autograd.readings.symbols import number, product, symbol
from autograd.showing.expressions import evaluate
from autograd.showing.labels import names
from autograd.showing.stepping import Step, folded
from autograd.value import record

INF, NAN = math.inf, math.nan

each_row = pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)


# --- Helpers --------------------------------------------------------------------------------------------------


def some_graph(rng: random.Random) -> Value:
    """A graph of operations chosen at random, some of them selecting, with zeros, ties, infinities and nans in it."""
    nodes = [Value(rng.choice([0.0, 1.0, -1.0, 2.5, -0.3, 1e200, INF, NAN])) for _ in range(4)]
    for _ in range(rng.randrange(1, 25)):
        x, y, z = (rng.choice(nodes) for _ in range(3))
        make: Callable[[Any, Any, Any], Any] = rng.choice(
            [
                lambda x, y, z: x + y,
                lambda x, y, z: x * y,
                lambda x, y, z: x * x,
                lambda x, y, z: x - 2.0,
                lambda x, y, z: relu(x),
                lambda x, y, z: ag.maximum(x, y),
                lambda x, y, z: ag.clip(x, -1.0, 1.0),
                lambda x, y, z: ag.tanh(x),
                lambda x, y, z: ag.sum([x, y, z, x]),
                lambda x, y, z: ag.max([x, y, z]),
                lambda x, y, z: ag.dot([x, y], [y, z], x),
                lambda x, y, z: ag.sqrt(abs(x)),
            ]
        )
        nodes.append(make(x, y, z))
    return nodes[-1]


def same(x: float, y: float) -> bool:
    """The same float, down to the sign of zero; nan is nan."""
    return repr(x) == repr(y)


def node_of(rule: rules.Rule) -> Value:
    """A node of the row, with operands a, b, c."""
    n = {"fixed": len(rule.operand_names), "sequence": 3, "pairs": 3}[rule.layout]
    first = 1.25 if rule is rules.ACOSH else 0.25
    return record(rule, tuple(Value(first + i / 2.0, label) for i, label in zip(range(n), "abc", strict=False)))


def worth(text: str, leaves: dict[str, Value]) -> float:
    """The number that a formula stands for, by the parser of the command line; Iverson's brackets are rewritten."""
    text = re.sub(
        r"\[([^\[\]]*?) (>|=) ([^\[\]]*)\]", lambda m: f"where({m[1]} {m[2].replace('=', '==')} {m[3]}, 1, 0)", text
    )
    text = re.sub(r"^(.*) if (.*) > 0 else (.*)$", r"where(\2 > 0, \1, \3)", text)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    text = re.sub(r"\bsign\((\w+)\)", r"where(\1 > 0, 1, -1)", text)
    text = re.sub(r"^where\(([\w.]+)\)$", r"\1", text)
    return evaluate(text, leaves)[-1].data


# --- The records are the backward pass ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(300))
def test_steps_are_what_backward_does(seed: int) -> None:
    """The last gradient of each node is bit for bit what backward leaves, and the order is that of backward."""
    root = some_graph(random.Random(seed))
    taken = list(steps(root))
    after = {root: 1.0} | {step.operand: step.after for step in taken}
    swept = graph.backward(root)
    for node in swept:
        if node.parents or node is root:
            assert same(after[node], node.grad)
    edges = [(id(node), id(operand), place) for node in swept for place, operand in enumerate(node.parents)]
    assert [(id(step.node), id(step.operand), step.position) for step in taken] == edges
    assert [step.index for step in taken] == list(range(len(edges)))


@pytest.mark.parametrize("seed", range(300))
def test_each_step_is_one_application_of_the_chain_rule(seed: int) -> None:
    """A step's numbers belong together: after = before + partial * upstream, and before is the last after."""
    root = some_graph(random.Random(seed))
    gradient = {root: 1.0}
    for step in steps(root):
        assert step.root is root
        assert same(step.partial, step.node.partials[cast(int, step.position)])
        assert same(step.upstream, gradient.get(step.node, 0.0))
        assert same(step.before, gradient.get(step.operand, 0.0))
        assert same(step.contribution, step.partial * step.upstream if step.carries else 0.0)
        assert same(step.after, step.before + step.contribution if step.carries else step.before)
        if step.carries:
            gradient[step.operand] = step.after


def test_a_zeroed_leaf_receives_what_backward_adds() -> None:
    """In leaves, whose grads accumulate, the steps show what this pass adds, whatever was there before."""
    rng = random.Random(5)
    for _ in range(200):
        root = some_graph(rng)
        leaves = [node for node in graph.order(root) if not node.parents]
        after = {root: 1.0} | {step.operand: step.after for step in steps(root)}
        root.backward()
        assert all(same(after.get(leaf, 0.0), leaf.grad) for leaf in leaves)
        assert {root: 1.0} | {step.operand: step.after for step in steps(root)} == pytest.approx(after, nan_ok=True)


def test_steps_touch_no_grad() -> None:
    """No grad is read or written."""
    x = Value(3.0)
    y = x * x
    x.grad, y.grad = 7.0, NAN
    assert [step.after for step in steps(y)] == [3.0, 6.0]
    assert x.grad == 7.0
    assert math.isnan(y.grad)


@pytest.mark.parametrize("operands", [1, 2, 3])
def test_an_edge_that_is_not_selected_carries_nothing(operands: int) -> None:
    """Where an operation drops an operand, no step below it carries anything, not even 0 * inf."""
    x = Value(0.0, "x")
    endless = ag.sqrt(x)
    y = {1: relu(endless), 2: ag.maximum(endless, 1.0), 3: ag.clip(endless, 1.0, 2.0)}[operands]
    below = [step for step in steps(y * 2.0) if step.operand is endless or step.operand is x]
    assert [step.carries for step in below] == [False, False]
    assert [(step.contribution, step.before, step.after) for step in below] == [(0.0, 0.0, 0.0)] * 2
    assert below[1].upstream is graph.UNTOUCHED
    assert str(below[1]).endswith("(carries nothing)")


def test_a_gradient_of_zero_that_did_arrive_is_handed_on() -> None:
    """0 times an infinite slope is nan, as in backward: only selecting operations carry nothing."""
    x = Value(0.0)
    *_, last = steps(ag.sqrt(x) * 0.0)
    assert last.carries
    assert math.isnan(last.after)


def test_steps_are_lazy() -> None:
    """The first of 200,000 steps comes without the others, and all of them need no recursion."""
    x = Value(1.0)
    for _ in range(100_000):
        x = 0.5 * x + 1.0
    taken = steps(x)
    assert next(taken).index == 0
    assert sum(1 for _ in taken) == 399_999


def test_a_leaf_has_no_steps() -> None:
    """Where nothing was computed, nothing is differentiated."""
    assert list(steps(Value(1.0))) == []


def test_a_step_cannot_be_changed() -> None:
    """Records are immutable."""
    step = next(steps(Value(1.0) * 2.0))
    with pytest.raises(AttributeError):
        step.after = 3.0  # type: ignore[misc]


@pytest.mark.parametrize("given", [1.0, None, [Value(1.0)]])
def test_steps_want_a_value(given: object) -> None:
    """Anything but a Value is refused at the call, by its type."""
    with pytest.raises(TypeError, match=f"expected a Value to step backward from, got {type(given).__name__}"):
        steps(given)  # type: ignore[arg-type]


# --- What a step says -------------------------------------------------------------------------------------------


def test_a_step_prints_its_equation() -> None:
    """A step prints as the chain rule with symbols and with numbers, to the digits asked for."""
    w, x = Value(-3.0, "w"), Value(2.0 / 3.0, "x")
    y = w * x
    y.label = "y"
    first, second = steps(y)
    assert str(first) == repr(first) == "0: dy/dw += dy/dy * x = 1 * 0.6667 = 0.6667"
    assert str(second) == "1: dy/dx += dy/dy * w = 1 * (-3) = -3"
    assert [str(side) for side in first.equation(digits=2)] == ["dy/dw", "dy/dy * x", "1 * 0.67", "0.67"]
    assert [side.latex for side in second.equation()] == [
        r"\frac{\partial y}{\partial x}",
        r"\frac{\partial y}{\partial y} \cdot w",
        r"1 \times (-3)",
        "-3",
    ]


@each_row
def test_partials_are_the_rows_over_the_operands_names(rule: rules.Rule) -> None:
    """The text of each local partial is a formula of the operands' names, worth the number beside it."""
    node = node_of(rule)
    leaves = {leaf.label: leaf for leaf in node.parents}
    taken = list(steps(node))
    assert len(taken) == len(leaves)
    for step in taken:
        assert worth(str(step.symbolic), leaves) == pytest.approx(step.partial, rel=1e-9, abs=1e-12)


@each_row
def test_formulas_are_the_rows_over_the_operands(rule: rules.Rule) -> None:
    """The formula of a node, over names and over numbers, is worth its value."""
    node = node_of(rule)
    leaves = {leaf.label: leaf for leaf in node.parents}
    assert worth(str(formula(node, names(node))), leaves) == pytest.approx(node.data, rel=1e-9)
    assert worth(str(formula(node, names(node), digits=17)), {}) == pytest.approx(node.data, rel=1e-9)


@pytest.mark.parametrize(
    "row", [rules.MAX, rules.MIN, rules.MEAN, rules.LOGSUMEXP, rules.HYPOT], ids=lambda r: r.symbol
)
def test_names_of_the_users_do_not_clash_with_those_of_the_row(row: rules.Rule) -> None:
    """Variables called x_i, n, k and x stand for themselves in the rows that speak of x_i, n and k."""
    leaves = {label: Value(x, label) for label, x in {"x_i": 0.5, "n": 3.0, "k": 3.0, "x": -1.0}.items()}
    for step in steps(record(row, tuple(leaves.values()))):
        assert worth(str(step.symbolic), leaves) == pytest.approx(step.partial, rel=1e-9, abs=1e-12)


def test_many_operands_are_listed_by_their_first_and_last() -> None:
    """Of more than five operands the first three and the last are named, in values and partials alike."""
    w, x = ([Value(1.0, f"{name}{i}") for i in range(9)] for name in "wx")
    y, m = ag.dot(w, x, 0.5), ag.max(w)
    assert str(formula(y, names(y))) == "w0 * x0 + w1 * x1 + w2 * x2 + ... + w8 * x8 + 0.5"
    assert str(formula(m, names(m))) == "max(w0, w1, w2, ..., w8)"
    assert [str(step.symbolic) for step in steps(y)][4:11] == ["x4", "x5", "x6", "x7", "x8", "w0", "w1"]
    assert str(partial_of(m, 4, names(m))) == "[w4 = max(w0, w1, w2, ..., w8)] / 9"


@pytest.mark.parametrize(
    ("make", "text", "latex"),
    [
        (lambda x, y: ag.mean([x, y]), "mean(x, y)", r"\frac{x + y}{2}"),
        (lambda x, y: ag.sum([x, -2.0]), "sum(x, -2)", "x + (-2)"),
        (lambda x, y: ag.dot([x, 2.0], [y, 3.0]), "x * y + 2 * 3", r"x\,y + 2 \cdot 3"),
        (lambda x, y: ag.dot([], [], x), "x", "x"),
        (lambda x, y: x**0.5, "x**0.5", "x^{0.5}"),
        (lambda x, y: x - -y, "x - v1", "x - v_{1}"),
        (lambda x, y: x * 1e-20, "x * 1e-20", r"x \cdot 10^{-20}"),
        (lambda x, y: x * INF, "x * inf", r"x\,\infty"),
        (lambda x, y: ag.where(True, x, y), "where(x)", "x"),
        (lambda x, y: relu(x), "relu(x)", r"\max(x, 0)"),
        (lambda x, y: ag.sigmoid(x), "sigmoid(x)", r"\sigma(x)"),
        (lambda x, y: ag.asin(x), "asin(x)", r"\arcsin(x)"),
        (lambda x, y: ag.atanh(x), "atanh(x)", r"\operatorname{artanh}(x)"),
        (lambda x, y: ag.exp(x), "exp(x)", "e^{x}"),
        (lambda x, y: ag.log2(x), "log2(x)", r"\log_{2}(x)"),
        (lambda x, y: abs(x), "abs(x)", r"\left|x\right|"),
        (lambda x, y: x * x, "x * x", "x^{2}"),
    ],
)
def test_formulas_as_text_and_as_latex(make: object, text: str, latex: str) -> None:
    """Text is what Python would accept, LaTeX what a book would print."""
    node = make(Value(0.5, "x"), Value(0.25, "y"))  # type: ignore[operator]
    written = formula(node, names(node))
    assert (str(written), written.latex) == (text, latex)


@pytest.mark.parametrize(
    ("symbol", "latex"),
    [
        ("log2", [r"\frac{1}{a\,\log(2)}"]),
        ("/", [r"\frac{1}{b}", r"-\frac{a}{b^{2}}"]),
        ("sqrt", [r"\frac{1}{2\,\sqrt{a}}"]),
        ("tanh", [r"1 - \tanh^{2}(a)"]),
        ("sigmoid", [r"\sigma(a)\,(1 - \sigma(a))"]),
        ("acosh", [r"\frac{1}{\sqrt{a - 1}\,\sqrt{a + 1}}"]),
        ("**", [r"b\,a^{b - 1}", r"a^{b}\,\log(a)"]),
        ("logsumexp", [rf"e^{{{x} - \operatorname{{logsumexp}}(a, b, c)}}" for x in "abc"]),
    ],
)
def test_partials_as_latex(symbol: str, latex: list[str]) -> None:
    """No fraction stands within a fraction where one will do."""
    node = node_of(next(rule for rule in rules.TABLE if rule.symbol == symbol))
    assert [step.symbolic.latex for step in steps(node)] == latex


def test_a_primitive_is_read_too() -> None:
    """The partials of a user's own operation are read as formulas, functions of math included."""

    @primitive(lambda out, x, y: (3.0 * x * x * math.cos(y), -out * math.tan(y)))
    def twisted_cube(x: float, y: float) -> float:
        return x**3 * math.cos(y)

    node = twisted_cube(Value(2.0, "x"), Value(1.0, "y"))
    assert [str(step.symbolic) for step in steps(node)] == ["3 * x * x * cos(y)", "-twisted_cube(x, y) * tan(y)"]
    assert formula(node, names(node)).latex == r"\mathrm{twisted\_cube}(x, y)"


@pytest.mark.parametrize(
    "partials",
    [
        lambda out, x: (1.0 if x > 0 else 0.0,),
        lambda out, x: (math.gamma(x),),
        lambda out, x: (x.y,),
        lambda out, x: ({}[x],),
    ],
)
def test_a_primitive_that_cannot_be_read(partials: object) -> None:
    """Where the code of a primitive is no formula, its partial is the derivative that it is."""

    def wild(x: float) -> float:
        return x

    rule = rules.Rule("wild", wild, partials)  # type: ignore[arg-type]
    node = Value(0.0)
    node.parents, node.partials, node.rule, node.label = (Value(1.0, "x"),), (1.0,), rule, "y"
    assert str(partial_of(node, 0, names(node))) == "dy/dx"


def test_a_program_that_counts_as_one_operation_is_not_read() -> None:
    """The partials of a jitted call come from its program: they are called dy/dx, and the call stands as a call."""

    @ag.jit
    def twist(x: Value, y: Value) -> Value:
        return ag.tanh(x * y) + x

    node = twist(Value(2.0, "x"), Value(0.3, "y"))
    node.label = "z"
    assert str(formula(node, names(node))) == "twist(x, y)"
    assert [str(step.symbolic) for step in steps(node)] == ["dz/dx", "dz/dy"]


@pytest.mark.parametrize(
    ("label", "text", "latex"),
    [
        ("x", "dL/dx", r"\frac{\partial L}{\partial x}"),
        ("w[0]", "dL/dw[0]", r"\frac{\partial L}{\partial w_{0}}"),
        ("a + b", "dL/d(a + b)", r"\frac{\partial L}{\partial (a\ +\ b)}"),
        ("m.w[1]", "dL/d(m.w[1])", r"\frac{\partial L}{\partial m.w_{1}}"),
        ("θ", "dL/dθ", r"\frac{\partial L}{\partial \theta }"),
    ],
)
def test_derivatives_of_any_label(label: str, text: str, latex: str) -> None:
    """d L / d label is to be read in one way only."""
    x = Value(1.0, label)
    L = -x
    L.label = "L"
    written = derivative(L, x, names(L))
    assert (str(written), written.latex) == (text, latex)


def test_factors_stand_for_themselves() -> None:
    """In a product, sums, quotients and negative numbers are in parentheses, and ones are not left out."""
    factors = [symbol("a") + 1, symbol("b"), symbol(1), 1 / symbol("c"), number("-2")]
    assert str(product(factors)) == "(a + 1) * b * 1 * (1 / c) * (-2)"
    assert product(factors).latex == r"(a + 1) \cdot b \cdot 1 \cdot \frac{1}{c} \cdot (-2)"
    crossed = r"(a + 1) \times b \times 1 \times \frac{1}{c} \times (-2)"
    assert product(factors, crossed=True).latex == crossed
    assert str(product([number("-2"), symbol("a")])) == "-2 * a"


# --- Folded steps -------------------------------------------------------------------------------------------------


def folded_steps(root: Value, kept: set[Value]) -> list[Step]:
    """The steps between the nodes kept."""
    nodes = graph.order(root)
    gradient = dict(zip(nodes, graph.gradients([root], [1.0], nodes), strict=True))
    return list(folded(nodes, kept, gradient, names(root)))


@pytest.mark.parametrize("seed", range(100))
def test_folded_steps_lead_to_the_same_gradients(seed: int) -> None:
    """Whichever nodes are kept, the contributions that arrive at a kept node add up to its gradient."""
    rng = random.Random(seed)
    leaves = [Value(rng.uniform(-1.0, 1.0)) for _ in range(3)]
    nodes = list(leaves)
    for _ in range(30):
        x, y = rng.choice(nodes), rng.choice(nodes)
        nodes.append(rng.choice([x + y, x * y, relu(x), ag.maximum(x, y), ag.sin(x)]))
    root = ag.sum(nodes)
    kept = {root, *leaves, *rng.sample(nodes, 8)}
    taken = folded_steps(root, kept)
    assert {step.operand for step in taken} == kept - {root}
    last = {step.operand: step.after for step in taken}
    for node in kept - {root}:
        [expected] = graph.gradients([root], [1.0], [node])
        assert last[node] == pytest.approx(expected, rel=1e-9, abs=1e-9)
    for step in taken:
        if step.position is not None:
            assert same(step.partial, step.node.partials[step.position])


def test_everything_kept_is_every_step() -> None:
    """Where every node is kept, the folded steps are the steps."""
    root = some_graph(random.Random(8))
    for step, other in zip(steps(root), folded_steps(root, set(graph.order(root))), strict=True):
        assert step[:1] + step[5:6] == other[:1] + other[5:6]
        assert all(same(x, y) for x, y in zip(step[6:11], other[6:11], strict=True))


def test_one_folded_step_however_many_ways() -> None:
    """2^50 ways between two kept nodes are one step, which says the derivative and has no position."""
    x = node = Value(1.0, "x")
    for _ in range(50):
        node = node + node
    node.label = "y"
    [step] = folded_steps(node, {node, x})
    assert (step.position, step.partial) == (None, 2.0**50)
    assert str(step) == "0: dy/dx += dy/dy * dy/dx = 1 * 1.126e+15 = 1.126e+15"


def test_nothing_is_carried_over_folded_nodes_that_select_nothing() -> None:
    """A way through an operation that did not select, however it goes on, carries nothing."""
    x = Value(0.0, "x")
    kink = ag.sqrt(x)
    root = (relu(-kink - 1.0) * 3.0).tanh()
    [step] = folded_steps(root, {root, x})
    assert (step.carries, step.contribution) == (False, 0.0)
    first, second = folded_steps(root, {root, kink, x})
    assert (first.carries, second.carries, second.after) == (False, False, 0.0)


def test_a_leaf_that_is_not_kept_ends_no_step() -> None:
    """What is not kept is passed through; a leaf leads nowhere."""
    x, y = Value(1.0, "x"), Value(2.0, "y")
    root = x * y
    assert Counter(step.operand.label for step in folded_steps(root, {root, x})) == {"x": 1}

"""The specification of showing.explanation and readings.typesetting: derivations as text, Markdown and LaTeX."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from matplotlib.mathtext import MathTextParser

import autograd as ag
import nn
from autograd import Value, constant, explain, graph, name_from, relu, rules
from autograd.readings.symbols import Symbol, name, number, short, symbol
from autograd.readings.trees import Dots
from autograd.readings.typesetting import Block, Line, latex, markdown, text
from autograd.showing.explanation import ENDS, MOST_LINES, MOST_PATHS, Explanation, nth
from autograd.showing.labels import visible
from autograd.value import record

HOSTILE = json.loads((Path(__file__).parent / "hostile_labels.json").read_text(encoding="utf-8"))
LONG = "x" * 20_000

WORDS = """\
do/dw1 = 1, along 1 path from o to w1; backward visits each of the 10 nodes once

Forward
  x1w1     = x1 * w1      = 2 * (-3)     = -6
  x2w2     = x2 * w2      = 0 * 1        = 0
  x1w1x2w2 = x1w1 + x2w2  = -6 + 0       = -6
  n        = x1w1x2w2 + b = -6 + 6.881   = 0.8814
  o        = tanh(n)      = tanh(0.8814) = 0.7071

Backward
  do/dw1 = do/dn * dn/dx1w1x2w2 * dx1w1x2w2/dx1w1 * dx1w1/dw1
         = (1 - tanh(n)**2) * 1 * 1 * x1
         = 0.5 * 1 * 1 * 2
         = 1"""

STEPS = """\
o = 0.7071; backward visits each of the 10 nodes once

Forward
  x1w1     = x1 * w1      = 2 * (-3)     = -6
  x2w2     = x2 * w2      = 0 * 1        = 0
  x1w1x2w2 = x1w1 + x2w2  = -6 + 0       = -6
  n        = x1w1x2w2 + b = -6 + 6.881   = 0.8814
  o        = tanh(n)      = tanh(0.8814) = 0.7071

Backward, from do/do = 1
  do/dn        = do/do * (1 - tanh(n)**2) = 1 * 0.5    = 0.5
  do/dx1w1x2w2 = do/dn * 1                = 0.5 * 1    = 0.5
  do/db        = do/dn * 1                = 0.5 * 1    = 0.5
  do/dx1w1     = do/dx1w1x2w2 * 1         = 0.5 * 1    = 0.5
  do/dx2w2     = do/dx1w1x2w2 * 1         = 0.5 * 1    = 0.5
  do/dx1       = do/dx1w1 * w1            = 0.5 * (-3) = -1.5
  do/dw1       = do/dx1w1 * x1            = 0.5 * 2    = 1
  do/dx2       = do/dx2w2 * w2            = 0.5 * 1    = 0.5
  do/dw2       = do/dx2w2 * x2            = 0.5 * 0    = 0

Gradients
  do/dx1 = -1.5
  do/dw1 = 1
  do/dx2 = 0.5
  do/dw2 = 0
  do/db  = 0.5"""

LATEX = r"""
\[
\begin{aligned}
\frac{\partial o}{\partial x_{2}} &= \frac{\partial o}{\partial n} \cdot \frac{\partial n}{\partial s} \cdot \frac{\partial s}{\partial p} \cdot \frac{\partial p}{\partial x_{2}} \\
&= (1 - \tanh^{2}(n)) \cdot 1 \cdot 1 \cdot w_{2} \\
&= 0.5 \times 1 \times 1 \times 1 \\
&= 0.5
\end{aligned}
\]"""  # noqa: E501 - as it stands in the document


# --- Helpers --------------------------------------------------------------------------------------------------


def lecture() -> Value:
    """tanh(x1*w1 + x2*w2 + b), the neuron of the well-known lecture, labelled after its variables."""
    x1, x2, w1, w2, b = Value(2.0), Value(0.0), Value(-3.0), Value(1.0), Value(6.8813735870195432)
    x1w1 = x1 * w1
    x2w2 = x2 * w2
    x1w1x2w2 = x1w1 + x2w2
    n = x1w1x2w2 + b
    o = n.tanh()
    name_from(locals())
    return o


def some_graph(rng: random.Random) -> tuple[Value, Value]:
    """A small graph of smooth and selecting operations, and one of its leaves."""
    leaves = [Value(rng.choice([-1.5, 0.5, 2.0]), label) for label in "xyz"]
    nodes: list[Any] = list(leaves)
    for _ in range(rng.randrange(2, 9)):
        x, y = rng.choice(nodes), rng.choice(nodes)
        nodes.append(
            rng.choice([x + y, x * y, x - y, x * x, relu(x), ag.tanh(x), ag.maximum(x, y), ag.mean([x, y, 1.0])])
        )
        if rng.random() < 0.5:
            nodes[-1].label = f"n{len(nodes)}"
    return nodes[-1], leaves[0]


def products(root: Value, wrt: Value) -> list[float]:
    """The product along every path from the root to wrt, by walking them all; 0.0 over what is not selected."""
    if root is wrt:
        return [1.0]
    found = []
    for operand, partial in zip(root.parents, root.partials, strict=True):
        selected = bool(partial) or not root.rule.selecting
        found += [partial * rest if selected else 0.0 for rest in products(operand, wrt)]
    return found


def gradient(root: Value, wrt: Value) -> float:
    """What backward leaves in the node, from a clean start."""
    return graph.gradients([root], [1.0], [wrt])[0]


def chain(doublings: int) -> tuple[Value, Value]:
    """A node of 2^doublings paths to the leaf a."""
    leaf = node = Value(1.0, "a")
    for _ in range(doublings):
        node = node + node
    return node, leaf


def symbols(explanation: Explanation) -> Iterator[Symbol]:
    """Every symbol of a derivation."""
    for block in explanation.blocks:
        yield from (piece for piece in block.sentence if isinstance(piece, Symbol))
        for line in block.lines:
            yield from (line.left, *line.sides)


# --- What it prints -------------------------------------------------------------------------------------------


def test_the_derivation_of_the_lecture() -> None:
    """For one weight: the forward pass, and the chain rule in symbols and in numbers, to the letter."""
    explanation = explain(lecture(), "w1")
    assert explanation.text() == str(explanation) == repr(explanation) == WORDS
    assert (explanation.paths, explanation.visited) == (1, 10)


def test_the_backward_pass_of_the_lecture() -> None:
    """Without a variable: every step of backward, and the gradients that result, to the letter."""
    explanation = explain(lecture())
    assert explanation.text() == STEPS
    assert (explanation.paths, explanation.visited) == (None, 10)


def test_latex_of_the_lecture() -> None:
    """In LaTeX the same equations stand under each other."""
    o = lecture()
    for node in graph.order(o):
        node.label = node.label.replace("x1w1x2w2", "s").replace("x2w2", "p")
    assert explain(o, "x2").latex().endswith("Backward\n" + LATEX)
    assert explain(o, "x2").markdown().endswith("Backward\n" + LATEX.replace("\\[", "$$").replace("\\]", "$$"))


@pytest.mark.parametrize(("zero", "printed"), [(0.0, "0"), (-0.0, "(-0)")])
def test_a_bias_of_zero_is_a_term(zero: float, printed: str) -> None:
    """Numbers have as many terms as names: one that is 0 is written, and only what is not there is left out."""
    w, x, b = [Value(0.5, "w0"), Value(0.0, "w1")], [Value(2.0, "x0"), Value(3.0, "x1")], Value(zero, "b")
    assert f"v1 = w0 * x0 + w1 * x1 + b = 0.5 * 2 + 0 * 3 + {printed} = 1" in explain(ag.dot(w, x, b)).text()
    assert "v1 = w0 * x0 + w1 * x1 = 0.5 * 2 + 0 * 3 = 1" in explain(ag.dot(w, x)).text()


def test_a_notebook_shows_markdown() -> None:
    """The notebook's hook is the Markdown."""
    explanation = explain(lecture(), "b")
    assert explanation._repr_markdown_() == explanation.markdown()
    assert explanation.markdown().startswith(r"$\frac{\partial o}{\partial b}$ = $0.5$, along 1 path from $o$ to $b$;")


def test_a_node_used_twice_shows_the_sum() -> None:
    """Each path is a product; the paths add up."""
    x = Value(3.0, "x")
    a, b = 2.0 * x, x * x
    L = a * b
    name_from({"a": a, "b": b, "L": L})
    _, _, backward = explain(L, x).text().partition("Backward\n")
    assert backward.splitlines() == [
        "  path 1: dL/da * da/dx",
        "        = b * 2",
        "        = 9 * 2",
        "        = 18",
        "  path 2: dL/db * db/d(1st x)",
        "        = a * x",
        "        = 6 * 3",
        "        = 18",
        "  path 3: dL/db * db/d(2nd x)",
        "        = a * x",
        "        = 6 * 3",
        "        = 18",
        "  dL/dx = 18 + 18 + 18",
        "        = 54",
    ]


def test_steps_add_up_where_a_node_is_used_twice() -> None:
    """Step by step, each use is added to what is there already."""
    x = Value(3.0, "x")
    y = x * x
    y.label = "y"
    assert "  dy/dx += dy/dy * x = 1 * 3 = 3  (now 3)\n  dy/dx += dy/dy * x = 1 * 3 = 3  (now 6)\n" in explain(y).text()


@pytest.mark.parametrize("seed", range(300))
def test_every_path_is_written_out(seed: int) -> None:
    """The number of paths is exact; the products written out are those of all paths, and their sum is the gradient."""
    root, x = some_graph(random.Random(seed))
    explanation = explain(root, x, digits=17)
    expected = products(root, x)
    assert explanation.paths == len(expected)
    printed = explanation.text()
    if root is x or not expected:
        assert printed.count("\n") == 0
        return
    assert float(re.match(r"\S+ = ([^,]*),", printed)[1]) == gradient(root, x)  # type: ignore[index]
    assert gradient(root, x) == pytest.approx(sum(expected), rel=1e-12, abs=1e-12)
    *_, backward = explanation.blocks
    if not backward.stacked:
        assert len(expected) > MOST_PATHS
        return
    if "folded" not in printed:
        results = [float(line.sides[-1].text) for line in backward.lines if line.sign == ":"] or [gradient(root, x)]
        assert results == pytest.approx(expected, rel=1e-12)
    assert float(backward.lines[-1].sides[-1].text) == gradient(root, x)


def test_more_paths_than_atoms_in_a_mole() -> None:
    """2^50 paths are counted and not walked; backward visits 51 nodes, and the derivation follows it node by node."""
    root, a = chain(50)
    explanation = explain(root, a)
    assert (explanation.paths, explanation.visited) == (2**50, 51)
    printed = explanation.text()
    assert (
        "the sum over 1,125,899,906,842,624 paths from v50 to a; backward visits each of the 51 nodes once" in printed
    )
    assert "\n  dv50/dv49 = dv50/dv50 * 1 + dv50/dv50 * 1 = 1 * 1 + 1 * 1 " in printed
    assert printed.endswith("= 5.629e+14 * 1 + 5.629e+14 * 1 = 1.126e+15")


def test_more_paths_than_digits_of_a_number() -> None:
    """A number of paths with 3,000 digits is exact as a number, and rounded in words."""
    root, a = chain(10_000)
    explanation = explain(root * 0.0, a)
    assert explanation.paths == 2**10_000
    assert "the sum over about 10^3010.3 paths" in explanation.text()


def test_a_long_derivation_is_folded_at_labelled_nodes() -> None:
    """Where the graph is long, factors lead from one labelled node to the next."""
    x = node = Value(0.5, "x")
    for i in range(30):
        node = (node * 1.5).tanh()
        if i in {9, 19}:
            node.label = f"h{i}"
    node.label = "y"
    explanation = explain(node, x)
    _, _, backward = explanation.text().partition("Backward\n")
    numbers = [gradient(node, h) for h in graph.order(node) if h.label == "h19"]
    first, *_, last = backward.splitlines()
    assert first == "  dy/dx = dy/dh19 * dh19/dh9 * dh9/dx"
    assert backward.splitlines()[1].startswith(f"        = {short(numbers[0])} * ")
    assert last == f"        = {short(gradient(node, x))}"
    assert "; folded at labelled nodes" in explanation.text()
    assert "  h9  = " in explanation.text()


def test_a_long_pass_is_folded_at_labelled_nodes() -> None:
    """So is the backward pass of a network whose activations have labels."""
    model = nn.MLP(3, [4, 4, 1], activation="tanh", rng=random.Random(1))
    y: Any = model([1.0, 2.0, 3.0])
    layer = [node for node in graph.order(y) if node.rule is rules.TANH][:4]
    h = layer
    name_from({"h": h, "y": y, "model": model})
    explanation = explain(y)
    assert "; folded at labelled nodes" in explanation.text()
    assert all(f"  {node.label} " in explanation.text() for node in layer)


def network() -> tuple[nn.MLP, Value]:
    """A network of three layers, 2-2-2-1, and a loss of it."""
    model = nn.MLP(2, [2, 2, 1], activation="tanh", rng=random.Random(1))
    loss = (model([1.0, -2.0]) - 1.0) ** 2
    loss.label = "L"
    return model, loss


def test_a_derivation_is_folded_at_modules() -> None:
    """With collapse only what neurons hand on is told, under their names; a factor is the derivative through one."""
    model, loss = network()
    told = explain(loss, wrt="layers.0.neurons.1.w[0]", collapse=True)
    lines = [line.split() for line in told.text().splitlines() if line]
    assert "folded at modules" in told.text()
    assert [line[0] for line in lines[lines.index(["Forward"]) + 1 : lines.index(["Backward"])]] == [
        *[f"layers.{layer}.neurons.{neuron}" for layer in (0, 1) for neuron in (0, 1)],
        "layers.2.neurons.0",
        "L",
    ]
    through = [f"d(layers.2.neurons.0)/d(layers.1.neurons.{i})" for i in (0, 1)]
    assert [symbol in told.text() for symbol in through] == [True, True]
    assert told.paths == 2
    loss.backward()
    results = [float(line[-1]) for line in lines[lines.index(["Backward"]) :] if len(line) == 2 and line[0] == "="]
    assert results[-1] == pytest.approx(model.layers[0].neurons[1].w[0].grad, rel=1e-3)
    assert results[-1] == pytest.approx(sum(results[:-1]), rel=1e-3)


def test_paths_that_are_folded_into_products() -> None:
    """A product that stands for several paths is not called a path, and it is said how many products there are."""
    x = Value(2.0, label="x")
    u, y = (x * x).exp(), (x * x).tanh()
    u.label = "u"
    y = y * u
    y.label = "y"
    told = explain(y, wrt=x, collapse=True).text()
    assert "the sum over 4 paths, in 2 products, from y to x" in told
    assert [line.split(":")[0] for line in told.splitlines() if ":" in line] == ["  product 1", "  product 2"]
    whole = explain(y, wrt=x).text()
    assert "the sum over 4 paths from y to x" in whole
    assert "path 4: " in whole


def test_layers_and_open_neurons_in_a_derivation() -> None:
    """depth and expand choose what is told, as in a drawing: layers by the index of what they hand on, or the nodes."""
    _, loss = network()
    told = explain(loss, wrt="layers.0.neurons.1.w[0]", depth=1).text()
    assert "d(layers.2)/d(layers.1[0]) * d(layers.1[0])/d(layers.0[1])" in told
    assert "neurons.0" not in told.split("Backward")[0]
    told = explain(loss, wrt="layers.2.neurons.0.w[1]", depth=1, expand="layers.1.neurons.1").text()
    assert re.search(r"dL/d\(layers.2\) \* v\d+$", told, re.MULTILINE)  # the activation of the open neuron
    assert "layers.1.neurons.0 =" in told


def test_the_whole_pass_is_folded_at_modules() -> None:
    """Without a variable the steps lead from what a module hands on to the next, and to each parameter."""
    _, loss = network()
    told = explain(loss, collapse=True).text()
    steps = told.split("Backward")[1].split("Gradients")[0]
    assert "dL/d(layers.1.neurons.0) = dL/d(layers.2.neurons.0) * layers.2.neurons.0.w[0]" in re.sub(" +", " ", steps)
    assert not re.search(r"\bv\d", steps)


def test_a_derivation_is_folded_at_labels_that_are_no_modules() -> None:
    """Without modules collapse folds at the labelled nodes, however short the derivation."""
    x = Value(2.0, label="x")
    y = (x * x).exp()
    y.label = "y"
    told = explain(y * 3.0, wrt=x, collapse=True).text()
    assert "folded at labelled nodes" in told
    assert "dv2/dy * dy/dx" in told


def test_folding_that_cannot_be() -> None:
    """What collapse, expand and depth refuse is what they refuse in a drawing."""
    _, loss = network()
    with pytest.raises(TypeError, match="expected True, False or a module, got str"):
        explain(loss, collapse="neurons")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="expected a module or a list of the graph .*, got 'x'"):
        explain(loss, expand="x")
    with pytest.raises(ValueError, match="depth: expected 0 .* or more, got -1"):
        explain(loss, depth=-1)


def test_a_long_derivation_without_labels_is_cut() -> None:
    """Where there is nothing to fold at, the first and last lines are shown, and how many are left out."""
    x = node = Value(1.0)
    for _ in range(1000):
        node = node * 0.999
    for explanation, noun in ((explain(node, x), "node"), (explain(node), "step")):
        *_, lines = [block.lines for block in explanation.blocks if len(block.lines) > 1]
        assert len(lines) == 2 * ENDS + 1
        assert lines[ENDS].note == f"{1000 - 2 * ENDS} {noun}s more"
        assert f"  ...  ({1000 - 2 * ENDS} {noun}s more)\n" in explanation.text()


def test_a_node_with_many_uses_is_cut() -> None:
    """Of many uses the first and the last are written out; the sum is of all of them."""
    x = Value(2.0, "x")
    y = ag.sum([x] * 100)
    line = explain(y, x).blocks[-1].lines[0]
    assert str(line.sides[0]).count("dv1/dv1") == 4
    assert " + ... + " in str(line.sides[0])
    assert str(line.sides[-1]) == "100"


@pytest.mark.parametrize("wrt", [True, False])
def test_a_graph_of_100000_nodes(wrt: bool) -> None:
    """Depth and size are limited by memory only, and the derivation stays short."""
    x = node = Value(1.0, "x")
    for i in range(100_000):
        node = node + x if i % 2 else node * 0.5
    explanation = explain(node, x) if wrt else explain(node)
    assert explanation.visited == 150_001
    assert explanation.paths == (50_001 if wrt else None)
    assert len(explanation.text().splitlines()) < 3 * MOST_LINES


def test_no_grad_is_touched() -> None:
    """No grad is read or written."""
    o = lecture()
    for node in graph.order(o):
        node.grad = math.nan
    assert explain(o).text() == STEPS
    assert all(math.isnan(node.grad) for node in graph.order(o))


def test_a_derivative_graph_is_explained_too() -> None:
    """The derivative of a derivative is a graph like any other."""
    x = Value(0.5, "x")
    [slope] = ag.gradients(x**3, [x], create_graph=True)
    slope.label = "dy"
    assert explain(slope, x).text().splitlines()[0].startswith("ddy/dx = 3, ")


# --- Corners ----------------------------------------------------------------------------------------------------


def test_a_variable_that_does_not_matter() -> None:
    """A variable from elsewhere has the derivative 0, whatever it is called."""
    y = 2.0 * Value(1.0, "x")
    y.label = "y"
    other = explain(y, Value(3.0, "x"))
    assert (other.text(), other.paths) == ("dy/dx_2 = 0: y does not depend on x_2", 0)
    assert explain(y, Value(3.0)).text() == "dy/dv1 = 0: y does not depend on v1"


def test_a_constant() -> None:
    """By a constant nothing is differentiated, and no step leads to one."""
    x = Value(2.0, "x")
    y = x * constant(3.0, "c")
    assert explain(y, "c").text() == "c is a constant: nothing is differentiated by it"
    assert explain(y, y.parents[1]).text() == "c is a constant: nothing is differentiated by it"
    assert "/dc" not in explain(y).text()


def test_a_leaf_as_the_root() -> None:
    """The derivative by itself is 1; a leaf has no forward pass."""
    x = Value(2.0, "x")
    assert explain(x, x).text() == "dx/dx = 1: the derivative of a number by itself"
    assert explain(x).text() == "x = 2; backward visits 1 node\n\nGradients\n  dx/dx = 1"
    assert explain(constant(3.0)).text() == "3 = 3; backward visits 1 node"


def test_what_is_not_selected_carries_nothing() -> None:
    """A path through a relu that is off contributes 0, even where the number on the way is infinite."""
    x = Value(0.0, "x")
    y = relu(-ag.sqrt(x) - 1.0) * 5.0 + x
    y.label = "y"
    printed = explain(y, x).text()
    assert printed.startswith("dy/dx = 1, the sum over 2 paths")
    assert "= 1 * 5 * 0 * 1 * (-1) * inf\n          = 0  (carries nothing)\n" in printed.replace(
        "\n        =", "\n          ="
    )
    assert explain(y).text().count("carries nothing") == 4


def test_uses_that_carry_nothing_are_counted() -> None:
    """Node by node, a note says how many uses of a node carry nothing."""
    x = Value(-1.0, "x")
    y = ag.sum([relu(x) for _ in range(20)])
    assert explain(y, x).blocks[-1].lines[-1].note == "20 of 20 uses carry nothing"


def test_infinities_and_nans_are_numbers() -> None:
    """inf and nan print, in LaTeX as their signs."""
    x = Value(math.inf, "x")
    y = x * Value(math.nan, "y") + 1e-20
    y.label = "L"
    explanation = explain(y, "y")
    assert "inf * nan" in explanation.text()
    assert r"\infty \cdot" not in explanation.text()
    assert r"\infty" in explanation.latex()
    assert r"10^{-20}" in explanation.latex()
    assert r"\mathrm{nan}" in explanation.latex()


def test_a_sum_over_paths_that_rounds_otherwise() -> None:
    """Where the paths overflow and backward does not, the line says so."""
    x = Value(0.0, "x")
    h = x * 1e200
    y = h * 1e200 - h * 1e200
    y.label = "y"
    *_, total, result = explain(y, x).text().splitlines()
    assert total == "  dy/dx = inf + (-inf)"
    assert result == "        = 0  (rounded otherwise: backward adds up before it multiplies)"


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "message"),
    [
        ((2.0,), {}, TypeError, "expected a Value to explain, got float"),
        ((Value(1.0), 2.0), {}, TypeError, "expected a Value or its label to differentiate by, got float"),
        (
            (Value(1.0, "x") * 2.0, "y"),
            {},
            ValueError,
            "one of x, or another name of the derivation, such as v1, got 'y'",
        ),
        ((-Value(1.0), "y"), {}, ValueError, "expected the name of a node, one of v1, v2, got 'y'"),
        (
            (ag.sum([Value(1.0, f"w{i}") for i in range(20)]), "y"),
            {},
            ValueError,
            "w0, w1, w2, w3, w4, w5, w6, w7, ..., or another name of the derivation, such as v1, got",
        ),
        ((Value(1.0) * 2.0, "2"), {}, ValueError, "got '2'"),
        ((Value(1.0),), {"digits": 0}, ValueError, "expected digits from 1 to 17, got 0"),
        ((Value(1.0),), {"expand": True}, ValueError, "expand: expected the names of boxes, got True"),
        ((Value(1.0),), {"digits": 18}, ValueError, "expected digits from 1 to 17, got 18"),
    ],
)
def test_what_it_refuses(
    arguments: tuple[Any, ...], keywords: dict[str, Any], error: type[Exception], message: str
) -> None:
    """A wrong argument is refused with what was expected and what was given."""
    with pytest.raises(error, match=re.escape(message)):
        explain(*arguments, **keywords)


def test_a_node_may_be_given_by_any_name_of_the_derivation() -> None:
    """A label, a long one in full, or the short name of a node without label."""
    x = Value(2.0, LONG)
    y = -(x * x)
    assert explain(y, LONG).text() == explain(y, x).text()
    assert explain(y, "v1").text() == explain(y, y.parents[0]).text()


def test_digits() -> None:
    """Numbers have four significant digits, or as many as are asked for."""
    y = Value(1.0 / 3.0, "x") * 2.0
    assert "= 0.6667\n" in explain(y).text()
    assert "= 0.66666667\n" in explain(y, digits=8).text()


@pytest.mark.parametrize(
    ("n", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd"), (113, "113th")]
)
def test_ordinals(n: int, word: str) -> None:
    """Ordinals are English."""
    assert nth(n) == word


# --- Labels are data --------------------------------------------------------------------------------------------

COMMANDS = r"""\[ \] \( \) \\ \{ \} \$ \% \# \_ \& \, \begin \end \frac \partial \cdot \cdots \ldots \vdots \times
\mathrm \text \hat \tilde \grave \backslash \vert \ast \quad \phantom \mathrel \lt \gt \left \right"""
"""All that the LaTeX of a derivation without functions is made of; and a backslash before a space."""


def tokens(written: str) -> list[str]:
    """TeX's commands in a text: a backslash with the letters, or the one sign, behind it."""
    return re.findall(r"\\(?:[A-Za-z]+|.|\n)", written)


@pytest.mark.parametrize("label", [*HOSTILE, LONG], ids=lambda label: ascii(label[:30]))
def test_labels_are_harmless(label: str) -> None:
    """Whatever a label holds comes out as it can be seen, and is no command, markup or end of a formula."""
    x, inner = Value(2.0, label), Value(3.0, "x")
    product = x * inner
    product.label = label
    root = product + x
    root.label = label
    for explanation in (explain(root, x), explain(root)):
        assert visible(label) in explanation.text()
        assert "\x1b" not in explanation.text()
        assert max(map(len, explanation.text().splitlines())) < 1500
        plain, marked = explanation.latex(), explanation.markdown()
        assert set(tokens(plain)) <= {*COMMANDS.split(), "\\ "}
        assert set(tokens(marked)) <= {*COMMANDS.split(), "\\ "}
        bare = re.sub(r"\\(?:[A-Za-z]+|.|\n)", "", plain)
        assert bare.count("{") == bare.count("}")
        assert not set(bare) & set("$%#_^~`\\") - {"_"}
        assert "_" not in re.sub(r"_\{", "", bare)
        assert bare.count("&") == sum(
            len(line.told()) if block.stacked else max(2 * len(line.told()) - 1, 1)
            for block in explanation.blocks
            for line in block.lines
        )
        assert not set("<>") & set(marked)
        assert re.sub(r"\\\$", "", marked).count("$") % 2 == 0
        assert "\n\n" not in "".join(re.findall(r"\$\$\n(.*?)\n\$\$", marked, flags=re.DOTALL))


@pytest.mark.parametrize("label", [*HOSTILE, LONG], ids=lambda label: ascii(label[:30]))
def test_labels_are_verbatim_in_latex(label: str) -> None:
    """What TeX prints for a label is the label: each command is undone to the sign that it stands for."""
    signs = {r"\backslash ": "\\", r"\vert ": "|", r"\ast ": "*", r"\partial ": "∂", r"\ldots ": "…", r"\ ": " "}
    accents = {r"\hat{\ }": "^", r"\tilde{\ }": "~", r"\grave{\ }": "`"}
    written = name(visible(label)).latex
    for command, sign in accents.items():
        written = written.replace(command, f"\0{ord(sign)}\0")
    for command, sign in signs.items():
        written = written.replace(command, f"\0{ord(sign)}\0")
    written = re.sub(r"\\([$%#_&{}])", lambda found: f"\0{ord(found[1])}\0", written)
    written = re.sub(r"\\(?:mathrm|text)(?=\{)|_(?=\{)|[{}]", "", written)  # an index is a subscript
    assert re.sub("\0(\\d+)\0", lambda found: chr(int(found[1])), written) == visible(label)


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("w", "w"),
        ("w12", "w_{12}"),
        ("w_1", "w_{1}"),
        ("W_out", r"W_{\mathrm{out}}"),
        ("loss", r"\mathrm{loss}"),
        ("w[3]", "w_{3}"),
        ("w1[3][0]", "w_{1,3,0}"),
        ("beta1", r"\beta _{1}"),
        ("λ", r"\lambda "),
        ("x1w1", r"\mathrm{x1w1}"),
        ("a_b_c", r"\mathrm{a\_b\_c}"),
        ("model.w[5]", r"\mathrm{model}.w_{5}"),
        ("x1*w1 + b", r"x_{1}\ast w_{1}\ +\ b"),
        ("été", r"\mathrm{\text{é}t\text{é}}"),
        ("7", "7"),
        ("", ""),
    ],
)
def test_names_in_latex(label: str, latex: str) -> None:
    """Indices are subscripts, Greek letters Greek, words upright."""
    assert name(label).latex == latex


@pytest.mark.parametrize(
    ("x", "printed", "latex"),
    [
        (math.inf, "inf", r"\infty"),
        (-math.inf, "-inf", r"-\infty"),
        (math.nan, "nan", r"\mathrm{nan}"),
        (1e-20, "1e-20", "10^{-20}"),
        (-1e-20, "-1e-20", "-10^{-20}"),
        (2.5e100, "2.5e+100", r"2.5 \times 10^{100}"),
        (-1.1e-7, "-1.1e-07", r"-1.1 \times 10^{-7}"),
        (123456.0, "123456", "123456"),
        (1234567.0, "1.235e+06", r"1.235 \times 10^{6}"),
        (-0.0, "-0", "-0"),
    ],
)
def test_numbers_in_latex(x: float, printed: str, latex: str) -> None:
    """Powers of ten, infinities and nan are set as a book has them."""
    assert (short(x), number(short(x)).latex) == (printed, latex)


@pytest.mark.parametrize("x", [1e-20, 2.5e-7, -2.0])
def test_powers_of_numbers_stand_in_parentheses(x: float) -> None:
    """No power of ten is raised to a power without parentheses."""
    base = number(short(x))
    assert (base**2).latex == f"({base.latex})^{{2}}"
    assert (symbol("a") * symbol("b") ** base).latex == rf"a\,b^{{{base.latex}}}"


@pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
def test_latex_is_valid(rule: rules.Rule) -> None:
    """Another program, Matplotlib's mathtext, can set every formula of every row (but for cases, which it lacks)."""
    n = {"fixed": len(rule.operand_names), "sequence": 3, "pairs": 3}[rule.layout]
    leaves = [Value(0.3 + i, label) for i, label in zip(range(n), ("x_1", "θ", "50% of {x}^2"), strict=False)]
    if rule is rules.ACOSH:
        leaves[0].data = 1.5
    node = record(rule, tuple(leaves))
    parser = MathTextParser("agg")
    for explanation in (explain(node), explain(node, leaves[0])):
        for written in symbols(explanation):
            known = written.latex.replace(r"\tfrac", r"\frac").replace(r"\text{", r"\mathrm{")  # Matplotlib 3.7
            known = re.sub(r"\\begin\{cases\}(.*?)\\end\{cases\}", r"\1", known).replace(r"\\", "").replace(" & ", " ")
            assert parser.parse(f"${known}$").width > 0.0


# --- Typesetting --------------------------------------------------------------------------------------------------


def test_a_side_that_says_nothing_new_is_left_out() -> None:
    """Repetitions go: 1 = 1 = 1 is 1."""
    line = Line(symbol("a"), [symbol("a"), symbol("b"), symbol("b"), symbol("c")])
    assert [side.text for side in line.told()] == ["b", "c"]
    assert text([Block(["So"], [line])]) == "So\n  a = b = c"


def test_signs_are_aligned() -> None:
    """In columns, each side stands below its like, a += has its place, and notes stand behind."""
    lines = [
        Line(symbol("a"), [symbol("b"), symbol(1)], "+=", "a note"),
        Line(symbol("long"), [symbol("longer"), symbol(22)]),
        Line(Symbol(Dots()), note="3 more"),
    ]
    assert text([Block(["So"], lines)]).splitlines() == [
        "So",
        "  a    += b      = 1   (a note)",
        "  long  = longer = 22",
        "  ...  (3 more)",
    ]
    assert latex([Block(["So"], lines)]).splitlines()[3:-1] == [
        r"\begin{aligned}",
        r"a &\mathrel{+}= b &&= 1\quad\text{(a note)} \\[3pt]",
        r"\mathrm{long} &= \mathrm{longer} &&= 22 \\[3pt]",
        r"& \vdots\quad\text{(3 more)}",
        r"\end{aligned}",
    ]


def test_a_very_long_side_pushes_only_its_own_line() -> None:
    """One long formula does not draw the others apart."""
    lines = [Line(symbol("a"), [symbol("b" * 60), symbol(1)]), Line(symbol("c"), [symbol("d"), symbol(2)])]
    assert text([Block([], lines)]).splitlines()[2] == "  c = d = 2"


def test_what_follows_a_very_long_side_is_in_no_column() -> None:
    """What stands behind a long formula leaves no gaps in the other lines, and has none itself."""
    long = Line(symbol("a"), [symbol("b" * 60), symbol("e" * 30), symbol(1)])
    lines = [long, Line(symbol("c"), [symbol("d"), symbol(2), symbol(3)])]
    assert text([Block([], lines)]).splitlines()[1:] == [f"  a = {'b' * 60} = {'e' * 30} = 1", "  c = d = 2 = 3"]


def test_sentences_hold_symbols() -> None:
    """In a sentence a symbol is set as a formula."""
    block = Block(["from ", symbol("x1"), " to ", symbol("y")])
    assert text([block]) == "from x1 to y"
    assert markdown([block]) == "from $x_{1}$ to $y$"
    assert latex([block]) == r"from \(x_{1}\) to \(y\)"


def test_a_derivation_can_be_saved(tmp_path: Path) -> None:
    """As text, Markdown or LaTeX, which the end of the name says; another end is an error that lists these."""
    told = explain(ag.tanh(Value(0.5, label="x")))
    written = {"a.txt": f"{told}\n", "a.md": told.markdown(), "a.tex": told.latex(), "b.TEX": told.latex()}
    for file, content in written.items():
        assert told.save(tmp_path / file) == str(tmp_path / file)
        assert (tmp_path / file).read_bytes() == content.encode()
    for file in ("a.svg", "a", "a.tex.bak"):
        with pytest.raises(ValueError, match=r"^save: expected a name that ends in \.txt, \.md or \.tex, got '"):
            told.save(str(tmp_path / file))
    assert len([*tmp_path.iterdir()]) == 4

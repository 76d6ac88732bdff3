"""Every formula that the library writes, as text and as LaTeX, to the character; and what decides how it is written.

``formulas.json`` beside this file holds, for each formula by name, its text and its LaTeX as they were when formulas
were strings: an oracle from before there were trees. ``UPDATE_GOLDEN=1`` writes it anew.
"""

from __future__ import annotations

import ast
import json
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import autograd as ag
from autograd import Value, rules
from autograd.readings.formulas import derivative, formula, partial_of
from autograd.readings.latex import Latex
from autograd.readings.printing import Text
from autograd.readings.symbols import Symbol, added, bracket, either, name, number, product, symbol
from autograd.readings.trees import (
    Call,
    Called,
    Derivative,
    Dots,
    Gap,
    Infix,
    Listed,
    Name,
    Number,
    Pi,
    Sum,
    Title,
    Tree,
)
from autograd.showing.animation import numbers
from autograd.showing.labels import names as names_of

FILE = Path(__file__).with_name("formulas.json")

NAMES = [
    *("x", "y", "w_1", "x12", "W[0][2]", "alpha_0", "Omega", "loss", "layers.0.neurons.3.w[5]", "λ", "theta_in"),
    *("50% {of} x^2", "-x", "a b", "1", "\\sum{1}{2}", "(a)", "$&#~", "a/b", "<b>", "x,y", "", "ångström", "\\end"),
]
NUMBERS = [0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 0.25, -2.5, 1e-20, -1e300, 1e22, float("inf"), float("-inf"), float("nan")]
PRINTED = ["0", "-2", "0.5", "-0.5", "1e-20", "-1e-20", "2.5e+06", "-2.5e+06", "inf", "-inf", "nan", "3.333"]


def leaves() -> Iterator[Symbol]:
    """Names, numbers of a row, and numbers as they are printed."""
    yield from map(name, NAMES)
    yield from map(symbol, NUMBERS)
    yield from map(number, PRINTED)


def composed(rng: random.Random, depth: int) -> Any:
    """A formula composed at random of all that there is to compose."""
    words = rules.algebra()
    if depth == 0:
        return rng.choice([*leaves()])
    x, y, z = [composed(rng, rng.randrange(depth)) if i else composed(rng, depth - 1) for i in range(3)]
    calls = ["exp", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "floor", "ceil", "sin", "asin", "atanh", "tanh"]
    calls += ["sigmoid", "fabs", "gauss", "sign", "erf", "sigmoid_slope", "tanh_slope", "softsign", "magnitude"]
    known = [call for call in calls if call in words]
    two = [call for call in ("larger", "smaller", "hypot", "atan2", "wins", "ratio", "power_by_base") if call in words]
    match rng.choice("+-*/%^~p[ic2saxu/*-^"):
        case "+":
            return x + y
        case "-":
            return x - y
        case "*":
            return x * y
        case "/":
            return x / y
        case "%":
            return x % y if rng.random() < 0.5 else x // y
        case "^":
            return x**y
        case "~":
            return -x
        case "p":
            return +x
        case "[":
            return bracket(x, rng.choice(["<", "<=", ">", ">=", "=", "!="]), y)
        case "i":
            return either(x, y, z)
        case "c":
            call = rng.choice(known)
            return words[call](x, 1.0 if rng.random() < 0.5 else 0.5) if call == "gauss" else words[call](x)
        case "2":
            call = rng.choice(two)
            return words[call](x, y, z) if call == "power_by_base" else words[call](x, y)
        case "s":
            return added([x, None, y]) if rng.random() < 0.5 else added([x, y, z])
        case "a":
            return product([x, y]) if rng.random() < 0.5 else product([x, y, z], crossed=True)
        case "x":
            return x * x
    return 2 * x - 0.5 * y if rng.random() < 0.5 else 1 / x


def of_rows() -> Iterator[tuple[str, Any]]:
    """Every row, over its own names and over others."""
    rng = random.Random(0)
    rows = [*rules.TABLE, *(row for row in rules.RECORDED if row.symbol not in {"order", "take", "stop_gradient"})]
    for row in rows:
        many = len(row.operand_names) if row.layout != "sequence" else 1
        given: list[tuple[Any, ...]] = [()]
        given += [tuple([composed(rng, rng.randrange(3)) for _ in range(many)]) for _ in range(3)]
        for i, operands in enumerate(given):
            value, partials = rules.symbolic(row, *operands)
            yield f"row {row.symbol} {i}", value
            for k, partial in enumerate(partials):
                yield f"row {row.symbol} {i} by {k}", partial


@ag.primitive(lambda out, x, y: (y + 0.5, -x / (out - 1.0) / y))
def own_one(x: float, y: float) -> float:
    """x y + 1, with partials that need not be right."""
    return x * y + 1.0


@ag.primitive(lambda out, x, y: (1.0, 2.0) if x > y else (3.0, 4.0))
def deciding(x: float, y: float) -> float:
    """An operation whose partials are no formula."""
    return x - y


def operated(row: rules.Rule, rng: random.Random, many: int) -> Value:
    """A node of a row over hostile names, numbers of all kinds, and constants with and without a label."""
    while True:
        operands: list[Value] = []
        for label in rng.sample(NAMES, many):
            x = rng.choice([-1.5, -0.75, 0.25, 0.5, 0.9, 1 / 3, 2.0, 1e-7, 1.5e8])
            operands.append(Value(x, label) if rng.random() < 0.7 else ag.constant(x, rng.choice(["", label])))
        if rng.random() < 0.3 and many > 1:
            operands[1] = operands[0]
        try:
            return ag.value.record(row, tuple(operands))
        except (ValueError, ArithmeticError):
            continue


def of_graphs() -> Iterator[tuple[str, Any]]:
    """Formulas of nodes, their partials, the derivative of the root by them, and what the page is given."""
    rng = random.Random(1)
    for row in rules.TABLE:
        for i, several in enumerate([1, 3, 5, 8]):
            even = {1: 2, 3: 5}.get(several, several)
            many = {"fixed": len(row.operand_names), "sequence": several, "pairs": even}[row.layout]
            yield from of_node(f"node {row.symbol} {i}", operated(row, rng, many))
    x, y = Value(2.0, "x"), Value(-3.0, "50%")
    for node in (own_one(x, y), deciding(x, y), own_one(y, 2.0)):
        yield from of_node(f"node {node.rule.symbol} {node.parents[0].label}", node)


def of_node(key: str, node: Value) -> Iterator[tuple[str, Any]]:
    """What is written of a node."""
    root = node * 2.0
    named = names_of(root)
    yield key, formula(node, named)
    yield f"{key} in numbers", formula(node, named, 4)
    yield f"{key} on the page", json.dumps(numbers(node))
    for k, x in enumerate(node.parents):
        local = partial_of(node, k, named)
        yield f"{key} by {k}", local
        yield f"{key} d {k}", derivative(root, x, named, ordinal="2nd" if k % 2 else "")
        yield f"{key} times {k}", product([derivative(root, node, named), local])


def network() -> Value:
    """A graph with repeated operands, sequences, kinks and constants."""
    x, w, b = Value(2.0, "x"), Value(-3.0, "W[0][1]"), Value(6.5, "beta")
    z = (w * x + b).tanh()
    z.label = "z_1"
    out = ag.dot([z, x, w], [x, 2.0, b], -0.5) * z - ag.maximum(z, 1e-9) / (x * x) + ag.max([x, z, x])
    return ag.sum([out, ag.exp(-z), w**3.0, ag.relu(b), ag.mean([x, w, b, z, out, x, x])])


def of_texts() -> Iterator[tuple[str, Any]]:
    """Whole derivations, the table, steps and messages."""
    yield "the table", rules.table()
    root = network()
    by = {"whole": None, "x": "x", "W[0][1]": "W[0][1]", "z_1": "z_1"}
    for key, wrt in by.items():
        told = ag.explain(root, wrt)
        yield f"explain {key}", told.text()
        yield f"explain {key}, markdown", told.markdown()
        yield f"explain {key}, LaTeX", told.latex()
    yield "steps", "\n".join(map(str, ag.steps(root)))
    for row in rules.TABLE:
        if row.layout == "fixed":
            yield f"complaint {row.symbol}", row.complaint(ValueError("no"), [-1.5] * len(row.operand_names))


def every() -> Iterator[tuple[str, list[str]]]:
    """All of it: for each formula by name its text and its LaTeX."""
    rng = random.Random(2)
    for i, x in enumerate(leaves()):
        yield f"leaf {i}", [str(x), x.latex]
    for i in range(300):
        x = composed(rng, 1 + i % 5)
        yield f"composed {i}", [str(x), x.latex]
    for key, x in (*of_rows(), *of_graphs(), *of_texts()):
        yield key, [x] if isinstance(x, str) else [str(x), x.latex]


def test_every_kind_of_node_is_written_by_every_printer() -> None:
    """No tree can be made that a printer does not know; but gaps, which only a page's text has, LaTeX has not."""
    kinds = set(Tree.__subclasses__())
    assert kinds == {type(tree) for found in KINDS.values() for tree in within(found.tree)} | {Gap}
    for printer in (Text, Latex):
        assert {kind for kind in kinds if not hasattr(printer, f"_{kind.__name__.lower()}")} == (
            {Gap} if printer is Latex else set()
        )
    with pytest.raises(TypeError, match=r"^expected a formula to write, got Gap"):
        Latex().write(Gap("?"))
    with pytest.raises(TypeError, match=r"^expected a formula to write, got Tree"):
        Text().write(Tree())


def within(tree: Tree | None) -> Iterator[Tree]:
    """All the nodes of a tree."""
    if tree is not None:
        yield tree
        for part in tree.parts:
            yield from within(part)


KINDS = {
    "name, number, half, pi": name("x") * number("2") + symbol(0.5) * Symbol(Pi()),
    "arithmetic": -((name("x") / name("y")) ** number("2")) + (name("x") - 1) % name("y"),
    "several": added([product([name("x"), name("y")]), None, name("z")]),
    "calls": rules.symbolic(rules.TANH)[1][0] + rules.symbolic(rules.DOT)[0] + Symbol(Call("own", (), own=True)),
    "conditions": either(name("x"), bracket(name("x"), ">", 1), 2),
    "derivative": Symbol(Derivative(Name("y"), Name("x"))),
    "called": Symbol(Called(Call("sum", (Listed((Name("x"), None)),)), Sum((Name("x"), None)))),
    "title": Symbol(Title("path 1")),
    "dots": Symbol(Dots()),
}


def test_how_a_formula_is_written_is_decided_by_what_it_is() -> None:
    """Not by how it looks: x1 and x_1 are two variables, and a name with a fraction in it is a name."""
    one, other = name("x1"), name("x_1")
    assert one.latex == other.latex == "x_{1}"
    assert (one * one).latex == "x_{1}^{2}"
    assert (one * other).latex == r"x_{1}\,x_{1}"
    assert (name("fraction") ** 2).latex == r"\mathrm{fraction}^{2}"


def test_a_formula_may_be_deep() -> None:
    """Printers go through a tree with a stack of their own: its depth is limited by memory only."""
    left = right = power = quotient = sign = symbol("x")
    for _ in range(5000):
        left, right, sign = left + 1, 1 - right, -sign
        power, quotient = 2**power, quotient / 3
    assert str(left) == "x" + " + 1" * 5000
    assert str(1 - left) == f"1 - ({left})"
    assert left.latex == str(left)
    assert str(right) == "1 - (" * 4999 + "1 - x" + ")" * 4999
    assert power.latex == "2^{" * 5000 + "x" + "}" * 5000
    assert str(quotient) == "x" + " / 3" * 5000
    assert quotient.latex.startswith(r"\frac{x}{3 \cdot 3 \cdot 3")
    assert str(sign).count("-") == 5000


def test_a_tree_is_data() -> None:
    """It is frozen, compares by what it consists of, and says nothing of how it is written."""
    tree = (name("x") + 1).tree
    assert tree == Infix(Name("x"), "+", Number("1"))
    assert {tree: "found"}[Infix(Name("x"), "+", Number("1"))] == "found"
    assert Name("2") != Number("2")
    assert repr(tree) == "Infix(left=Name(text='x'), sign='+', right=Number(text='1'))"
    with pytest.raises(AttributeError, match=r"^Infix: expected a tree to stay as it is, got another sign"):
        setattr(tree, "sign", "-")  # noqa: B010 - mypy knows that it may not be
    for given, named in ((("x", "y"), {}), (("x",), {"text": "y"}), (("x",), {"words": "x"}), ((), {})):
        with pytest.raises(TypeError, match=r"^Name: expected text, got "):
            Name(*given, **named)


LATEX = re.compile(r"\\(?:frac|cdot|left|mathrm|partial|text|operatorname|begin)(?![a-z])")


def test_latex_is_made_by_its_printer() -> None:
    """What has commands of LaTeX in it stands in the printer, among the letters, or where blocks are put together."""
    found = set()
    for path in sorted(Path(ag.__file__).parent.rglob("*.py")):
        nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
        told = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}  # docstrings
        texts = [node for node in nodes if isinstance(node, ast.Constant) and id(node) not in told]
        if any([isinstance(node.value, str) and LATEX.search(node.value) for node in texts]):
            found.add(path.name)
    assert found == {"latex.py", "letters.py", "typesetting.py"}


def test_every_formula_is_written_as_it_was() -> None:
    """Text and LaTeX of every row, of formulas composed at random, of nodes and of derivations, to the character."""
    written = {key: found for key, found in every() if sum(map(len, found)) < 1500 or not key.startswith(("c", "r"))}
    if os.environ.get("UPDATE_GOLDEN"):
        lines = [f"{json.dumps(key)}: {json.dumps(found)}" for key, found in written.items()]
        FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    expected = json.loads(FILE.read_text(encoding="utf-8"))
    assert written.keys() == expected.keys()
    for key, found in written.items():
        assert found == expected[key], key

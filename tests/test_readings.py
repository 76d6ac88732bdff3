"""One row, many readings: the same formula over floats, arrays, Values and symbols - and no second list of operations.

A row is read in another namespace by giving its code other global names, so it must be nothing but a formula of such
names. Then its readings must agree: on arrays at every special value, as text by evaluating the text.
"""

from __future__ import annotations

import ast
import dis
import itertools
import math
import operator
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle import mp, sigmoid

import autograd as ag
from autograd import Value, nodes, rules
from autograd.readings import arrays, symbols
from autograd.readings.symbols import Symbol

INF, NAN = math.inf, math.nan
PACKAGES = [Path(ag.__file__).parent, Path(ag.__file__).parents[1] / "nn"]

Point = tuple[float, ...]
Array = np.ndarray[Any, np.dtype[np.float64]]

each_row = pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
each_formula = pytest.mark.parametrize(
    "formula",
    [
        pytest.param(f, id=f"{rule.symbol}-{f is rule.value}")
        for rule in rules.TABLE
        for f in (rule.value, rule.partials)
    ],
)


# --- A row is a formula ------------------------------------------------------------------------------------


@each_formula
def test_a_row_has_nothing_but_its_names(formula: Callable[..., Any]) -> None:
    """No closure and no default argument: all that a formula knows are its operands and global names."""
    code = formula.__code__
    assert formula.__closure__ is None
    assert formula.__defaults__ is None
    assert formula.__kwdefaults__ is None
    assert code.co_freevars == code.co_cellvars == ()
    assert code.co_kwonlyargcount == code.co_posonlyargcount == 0
    assert not code.co_flags & (0x04 | 0x08)  # *args, **kwargs


@each_formula
def test_a_row_has_no_branch(formula: Callable[..., Any]) -> None:
    """No ``if``, ``and``, ``or`` or comparison: an array cannot take a branch, and a symbol need not know."""
    jumps = {*dis.hasjrel, *dis.hasjabs}
    for instruction in dis.get_instructions(formula):
        assert instruction.opcode not in jumps
        assert instruction.opname not in {"COMPARE_OP", "IS_OP", "CONTAINS_OP", "LOAD_ATTR", "LOAD_METHOD"}


NAMESPACES = {
    "floats": vars(rules),
    "symbols": rules.algebra(),
    "arrays": arrays.namespace(np),
    "Values": nodes.namespace(),
}


@pytest.mark.parametrize("reading", NAMESPACES)
@each_formula
def test_every_name_of_a_row_exists_in_every_namespace(formula: Callable[..., Any], reading: str) -> None:
    """What a formula names, each namespace supplies itself; Python's built-ins are not among it."""
    assert set(formula.__code__.co_names) <= NAMESPACES[reading].keys()
    assert set(formula.__code__.co_names) <= rules.NAMES


def test_no_namespace_supplies_what_no_row_asks_for() -> None:
    """A name that the rows have given up goes from every namespace too."""
    assert NAMESPACES["arrays"].keys() <= rules.NAMES
    assert symbols.WORDS.keys() <= rules.NAMES


def test_reading_leaves_the_row_alone() -> None:
    """``read`` makes another function of the same code."""
    twice = rules.read(rules.TANH.value, {"tanh": lambda x: 2.0 * x})
    assert twice(3.0) == 6.0
    assert twice.__code__ is rules.TANH.value.__code__
    assert rules.TANH.value(0.0) == 0.0


# --- Arrays agree with floats ------------------------------------------------------------------------------

MAGNITUDES = (
    *(0.0, 5e-324, 1e-310, 1e-300, 1e-8, 0.3, 0.5, 1.0 - 2.0**-53, 1.0, 1.0 + 2.0**-52, 1.7, 2.0, 3.0, 20.0, 37.0),
    *(38.2, 40.0, 300.0, 700.0, 709.0, 730.0, 745.0, 1e4, 2.0**52 + 1.0, 1e16, 1e155, 1e300, 1.7e308, INF),
)
SPECIAL = (*MAGNITUDES, *(-x for x in MAGNITUDES), NAN)
FEWER = (-INF, -1e300, -2.5, -0.5, -0.0, 0.0, 5e-324, 1e-300, 0.7, 2.0, 1e300, INF, NAN)


def columns(rule: rules.Rule) -> Iterator[list[Point]]:
    """Points of one length each: all combinations of special values, and random ones."""
    rng = random.Random(rule.symbol)
    sizes = {"fixed": [len(rule.operand_names)], "sequence": [1, 2, 3], "pairs": [2, 3, 4]}[rule.layout]
    for n in sizes:
        yield [*itertools.product(SPECIAL if n < 3 else FEWER, repeat=n)] if n < 4 else []
        yield [tuple(rng.uniform(-9.0, 9.0) for _ in range(n)) for _ in range(300)]
        yield [tuple(rng.uniform(-0.999, 0.999) for _ in range(n)) for _ in range(300)]
        yield [tuple(rng.uniform(-99.0, 99.0) ** 3 for _ in range(n)) for _ in range(300)]


def over_floats(rule: rules.Rule, points: list[Point]) -> tuple[list[Point], Array]:
    """The points that have a value, and value and partials at each: one row a point."""
    kept, results = [], []
    for point in points:
        given = rule.arguments(point)
        try:
            out = rule.value(*given)
        except (ValueError, ArithmeticError):
            continue
        kept.append(point)
        results.append((out, *rule.spread(rule.partials(out, *given), point)))
    return kept, np.array(results, float)


def over_arrays(rule: rules.Rule, points: list[Point]) -> Array:
    """The same from one reading over the arrays of all the points."""
    operands = [*np.array(points, float).T]
    given = [np.array(x) if isinstance(x, tuple) else x for x in rule.arguments(operands)]
    names = NAMESPACES["arrays"]
    with np.errstate(all="ignore"):
        out = rules.read(rule.value, names)(*given)
        partials = rule.spread(tuple(rules.read(rule.partials, names)(out, *given)), operands)
    return np.array([np.broadcast_to(x, len(points)) for x in (out, *partials)], float).T


def allowed(rule: rules.Rule, points: list[Point], results: Array) -> Array:
    """Eight ulp of the result - or of the largest term, in the rows that add terms of both signs."""
    size = np.abs(results)
    if rule.layout != "fixed":
        operands = np.abs(np.array(points, float))
        terms = operands if rule.layout == "sequence" else np.array([products(x) for x in points])
        size[:, 0] = np.maximum(size[:, 0], np.max(terms, axis=1))
    if rule is rules.LOGADDEXP:
        size[:, 0] = np.maximum(size[:, 0], np.max(np.abs(np.array(points, float)), axis=1))
    if rule.symbol in {"silu", "gelu"}:  # slopes that cross zero: a distribution, and x times its density
        x = np.array(points, float)[:, 0]
        size[:, 1] = np.maximum(size[:, 1], np.exp(-x * x / 2.0 if rule.symbol == "gelu" else -np.abs(x)) / 4.0)
    smallest = np.full_like(size, 5e-324)
    if rule.symbol == "gelu":  # x times a distribution, whose last bit counts x times where it is subnormal
        smallest[:, 0] *= np.maximum(np.abs(np.array(points, float)[:, 0]), 1.0)
    tolerance: Array = 8.0 * np.maximum(2.0**-52 * size, smallest)
    return tolerance


def products(point: Point) -> list[float]:
    """The sizes of the terms of w . x + b."""
    w, x, b = rules.DOT.arguments(point)
    return [*(abs(u * v) for u, v in zip(w, x, strict=True)), abs(b)]


@each_row
def test_arrays_agree_with_floats(rule: rules.Rule) -> None:
    """Wherever floats do not raise, arrays give the same numbers, the same infinities and the same nans."""
    for points in columns(rule):
        kept, floats = over_floats(rule, points)
        if not kept:
            continue
        got = over_arrays(rule, kept)
        with np.errstate(all="ignore"):
            close = np.abs(got - floats) <= allowed(rule, kept, floats)
        alike = close | (got == floats) | (np.isnan(got) & np.isnan(floats))
        for index, column in np.argwhere(~alike)[:1]:
            what = "the value" if column == 0 else f"partial {column - 1}"
            pytest.fail(
                f"{rule.symbol}: {what} at {kept[index]}: floats {floats[index, column]!r}, "
                f"arrays {got[index, column]!r}; {np.sum(~alike)} of {alike.size} results differ"
            )


# --- The text says the same --------------------------------------------------------------------------------

OPERATORS: dict[type, Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: mp.power,
    ast.Mod: operator.mod,
    ast.FloorDiv: lambda x, y: mp.floor(x / y),
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}


def length(*xs: Any) -> Any:
    """hypot(x, y), or hypot of one vector."""
    return mp.sqrt(mp.fsum(x * x for x in (xs[0] if isinstance(xs[0], list) else xs)))


VOCABULARY: dict[str, Callable[..., Any]] = {
    "max": lambda *xs: max(*xs),
    "min": lambda *xs: min(*xs),
    "sum": mp.fsum,
    "hypot": length,
    "logsumexp": lambda xs: mp.log(mp.fsum(map(mp.exp, xs))),
    "sigmoid": sigmoid,
    "log2": lambda x: mp.log(x, 2),
    "round": mp.nint,
    "trunc": lambda x: mp.sign(x) * mp.floor(abs(x)),
    "cbrt": lambda x: mp.sign(x) * mp.cbrt(abs(x)),
    "greater": lambda x, y: mp.mpf(x > y),
    "equal": lambda x, y: mp.mpf(x == y),
    "inner": lambda w, x: mp.fsum(map(operator.mul, w, x)),
}


def evaluated(text: str, names: dict[str, Any]) -> Any:
    """The number that a formula of the table stands for, at 50 digits.

    Read as Python, after Iverson's brackets, |x| and w . x have been written as calls.
    """
    text = re.sub(r"\[([^\[\]]*) > ([^\[\]]*)\]", r"greater(\1, \2)", text)
    text = re.sub(r"\[([^\[\]]*) = ([^\[\]]*)\]", r"equal(\1, \2)", text)
    text = re.sub(r"\|([^|]*)\|", r"fabs(\1)", text)
    text = re.sub(r"(\w+) \. (\w+)", r"inner(\1, \2)", text)

    def number(node: ast.AST) -> Any:
        match node:
            case ast.Constant(value=int() | float() as x):
                return mp.mpf(x)
            case ast.Name(id="pi"):
                return mp.pi
            case ast.Name(id=name):
                return names[name]
            case ast.UnaryOp(op=op, operand=x):
                return OPERATORS[type(op)](number(x))
            case ast.BinOp(left=left, op=op, right=right):
                return OPERATORS[type(op)](number(left), number(right))
            case ast.Call(func=ast.Name(id=name), args=operands, keywords=[]):
                return (VOCABULARY.get(name) or getattr(mp, name))(*map(number, operands))
            case ast.IfExp(test=ast.Compare(left=left, ops=[ast.Gt()], comparators=[right]), body=yes, orelse=no):
                return number(yes) if number(left) > number(right) else number(no)
        raise AssertionError(f"expected a formula, got {ast.unparse(node)} in {text}")

    return number(ast.parse(text, mode="eval").body)


def some_points(rule: rules.Rule) -> Iterator[Point]:
    """Points within the domain; with ties and kinks where the row selects."""
    rng = random.Random(rule.symbol)
    n = {"fixed": len(rule.operand_names), "sequence": 4, "pairs": 5}[rule.layout]
    for _ in range(200):
        point = tuple(rng.uniform(-3.0, 3.0) for _ in range(n))
        if rule.selecting and rng.random() < 0.5:
            point = tuple(float(rng.randrange(-1, 2)) for _ in range(n))
        try:
            rule.value(*rule.arguments(point))
        except (ValueError, ZeroDivisionError):
            continue
        yield point


def named(rule: rules.Rule, point: Point) -> Iterator[dict[str, Any]]:
    """What the names in a row's text stand for: for a sequence once for each element x_i."""
    exact = [mp.mpf(x) for x in point]
    if rule.layout == "sequence":
        for x in exact:
            yield {
                "x": exact,
                "x_i": x,
                "n": len(exact),
                "k": exact.count(max(exact) if rule is rules.MAX else min(exact)),
            }
    else:
        given = [list(x) if isinstance(x, tuple) else x for x in rule.arguments(exact)]
        yield dict(zip(rule.operand_names, given, strict=True))


@each_row
def test_the_text_evaluates_to_the_numbers(rule: rules.Rule) -> None:
    """The text of value and partials, evaluated, gives the floats of the row."""
    value, partials = rules.symbolic(rule)
    tried = 0
    for point in some_points(rule):
        given = rule.arguments(point)
        out = rule.value(*given)
        floats = [out, *rule.spread(rule.partials(out, *given), point)]
        every = [*named(rule, point)]
        texts = [evaluated(str(value), every[0])]
        for names in every:
            for partial in partials:
                x = evaluated(str(partial), names)
                texts += x if isinstance(x, list) else [x]
        assert len(texts) == len(floats)
        for text, x in zip(texts, floats, strict=True):
            assert abs(text - x) <= 1e-14 * max(1.0, abs(x)), f"{rule.symbol}{point}: {value}, {partials}"
        tried += 1
    assert tried > 20


def composition(rng: random.Random, names: dict[str, Any], depth: int) -> tuple[Symbol, Any]:
    """A formula composed at random, and the number that it stands for."""
    if depth == 0:
        name, x = rng.choice(sorted(names)), rng.choice([2.0, 3.0, 0.5, -1.5])
        return rng.choice([(symbols.symbol(name), names[name]), (symbols.symbol(x), mp.mpf(x))])
    (left, a), (right, b) = composition(rng, names, depth - 1), composition(rng, names, rng.randrange(depth))
    match rng.choice(["+", "-", "*", "/", "**", "neg", "call", "if"]):
        case "/" if abs(b) > 1e-3:
            return left / right, a / b
        case "**" if a > 0 and abs(b) < 9:
            return left**right, mp.power(a, b)
        case "if":
            return NAMESPACES["symbols"]["leaky_relu_by_x"](left, right), mp.one if a > 0 else b
        case "call":
            return NAMESPACES["symbols"]["sigmoid"](left), sigmoid(a)
        case "neg":
            return -left, -a
        case "-":
            return left - right, a - b
        case "*":
            return left * right, a * b
    return left + right, a + b


def test_any_composition_of_symbols_evaluates_to_its_numbers() -> None:
    """Parentheses stand where they are needed: formulas composed at random evaluate to what was composed."""
    rng = random.Random(7)
    names = {"x": mp.mpf("0.7"), "y": mp.mpf("1.3"), "z": mp.mpf("2.1")}
    for _ in range(1000):
        formula, expected = composition(rng, names, rng.randrange(1, 5))
        assert abs(evaluated(str(formula), names) - expected) <= 1e-20 * (1 + abs(expected)), str(formula)


@each_row
def test_latex_is_balanced(rule: rules.Rule) -> None:
    r"""Braces, \left and \right, \begin and \end come in pairs."""
    value, partials = rules.symbolic(rule)
    for latex in (value.latex, *(partial.latex for partial in partials)):
        depth = list(itertools.accumulate((c == "{") - (c == "}") for c in latex))
        assert min(depth) >= 0
        assert depth[-1] == 0
        assert latex.count(r"\left") == latex.count(r"\right")
        assert re.findall(r"\\begin\{(\w+)\}", latex) == re.findall(r"\\end\{(\w+)\}", latex)[::-1]


@pytest.mark.parametrize("rule", [rule for rule in rules.TABLE if rule.layout == "fixed"], ids=lambda rule: rule.symbol)
def test_operands_may_be_substituted(rule: rules.Rule) -> None:
    """Other names stand where the row's own names stood, and nowhere do the row's own remain."""
    own, others = rule.operand_names, [f"u{k}" for k, _ in enumerate(rule.operand_names)]
    renamed = dict(zip(own, others, strict=True))
    for before, after in zip(*map(texts, (rules.symbolic(rule), rules.symbolic(rule, *others))), strict=True):
        assert re.sub(r"\b\w+\b", lambda found: renamed.get(found[0], found[0]), before) == after


def texts(reading: tuple[Symbol, tuple[Symbol, ...]]) -> list[str]:
    """The texts of value and partials."""
    value, partials = reading
    return [str(value), *map(str, partials)]


@pytest.mark.parametrize(
    ("x", "text"),
    [(2.0, "2"), (-2.0, "-2"), (0.1, "0.1"), (1e300, "1e+300"), (INF, "inf"), (-INF, "-inf"), (NAN, "nan")],
)
def test_any_float_may_be_substituted(x: float, text: str) -> None:
    """A number is written as itself, the shortest way; infinities and nan too."""
    value, _ = rules.symbolic(rules.TANH, x)
    assert str(value) == f"tanh({text})"


def test_the_table_has_one_line_for_each_row() -> None:
    """``rules.table()``: a head, and then the rows in their order, with value, partials and domain."""
    head, *lines = rules.table().splitlines()
    assert head.split() == ["operation", "value", "partial", "derivatives"]
    values, slopes = head.index("value"), head.index("partial")
    assert {line[place - 1] for line in lines for place in (values, slopes)} == {" "}
    assert " " not in {line[place] for line in lines for place in (values, slopes)}
    assert len(lines) == len(rules.TABLE)
    for line, rule in zip(lines, rules.TABLE, strict=True):
        value, partials = rules.symbolic(rule)
        assert line.split("  ")[0] == rule.symbol
        assert str(value) in line
        assert rule.domain in line
        assert all(f" = {partial}" in line for partial in partials)


# --- No second list of operations ----------------------------------------------------------------------------


@each_row
def test_every_row_is_bound_under_its_symbol(rule: rules.Rule) -> None:
    """An operator of Value, or a function of autograd of that name, makes nodes of this row."""
    methods = {name: method.rule for name, method in vars(Value).items() if hasattr(method, "rule")}
    if rule.symbol.isidentifier() and rule.symbol not in {"pos", "neg"}:
        assert callable(getattr(ag, rule.symbol))
        assert methods.get(rule.symbol, rule) is rule
    else:
        assert [name for name, row in methods.items() if row is rule and re.fullmatch(r"__\w+__", name)]


def test_symbols_are_unique() -> None:
    """Two rows never share a symbol: it is the name of the operation."""
    assert len({rule.symbol for rule in rules.TABLE}) == len(rules.TABLE)


OPERATIONS = {rule.symbol for rule in rules.TABLE}
SANCTIONED = {
    ("autograd/__init__.py", "__all__"),
    ("autograd/readings/symbols.py", "WORDS"),
    ("autograd/readings/arrays.py", "namespace"),
}


def lists_of_operations(tree: ast.AST, path: str) -> Iterator[str]:
    """Where a file has a list, tuple, set or dict that names eight operations or more."""
    sanctioned: set[ast.AST] = set()
    for node in ast.walk(tree):
        name = ""
        match node:
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                pass
            case ast.FunctionDef(name=name):
                pass
        if (path, name) in SANCTIONED:
            sanctioned.update(ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.List | ast.Tuple | ast.Set | ast.Dict) and node not in sanctioned:
            elements = node.keys if isinstance(node, ast.Dict) else node.elts
            found = {name_of(element) for element in elements} & OPERATIONS
            if len(found) >= 8:
                yield f"{path}, line {node.lineno}: {', '.join(sorted(found))}"


def name_of(element: ast.AST | None) -> str:
    """The operation that an element of a collection names: ``"tanh"``, ``tanh``, ``Value.tanh`` or ``rules.TANH``."""
    match element:
        case ast.Constant(value=str() as name) | ast.Name(id=name) | ast.Attribute(attr=name):
            return name if name in OPERATIONS else name.lower()
        case ast.Tuple(elts=[first, *_]):
            return name_of(first)
    return ""


def test_there_is_no_second_list_of_operations() -> None:
    """The table is the only list: nowhere else does a literal collection name eight operations."""
    found: list[str] = []
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            name = path.relative_to(package.parent).as_posix()
            if name != "autograd/rules.py":
                found += lists_of_operations(ast.parse(path.read_text(encoding="utf-8")), name)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "NAMES = ['exp', 'log', 'sin', 'cos', 'tan', 'tanh', 'sqrt', 'erf']",
        "NAMES = {'exp': 1, 'log': 2, 'sin': 3, 'cos': 4, 'tan': 5, 'tanh': 6, 'sqrt': 7, '+': 8}",
        "for rule in (rules.EXP, rules.LOG, rules.SIN, rules.COS, rules.TAN, rules.TANH, rules.SQRT, rules.ERF): pass",
        "f({exp, log, sin, cos, tan, tanh, sqrt, erf})",
        "PAIRS = [(exp, 1), (log, 2), (sin, 3), (cos, 4), (tan, 5), (tanh, 6), (sqrt, 7), (erf, 8)]",
    ],
)
def test_a_second_list_would_be_found(source: str) -> None:
    """The search above sees lists, keys, rows and pairs."""
    assert [*lists_of_operations(ast.parse(source), "autograd/value.py")]

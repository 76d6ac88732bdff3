"""The specification of readings.scripting: as text, and what the text computes, where there is a node to run it.

In a browser test_browser.py compares the same.
"""

from __future__ import annotations

import ast
import itertools
import json
import math
import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from autograd import rules
from autograd.readings import scripting
from autograd.readings.scripting import expression, script, statement


def defined(text: str) -> set[str]:
    """The names that a script defines."""
    return set(re.findall(r"^(?:const|function) (\w+)", text, re.MULTILINE))


def test_rows_and_guards_are_translated() -> None:
    """A row is its own formula, a guard its own statements; what Python has and JavaScript has not is put before."""
    text = script([rules.DIV, rules.SOFTPLUS])
    assert '"/": fixed((x, y) => divided(x, y), (out, x, y) => [divided(1, y), -divided(out, y)]),' in text
    assert "function softplus(x) {\n  return (x >= 0) ? (x + log1p(exp(-x))) : log1p(exp(x));\n}" in text
    assert text.index("const checked") < text.index("const log1p = checked(Math.log1p);") < text.index("softplus")


@pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
def test_only_what_a_row_needs_is_there(rule: rules.Rule) -> None:
    """Each definition is named by another one or by the row, and none is there twice."""
    text = script([rule])
    names = re.findall(r"^(?:const|function) (\w+)", text, re.MULTILINE)
    assert len(names) == len(set(names))
    for name in names:
        assert len(re.findall(rf"\b{name}\b", text)) > 1, name
    assert re.findall(r'^  ("[^"]+"): \w+\(', text, re.MULTILINE) == [f'"{rule.symbol}"']


def test_size() -> None:
    """A page of a few operations gets a few lines; even the whole table is small."""
    assert len(script([rules.ADD, rules.MUL])) < 500
    assert len(script(rules.TABLE)) < 20_000


def test_the_vocabulary_has_no_formula_of_the_table() -> None:
    """What is written in JavaScript by hand is Python's own: no guard and no row, and nothing that no row needs."""
    assert not scripting.vocabulary().keys() & scripting.on_floats().keys()
    assert scripting.vocabulary().keys() <= defined(script(rules.TABLE))


def test_nothing_in_it_could_end_a_script_element() -> None:
    """The script may stand in a page as it is."""
    text = script(rules.TABLE)
    assert not re.search(r"</|<!--|://|import|eval|fetch", text)
    assert text.isascii()


def test_only_rows_of_the_table() -> None:
    """A leaf has no formula, and a row of one's own has none here."""
    for rule in (rules.LEAF, rules.Rule("cube", lambda x: x**3, lambda out, x: (3 * x * x,))):
        with pytest.raises(ValueError, match=r"expected rows of the table, got Rule"):
            script([rule])


@pytest.mark.parametrize(
    ("python", "javascript"),
    [
        *(
            ("a - (b - c)", "(a - (b - c))"),
            ("-x ** 2", "(-raised(x, 2))"),
            ("x % 1.0", "remainder(x, 1)"),
            ("x // y", "quotient(x, y)"),
        ),
        *(("0 < x <= 1", "(0 < x && x <= 1)"), ("not x == y", "(!(x === y))"), ("x != x", "(x !== x)")),
        *(("a and b or c", "((a && b) || c)"), ("1e-300", "1e-300"), ("a if b else c", "(b ? a : c)")),
        *(("f(*xs, 1)", "f(...xs, 1)"), ("[*xs, b]", "[...xs, b]"), ("(x,) * n", "repeated([x], n)")),
        *(("[f(x) for x in xs]", "xs.map(x => f(x))"), ("xs.remove(m)", "remove(xs, m)")),
    ],
)
def test_expressions(python: str, javascript: str) -> None:
    """Python's meaning is kept: precedence, chains of comparisons, powers, elements that are unpacked."""
    assert expression(ast.parse(python, mode="eval").body) == javascript


@pytest.mark.parametrize("code", ["with f(): pass", "while x: pass", "if x: pass\nelse: y", "del x", "x @= y"])
def test_statements_that_are_not_translated(code: str) -> None:
    """A guard written in what is not translated is an error, and no wrong script."""
    with pytest.raises(ValueError, match="expected a statement that JavaScript has too, got"):
        statement(ast.parse(code).body[0])


@pytest.mark.parametrize("code", ["x is y", "x[0]", "f(x=1)", "{x}", "x << y", "[x for x in xs if x]", "x @ y"])
def test_expressions_that_are_not_translated(code: str) -> None:
    """The same of an expression."""
    with pytest.raises(ValueError, match="expected an expression that JavaScript has too, got"):
        expression(ast.parse(code, mode="eval").body)


# --- What the text computes -----------------------------------------------------------------------------------------


def points(rule: rules.Rule) -> Iterator[tuple[float, ...]]:
    """Special values in all combinations, and random ones near and far."""
    rng = random.Random(rule.symbol)
    sizes = [(0.0, 5e-324, 1e-300, 1e-8, 0.5, 1.0, 1.7, 3.0, 38.0, 300.0, 709.0, 745.0, 1e16, 1.7e308, math.inf), ()]
    few = (-math.inf, -2.5, -1.0, -0.0, 0.0, 0.5, 2.0, 1e300, math.nan)
    for n in {"fixed": [len(rule.operand_names)], "sequence": [1, 2, 4], "pairs": [2, 3, 5]}[rule.layout]:
        special = [*sizes[0], *(-x for x in sizes[0]), math.nan] if n < 3 else few
        yield from itertools.product(special, repeat=n) if n < 4 else ()
        for limit in (0.999, 9.0, 99.0):
            for _ in range(80):
                yield tuple(rng.uniform(-limit, limit) for _ in range(n))


def in_python(rule: rules.Rule, point: tuple[float, ...]) -> list[float] | str:
    """Value and partials of a row, or the name of the exception."""
    given = rule.arguments(point)
    try:
        out = rule.value(*given)
        return [float(x) for x in (out, *rule.spread(rule.partials(out, *given), point))]
    except (ZeroDivisionError, OverflowError, ValueError) as error:
        return type(error).__name__


EVALUATE = """tried => tried.map(([symbol, point]) => {
    const row = rows[symbol], xs = point.map(x => Number(x.replace("inf", "Infinity")));
    try {
        const out = row.value(xs);
        return [out, ...row.partials(out, xs)].map(String);
    } catch (error) {
        return error.kind || String(error);
    }
})"""
"""Value and partials of a row at each point as text, or the name of the exception: :func:`in_python` in JavaScript."""


def alone(table: Sequence[rules.Rule]) -> str:
    """The rows as an object of JavaScript, each from a script of its own."""
    parts = [f"{json.dumps(row.symbol)}: {script([row])}[{json.dumps(row.symbol)}]" for row in table]
    return f"{{{','.join(parts)}}}"


def listed(rule: rules.Rule, tried: Sequence[tuple[float, ...]]) -> list[Any]:
    """The points as EVALUATE takes them."""
    return [[rule.symbol, [*map(repr, point)]] for point in tried]


def compare(rule: rules.Rule, tried: Sequence[tuple[float, ...]], found: Sequence[Any]) -> None:
    """What EVALUATE found is what Python finds."""
    for point, got in zip(tried, found, strict=True):
        right = in_python(rule, point)
        if isinstance(right, str) or isinstance(got, str):
            assert got == right, f"{rule.symbol}{point}"
        else:
            numbers = [float(x.replace("Infinity", "inf")) for x in got]
            assert numbers == pytest.approx(right, rel=1e-12, abs=1e-320, nan_ok=True), f"{rule.symbol}{point}"


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to run JavaScript")
@pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
def test_a_row_in_javascript_is_the_row_in_python(rule: rules.Rule) -> None:
    """By itself: value and partials to 1e-12 at every kind of point, and exceptions where Python has them."""
    tried = [*points(rule)]
    code = f"const rows = {alone([rule])}; console.log(JSON.stringify(({EVALUATE})({json.dumps(listed(rule, tried))})))"
    done = subprocess.run(["node", "-"], input=code, capture_output=True, text=True, check=True)
    compare(rule, tried, json.loads(done.stdout))

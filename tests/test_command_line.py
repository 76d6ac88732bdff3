"""The specification of ``python -m autograd``: what it prints, what it refuses, and how it says so."""

from __future__ import annotations

import ast
import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import mpmath as mp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd
from autograd import __main__ as command
from autograd import rules
from autograd.showing import expressions

EXAMPLE = ("tanh(w*x + b)", "w=-3", "x=2", "b=6.9")

PAGE = """\
tanh(w*x + b) = 0.7162978702

d/dw =  0.9738347223
d/dx = -1.460752083
d/db =  0.4869173611

step  formula   value          upstream      local partials
v1    w * x     -6             0.4869173611  d/dw = x = 2                            d/dx = w = -3
v2    v1 + b     0.9           0.4869173611  d/dv1 = 1                               d/db = 1
v3    tanh(v2)   0.7162978702  1             d/dv2 = 1 - tanh(v2)**2 = 0.4869173611
"""

Capture = pytest.CaptureFixture[str]


def run(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    """Status, stdout and stderr of the command, called in this process."""
    status = command.main(arguments)
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def page(capsys: Capture, *arguments: str) -> str:
    """What the command prints where it succeeds in silence otherwise."""
    status, out, err = run(capsys, *arguments)
    assert (status, err) == (0, "")
    return out


def refusal(capsys: Capture, *arguments: str) -> str:
    """The one line on stderr of a command that fails with status 2 and prints nothing else."""
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert err.startswith("python -m autograd: ")
    assert err.endswith("\n")
    assert len(err.splitlines()) == 1
    assert len(err) < 600
    return err


def gradients(text: str) -> dict[str, float]:
    """The printed gradient by name."""
    return {name: float(x) for name, x in re.findall(r"^d/d(\w+) *= *(\S+)", text, flags=re.MULTILINE)}


def result(text: str) -> float:
    """The printed value."""
    return float(text.splitlines()[0].rpartition("=")[2])


def table(text: str) -> list[list[str]]:
    """The printed steps, each as its cells: name, formula, value, upstream, local partials."""
    lines = text.partition("step  formula")[2].splitlines()[1:]
    return [re.split(r"\s{2,}", line) for line in lines]


def start(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as a process of its own."""
    line = [sys.executable, "-W", "error", "-m", "autograd", *arguments]
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=60)


# --- What it prints -------------------------------------------------------------------------------


def test_the_example_of_the_readme(capsys: Capture) -> None:
    """Value, gradients and steps of the README's example, to the letter."""
    assert page(capsys, *EXAMPLE) == PAGE


def test_as_a_process() -> None:
    """`python -m autograd` prints the same, with status 0 and a silent stderr."""
    done = start(*EXAMPLE)
    assert (done.returncode, done.stdout, done.stderr) == (0, PAGE, "")


GOOD = [
    ("x", "x", {"x": 3.0}, lambda x: x),
    ("x*x*x", "a name used three times", {"x": 1.7}, lambda x: x**3),
    ("2*pi*r", "pi", {"r": 1.5}, lambda r: 2 * mp.pi * r),
    ("e**x", "e", {"x": 1.5}, lambda x: mp.e**x),
    ("e*pi", "bound e and pi", {"e": 3.0, "pi": 4.0}, lambda e, pi: e * pi),
    ("-x**2", "a minus before a power", {"x": 3.0}, lambda x: -(x**2)),
    ("+x - -x", "signs", {"x": 3.0}, lambda x: 2 * x),
    ("2**x**2", "powers from the right", {"x": 1.2}, lambda x: 2 ** (x**2)),
    ("a - b - c/a/b", "from the left", {"a": 2.0, "b": 3.0, "c": 4.0}, lambda a, b, c: a - b - c / a / b),
    ("x**-1", "a negative exponent", {"x": -4.0}, lambda x: 1 / x),
    ("(x + 1e-3)*.5 + 1_000*0x10", "numbers", {"x": 4.0}, lambda x: (x + mp.mpf(1e-3)) / 2 + 16000),
    ("log(1 + exp(x)) * sin(y)", "calls", {"x": -3.0, "y": 2.0}, lambda x, y: mp.log1p(mp.exp(x)) * mp.sin(y)),
    ("sum(x, y, x*y, 2)", "sum", {"x": 1.5, "y": 2.5}, lambda x, y: x + y + x * y + 2),
    ("mean(x, y**2)", "mean", {"x": 1.5, "y": 2.5}, lambda x, y: (x + y**2) / 2),
    ("logsumexp(x, y, 0)", "logsumexp", {"x": 1.0, "y": -2.0}, lambda x, y: mp.log(mp.exp(x) + mp.exp(y) + 1)),
    ("hypot(x, y)", "hypot", {"x": 3.0, "y": -4.0}, lambda x, y: mp.sqrt(x * x + y * y)),
    ("max(x, y, 1) * min(x)", "max, min", {"x": 1.5, "y": 2.5}, lambda x, y: y * x),
    ("where(x > 0, x**2, -x)", "a condition that holds", {"x": 1.5}, lambda x: x**2),
    ("where(x != 0 + x, x**2, -x)", "a condition that does not", {"x": 1.5}, lambda x: -x),
    ("leaky_relu(x) + leaky_relu(x, 0.2)", "a default", {"x": -2.0}, lambda x: x * (mp.mpf(0.01) + mp.mpf(0.2))),
    ("clip(x, -1, y) * atan2(y, x)", "three operands", {"x": 3.0, "y": 2.0}, lambda x, y: y * mp.atan2(y, x)),
    ("sum" + "(x" + ", x" * 450 + ")", "451 operands", {"x": 0.5}, lambda x: 451 * x),
    ("x" + "*x" * 900, "900 operations deep", {"x": 1.001}, lambda x: x**901),
    ("-" * 800 + "x", "800 signs deep", {"x": 2.0}, lambda x: x),
    ("sin(" * 150 + "x" + ")" * 150, "150 calls deep", {"x": 1.0}, lambda x: _iterated(mp.sin, x, 150)),
]  # fmt: skip


def _iterated(f: Callable[[mp.mpf], mp.mpf], x: mp.mpf, times: int) -> mp.mpf:
    for _ in range(times):
        x = f(x)
    return x


@pytest.mark.parametrize(("text", "bindings", "f"), [pytest.param(text, at, f, id=name) for text, name, at, f in GOOD])
def test_value_and_gradients(text: str, bindings: dict[str, float], f: Callable[..., mp.mpf], capsys: Capture) -> None:
    """Value and gradients are those of the formula, which mpmath evaluates and differentiates at 60 digits."""
    printed = page(capsys, text, *[f"{name}={x}" for name, x in bindings.items()])
    with mp.workdps(60):
        point = tuple(map(mp.mpf, bindings.values()))
        value = float(f(*point))
        units = [tuple(int(i == j) for j in range(len(point))) for i in range(len(point))]
        expected = [float(mp.diff(f, point, unit)) for unit in units]
    assert result(printed) == pytest.approx(value, rel=1e-9)
    assert list(gradients(printed)) == list(bindings)
    assert list(gradients(printed).values()) == pytest.approx(expected, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("row", rules.TABLE, ids=lambda row: row.symbol)
def test_every_row_can_be_typed(row: rules.Rule, capsys: Capture) -> None:
    """Each operation of the table is available: as a sign or as a call. dot, which takes two sequences, is not."""
    names = ("a", "b", "c") if row.layout == "sequence" else row.operand_names
    signs = {
        "+": "x + y",
        "-": "x - y",
        "*": "x * y",
        "/": "x / y",
        "**": "x ** y",
        "%": "x % y",
        "//": "x // y",
        "neg": "-x",
        "pos": "+x",
    }
    text = signs.get(row.symbol, f"{row.symbol}({', '.join(names)})")
    if row is rules.DOT:
        assert "cannot call 'dot'" in refusal(capsys, "dot(x, y)", "x=1", "y=2")
        return
    if row is rules.WHERE:
        text = "where(1 > 0, x, 2)"
    first = 1.25 if row is rules.ACOSH else 0.25
    operands = [first + i / 2 for i in range(len(names))]
    printed = page(capsys, text, *[f"{name}={x}" for name, x in zip(names, operands, strict=True)])
    out = row.value(*row.arguments(operands))
    partials = row.spread(row.partials(out, *row.arguments(operands)), operands)
    assert result(printed) == pytest.approx(out, rel=1e-9)
    assert gradients(printed) == pytest.approx(dict(zip(names, partials, strict=True)), rel=1e-9)


@pytest.mark.parametrize("text", [text for text, *_ in GOOD if 1 < len(text) < 100])
def test_the_steps_are_the_chain_rule(text: str, capsys: Capture) -> None:
    """The printed local partials times the printed upstream gradients add up to the printed gradients."""
    bindings = next(at for other, _, at, _ in GOOD if other == text)
    printed = page(capsys, text, *[f"{name}={x}" for name, x in bindings.items()])
    steps = table(printed)
    arrived = {steps[-1][0]: 1.0}
    for name, _, _, upstream, *partials in reversed(steps):
        assert float(upstream) == pytest.approx(arrived[name], rel=1e-8)
        for partial in partials:
            left, *_, number = partial.split(" = ")
            operand = re.sub(r"^\(\w+ (.*)\)$", r"\1", left.removeprefix("d/d"))  # (2nd x) is x
            arrived[operand] = arrived.get(operand, 0.0) + float(number) * arrived[name]
    assert gradients(printed) == pytest.approx({name: arrived[name] for name in bindings}, rel=1e-8)


def test_steps_stand_in_the_order_of_evaluation(capsys: Capture) -> None:
    """Operands before results and left before right, each step with its operands by name."""
    steps = table(page(capsys, "(a + 1) * b - exp(c / 2)", "a=1", "b=2", "c=3"))
    assert [step[:2] for step in steps] == [
        ["v1", "a + 1"],
        ["v2", "v1 * b"],
        ["v3", "c / 2"],
        ["v4", "exp(v3)"],
        ["v5", "v2 - v4"],
    ]


def test_local_partials_as_text(capsys: Capture) -> None:
    """A local partial is the row's formula over the names of the operands, and its number."""
    steps = table(page(capsys, "x**3 / y + max(n, k, k) + mean(n, x_i)", "x=2", "y=4", "n=1", "k=5", "x_i=7"))
    assert steps[1][4:] == ["d/dv1 = 1 / y = 0.25", "d/dy = -v1 / y / y = -0.5"]
    assert steps[2][4:] == [
        "d/dn = [n = max(n, k, k)] / 2 = 0",
        "d/d(1st k) = [k = max(n, k, k)] / 2 = 0.5",
        "d/d(2nd k) = [k = max(n, k, k)] / 2 = 0.5",
    ]
    assert steps[3][4:] == ["d/dv2 = 1", "d/dv3 = 1"]
    assert steps[4][4:] == ["d/dn = 1 / 2 = 0.5", "d/dx_i = 1 / 2 = 0.5"]


def test_constants_have_no_partial(capsys: Capture) -> None:
    """What is no variable is not differentiated by, so x**3 at a negative x shows no nan."""
    printed = page(capsys, "x**3 * pi", "x=-2")
    assert [[cell.partition(" =")[0] for cell in step[4:]] for step in table(printed)] == [["d/dx"], ["d/dv1"]]
    assert "nan" not in printed


def test_numbers_are_worked_out_first(capsys: Capture) -> None:
    """Operations on numbers alone are carried out, as in Python: 2*3*x is 6*x, one step."""
    assert [step[1] for step in table(page(capsys, "2*3*x", "x=1"))] == ["6 * x"]


def test_steps_take_no_name_of_a_variable(capsys: Capture) -> None:
    """Where a variable is called v1, the first step is v2."""
    assert [step[:2] for step in table(page(capsys, "-v1 * v3", "v1=1", "v3=2"))] == [["v2", "-v1"], ["v4", "v2 * v3"]]


def test_an_operand_that_is_used_twice_says_which(capsys: Capture) -> None:
    """In x * x the first x and the second have a partial each, as explain names them."""
    steps = table(page(capsys, "x*x + y*x", "x=3", "y=5"))
    assert steps[0][4:] == ["d/d(1st x) = x = 3", "d/d(2nd x) = x = 3"]
    assert steps[1][4:] == ["d/dy = x = 3", "d/dx = y = 5"]


def test_the_side_not_taken_is_no_step(capsys: Capture) -> None:
    """Neither the condition of where nor the side not taken is in the graph."""
    steps = table(page(capsys, "where(sin(x) > 2, x*x, x + 1)", "x=3"))
    assert [step[1] for step in steps] == ["x + 1", "where(v1)"]


def test_a_long_list_of_operands_is_cut(capsys: Capture) -> None:
    """Of many operands the first three and the last are named."""
    assert table(page(capsys, "sum(a, b, a, b, a, b)", "a=1", "b=2"))[0][1] == "sum(a, b, a, ..., b)"


@pytest.mark.parametrize(("text", "value"), [("2 + 3", 5.0), ("7", 7.0), ("pi", math.pi), ("1e999", math.inf)])
def test_numbers_alone(text: str, value: float, capsys: Capture) -> None:
    """An expression without variables has a value and nothing to differentiate."""
    assert page(capsys, text) == f"{text} = {value:.10g}\n"


def test_a_variable_that_does_not_matter(capsys: Capture) -> None:
    """The gradient by a variable that does not occur is 0, and the page says why."""
    lines = page(capsys, "x", "x=3", "other=4").splitlines()
    assert lines[2:] == ["d/dx     = 1", "d/dother = 0  (the result does not depend on it)"]


@pytest.mark.parametrize(
    ("text", "binding", "value", "slope"),
    [
        ("x*2", "x=inf", "inf", "2"),
        ("x*2", "x=-inf", "-inf", "2"),
        ("x*x", "x=nan", "nan", "nan"),
        ("relu(x)", "x=nan", "nan", "nan"),
        ("sqrt(x)", "x=0", "0", "inf"),
        ("x*1e999", "x=1", "inf", "inf"),
    ],
)
def test_inf_and_nan_are_numbers(text: str, binding: str, value: str, slope: str, capsys: Capture) -> None:
    """inf and nan may be bound and may result."""
    printed = page(capsys, text, binding)
    assert printed.splitlines()[0] == f"{text} = {value}"
    assert f"d/dx = {slope}\n" in printed


def test_space_does_not_matter(capsys: Capture) -> None:
    """An expression is shown on one line, however it was typed."""
    assert page(capsys, " \t x \n  + \u00a0 1 ", "x=1").startswith("x + 1 = 2\n")


# --- Options --------------------------------------------------------------------------------------


def test_wrt(capsys: Capture) -> None:
    """With --wrt the gradient by that variable alone is printed, and all the steps."""
    assert page(capsys, *EXAMPLE, "--wrt", "x") == re.sub(r"^d/d[wb] = .*\n", "", PAGE, flags=re.MULTILINE)


DERIVATION = """\
dv3/dx = -1.461, along 1 path from v3 to x; backward visits each of the 6 nodes once

Forward
  v1 = w * x    = -3 * 2    = -6
  v2 = v1 + b   = -6 + 6.9  = 0.9
  v3 = tanh(v2) = tanh(0.9) = 0.7163

Backward
  dv3/dx = dv3/dv2 * dv2/dv1 * dv1/dx
         = (1 - tanh(v2)**2) * 1 * w
         = 0.4869 * 1 * (-3)
         = -1.461
"""


def test_explain(capsys: Capture) -> None:
    """--explain prints, below the page, the derivation by one variable, or by each of them in turn."""
    short = page(capsys, *EXAMPLE, "--wrt", "x")
    assert page(capsys, *EXAMPLE, "--wrt", "x", "--explain") == f"{short}\n{DERIVATION}"
    printed = page(capsys, *EXAMPLE, "--explain")
    assert printed.startswith(PAGE)
    assert re.findall(r"^dv3/d(\w) = ", printed, flags=re.MULTILINE) == ["w", "x", "b"]
    assert printed.count("\nForward\n") == 1  # it is the same for each of them
    assert printed.count("\nBackward\n") == 3


def test_latex(capsys: Capture) -> None:
    """--latex prints the derivation as LaTeX and nothing else, by itself or beside --explain."""
    printed = page(capsys, *EXAMPLE, "--wrt", "x", "--latex")
    assert printed.startswith(r"\(\frac{\partial v_{3}}{\partial x}\) = \(-1.461\), along 1 path")
    assert printed.endswith("&= -1.461\n\\end{aligned}\n\\]\n")
    assert page(capsys, *EXAMPLE, "--wrt", "x", "--latex", "--explain") == printed
    assert page(capsys, *EXAMPLE, "--latex").count("Backward") == 3
    assert page(capsys, *EXAMPLE, "--latex").count("Forward") == 1


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (("x", "x=3"), "dx/dx = 1: the derivative of a number by itself\n"),
        (("x*y", "x=3", "y=0", "z=1"), "dv1/dz = 0: v1 does not depend on z\n"),
        (("where(x > 0, 1, x*x)", "x=3"), "dv1/dx = 0: v1 does not depend on x\n"),
        (("2 + 3",), "2 + 3 = 5\n"),
    ],
)
def test_explain_has_something_to_say_always(arguments: tuple[str, ...], last: str, capsys: Capture) -> None:
    """A variable alone, one that does not matter, and numbers alone are explained too."""
    assert page(capsys, *arguments, "--explain").endswith(last)
    assert page(capsys, *arguments, "--latex")


@pytest.mark.parametrize("text", [text for text, *_ in GOOD])
def test_anything_can_be_explained(text: str, capsys: Capture) -> None:
    """The gradients of the derivations are those of the page, for small expressions and for large ones."""
    bindings = next(at for other, _, at, _ in GOOD if other == text)
    printed = page(capsys, text, *[f"{name}={x}" for name, x in bindings.items()], "--explain")
    derived = [float(x) for x in re.findall(r"^d\w+/d\w+ = ([^,:]*)[,:]", printed, flags=re.MULTILINE)]
    assert derived == pytest.approx(list(gradients(printed).values()), rel=1e-3)
    assert printed.isascii()
    assert len(printed.splitlines()) < 1100


def test_table(capsys: Capture) -> None:
    """--table prints the table of derivatives."""
    assert page(capsys, "--table") == rules.table() + "\n"


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help(option: str, capsys: Capture) -> None:
    """--help shows the usage, every option, every operation, and examples that work."""
    text = page(capsys, option)
    assert text.startswith("usage: python -m autograd ")
    words = set(text.split())
    assert words >= {
        "--wrt",
        "--explain",
        "--latex",
        "--svg",
        "--table",
        "--help",
        "+",
        "-",
        "*",
        "/",
        "**",
        *expressions.CALLABLE,
    }
    assert max(map(len, text.splitlines())) <= 110
    examples = re.findall(r'^  python -m autograd "(.*?)" (.*)$', text, flags=re.MULTILINE)
    assert len(examples) == 2
    for expression, rest in examples:
        bindings = [word for word in rest.split() if "=" in word]
        assert page(capsys, expression, *bindings).startswith(f"{expression} = ")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--wrt", "x", *EXAMPLE),
        ("--wrt=x", *EXAMPLE),
        (*EXAMPLE[:2], "--wrt", "x", *EXAMPLE[2:]),
        (EXAMPLE[0], "--wrt", "x", "--", *EXAMPLE[1:]),
    ],
)
def test_options_stand_anywhere(arguments: tuple[str, ...], capsys: Capture) -> None:
    """Options may stand before, between and after the other words."""
    assert page(capsys, *arguments) == page(capsys, *EXAMPLE, "--wrt", "x")


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        (("-x", "x=-3"), 3.0),
        (("-x**2", "x=-3"), -9.0),
        (("-3", "x=1"), -3.0),
        (("--x*2", "x=-3"), -6.0),
        (("---x", "x=-3"), 3.0),
        (("--", "--x", "x=-3"), -3.0),
        (("x=-3", "x"), None),
        (("--x", "x=-3"), None),
    ],
)
def test_a_leading_minus_is_arithmetic(arguments: tuple[str, ...], value: float | None, capsys: Capture) -> None:
    """An expression may begin with a minus; only --name, which looks like an option, needs a -- before it."""
    if value is None:
        refusal(capsys, *arguments)
    else:
        assert result(page(capsys, *arguments)) == value


def test_svg(tmp_path: Path, capsys: Capture) -> None:
    """--svg writes the drawing of the graph into the file, and the page is printed as ever."""
    path = tmp_path / "graph.svg"
    assert page(capsys, *EXAMPLE, "--svg", str(path)) == PAGE
    drawn = path.read_text(encoding="utf-8")
    assert "<svg" in drawn
    assert "tanh" in drawn


def test_svg_that_cannot_be_written(tmp_path: Path, capsys: Capture) -> None:
    """A file that cannot be written is one line that names it and says why."""
    path = str(tmp_path / "no" / "file")
    for option in ("--svg", "--html"):
        assert refusal(capsys, *EXAMPLE, option, path).rstrip().endswith(f"{path}: No such file or directory")
        assert "Errno" not in refusal(capsys, *EXAMPLE, option, path)


def test_no_drawing_of_what_has_no_value(tmp_path: Path, capsys: Capture) -> None:
    """Where the expression is refused no file is written."""
    path = tmp_path / "graph.svg"
    refusal(capsys, "log(x)", "x=-1", "--svg", str(path))
    assert not path.exists()


# --- What it refuses ------------------------------------------------------------------------------

EXPRESSIONS = [
    # what is no formula
    ("", "expected an expression, got nothing"),
    (" \n ", "expected an expression, got nothing"),
    ("x.real", "unexpected 'x.real'"),
    ("x.__class__.__bases__", "unexpected 'x.__class__.__bases__'"),
    ("x[0]", r"unexpected '\[' at character 2"),
    ("lambda: x", "unexpected 'lambda' at character 1"),
    ("[x for x in x]", r"unexpected '\['"),
    ("sum(x for x in x)", "unexpected 'for' at character 7"),
    ("{x}", "unexpected '{'"),
    ("'x'", "unexpected"),
    ('"x"', "unexpected"),
    ("f'{x}'", "unexpected"),
    ("b''", "unexpected"),
    ("x if x else x", "unexpected 'if'"),
    ("x and x", "unexpected 'and'"),
    ("not x", "unexpected 'not'"),
    ("True", "unexpected 'True'"),
    ("None + x", "unexpected 'None'"),
    ("await x", "unexpected 'await'"),
    ("...", r"unexpected '...'"),
    ("(x, x)", r"unexpected '\(x, x\)'"),
    ("x, x", r"unexpected 'x, x'"),
    ("()", r"unexpected '\(\)'"),
    ("x = 3", "unexpected '=' at character 3"),
    ("(x := 3)", "unexpected ':'"),
    ("x; x", "unexpected ';'"),
    ("x # x", "unexpected '#'"),
    ("x \\\n + x", "unexpected"),
    ("x^2", r"unexpected '\^' at character 2 of the expression: a power is written \*\*"),
    ("x @ x", "unexpected '@'"),
    ("x << 2", "unexpected 'x << 2'"),
    ("x & x | x", "unexpected '&'"),
    ("~x", "unexpected '~'"),
    ("2j*x", "unexpected '2j'"),
    ("x\0", r"unexpected '\\x00' at character 2"),
    ("\uff58", r"unexpected '\\uff58' at character 1"),  # a wide x, which Python reads as x
    ("x \u2212 1", r"unexpected '\\u2212' at character 3"),  # a typographer's minus
    ("\u202ex", r"unexpected '\\u202e'"),
    ("x\u0661", r"unexpected '\\u0661'"),
    ("x > 0", "unexpected 'x > 0'"),
    ("x + (x < 2)", "unexpected 'x < 2'"),
    # what Python cannot read
    ("x +", "cannot read the expression: "),
    ("x y", "cannot read the expression: "),
    ("(x", r"cannot read the expression: '\(' was never closed at character 1"),
    ("x)", "cannot read the expression: "),
    ("2x", "cannot read the expression: "),
    ("x ** ** x", "cannot read the expression: "),
    # names
    ("x + yy", "unknown name 'yy': give it a value, as in yy=1.5"),
    ("inf*x", "unknown name 'inf'"),
    ("__builtins__", "unknown name '__builtins__'"),
    ("y" * 9000, "unknown name 'y+...': give it"),
    ("tanh * x", r"tanh is an operation: expected its operands in parentheses, as in tanh\(...\)"),
    # calls
    ("__import__('os')", "unexpected"),
    ("__import__(x)", "cannot call '__import__'"),
    ("eval(x)", "cannot call 'eval'"),
    ("tahn(x)", "cannot call 'tahn': expected an operation that takes and gives numbers: did you mean 'tanh'\\?"),
    ("ln(x)", r"numbers: did you mean 'log'\?"),
    ("sigma(x)", r"numbers: did you mean 'sigmoid'\?"),
    ("arctan(x)", r"numbers: did you mean 'atan'\?"),
    ("Sin(x)", r"numbers: did you mean 'sin'\?"),
    ("sqr(x)", r"numbers: did you mean 'sqrt'\?"),
    ("x(2)", r"cannot call 'x': expected an operation that takes and gives numbers"),
    ("softmax(x, x)", "cannot call 'softmax'"),
    ("apply(x, x)", "cannot call 'apply'"),
    ("grad(x)", "cannot call 'grad'"),
    ("neg(x)", "cannot call 'neg'"),
    ("Value(x)", "cannot call 'Value'"),
    ("sin(x)(x)", r"unexpected 'sin\(x\)\(x\)'"),
    ("(sin)(x).real", "unexpected"),
    ("sin(*x)", r"unexpected '\*x'"),
    ("sin(**x)", r"unexpected 'sin\(\*\*x\)'"),
    ("elu(x, alpha=2)", "unexpected '='"),
    ("sin()", "sin: expected 1 operand, got 0"),
    ("sin(x, x)", "sin: expected 1 operand, got 2"),
    ("maximum(x)", "maximum: expected 2 operands, got 1"),
    ("clip(x, 0)", "clip: expected 3 operands, got 2"),
    ("elu(x, 1, 2)", "elu: expected 1 to 2 operands, got 3"),
    ("max()", "max: expected at least one number, got none"),
    ("where(x, 1, 2)", "where: expected a comparison and two operands"),
    ("where(x > 0, 1)", "where: expected a comparison and two operands"),
    ("where(0 < x < 1, 1, 2)", "where: expected a comparison and two operands"),
    ("where(x > 0, x > 1, 2)", "unexpected 'x > 1'"),
    # outside the domain
    ("log(-x)", "log: x = -2.0 is outside the domain x > 0"),
    ("log(-1)", "log: x = -1.0 is outside the domain x > 0"),
    ("1/(x - 2)", "x / y: x = 1.0, y = 0.0 is outside the domain y != 0"),
    ("(-8)**(1/3)", "the real cube root is cbrt"),
    ("exp(1000*x)", "exp: the result for x = 2000.0 is too large"),
    ("10**400", r"x\*\*y: the result for x = 10.0, y = 400.0 is too large"),
    ("9**9**9**9**9", "too large"),
    ("1" + "0" * 400, "within the range of a float"),
    ("clip(x, 3, 1)", "lo <= hi"),
    # too much
    ("x + " * 2500 + "x", "expected an expression of fewer than 10,000 characters, got 10,001"),
    ("(" * 9_999, "expected an expression of fewer than 1,000 operators, commas and parentheses, got 9,999"),
    ("-" * 9998 + "x", "fewer than 1,000 operators"),
    ("-" * 1000 + "x", "fewer than 1,000 operators, commas and parentheses, got 1,000"),
    ("x" * 10_000, "fewer than 10,000 characters, got 10,000"),
    ("x**" * 3000 + "x", "fewer than 1,000 operators"),
    ("x+" * 4000 + "x", "fewer than 1,000 operators"),
    ("sin(" * 1500 + "x" + ")" * 1500, "fewer than 1,000 operators"),
    ("sin(" * 450 + "x" + ")" * 450, "cannot read the expression: "),
    ("(" * 900, "cannot read the expression: "),
    ("x(" * 200, "cannot read the expression: "),
    ("x" + "()" * 450, "unexpected"),
    ("not " * 2400 + "x", "unexpected 'not'"),
    ("lambda:" * 1400 + "x", "unexpected 'lambda'"),
    ("x" + ".x" * 4900, "unexpected|cannot read"),
    ("x<" * 900 + "x", "unexpected"),
    ("9" * 9_999, "within the range of a float|cannot read the expression"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "message"), [pytest.param(*case, id=ascii(case[0][:30])) for case in EXPRESSIONS])
def test_expressions_it_refuses(text: str, message: str, capsys: Capture) -> None:
    """Whatever is no formula of known names, or has no value, is one line on stderr and status 2."""
    assert re.search(message, refusal(capsys, text, "x=2"))


def test_a_misspelt_variable(capsys: Capture) -> None:
    """A name that is like that of a variable is asked after; one of a letter or two is like too many."""
    assert "as in weigth=1.5: did you mean 'weight'?" in refusal(capsys, "weigth*x", "weight=2", "x=3")
    assert "did you mean" not in refusal(capsys, "y*x", "z=2", "x=3")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected an expression"),
        (("x",), "unknown name 'x': give it a value, as in x=1.5"),
        (("x", "x=abc"), "expected a number for 'x', as in x=1.5, got 'abc'"),
        (("x", "x="), "expected a number for 'x', as in x=1.5, got ''"),
        (("x", "x=1+1"), "expected a number for 'x'"),
        (("x", "x==1"), "expected a number for 'x', as in x=1.5, got '=1'"),
        (("x", "=3"), "expected NAME=NUMBER, as in x=1.5, got '=3'"),
        (("x", "1x=2"), "expected NAME=NUMBER, as in x=1.5, got '1x=2'"),
        (("x", "x"), "expected NAME=NUMBER"),
        (("x", "3"), "expected NAME=NUMBER"),
        (("x", "-x=3"), "expected NAME=NUMBER, as in x=1.5, got '-x=3'"),
        (("x", "x.y=3"), "expected NAME=NUMBER"),
        (("x", "lambda=3"), "expected NAME=NUMBER"),
        (("x", "\u03b8=3"), "expected NAME=NUMBER"),
        (("x", "x\n=3"), "expected NAME=NUMBER"),
        (("x", "x=1", "x=1"), "expected one number for 'x', got two"),
        (("x", "x=" + "9" * 5000 + "!"), "expected a number for 'x', as in x=1.5, got '9{37}...'"),
        (("x", "x=3", "--wrt", "y"), "--wrt: expected one of x, got 'y'"),
        (("3", "--wrt", "y"), "--wrt: expected one of the variables, got 'y'"),
        (("x", "x=3", "--wrt"), "argument --wrt: expected one argument"),
        (("x", "x=3", "--what"), "unrecognized arguments: --what"),
        (("x", "x=3", "--ta"), "unrecognized arguments: --ta"),
        (("x", "x=3", "--a=\nb\x1b[31m" + "c" * 9999), "unrecognized arguments: --a= b "),
        (("--table", "x"), "--table: expected no expression beside it"),
        (("--table=3",), "ignored explicit argument '3'"),
    ],
)
def test_arguments_it_refuses(arguments: tuple[str, ...], message: str, capsys: Capture) -> None:
    """A binding or an option that is wrong is one line on stderr and status 2."""
    assert re.search(message, refusal(capsys, *arguments))


def test_errors_of_a_process() -> None:
    """The process has status 2, an empty stdout, and one line on stderr."""
    done = start("log(x)", "x=-1")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "python -m autograd: log: x = -1.0 is outside the domain x > 0\n"


@pytest.mark.parametrize("text", ["(" * 10_000, "-" * 9_999 + "x", "x**" * 3_000 + "x", "x+" * 4_000 + "x"])
def test_hostile_depth_in_a_process(text: str) -> None:
    """No depth of nesting takes the interpreter down."""
    done = start("--", text, "x=1")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.splitlines()) == 1


def test_nothing_is_executed(tmp_path: Path, capsys: Capture) -> None:
    """Text that would write a file if it were run as Python is refused, and no file is there."""
    path = tmp_path / "written"
    for text in (f"__import__('pathlib').Path({str(path)!r}).touch()", f"open({str(path)!r}, 'w')"):
        refusal(capsys, text)
    assert not path.exists()


@pytest.mark.parametrize("module", [command, expressions])
def test_no_code_is_made_of_text(module: ModuleType) -> None:
    """Neither file names eval, exec, compile or __import__."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert "str" in names
    assert not names & {"eval", "exec", "compile", "__import__"}


PIECES = [
    *("x", "y", "2", ".5", "1e3", "pi", "sin", "log", "sum", "max", "where", "clip", "lambda", "if", "else", "None"),
    *(
        "+",
        "-",
        "*",
        "/",
        "**",
        "(",
        ")",
        ",",
        "<",
        "==",
        "=",
        ".",
        "[",
        "]",
        "'",
        "\\",
        ":",
        "\n",
        " ",
        "\0",
        "\u0660",
    ),
]


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.text(max_size=12)))
def test_any_text_is_answered(capsys: Capture, text: str) -> None:
    """Whatever is typed, the answer is a page and status 0, or one line and status 2; never a traceback."""
    status, out, err = run(capsys, "--", text, "x=0.5", "y=-2")
    assert (status, bool(out), len(err.splitlines())) in {(0, True, 0), (2, False, 1)}
    assert (out + err).isascii()


# --- Pipes and interrupts -------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [EXAMPLE, ("--table",), ("--help",)])
def test_a_reader_that_has_gone(arguments: tuple[str, ...]) -> None:
    """Where the reader has closed the pipe (| head) the command ends quietly, with status 0."""
    read, write = os.pipe()
    os.close(read)
    try:
        line = [sys.executable, "-m", "autograd", *arguments]
        done = subprocess.run(line, stdout=write, stderr=subprocess.PIPE, check=False, timeout=60)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk() -> None:
    """Where the output cannot be written that is one line on stderr and status 2."""
    with Path("/dev/full").open("wb") as full:
        line = [sys.executable, "-m", "autograd", *EXAMPLE]
        done = subprocess.run(line, stdout=full, stderr=subprocess.PIPE, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(b"python -m autograd: [Errno 28]")
    assert done.stderr.count(b"\n") == 1


def test_an_interrupt(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    """Ctrl-C ends the command quietly, with status 130."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "evaluate", interrupted)
    assert run(capsys, *EXAMPLE) == (130, "", "")


# --- Its place ------------------------------------------------------------------------------------


def test_the_names_are_those_of_the_table() -> None:
    """What can be called is exactly what the table has a row for and the library a function of that name."""
    rows = {row.symbol for row in rules.TABLE if row.symbol.isidentifier()}
    assert set(expressions.CALLABLE) == rows - {"neg", "pos", "dot"}
    assert all(callable(getattr(autograd, name)) for name in expressions.CALLABLE)

"""Names: whatever a user's labels and arguments are called, a program names only what is its own."""

from __future__ import annotations

import builtins
import json
import keyword
from pathlib import Path
from typing import Any

import pytest

from autograd import Value, exp, jit, tanh
from autograd import sum as total
from autograd.compiler.naming import Names, stem

LABELS: list[str] = json.loads((Path(__file__).parents[1] / "hostile_labels.json").read_text(encoding="utf-8"))
WORDS = [
    *(
        "sum",
        "float",
        "range",
        "reversed",
        "list",
        "zeros",
        "exp",
        "einsum",
        "matmul",
        "join",
        "rows",
        "scatter",
        "where",
    ),
    *("P", "dP", "C", "I", "g", "program", "value", "gradient", "holds", "finite", "floats", "own0", "own0_by_1", "n"),
    *("def", "lambda", "None", "class", "__builtins__", "__import__", "0", "1e5", "x1", "v1", "dv1", "e1", "h1", "i1"),
    *("ｘ", "ﬁ", "dx", "ddx", "d", "f(x)", "a b", "a\nb", "#", "'", '"""', "\\", "\u202e", "µ", "ª"),
]
"""Built-ins, what programs name themselves, keywords, digits, and letters that look like others."""


@pytest.mark.parametrize("label", [*dict.fromkeys([*LABELS, *WORDS])])
@pytest.mark.parametrize("kind", ["expression", "layer", "loop", "batch", "several"])
def test_a_label_changes_no_number(label: str, kind: str) -> None:
    """Value and derivatives are those of the same function without labels, in every kind of program."""
    assert answers(kind, label) == answers(kind, "")


def answers(kind: str, label: str) -> list[float]:
    """Value and derivatives of a function whose Values are all labelled so."""
    w = [Value(0.3 + 0.1 * k, label=f"{label}[{k}]" if label else "") for k in range(3)]
    a = Value(0.7, label=label)

    def named(x: Any) -> Any:
        y = x * a
        y.label = label
        return y

    def loop(x: Any) -> Any:
        for _ in range(150):
            x = named(tanh(x) + 0.1)
        return x

    functions: dict[str, Any] = {
        "expression": lambda x: named(exp(x)) + w[0] * x,
        "layer": lambda x: total([tanh(named(v * x)) for v in w]),
        "loop": loop,
        "batch": lambda x: named(x) * w[1],
        "several": lambda x: total([named(v) * x for v in w]),
    }
    function = jit(functions[kind])
    x = Value(0.4, label=label)
    y = function.mean([0.4, 0.5, 0.6]) if kind == "batch" else function(x)
    y.backward()
    return [y.data, x.grad, a.grad, *[v.grad for v in w]]


@pytest.mark.parametrize("name", ["sum", "self", "P", "g", "zeros", "x1", "dP", "I", "ä", "float", "print"])
def test_an_argument_may_be_called_anything(name: str) -> None:
    """By its place and as a keyword."""
    names: dict[str, Any] = {}
    exec(f"def f({name}): return {name} * {name} + 1.0", names)  # noqa: S102 - a function with an argument of this name
    assert jit(names["f"])(3.0) == 10.0
    assert jit(names["f"])(**{name: 3.0}) == 10.0


@pytest.mark.parametrize("label", WORDS)
def test_a_name_in_a_program_is_no_keyword_built_in_or_word_of_ours(label: str) -> None:
    """Names are ASCII, taken once, and neither d of another nor one that has a d."""
    names = Names({"exp", "zeros"})
    for _ in range(3):
        wish = stem([label])
        name = names.fresh(wish) if wish else names.numbered("v")
        assert name.isascii()
        assert name.isidentifier()
        assert not keyword.iskeyword(name)
        assert name not in ("exp", "zeros", "P", "dP", "C", "I", "g")
        assert not hasattr(builtins, name)

"""Programs for other libraries than NumPy, without one: their functional text is run over NumPy's own arrays."""

from __future__ import annotations

import ast
import random
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from agreement import Agreement, Compiled

import autograd as ag
import nn
from autograd import Value, jit
from autograd.compiler.compiled import Jitted
from autograd.compiler.targets.library import Library


class CopyingNumPy(Library):
    """NumPy as a library in which nothing is written to: a program for jax or torch, run here."""

    def prepared(self, program: Any, constants: Any, tables: Sequence[Any]) -> list[Callable[..., Any]]:
        """The functions themselves, which must not raise or warn where they leave a domain."""

        def quiet(function: Callable[..., Any]) -> Callable[..., Any]:
            def of_arrays(*xs: Any) -> Any:
                xs = tuple([np.array(x, float) for x in xs])
                for x in xs:
                    x.setflags(write=False)
                with np.errstate(all="ignore"):
                    return function(*xs)

            return of_arrays

        return [quiet(function) for function in program(constants, tables)]

    def added(self, x: Any, index: Any, values: Any) -> Any:
        """A copy, added to."""
        out = x.copy()
        np.add.at(out, index, np.broadcast_to(values, out[index].shape))
        return out

    def replaced(self, x: Any, index: Any, values: Any) -> Any:
        """A copy, assigned to."""
        out = x.copy()
        out[index] = values
        return out

    def called_back(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """NumPy's function is one already."""
        return function


class TestFunctionalText(Agreement):
    """The text that jax and torch are given computes what the engine does."""

    @pytest.fixture
    def compiled(self) -> Compiled:
        """Jitted for NumPy as a library like the others."""
        return lambda function: Jitted(function, CopyingNumPy(np))


def mutations(source: str) -> list[str]:
    """The statements of a text that write to an array, or to a name outside their function."""
    found = []
    for node in ast.walk(ast.parse(source)):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AugAssign | ast.Nonlocal | ast.Global) or any(
            [isinstance(part, ast.Subscript | ast.Attribute) for target in targets for part in ast.walk(target)]
        ):
            found.append(ast.unparse(node))
        if isinstance(node, ast.Call) and (
            ast.unparse(node.func) == "scatter" or any([keyword.arg == "out" for keyword in node.keywords])
        ):
            found.append(ast.unparse(node))
    return found


def test_the_text_writes_to_no_array() -> None:
    """No ``+=``, no assignment to a part of an array, no ``out=``, no ``nonlocal``: in NumPy's text there are."""
    model = nn.MLP(2, [3, 3, 1], rng=random.Random(0))
    parameters = model.parameters()

    def loss(x: Any, y: Any) -> Any:
        wired = ag.dot([x[0], x[1], x[0]], [w * w for w in parameters[:3]])
        for _ in range(80):
            wired = ag.sin(wired) * 1.1 + parameters[0]
        return (1 - y * model(x)).relu() + wired + 1e-4 * sum(p * p for p in parameters)

    for function in (Jitted(loss, CopyingNumPy(np)), jit(loss)):
        function([Value(0.1), Value(0.2)], 1.0)
        alone = function.source
        function.mean([[0.1, 0.2], [0.3, -0.4]], [1.0, -1.0])
        found = mutations(alone) + mutations(function.source)
        assert bool(found) == (function.library is None)


def test_the_text_is_the_textbooks() -> None:
    """Gradients have their names, and stand where they belong in that by all parameters."""
    model = nn.MLP(4, [3, 2], activation="sigmoid", output="sigmoid", rng=random.Random(0))
    fast = Jitted(lambda x, y: nn.quadratic(model(x), y), CopyingNumPy(np))
    fast.mean([[0.1] * 4] * 2, [[0.0, 1.0]] * 2)
    lines = [line.strip().partition("  #")[0] for line in fast.source.splitlines()]
    for line in ("z1 = W1 @ x + b1", "dW1 = dz1 @ x.T", "db1 = dz1.sum(1)", "da1 = W2.T @ dz2"):
        assert line in lines
    assert "dP = at(dP)[0:12].reshape(3, 4).add(dW1)" in lines


@pytest.mark.parametrize("xp", ["jax", "torch"])
def test_a_missing_library(monkeypatch: pytest.MonkeyPatch, xp: str) -> None:
    """Where a library is not installed the error comes at once, and says what to install."""
    monkeypatch.setitem(sys.modules, xp, None)
    for use in (lambda: jit(lambda x: x, xp=xp), lambda: jit(xp=xp)):
        with pytest.raises(ImportError, match=f"pip install {xp}"):
            use()


@pytest.mark.parametrize("xp", ["tensorflow", "", "NumPy", None, np, ["jax"]])
def test_an_unknown_library(xp: Any) -> None:
    """Another name is a ValueError that lists the three."""
    with pytest.raises(ValueError, match='"numpy", "jax" or "torch", got'):
        jit(lambda x: x, xp=xp)


def test_numpy_by_name() -> None:
    """``xp="numpy"`` is what there is without it."""

    @jit(xp="numpy")
    def square(x: Any) -> Any:
        return x * x

    assert square(3.0) == jit(square.function, xp="numpy")(3.0) == 9.0
    assert square.library is None


@pytest.mark.parametrize(
    "function", [lambda x: x * 1e308 * 1e10, lambda x: (x * 1e308 * 1e10) * 0.0], ids=["inf", "nan"]
)
def test_results_that_are_not_finite_come_back(function: Callable[[Any], Any]) -> None:
    """They are no difference between program and function."""
    fast = Jitted(function, CopyingNumPy(np))
    expected = function(3.0)
    for found in (fast(3.0), *fast.map([3.0, 4.0])):
        assert repr(float(found)) == repr(expected)

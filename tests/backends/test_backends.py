"""jax and torch against the engine: ``make test-backends``, which installs them; ``make test`` does without."""

from __future__ import annotations

import math
import subprocess
import sys
from typing import Any

import pytest
from agreement import Agreement, Compiled

import autograd as ag
from autograd import Value, jit
from autograd.compiler.targets.jax import Jax


@pytest.mark.parametrize("xp", ["jax", "torch"])
class TestLibraries(Agreement):
    """What every library has to agree on."""

    @pytest.fixture
    def compiled(self, xp: str) -> Compiled:
        """Jitted for this library."""
        return lambda function: jit(function, xp=xp)

    def test_as_decorator(self, xp: str) -> None:
        """``@jit(xp=...)`` keeps name and docstring."""

        @jit(xp=xp)
        def third(x: Any) -> Any:
            """Divide."""
            return x / 3.0

        assert (vars(third)["__name__"], third.__doc__) == ("third", "Divide.")
        assert third(1.0) == 1.0 / 3.0


def test_precision_is_nobody_elses_business() -> None:
    """All is computed in 64-bit floats, and jax and torch are left with the defaults that they had."""
    import jax.numpy
    import torch

    third = Value(1.0) / 3.0
    for xp in ("jax", "torch"):
        assert jit(lambda x: x * third, xp=xp)(1.0).data == 1.0 / 3.0
    assert jax.numpy.ones(3).dtype == jax.numpy.float32
    assert torch.get_default_dtype() == torch.float32


def test_jax_compiles_once_for_a_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls with other numbers run what is compiled; another length of a batch is compiled anew."""
    traced: list[Any] = []

    def added(_: Jax, x: Any, index: Any, values: Any) -> Any:  # called while jax traces, and not when it runs
        traced.append(index)
        return x.at[index].add(values)

    monkeypatch.setattr(Jax, "added", added)
    w, b = Value(2.0), Value(1.0)
    fast = jit(lambda x: w * x * x + b, xp="jax")
    fast.mean([1.0, 2.0])
    once = len(traced)
    assert once
    for k in range(3):
        w.data = float(k)
        assert fast.mean([1.0 + k, 2.0]).data == pytest.approx(
            fast.function(1.0 + k).data / 2 + fast.function(2.0).data / 2
        )
    assert len(traced) == once
    fast.mean([1.0, 2.0, 3.0])
    assert len(traced) == 2 * once


def test_a_row_of_the_users_over_a_long_batch() -> None:
    """Jax then calls back in a thread of its own, where 64-bit floats are not enabled: they keep all their digits."""

    @ag.primitive(lambda out, x: (math.cos(x),))
    def sine(x: float) -> float:
        return math.sin(x)

    X = [k / 3.0 for k in range(30_000)]
    assert jit(lambda x: sine(x) * 3.0, xp="jax").map(X).tolist() == [math.sin(x) * 3.0 for x in X]


def test_a_row_of_the_users_that_differentiates_with_torch() -> None:
    """A float function may use torch, its autograd as well, where programs run on torch without it."""
    import torch

    def slope(_: float, x: float) -> tuple[float]:
        t = torch.tensor(x, dtype=torch.float64, requires_grad=True)
        torch.erfinv(t).backward()
        return (float(t.grad),)

    @ag.primitive(slope)
    def erfinv(x: float) -> float:
        return float(torch.erfinv(torch.tensor(x, dtype=torch.float64)))

    fast = jit(lambda x: ag.erf(erfinv(x)), xp="torch")
    assert fast(0.3) == pytest.approx(0.3, rel=1e-12)
    assert ag.grad(fast)(0.3) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("xp", ["jax", "torch"])
def test_import_is_lazy(xp: str) -> None:
    """Importing autograd, and jit without a library, import neither."""
    code = f"import sys, autograd; autograd.jit(lambda x: x * x)(2.0); sys.exit({xp!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

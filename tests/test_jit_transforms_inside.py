"""Transforms within a function that is jitted: at plain numbers, of captured Values, and of what it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value, grad, gradients, jacobian, jit, jvp, sin, value_and_grad, vjp

INNER: dict[str, Callable[[Any], Any]] = {
    "grad": lambda w: grad(lambda y: y * w)(1.0),
    "value_and_grad": lambda w: value_and_grad(lambda y: sin(y * w))(0.7)[1],
    "its value": lambda w: value_and_grad(lambda y: sin(y * w))(0.7)[0],
    "jvp": lambda w: jvp(lambda y: y * w, (1.0,), (1.0,))[1],
    "vjp": lambda w: vjp(lambda y: y * w, 1.0)[1](1.0)[0],
    "jacobian": lambda w: jacobian(lambda y: [y * w])(1.0)[0],
}


@pytest.mark.parametrize("name", INNER)
@pytest.mark.filterwarnings("ignore:jit. .* runs eagerly:RuntimeWarning")
def test_a_transform_at_a_plain_number_of_what_is_given(name: str) -> None:
    """It is a variable of the transform around: jit does not take that for a number."""

    def f(w: Any) -> Any:
        return w * INNER[name](w)

    step = 1e-6
    expected = (f(3.0 + step) - f(3.0 - step)) / (2 * step)
    assert grad(f)(3.0) == pytest.approx(expected, rel=1e-8)
    assert grad(jit(f))(3.0) == grad(f)(3.0)
    assert jit(grad(f))(3.0) == pytest.approx(grad(f)(3.0), rel=1e-12)


def test_the_way_out_compiles() -> None:
    """As an argument it is no plain number."""
    fast = jit(lambda w: w * grad(lambda y, w: y * w)(1.0, w))
    assert grad(fast)(3.0) == 6.0
    assert len(fast.program.rolled)


@pytest.mark.parametrize("name", INNER)
def test_captured_values_are_read_anew_through_a_transform(name: str) -> None:
    """A derivative at plain numbers is a number; of a captured Value it is another one once that has changed."""
    w = Value(2.0)
    fast = jit(lambda x: x * INNER[name](w))
    for w.data in (2.0, 3.0, -0.5):
        for x in (1.0, 4.0):
            assert fast(x).data == pytest.approx(x * float(np.float64(getattr(INNER[name](w), "data", INNER[name](w)))))


def test_gradients_are_computed_anew_in_each_call() -> None:
    """Of captured Values, and of what is given."""
    w = Value(2.0)
    first, second = jit(lambda x: x * gradients(w * w, [w])[0]), jit(lambda x: x * w + gradients(w * w * x, [w])[0])
    for w.data in (2.0, 3.0):
        for x in (1.0, 3.0):
            assert first(x).data == 2.0 * w.data * x
            assert second(x).data == 3.0 * w.data * x

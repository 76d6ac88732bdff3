"""The specification of autograd.pullbacks: functions with a derivative of their author's (custom_vjp)."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import autograd as ag
from autograd import (
    Value,
    custom_vjp,
    detect_anomaly,
    draw,
    explain,
    grad,
    gradcheck,
    gradients,
    hessian,
    hvp,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    no_grad,
    steps,
    value_and_grad,
    vjp,
)

Function = Callable[..., Any]


def ruled(function: Function, fwd: Function, bwd: Function, nondiff: tuple[int, ...] = ()) -> Any:
    """A function with its rule."""
    made = custom_vjp(function, nondiff)
    made.defvjp(fwd, bwd)
    return made


# --- Functions of JAX's documentation, and others ---------------------------------------------------------------


def product_rule() -> Any:
    """x y + x, with its own derivative written down; fwd calls the function itself, as is usual."""

    def f(x: Any, y: Any) -> Any:
        return x * y + x

    made = custom_vjp(f)

    def bwd(res: Any, u: Any) -> Any:
        x, y = res
        return u * (y + 1.0), u * x

    made.defvjp(lambda x, y: (made(x, y), (x, y)), bwd)
    return made


def stable() -> Any:
    """log(1 + exp(x)), whose derivative by the formula is inf / inf at 1000."""
    made = custom_vjp(lambda x: ag.log1p(ag.exp(x)))
    made.defvjp(lambda x: (made(x), x), lambda x, u: (u * (1.0 - 1.0 / (1.0 + ag.exp(x))),))
    return made


def pair() -> Any:
    """Two results of a dict: (a b, sin a)."""

    def g(p: Any) -> Any:
        return [p["a"] * p["b"], ag.sin(p["a"])]

    made = custom_vjp(g)

    def bwd(p: Any, u: Any) -> Any:
        return ({"a": u[0] * p["b"] + u[1] * ag.cos(p["a"]), "b": u[0] * p["a"]},)

    made.defvjp(lambda p: (made(p), p), bwd)
    return made


def fixed_point() -> Any:
    """x = f(a, x), differentiated by the implicit function theorem: a fixed point again (JAX's own example)."""

    def solve(f: Function, a: Any, x: Any) -> Any:
        before, x = x, f(a, x)
        while abs(before - x) > 1e-13:
            before, x = x, f(a, x)
        return x

    made = custom_vjp(solve, nondiff_argnums=(0,))

    def fwd(f: Function, a: Any, start: Any) -> Any:
        x = made(f, a, start)
        return x, (a, x)

    def bwd(f: Function, res: Any, u: Any) -> Any:
        a, x = res
        _, by_a = vjp(lambda a: f(a, x), a)
        return by_a(made(partial(backward, f), (a, x, u), u))[0], None

    def backward(f: Function, packed: Any, w: Any) -> Any:
        a, x, u = packed
        _, by_x = vjp(lambda x: f(a, x), x)
        return u + by_x(w)[0]

    made.defvjp(fwd, bwd)
    return made


P = {"a": 2.0, "b": 3.0}


def test_the_derivative_is_the_author_s() -> None:
    """Value, gradient, and those of structures, as of the function written plainly."""
    f = product_rule()
    assert f(2.0, 3.0) == 8.0
    assert value_and_grad(f, (0, 1))(2.0, 3.0) == (8.0, (4.0, 2.0))
    x = Value(2.0)
    (f(x, 3.0) * 2.0).backward()
    assert x.grad == 8.0
    plain = jacrev(lambda p: [p["a"] * p["b"], ag.sin(p["a"])])(P)
    assert jacobian(pair())(P) == plain
    assert jacrev(pair())(P) == plain


def test_any_order() -> None:
    """Derivatives of derivatives differentiate both functions of the author as they are written."""
    assert hessian(product_rule(), (0, 1))(2.0, 3.0) == ((0.0, 1.0), (1.0, 0.0))
    assert math.isclose(grad(grad(grad(stable())))(0.3), grad(grad(grad(ag.softplus)))(0.3), rel_tol=1e-12)
    g = pair()
    plain = hessian(lambda p: p["a"] * p["b"] * ag.sin(p["a"]))(P)
    found = hessian(lambda p: ag.mean(g(p)) ** 2 - g(p)[0] ** 2 / 4.0 - g(p)[1] ** 2 / 4.0)(P)  # 2 g0 g1 / 4
    for i in P:
        for j in P:
            assert math.isclose(2.0 * found[i][j], plain[i][j], rel_tol=1e-12, abs_tol=1e-12)


def test_the_derivative_need_not_be_that_of_the_function() -> None:
    """Straight through a step, turned round, or with no loss of digits: the author decides."""
    through = ruled(lambda x: ag.sign(x), lambda x: (ag.sign(x), None), lambda _, u: (u,))
    assert value_and_grad(lambda x: 3.0 * through(x))(0.3) == (3.0, 3.0)
    reversed_ = ruled(lambda x: x, lambda x: (x, None), lambda _, u: (-u,))
    assert value_and_grad(lambda x: reversed_(x) * x)(3.0) == (9.0, 0.0)
    assert grad(stable())(100.0) == 1.0  # as JAX's documentation prints it


def test_the_square_root_as_a_fixed_point() -> None:
    """JAX's example, to the third order: 1 / (2 sqrt a), -1/4 a^-1.5, 3/8 a^-2.5."""
    solve = fixed_point()

    def root(a: Any) -> Any:
        return solve(lambda a, x: 0.5 * (x + a / x), a, a)

    assert math.isclose(root(2.0), math.sqrt(2.0), rel_tol=1e-15)
    assert math.isclose(grad(root)(2.0), 0.5 * 2.0**-0.5, rel_tol=1e-12)
    assert math.isclose(grad(grad(root))(2.0), -0.25 * 2.0**-1.5, rel_tol=1e-12)
    assert math.isclose(grad(grad(grad(root)))(2.0), 0.375 * 2.0**-2.5, rel_tol=1e-12)


def test_a_rule_that_is_not_linear() -> None:
    """A gradient is clipped as it arrives, and those of several results by their common length."""
    clipped = ruled(lambda x: x, lambda x: (x, None), lambda _, u: (ag.clip(u, -1.0, 1.0),))
    x = Value(3.0)
    (10.0 * clipped(x)).backward()
    assert x.grad == 1.0
    unit = ruled(lambda xs: xs, lambda xs: (xs, None), lambda _, u: ([g / ag.norm(u) for g in u],))
    loss = [3.0, 4.0]
    xs = [Value(1.0), Value(2.0)]
    total = ag.dot(loss, unit(xs))
    total.backward()
    assert [x.grad for x in xs] == pytest.approx([0.6, 0.8], rel=1e-15)
    total.backward()
    assert [x.grad for x in xs] == pytest.approx([1.2, 1.6], rel=1e-15)
    assert grad(lambda xs: ag.dot(loss, unit(xs)))([1.0, 2.0]) == pytest.approx([0.6, 0.8], rel=1e-15)


def test_bwd_runs_once_a_sweep() -> None:
    """However many operands there are; and not at all where nothing arrives."""
    seen: list[float] = []

    def bwd(n: int, u: Any) -> Any:
        seen.append(u.data)
        return ([u] * n,)

    f = ruled(lambda xs: ag.sum(xs), lambda xs: (ag.sum(xs), len(xs)), bwd)
    assert grad(lambda xs: 5.0 * f(xs))([1.0, 2.0, 3.0]) == [5.0, 5.0, 5.0]
    assert seen == [5.0]
    xs = [Value(1.0), Value(2.0)]
    y = f(xs)
    (ag.relu(y - 9.0) + xs[0]).backward()
    assert (seen, [x.grad for x in xs]) == ([5.0], [1.0, 0.0])


def test_which_function_runs() -> None:
    """Without Values, and within no_grad, the function itself; else fwd: in constants, which no history hangs on."""
    ran: list[str] = []

    def f(x: Any) -> Any:
        ran.append("f")
        return x * x

    def fwd(x: Any) -> Any:
        ran.append("fwd")
        y = x * x
        kept.append(y)
        return y, x

    kept: list[Any] = []
    g = ruled(f, fwd, lambda x, u: (2.0 * x * u,))
    assert g(3.0) == 9.0
    x = Value(3.0)
    with no_grad():
        assert g(x).parents == ()
    assert ran == ["f", "f"]
    assert g(x).parents == (x,)
    assert ran == ["f", "f", "fwd"]
    assert kept[0].parents == ()


def test_arguments_have_their_places() -> None:
    """Keywords, defaults, None for a gradient that is 0, arguments that are no numbers."""
    power = ruled(
        lambda x, n=2: x**n,
        lambda x, n: (x**n, (x, n)),
        lambda res, u: (u * res[1] * res[0] ** (res[1] - 1), None),
    )
    assert grad(power)(3.0) == 6.0
    assert grad(lambda x: power(n=3, x=x))(2.0) == 12.0
    assert grad(power, argnums=1)(3.0, 2.0) == 0.0
    named = ruled(
        lambda x, name: x * len(name),
        lambda x, name: (x * len(name), None),
        lambda name, res, u: (u * len(name),),
        (-1,),
    )
    assert value_and_grad(named)(2.0, "abc") == (6.0, 3.0)


def test_arrays() -> None:
    """An array is handed over as an array of Values, and its gradient is to be one."""
    scaled = ruled(lambda A: A * 2.0, lambda A: (A * 2.0, None), lambda _, U: (U * 3.0,))
    A = np.arange(6.0).reshape(2, 3)
    found = grad(lambda A: (scaled(A) * A).sum())(A)
    assert np.array_equal(found, 2.0 * A + 3.0 * A)


def test_what_is_wrong_is_said() -> None:
    """A rule that is missing, no pair, no tuple, another arrangement, something that is no number."""
    good, none = lambda x, y: (x * y, None), lambda _, u: (u, u)
    cases: list[tuple[Any, str]] = [
        (ruled(lambda x, y: x, lambda x, y: x * y, none), r"expected fwd to return a pair \(out, residuals\), got Va"),
        (ruled(lambda x, y: x, good, lambda _, u: u), "expected bwd to return a tuple of 2, one gradient for each arg"),
        (ruled(lambda x, y: x, good, lambda _, u: (u,)), "expected bwd to return a tuple of 2"),
        (ruled(lambda x, y: x, good, lambda _, u: ([u], u)), "a gradient by argument 0 that is arranged as that is"),
        (
            ruled(lambda x, y: x, good, lambda _, u: (u, "u")),
            "the gradient by argument 1: expected numbers, .* got str",
        ),
        (ruled(lambda x, y: x, lambda x, y: ("x", None), none), "the result of fwd: expected numbers, .* got str"),
    ]
    for f, message in cases:
        for transform in (grad, hessian):
            with pytest.raises(TypeError, match=message):
                transform(f)(2.0, 3.0)

    @custom_vjp
    def bare(x: Any) -> Any:
        return x

    with pytest.raises(AttributeError, match=r"^bare: expected a derivative, given by bare\.defvjp\(fwd, bwd\), got "):
        bare(1.0)
    with pytest.raises(TypeError, match="^custom_vjp: expected a function, got float$"):
        custom_vjp(1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^bare\.defvjp: expected a function as bwd, got NoneType$"):
        bare.defvjp(good, None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="what is none of nondiff_argnums, argument 1: expected numbers, .* got str"):
        ruled(lambda x, s: x, good, none)(1.0, "s")
    with pytest.raises(TypeError, match="expected arguments without Values as nondiff_argnums"):
        ruled(lambda x, s: x, good, none, (1,))(1.0, [Value(2.0)])
    with pytest.raises(TypeError, match=r"expected arguments that have a place, got the keywords \['s'\]"):
        ruled(lambda x, *, s: x, good, none)(1.0, s=2.0)


def test_a_value_that_is_no_argument_is_refused() -> None:
    """Its gradient would be 0 in silence; its number may be used."""
    w = Value(2.0, label="w")
    message = r"^f: expected a custom_vjp function to compute with its arguments only, got Value\(.*label='w'\) in '\*'"

    def f(x: Any) -> Any:
        return x * w

    for rule in (
        ruled(f, lambda x: (f(x), None), lambda _, u: (u,)),
        ruled(f, lambda x: (x, x), lambda _, u: (u * w,)),
    ):
        with pytest.raises(TypeError, match=message):
            grad(rule)(1.0)
    assert grad(ruled(f, lambda x: (x * w.data, None), lambda _, u: (u * w.data,)))(1.0) == 2.0
    again = w * 3.0
    with pytest.raises(TypeError, match="to compute with its arguments only"):
        grad(ruled(f, lambda x: (x + again, None), lambda _, u: (u,)))(1.0)


@pytest.mark.parametrize(
    "attempt",
    [
        lambda f: jvp(f, (1.0, 2.0), (1.0, 0.0)),
        lambda f: jacfwd(f)(1.0, 2.0),
        lambda f: jvp(f, (Value(1.0), 2.0), (1.0, 0.0)),
    ],
)
def test_there_is_no_derivative_forward(attempt: Function) -> None:
    """As in JAX, a TypeError, which names the function and the ways that there are."""
    with pytest.raises(TypeError, match="got f, a custom_vjp function, which has them backward only: use vjp, grad or"):
        attempt(product_rule())


def test_forward_over_backward() -> None:
    """The derivative is ordinary code: it may be differentiated forward, if fwd does not use the function's result."""
    cube = ruled(lambda x: x**3, lambda x: (x**3, x), lambda x, u: (3.0 * x * x * u,))
    assert hvp(cube, 2.0, 1.0) == 12.0
    assert jvp(lambda x: 2.0 * x + ag.stop_gradient(1.0) * 0.0, (1.0,), (1.0,)) == (2.0, 2.0)
    f = product_rule()
    assert jvp(lambda x: f(2.0, 3.0) * x, (1.0,), (1.0,)) == (8.0, 8.0)  # what does not vary is no matter


def test_more_results_than_arguments() -> None:
    """The cheaper Jacobian would go forward, which is not possible: it goes backward."""
    f = ruled(lambda x: x * x, lambda x: (x * x, x), lambda x, u: (2.0 * x * u,))

    def many(x: Any) -> Any:
        y = x
        for _ in range(5):
            y = f(y)
        return [y * k for k in range(40)]

    assert jacobian(many)(1.0) == [32.0 * k for k in range(40)]


def test_data_changed_afterwards() -> None:
    """Backward is of the forward pass, as of all nodes; a derivative graph is refused then, and names the function."""
    f = ruled(lambda x: x * x, lambda x: (x * x, x), lambda x, u: (2.0 * x * u,))
    x = Value(2.0)
    y = f(x)
    x.data = 5.0
    y.backward()
    assert x.grad == 4.0
    with pytest.raises(RuntimeError, match=r"expected \[4\.0\] from fwd once more, got \[25\.0\]: the data of its arg"):
        gradients(y, [x], create_graph=True)


def test_backward_never_raises_outside_a_domain() -> None:
    """What divides by 0 going backward answers as IEEE 754 does (P4)."""
    f = ruled(lambda x: x * x, lambda x: (x * x, x), lambda x, u: (u / x,))
    x = Value(0.0)
    f(x).backward()
    assert x.grad == math.inf
    with pytest.raises(ZeroDivisionError):
        f(1.0 / (x * 1.0))


def test_within_detect_anomaly() -> None:
    """Nothing is accused where all is finite, of several results too; what is not, is."""
    with detect_anomaly():
        x, y = Value(2.0), Value(3.0)
        ag.sum(pair()({"a": x, "b": y})).backward()
        bad = ruled(lambda x: x * x, lambda x: (x * x, None), lambda _, u: (u * math.inf,))
        with pytest.raises(FloatingPointError, match=r"^\*\(1\.0, inf\) gave inf, at .* lambda _, u: \(u \* math.inf"):
            bad(x).backward()
        bad = ruled(lambda x: x * x, lambda x: (x * x, None), lambda _, u: (1e308,))
        with pytest.raises(FloatingPointError, match=r"backward through <lambda>\(2\.0\) made a gradient of inf"):
            ag.dot([1.0, 1.0], [bad(x), bad(x)]).backward()


def test_under_jit() -> None:
    """What calls it runs eagerly, with one warning that says so, and the numbers are right."""
    f = product_rule()
    for fast, expected in (
        (jit(lambda x: f(x, 3.0) * 2.0), 16.0),
        (jit(grad(lambda x: f(x, 3.0) * 2.0)), 8.0),
        (jit(hessian(lambda x: f(x, x))), 2.0),
    ):
        with pytest.warns(RuntimeWarning, match="runs eagerly from now on: it calls f, a custom_vjp function, at "):
            assert fast(2.0) == expected
        assert fast(2.0) == expected
        x = Value(2.0)
        assert fast(x).data == expected
    fast = jit(lambda x: f(x, 3.0) * 2.0)
    with pytest.warns(RuntimeWarning, match="custom_vjp"):
        assert value_and_grad(fast)(2.0) == (16.0, 8.0)


def test_it_is_seen() -> None:
    """Drawn, stepped and explained with the number that goes on; gradcheck compares it with differences."""
    x = Value(2.0, label="x")
    y = product_rule()(x, 3.0)
    y.label = "y"
    assert [step.contribution for step in steps(y)] == [4.0]
    assert "dy/dx = dy/dy * dy/dx = 1 * 4 = 4" in str(explain(y))
    assert "4" in draw(y).source
    several = ag.sum(pair()({"a": x, "b": Value(3.0)}))
    several.backward()
    assert "Gradients" in str(explain(several))
    assert "g[1]" in draw(several).source
    assert gradcheck(product_rule(), 2.0, 3.0)
    wrong = ruled(lambda x: x * x, lambda x: (x * x, x), lambda x, u: (3.0 * x * u,))
    with pytest.raises(AssertionError):
        gradcheck(wrong, 2.0)


def test_from_many_threads() -> None:
    """One graph, differentiated by several threads at once, with seeds of their own (J7)."""
    unit = ruled(lambda xs: xs, lambda xs: (xs, None), lambda _, u: ([g * 2.0 for g in u],))
    _, pull = vjp(lambda xs: unit(xs), [1.0, 2.0, 3.0])
    wrong: list[Any] = []

    def work(k: float) -> None:
        for _ in range(200):
            found = pull([k, 0.0, -k])[0]
            if found != [2.0 * k, 0.0, -2.0 * k]:
                wrong.append(found)

    threads = [threading.Thread(target=work, args=(float(k),)) for k in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong

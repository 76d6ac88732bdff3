"""The specification of autograd.collector: the collector of cyclic garbage is paused, and put back whatever happens."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograd import Value, grad, hessian, hvp, jacfwd, jacobian, jacrev, jit, jvp, sin, value_and_grad, vjp
from autograd.collector import undisturbed

Function = Callable[..., Any]


@pytest.fixture(params=[True, False], ids=["on", "off"])
def enabled(request: pytest.FixtureRequest) -> Iterator[bool]:
    """The collector on, and off as a user may have it."""
    before = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if before else gc.disable)()


TRANSFORMS: dict[str, Function] = {
    "grad": lambda f: grad(f)(2.0),
    "value_and_grad": lambda f: value_and_grad(f)(2.0),
    "vjp": lambda f: vjp(f, 2.0)[1](1.0),
    "jvp": lambda f: jvp(f, (2.0,), (1.0,)),
    "jacobian": lambda f: jacobian(f)(2.0),
    "jacrev": lambda f: jacrev(f)(2.0),
    "jacfwd": lambda f: jacfwd(f)(2.0),
    "hessian": lambda f: hessian(f)(2.0),
    "hvp": lambda f: hvp(f, 2.0, 1.0),
    "nested": lambda f: grad(lambda x: grad(f)(x) * x)(2.0),
    "jit": lambda f: jit(f)(2.0),
    "jit of grad": lambda f: jit(grad(f))(2.0),
}

each_transform = pytest.mark.parametrize("transform", TRANSFORMS.values(), ids=TRANSFORMS)


@each_transform
def test_paused_within_and_put_back(transform: Function, enabled: bool) -> None:
    """While the function runs there is none; afterwards it is as it was."""
    seen: list[bool] = []

    def f(x: Any) -> Any:
        seen.append(gc.isenabled())
        return x**3

    transform(f)
    assert not seen[0]
    assert gc.isenabled() is enabled


@each_transform
@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, SystemExit])
def test_put_back_after_an_exception(transform: Function, error: type[BaseException], enabled: bool) -> None:
    """Of whatever kind."""

    def f(_: Any) -> Any:
        raise error

    with pytest.raises(error):
        transform(f)
    assert gc.isenabled() is enabled


def test_put_back_when_the_last_thread_leaves(enabled: bool) -> None:
    """It is one for the process: whoever leaves first does not switch it on for the others, and the last does."""
    inside, leave = threading.Barrier(5), [threading.Event() for _ in range(4)]

    def f(x: Any, k: int) -> Any:
        inside.wait()
        leave[k].wait()
        return x * x

    threads = [threading.Thread(target=grad(f), args=(2.0, k)) for k in range(4)]
    for thread in threads:
        thread.start()
    inside.wait()
    for k, thread in enumerate(threads):
        assert not gc.isenabled()
        leave[k].set()
        thread.join()
    assert gc.isenabled() is enabled


def test_from_many_threads_and_exceptions(enabled: bool) -> None:
    """However they overlap."""

    def f(x: Any, k: int) -> Any:
        if k % 7 == 0:
            raise KeyError(k)
        return x * float(k)

    def work() -> None:
        for k in range(200):
            with contextlib.suppress(KeyError):
                assert value_and_grad(f)(2.0, k) == (2.0 * k, float(k))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gc.isenabled() is enabled


def test_a_user_who_switches_it_on_has_it_on() -> None:
    """What a function does itself to the collector, it may."""

    def f(x: Any) -> Any:
        gc.enable()
        assert gc.isenabled()
        return x * x

    assert grad(f)(3.0) == 6.0
    assert gc.isenabled()


def test_as_a_decorator() -> None:
    """And nested: the outermost puts it back."""

    @undisturbed()
    def f() -> bool:
        with undisturbed():
            pass
        return gc.isenabled()

    assert not f()
    assert gc.isenabled()


def test_the_graph_is_gone_before_the_collector_is_back() -> None:
    """So that it has nothing to look through: no node that the transform made is left when it returns."""

    def f(x: Any) -> Any:
        for _ in range(10_000):
            x = sin(x)
        return x

    gc.collect()
    value_and_grad(f)(0.5)
    assert gc.get_count()[0] < 5000  # a node is three objects; some thousand tuples are kept for later by Python itself


def test_the_collector_does_not_run_while_a_big_graph_is_made() -> None:
    """60,000 nodes: not one pass, where building them outside a transform sets off hundreds."""

    def f(x: Any, y: Any) -> Any:
        for _ in range(10_000):
            x, y = x + 0.001 * y, y - 0.001 * sin(x)
        return x

    passes = 0

    def count(phase: str, _: object) -> None:
        nonlocal passes
        passes += phase == "start"

    transform = value_and_grad(f, (0, 1))
    gc.callbacks.append(count)
    try:
        f(Value(0.5), Value(0.1))
        by_hand, passes = passes, 0
        transform(0.5, 0.1)
        within, passes = passes, 0
    finally:
        gc.callbacks.remove(count)
    assert by_hand > 10
    assert within == 0

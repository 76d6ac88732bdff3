"""The specification of autograd.modes and autograd.entries: what ``with`` turns on, for how long, and for whom.

What ieee() and detect_anomaly() do at the corners stands in test_conventions.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import math
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest

import autograd as ag
from autograd import (
    Value,
    detach,
    detect_anomaly,
    grad,
    gradients,
    hessian,
    hvp,
    ieee,
    jacobian,
    jit,
    jvp,
    no_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)

Function = Callable[..., Any]
INF = math.inf


def ieee_is_on() -> bool:
    """Whether log(0) is a number."""
    try:
        ag.log(0.0)
    except ValueError:
        return False
    return True


def anomaly_is_on() -> bool:
    """Whether an infinity is an error."""
    try:
        _ = Value(1e200) * 1e200
    except FloatingPointError:
        return True
    return False


def no_grad_is_on() -> bool:
    """Whether a product forgets its operands."""
    return (Value(1.0) * 2.0).parents == ()


MODES: dict[str, tuple[Callable[[], Any], Callable[[], bool]]] = {
    "ieee": (ieee, ieee_is_on),
    "detect_anomaly": (detect_anomaly, anomaly_is_on),
    "no_grad": (no_grad, no_grad_is_on),
}

each_mode = pytest.mark.parametrize(("mode", "is_on"), MODES.values(), ids=MODES)


def within(mode: Callable[[], Any], n: int, is_on: Callable[[], bool]) -> Generator[bool, None, None]:
    """A generator that is within a mode while it counts; it says whether it is."""
    with mode():
        for _ in range(n):
            yield is_on()
        assert is_on()


# --- No trace ---------------------------------------------------------------------------------------------------


@each_mode
def test_generators_in_turn_leave_no_trace(mode: Callable[[], Any], is_on: Callable[[], bool]) -> None:
    """Each way of taking turns among three of them: on as long as one is within, off when the last has left."""
    for order in sorted(set(itertools.permutations("aabbcc"))):
        running = {name: within(mode, 1, is_on) for name in "abc"}
        seen: list[str] = []
        for name in order:
            assert next(running[name], None) in (True, None)
            seen.append(name)
            assert is_on() is any(seen.count(x) == 1 for x in seen)
        assert not is_on()


@each_mode
def test_a_generator_that_is_dropped_leaves_no_trace(mode: Callable[[], Any], is_on: Callable[[], bool]) -> None:
    """Suspended within, closed, forgotten, or ended by an exception: off."""
    for end in ("close", "del", "throw"):
        first, second = within(mode, 9, is_on), within(mode, 9, is_on)
        next(first), next(second)
        if end == "close":
            first.close()
        elif end == "throw":
            with pytest.raises(KeyError):
                first.throw(KeyError)
        del first
        assert is_on()
        del second
        gc.collect()
        assert not is_on()


@each_mode
def test_closed_in_another_thread(mode: Callable[[], Any], is_on: Callable[[], bool]) -> None:
    """A generator that was entered here and ends in another thread is over here too, and was never on there."""
    running, found = within(mode, 1, is_on), []
    next(running)
    outer = within(mode, 1, is_on)
    next(outer)

    def end() -> None:
        found.append(is_on())
        running.close()
        found.append(is_on())

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()
    assert found == [False, False]
    assert is_on()
    list(outer)
    assert not is_on()


@each_mode
def test_one_object_may_be_entered_by_many(mode: Callable[[], Any], is_on: Callable[[], bool]) -> None:
    """One object, in several generators, in itself, and in threads: each entry is one of its own."""
    only = mode()
    first, second = within(lambda: only, 1, is_on), within(lambda: only, 2, is_on)
    next(first), next(second)
    list(first)
    assert is_on()
    list(second)
    assert not is_on()
    with only, only:
        assert is_on()
    assert not is_on()
    start, wrong = threading.Barrier(4), []

    def work() -> None:
        start.wait()
        for _ in range(50):
            with only:
                if not is_on():
                    wrong.append("off")
            if is_on():
                wrong.append("on")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert not is_on()


@each_mode
def test_what_enters_for_others(mode: Callable[[], Any], is_on: Callable[[], bool]) -> None:
    """A context manager made of a generator, and an ExitStack, have it in force until they end."""

    @contextmanager
    def own() -> Iterator[None]:
        with mode():
            yield

    with own():
        assert is_on()
    with ExitStack() as stack:
        stack.enter_context(mode())
        assert is_on()
    assert not is_on()


@each_mode
def test_threads_and_tasks_have_their_own(mode: Callable[[], Any], is_on: Callable[[], bool]) -> None:
    """A thread begins without; tasks that take turns do not see each other's; a task inherits what was on."""
    found: list[bool] = []
    with mode():
        thread = threading.Thread(target=lambda: found.append(is_on()))
        thread.start()
        thread.join()
    assert found == [False]

    async def outside() -> list[bool]:
        return [await asyncio.sleep(0, True) and is_on() for _ in range(3)]

    async def inside() -> list[bool]:
        with mode():
            later = asyncio.ensure_future(outside())
            now = await outside()
        return now + await later

    async def both() -> tuple[list[bool], list[bool]]:
        return await asyncio.gather(inside(), outside())

    assert [*asyncio.run(both())] == [[True] * 6, [False] * 3]


def test_modes_of_several_kinds_in_any_order() -> None:
    """Entered and left across each other, each is on exactly as long as it is."""
    for order in itertools.permutations(MODES):
        entered: list[str] = []
        contexts = {name: MODES[name][0]() for name in MODES}
        for name in order:
            contexts[name].__enter__()
            entered.append(name)
            assert ieee_is_on() is ("ieee" in entered)
        for name in order:  # and not in reverse
            contexts[name].__exit__(None, None, None)
            entered.remove(name)
            assert ieee_is_on() is ("ieee" in entered)
            assert no_grad_is_on() is ("no_grad" in entered)
            assert anomaly_is_on() is ("detect_anomaly" in entered)
        assert not any(is_on() for _, is_on in MODES.values())


@each_mode
def test_a_generator_around_a_recording(mode: Callable[[], Any], is_on: Callable[[], bool]) -> None:
    """A mode that is left while jit records, or entered then and left later, disturbs neither side."""

    def suspended() -> Iterator[None]:
        with mode():
            yield

    running = suspended()
    next(running)
    held: list[Iterator[None]] = []

    def f(x: Any) -> Any:
        y = x * x
        list(running)
        z = y * x
        if not held:
            held.append(suspended())
            next(held[-1])
        return z + x

    fast = jit(f)
    assert fast(3.0) == 30.0
    assert fast(4.0) == 68.0
    list(held[0])
    assert not is_on()


# --- no_grad ----------------------------------------------------------------------------------------------------


def test_operations_give_constants() -> None:
    """Of one operand, of two, of many: the number, and nothing behind it; outside all is as before."""
    x, y = Value(3.0, label="x"), Value(2.0)
    with no_grad():
        made = [
            x * y,
            x + 1.0,
            2.0 - x,
            x**2,
            -x,
            x.exp(),
            ag.sum([x, y]),
            ag.dot([x], [y]),
            x.clip(0.0, 1.0),
            ag.hypot(x, y),
        ]
        made += [ag.where(x > 0, x, y), ag.softmax([x, y])[0], abs(x), round(x), x % 2, 7 // x]
        leaf = Value(5.0)
    assert all(v.parents == v.partials == () and v.rule is ag.rules.CONSTANT for v in made)
    assert [v.data for v in made[:5]] == [6.0, 4.0, -1.0, 9.0, -3.0]
    assert leaf.rule is ag.rules.LEAF
    z = made[0] * x
    z.backward()
    assert (x.grad, made[0].grad) == (6.0, 3.0)
    assert (x * y).parents == (x, y)


def test_the_values_are_those_of_outside() -> None:
    """Errors of a domain are raised as ever."""
    with no_grad(), pytest.raises(ValueError, match="^log: x = -1.0"):
        Value(-1.0).log()
    with no_grad(), ieee():
        assert Value(0.0).log().data == -INF


def test_a_graph_made_outside_may_be_differentiated_inside() -> None:
    """backward and gradients ask for derivatives; create_graph for a graph."""
    x = Value(3.0)
    y = x**3
    with no_grad():
        y.backward()
        assert gradients(y, [x]) == [27.0]
        (first,) = gradients(y, [x], create_graph=True)
    assert x.grad == 27.0
    assert gradients(first, [x]) == [18.0]


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (lambda f, x: grad(f)(x), 27.0),
        (lambda f, x: value_and_grad(f)(x), (27.0, 27.0)),
        (lambda f, x: value_and_grad(lambda x: (f(x), [x * 2]), has_aux=True)(x), ((27.0, [6.0]), 27.0)),
        (lambda f, x: hessian(f)(x), 18.0),
        (lambda f, x: jacobian(f)(x), 27.0),
        (lambda f, x: hvp(f, x, 1.0), 18.0),
        (lambda f, x: jvp(f, (x,), (1.0,)), (27.0, 27.0)),
        (lambda f, x: vjp(f, x)[1](2.0), (54.0,)),
        (lambda f, x: grad(grad(grad(f)))(x), 6.0),
        (lambda f, x: jit(f)(x), 27.0),
        (lambda f, x: jit(grad(f))(x), 27.0),
        (lambda f, x: grad(jit(f))(x), 27.0),
        (lambda f, x: jit(hessian(f))(x), 18.0),
        (lambda f, x: jit(f).mean([x, x]), 27.0),
    ],
)
def test_derivatives_that_are_asked_for_inside_are_right(transform: Function, expected: Any) -> None:
    """As in PyTorch: a transform within no_grad is computed all the same; of a Value it is a constant."""

    def cube(x: Any) -> Any:
        return x**3

    def constants(tree: Any) -> list[Any]:
        return [y for x in tree for y in constants(x)] if isinstance(tree, (tuple, list)) else [tree]

    with no_grad():
        assert transform(cube, 3.0) == expected
        found = transform(cube, Value(3.0))
    assert found == expected
    assert all(isinstance(x, Value) and x.rule is ag.rules.CONSTANT for x in constants(found))
    assert transform(cube, 3.0) == expected


def part(x: Any) -> Any:
    """x x, times x without its gradient: 3 x x by the first factor only."""
    with no_grad():
        square = x * x
    return square * x


def test_inside_a_function_it_cuts_the_derivative() -> None:
    """d/dx [x x] x = x x where the bracket is a constant; also in second derivatives, and by a variable further out."""
    assert value_and_grad(part)(3.0) == (27.0, 9.0)
    assert jvp(part, (3.0,), (1.0,)) == (27.0, 9.0)
    assert hessian(part)(3.0) == 0.0
    assert grad(lambda x: grad(lambda y: part(x) * y)(1.0))(3.0) == 9.0


def test_inside_a_jitted_function_it_is_recorded() -> None:
    """The number is computed anew in each call, and hands no gradient on: no warning, no other path."""
    w = Value(2.0)
    for f in (part, lambda x: part(x) * w):
        fast = jit(f)
        for x in (3.0, 5.0, -2.0):
            transforms: list[Function] = [lambda f: f, grad, value_and_grad, hessian]
            for transform in transforms:
                got, expected = transform(fast)(Value(x)), transform(f)(Value(x))
                got, expected = (got, expected) if isinstance(got, tuple) else ((got,), (expected,))
                assert [v.data for v in got] == pytest.approx([v.data for v in expected], rel=1e-15)
            assert jit(grad(f))(x) == pytest.approx(grad(f)(x), rel=1e-15)
    w.grad = 0.0
    fast = jit(lambda x: part(w) * x)
    fast(2.0).backward()
    assert w.grad == 2.0 * 4.0


def test_a_long_computation_without_gradient_under_jit() -> None:
    """What is computed so is part of the self-check's measure of rounding: nothing is refused that is right."""

    def f(x: Any) -> Any:
        with no_grad():
            y = x
            for k in range(400):
                y = y + ag.exp(ag.sin(y * 0.7 + k)) * 0.01
        return y * x

    fast = jit(f)
    for x in (0.3, 1.7, -2.0, 5.5):
        assert fast(x) == pytest.approx(f(x), rel=1e-13)
        assert grad(fast)(x) == pytest.approx(grad(f)(x), rel=1e-13)


def test_around_a_jitted_function_its_result_is_a_constant() -> None:
    """Its program is recorded as ever, with its gradients; and what runs eagerly answers alike."""
    w = Value(2.0)
    fast = jit(lambda x: w * x)
    with no_grad():
        y = fast(3.0)
        assert (y.data, y.parents) == (6.0, ())
        assert fast.mean([1.0, 3.0]).parents == ()
        assert fast.map([1.0, 3.0]).tolist() == [2.0, 6.0]
    fast(3.0).backward()
    assert w.grad == 3.0

    def eager(x: Any) -> Any:
        return w * x * math.exp(x.data)

    fast = jit(eager)
    with no_grad(), pytest.warns(RuntimeWarning, match="runs eagerly from now on"):
        y = fast(0.0)
    assert (y.data, y.parents) == (0.0, ())


def test_as_a_decorator() -> None:
    """With and without brackets: the function keeps its name, its signature, and what it returns."""

    @no_grad()
    def first(x: Any, *, k: float = 2.0) -> Any:
        """So much."""
        return x * k

    def plain(x: Any, *, k: float = 2.0) -> Any:
        """So much."""
        return x * k

    x = Value(3.0)
    second: Any = no_grad(plain)  # type: ignore[call-arg]
    for f in (first, second):
        assert (f(x).parents, f(x, k=3.0).data, f.__doc__) == ((), 9.0, "So much.")
    assert first.__name__ == "first"
    assert (x * x).parents == (x, x)
    for wrong in (5, Value, None):
        with pytest.raises(TypeError, match="no_grad: expected a function, got "):
            no_grad()(wrong)  # type: ignore[type-var]


def test_as_a_decorator_of_generators_and_coroutines() -> None:
    """Only their own code runs within; what is sent, thrown, returned and closed goes through."""
    x = Value(3.0)
    events: list[Any] = []

    @no_grad()
    def counting() -> Generator[Any, Any, str]:
        try:
            got = yield x * 1.0
            try:
                yield x * got
            except KeyError:
                yield x * 7.0
            yield x * 8.0
        finally:
            events.append((x * 1.0).parents)
        return "end"

    def whole() -> Generator[Any, Any, None]:
        events.append((yield from counting()))

    running: Any = whole()
    assert next(running).parents == ()
    assert (x * x).parents == (x, x)
    sent = running.send(5.0)
    assert (sent.data, sent.parents) == (15.0, ())
    assert running.throw(KeyError).data == 21.0
    assert (x * x).parents == (x, x)
    assert [v.data for v in running] == [24.0]
    assert events == [(), "end"]
    other: Any = counting()
    next(other)
    other.close()
    assert events == [(), "end", ()]
    broken: Any = counting()
    next(broken)
    with pytest.raises(ZeroDivisionError):
        broken.throw(ZeroDivisionError)

    @no_grad()
    async def awaited() -> Any:
        await asyncio.sleep(0)
        return x * 2.0

    async def outer() -> tuple[Any, Any]:
        return await asyncio.gather(awaited(), asyncio.sleep(0, x * 1.0))

    inside, beside = asyncio.run(outer())
    assert (inside.parents, len(beside.parents)) == ((), 2)

    async def stream() -> AsyncIterator[Any]:
        yield x

    with pytest.raises(TypeError, match="no_grad: expected a function, got <function"):
        no_grad()(stream)


def test_with_the_other_modes() -> None:
    """detect_anomaly within it or around it names what is not finite with its operands."""
    for first, second in ((no_grad, detect_anomaly), (detect_anomaly, no_grad)):
        with first(), second(), pytest.raises(FloatingPointError, match=r"^\*\(a = 1e\+200, 1e\+200\) gave inf"):
            _ = Value(1e200, label="a") * 1e200
        with first(), second():
            assert (Value(2.0) * 3.0).parents == ()


# --- detach -----------------------------------------------------------------------------------------------------


def test_detach_is_stop_gradient() -> None:
    """One function with two names, and a method: the number hands no gradient on."""
    assert detach is stop_gradient
    x = Value(3.0)
    for stopped in (detach(x), stop_gradient(x), x.detach()):
        assert (stopped.data, stopped.rule.symbol) == (3.0, "stop_gradient")
    assert grad(lambda x: x * detach(x))(3.0) == grad(lambda x: x * x.detach())(3.0) == 3.0
    assert jit(grad(lambda x: x * x.detach()))(3.0) == 3.0
    assert detach(2) == 2.0


def test_detach_of_structures() -> None:
    """As in JAX, of lists, tuples, dicts and arrays, arranged as they are; of anything else a TypeError."""

    def f(p: Any) -> Any:
        q = stop_gradient({"w": p["w"], "b": (p["b"], 2.0)})
        return p["w"][0] * q["w"][0] + q["w"][1] * q["b"][0] * q["b"][1]

    p = {"w": [3.0, 4.0], "b": 5.0}
    assert value_and_grad(f)(p) == (49.0, {"w": [3.0, 0.0], "b": 0.0})
    assert stop_gradient([1, (2.0, {"a": 3})]) == [1.0, (2.0, {"a": 3.0})]
    with pytest.raises(TypeError, match=r"^stop_gradient: argument\[1\]: expected numbers, .* got str$"):
        stop_gradient([1.0, "2"])

"""What jit keeps: programs within a bound, methods of all kinds of objects, from many threads."""

from __future__ import annotations

import copy
import dataclasses
import gc
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd as ag
from autograd import Value, gradients, jit, value_and_grad
from autograd.compiler import keeping

# --- The bound ----------------------------------------------------------------------------------------------


@pytest.fixture
def little_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for a few small programs."""
    monkeypatch.setattr(keeping, "ROOM", 20 * keeping.PATH)


def squares(xs: Any) -> Any:
    """The sum of the squares."""
    return ag.sum([x * x for x in xs])


@pytest.mark.usefixtures("little_room")
def test_the_least_recently_used_go() -> None:
    """Of 100 lengths the last ones are kept, and one that is used all the time; what went is recorded again."""
    runs: list[int] = []

    def counted(xs: Any) -> Any:
        runs.append(len(xs))
        return squares(xs)

    fast = jit(counted)
    for n in range(1, 101):
        assert fast([2.0] * n) == 4.0 * n
        assert fast([3.0]) == 9.0
    kept = fast.families.values()
    assert keeping.LEAST <= len(kept) <= 20
    assert sum([family.size for family in kept]) <= keeping.ROOM
    before = len(runs)
    assert fast([3.0]) == 9.0
    assert fast([2.0] * 100) == 400.0
    assert len(runs) - before <= 2  # looked at again, never recorded: that takes two runs each
    before = len(runs)
    assert fast([2.0] * 50) == 200.0
    assert len(runs) - before == 2


def test_some_are_kept_however_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those used last."""
    monkeypatch.setattr(keeping, "ROOM", 0)
    fast = jit(squares)
    for n in range(1, 31):
        fast([2.0] * n)
    assert {len(family.paths[0].arguments[0]) for family in fast.families.values()} == {*range(23, 31)}


def test_what_runs_eagerly_is_remembered_without_its_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    """After more ways than are followed none is kept, and the answers are the function's."""
    monkeypatch.setattr("autograd.compiler.paths.PATHS", 4)

    def steps(x: Any) -> Any:
        while x > 1.0:
            x = x * 0.5
        return x

    fast = jit(steps)
    with pytest.warns(RuntimeWarning, match="more than 4 ways"):
        assert [fast(2.0**n) for n in range(8)] == [1.0] * 8
    (family,) = fast.families.values()
    assert family.eager
    assert not family.paths
    assert fast(3.0) == 0.75


@pytest.mark.usefixtures("little_room")
def test_a_batch_goes_on_though_its_programs_have_gone() -> None:
    """It holds what it needs."""
    w = Value(3.0)
    fast = jit(lambda xs: w * squares(xs))
    objective = fast.batch([[1.0, 2.0], [3.0, 4.0]]).objective([w])
    assert objective.gradient()[0] == 45.0
    for n in range(3, 60):
        fast([1.0] * n)
    ran = fast.source
    objective.P = objective.P * 2.0
    assert objective.gradient()[0] == 90.0
    assert fast.source != ran
    objective.write()
    assert fast([1.0, 1.0]).data == 12.0


def test_the_size_is_about_right() -> None:
    """Of a long program: within a factor of two of what it takes in memory."""
    import tracemalloc

    jit(squares)([1.0] * 700)
    fast = jit(squares)
    gc.collect()
    tracemalloc.start()
    try:
        fast([1.0] * 3000)
        gc.collect()
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    (family,) = fast.families.values()
    assert 0.5 < family.size / used < 2.0


def test_many_lengths_take_no_more_than_the_bound() -> None:
    """50 lengths, measured: what is kept of them is within twice the room."""
    import tracemalloc

    fast = jit(squares)
    fast([1.0])
    gc.collect()
    room = 2**20
    before = keeping.ROOM
    keeping.ROOM = room
    tracemalloc.start()
    try:
        for n in range(2, 302, 6):
            fast([1.0] * n)
        gc.collect()
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
        keeping.ROOM = before
    assert used < 2 * room


@pytest.fixture
def switching() -> Iterator[None]:
    """Threads take turns as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(tasks: list[Callable[[], None]]) -> None:
    """Run each in a thread; raise the first exception."""
    errors: list[BaseException] = []

    def guarded(task: Callable[[], None]) -> None:
        try:
            task()
        except BaseException as error:  # noqa: BLE001 - raised below
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


@pytest.mark.usefixtures("little_room", "switching")
def test_letting_go_in_many_threads() -> None:
    """Answers are right while programs come and go, objects die, and settings change."""

    class Scale:
        def __init__(self, w: float) -> None:
            self.w = Value(w)

        @jit(static_argnames="n")
        def times(self, xs: Any, n: int) -> Any:
            return self.w * squares(xs) * n

    def task(seed: int) -> Callable[[], None]:
        def run() -> None:
            for i in range(40):
                n = 1 + (i * seed) % 23
                assert Scale(2.0).times([1.0] * n, n=1 + i % 3).data == 2.0 * n * (1 + i % 3)

        return run

    in_threads([task(seed) for seed in (1, 5, 7, 11)])
    gc.collect()
    assert len(Scale.times.families.values()) <= 20


# --- Methods ------------------------------------------------------------------------------------------------


class Model:
    """An ordinary object."""

    def __init__(self, w: float) -> None:
        self.w = Value(w)

    @jit
    def loss(self, x: Any) -> Any:
        """A line."""
        return self.w * x

    @classmethod
    @jit
    def twice(cls, x: Any) -> Any:
        """A class method."""
        return x * float(len(cls.__name__))

    @staticmethod
    @jit
    def half(x: Any) -> Any:
        """A static method."""
        return x * 0.5


class Derived(Model):
    """One that calls the method of the class above."""

    @jit
    def loss(self, x: Any) -> Any:
        """A line and more."""
        return super().loss(x) + 1.0


@dataclasses.dataclass(slots=True)
class Slotted:
    """An object that no weak reference can point to."""

    w: Value

    @jit
    def loss(self, x: Any) -> Any:
        """A line."""
        return self.w * x


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    """One that cannot be changed, hashes by its fields, and equals others."""

    w: Value

    @jit
    def loss(self, x: Any) -> Any:
        """A line."""
        return self.w * x


class Several(tuple[Value, ...]):
    """A tuple with a method."""

    __slots__ = ()

    @property
    def w(self) -> Value:
        """The slope."""
        return self[0]

    @jit
    def loss(self, x: Any) -> Any:
        """A line."""
        return self[0] * x


MAKE: dict[str, Callable[[float], Any]] = {
    "ordinary": Model,
    "with slots": lambda w: Slotted(Value(w)),
    "frozen": lambda w: Frozen(Value(w)),
    "a tuple": lambda w: Several([Value(w)]),
}


@pytest.mark.parametrize("name", MAKE)
def test_methods_of_temporary_objects(name: str) -> None:
    """The object lives as long as its method, or a result that has to be computed again, needs it."""
    make = MAKE[name]
    assert make(2.0).loss(3.0).data == 6.0
    method = make(2.0).loss
    gc.collect()
    assert method(3.0).data == 6.0
    assert make(2.0).loss.mean([1.0, 2.0]).data == 3.0
    assert make(2.0).loss.map([1.0, 2.0]).tolist() == [2.0, 4.0]
    assert value_and_grad(make(2.0).loss)(3.0) == (6.0, 2.0)
    x = Value(3.0)
    y = make(2.0).loss(x)
    gc.collect()
    (slope,) = gradients(y, [x], create_graph=True)
    assert slope.data == 2.0


@pytest.mark.parametrize("name", MAKE)
def test_each_object_has_its_own_program(name: str) -> None:
    """Recorded once for each, also where objects are equal, and where one takes the place of another in memory."""
    make = MAKE[name]
    a, b = make(2.0), make(2.0)
    for _ in range(3):
        assert a.loss(3.0).parents == (a.w,)
        assert b.loss(3.0).parents == (b.w,)
    a.w.data = 5.0
    assert (a.loss(3.0).data, b.loss(3.0).data) == (15.0, 6.0)
    for w in range(50):
        assert make(float(w)).loss(1.0).data == float(w)
    assert inspect_name(a.loss) == "loss"


def inspect_name(method: Any) -> str:
    """What a method is called; it has a docstring."""
    assert method.__doc__ == "A line."
    return str(method.__name__)


def test_programs_go_with_their_object() -> None:
    """And nothing of jit's keeps the object."""
    before = len(Model.loss.families.values())
    models = [Model(float(w)) for w in range(5)]
    for model in models:
        model.loss(1.0)
        model.loss(Value(1.0))
    assert len(Model.loss.families.values()) == before + 5
    gone = weakref.ref(models[0])
    del models, model
    gc.collect()
    assert gone() is None
    assert len(Model.loss.families.values()) == before


@pytest.mark.usefixtures("little_room")
def test_objects_with_slots_go_with_their_programs() -> None:
    """They cannot say that they are gone: they are kept as long as there is room for their programs."""
    for w in range(100):
        Slotted(Value(float(w))).loss(1.0)
    gc.collect()
    assert sum([isinstance(x, Slotted) for x in gc.get_objects()]) <= 21


def test_methods_of_classes() -> None:
    """Class methods, static methods, and a method called as the class has it."""
    model, derived = Model(2.0), Derived(2.0)
    assert (Model.twice(1.0), model.twice(1.0), Derived.twice(1.0)) == (5.0, 5.0, 7.0)
    assert (Model.half(3.0), model.half(3.0)) == (1.5, 1.5)
    assert (Model.loss(model, 3.0).data, Model.loss(derived, 3.0).data) == (6.0, 6.0)
    assert (derived.loss(3.0).data, Derived.loss(derived, 3.0).data) == (7.0, 7.0)
    assert Model.loss.__get__(None, Model) is Model.loss


def logged(function: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator around a jitted method, which calls it with the object as an argument."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    return wrapped


class Decorated:
    """Methods in other ways."""

    def __init__(self, w: float) -> None:
        self.w = Value(w)

    @logged
    @jit
    def loss(self, x: Any) -> Any:
        """A line."""
        return self.w * x

    @property
    @jit
    def square(self) -> Any:
        """A number."""
        return self.w * self.w

    @jit
    def __call__(self, x: Any) -> Any:
        """The object is called."""
        return self.w + x

    outside = jit(lambda self, x: self.w - x)


class Quantity(Value):
    """A Value with a method."""

    @jit
    def plus(self, x: Any) -> Any:
        """The sum."""
        return self + x


def test_methods_in_other_ways() -> None:
    """Under another decorator, as a property, as __call__, made of a lambda, and of a Value."""
    a, b = Decorated(3.0), Decorated(5.0)
    for _ in range(2):
        assert [x.loss(2.0).data for x in (a, b)] == [6.0, 10.0]
        assert [x.square.data for x in (a, b)] == [9.0, 25.0]
        assert [x(2.0).data for x in (a, b)] == [5.0, 7.0]
        assert [x.outside(2.0).data for x in (a, b)] == [1.0, 3.0]
        assert Decorated.outside(a, 2.0).data == 1.0
        x = Quantity(2.0)
        assert x.plus(1.0).data == Quantity.plus(x, 1.0).data == 3.0
        assert x.plus(1.0).parents == (x,)


def test_the_program_of_this_object_is_shown() -> None:
    """Not that of another which ran since."""
    a, b = Model(2.0), Model(3.0)
    with pytest.raises(RuntimeError, match="call loss first"):
        assert a.loss.source
    a.loss(1.0)
    b.loss(Value(1.0))
    assert a.loss.source != b.loss.source
    assert a.loss.last is not None
    assert a.loss.last[0].captured == (a.w,)


def test_copies_of_an_object_have_methods_of_their_own() -> None:
    """copy and deepcopy of what holds a jitted method, or a jitted function of one, are independent of it."""

    class Holder:
        def __init__(self) -> None:
            self.w = Value(2.0)
            self.by_attribute = jit(self.plain)
            self.helper = jit(lambda x: x * x)

        def plain(self, x: Any) -> Any:
            """A line."""
            return self.w * x

        @jit
        def by_class(self, x: Any) -> Any:
            """A line."""
            return self.w * x

    holder = Holder()
    holder.method = holder.by_class  # type: ignore[attr-defined]
    for method in (holder.by_attribute, holder.by_class):
        method(1.0)
    other = copy.deepcopy(holder)
    other.w.data = 5.0
    for name in ("by_attribute", "by_class", "method"):
        assert (getattr(holder, name)(1.0).data, getattr(other, name)(1.0).data) == (2.0, 5.0)
    assert other.helper is holder.helper
    assert copy.copy(holder.helper) is holder.helper

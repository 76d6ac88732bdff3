"""Subclasses of Value: copies are of the same class, with what the instance holds; jit leaves them what they are."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value, constant, jit


class Length(Value):
    """A Value with a unit."""

    def __init__(self, data: float, unit: str = "m") -> None:
        super().__init__(data)
        self.unit = unit


class Slotted(Value):
    """The same with slots, one of them private, one of them empty."""

    __slots__ = ("__private", "empty", "unit")

    def __init__(self, data: float, unit: str) -> None:
        super().__init__(data, "x")
        self.unit, self.__private = unit, [1]

    def private(self) -> list[int]:
        """What the private slot holds."""
        return self.__private


class Both(Slotted):
    """Slots above, attributes below."""


class Stateful(Length):
    """One that says itself what a copy is made from."""

    def __getstate__(self) -> dict[str, str]:
        return {"unit": f"<{self.unit}>"}

    def __setstate__(self, state: dict[str, str]) -> None:
        self.unit = state["unit"]


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda x, protocol=protocol: pickle.loads(pickle.dumps(x, protocol))  # type: ignore[misc]
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("how", COPIES)
@pytest.mark.parametrize("kind", [Length, Slotted, Both, Stateful])
def test_copies(kind: Any, how: str) -> None:
    """Class, number, gradient, label, attributes and slots; a copy is another variable."""
    x = kind(2.0, "km")
    x.grad, x.label = 1.5, "length"
    got = COPIES[how](x)
    assert type(got) is kind
    assert got is not x
    assert (got.data, got.grad, got.label, got.rule) == (2.0, 1.5, "length", x.rule)
    assert got.unit == ("<km>" if kind is Stateful else "km")
    assert not hasattr(got, "empty")
    if isinstance(x, Slotted):
        assert got.private() == [1]
        assert (got.private() is x.private()) is (how == "copy")
    got.data = 5.0
    assert x.data == 2.0


def test_copies_with_attributes() -> None:
    """What a user keeps in an instance, in which the instance itself may be."""
    x = Length(2.0)
    x.history = [1.0, [x]]  # type: ignore[attr-defined]
    shallow, deep = copy.copy(x), copy.deepcopy(x)
    assert shallow.history is x.history  # type: ignore[attr-defined]
    assert deep.history[1][0] is deep  # type: ignore[attr-defined]
    assert vars(shallow).keys() == vars(x).keys()


@pytest.mark.parametrize("how", COPIES)
def test_copies_of_ordinary_values(how: str) -> None:
    """A leaf and a constant are what they were."""
    for x in (Value(2.0, label="x"), constant(2.0)):
        got = COPIES[how](x)
        assert (type(got), got.data, got.label, got.rule) == (Value, 2.0, x.label, x.rule)


def test_computed_nodes_refuse() -> None:
    """Whatever they were computed from."""
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        copy.copy(Length(2.0) * 2.0)


def made_inside(x: Any) -> Any:
    """Makes an instance of a number of its own."""
    scale = Length(3.0, "km")
    assert type(scale) is Length
    return x * scale if scale.unit == "km" else x


CAPTURED = Length(4.0, "km")

INSIDE: dict[str, Callable[[Any], Any]] = {
    "made inside": made_inside,
    "captured": lambda x: x * CAPTURED,
    "a copy of what is captured": lambda x: x * copy.copy(CAPTURED),
    "a copy of an argument": lambda x: x * copy.copy(x),
    "a deep copy of an argument": lambda x: x * copy.deepcopy([x])[0] + copy.deepcopy(x),
}


@pytest.mark.parametrize("name", INSIDE)
def test_in_a_program(name: str) -> None:
    """Values and gradients are those of the function, without a warning."""
    function = INSIDE[name]
    fast = jit(function)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for number in (2.0, 3.0, -1.0):
            x, own = Value(number), Value(number)
            got, expected = fast(x), function(own)
            got.backward()
            expected.backward()
            assert [got.data, x.grad] == pytest.approx([expected.data, own.grad])


def test_what_is_made_at_the_first_call_stays_what_it_is() -> None:
    """An instance that lives on is captured, and of its class."""
    made: list[Length] = []

    def lazy(x: Any) -> Any:
        if not made:
            made.append(Length(2.0))
        return made[0] * x

    fast = jit(lazy)
    assert fast(3.0).data == 6.0
    made[0].data = 5.0
    assert fast(3.0).data == 15.0
    assert type(made[0]) is Length


def test_made_of_a_number_of_an_argument() -> None:
    """It would not remember it: eagerly, with a warning that names the line."""

    def renews(x: Any) -> Any:
        return x * Length(x.data * 2.0)

    fast = jit(renews)
    with pytest.warns(RuntimeWarning, match="makes a Length of a number that it takes out of a Value.*test_subclasses"):
        assert fast(Value(2.0)).data == 8.0
    assert fast(Value(3.0)).data == 18.0


def test_given_as_an_argument() -> None:
    """A function that uses what it is beyond a number runs eagerly, and gets it."""

    def by_unit(x: Any) -> Any:
        return x * 1000.0 if x.unit == "km" else x * 1.0

    fast = jit(by_unit)
    with pytest.warns(RuntimeWarning, match="while it is recorded it raises AttributeError"):
        assert fast(Length(2.0, "km")).data == 2000.0
    assert fast(Length(2.0)).data == 2.0


class Doubling(Value):
    """A subclass that multiplies in a way of its own."""

    def __mul__(self, other: Any) -> Value:
        return Value.__mul__(self, other) * 2.0


def test_operations_of_a_subclass_are_not_compiled_away() -> None:
    """A program knows Value's operations alone: with others the function runs eagerly, and says so once."""
    fast = jit(lambda x: x * x)
    with pytest.warns(RuntimeWarning, match="a Doubling, a subclass of Value with operations of its own"):
        assert fast(Doubling(3.0)).data == 18.0
    assert fast(Doubling(4.0)).data == 32.0


COPIED_FIRST = """
import copy
from autograd import Value, jit
class Length(Value):
    unit: str = "m"
copy.copy(Value(1.0)), copy.copy(Length(1.0))
square = jit(lambda x: x * x)
print(*[square(Length(number)).data for number in (2.0, 3.0, 4.0)])
"""


def test_what_any_class_holds_is_no_operation() -> None:
    """Annotations, what copying notes in a class, what newer Pythons write there: a subclass that has them compiles."""
    command = [sys.executable, "-W", "error", "-c", COPIED_FIRST]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("4.0 9.0 16.0\n", "")

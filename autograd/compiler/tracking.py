"""Tracking: numbers that are taken out of nodes while a function is recorded, and remember where they come from.

``loss.data`` is a plain number, and plain numbers leave no trace; a program would have it as a constant. So the nodes
that a recorded function makes are of a class of their own, :class:`Recorded`, whose ``data`` is a :class:`Tracked`: a
real number with the node behind it. Arithmetic with it goes on in the graph, from where no gradient comes back (the row
``STOP``); a comparison is a guard, like any other. Where its origin would be lost - ``math.exp(v.data)``, an index -
the recording is told, and the function runs eagerly.
"""

from __future__ import annotations

import operator
import sys
from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd import functions
from autograd.modes import HOUSE
from autograd.operands import is_array
from autograd.recorder import recorder
from autograd.value import Value, is_numpy_bool, real

if TYPE_CHECKING:
    from collections.abc import Callable

    from autograd.recorder import Recorder


class Recorded(Value):
    """A node that a recorded function has made, or was given; afterwards it is an ordinary Value again."""

    __slots__ = ()

    @property
    def data(self) -> Any:
        """The number, which remembers this node."""
        recording = recorder.get()
        return self._number if recording is None else recording.number(self)

    @data.setter
    def data(self, number: float) -> None:
        self._number = real(number, "data", "a real number")
        _tell("sets .data of a Value that it computes or is given", "return what is to be kept")

    @property
    def grad(self) -> float:
        """The gradient, which is no part of a program."""
        _tell("reads .grad of a Value that it computes or is given", "grad() and value_and_grad() can be recorded")
        return self._grad

    @grad.setter
    def grad(self, number: float | None) -> None:
        self._grad = 0.0 if number is None else real(number, "grad", "a real number or None")
        _tell("sets .grad of a Value that it computes or is given", "grad() and value_and_grad() can be recorded")

    def __setattr__(self, name: str, content: object) -> None:
        if not hasattr(Value, name):
            _tell(f"sets .{name} of a Value that it computes or is given", "return what is to be kept")
        object.__setattr__(self, name, content)

    def item(self) -> Any:
        """The number, which remembers this node."""
        return self.data

    def __reduce__(self) -> tuple[Any, ...]:
        made, parts, *state = super().__reduce__()
        return made, parts[:-1], *state  # of an ordinary Value

    __hash__ = object.__hash__


def asked_here() -> bool:
    """Whether it is this library that asks for the hash of a node, which is by identity then: a sweep, not the user."""
    return sys._getframe(2).f_code.co_filename.startswith(HOUSE)


reclassify: Callable[[Value, type[Value]], None] = vars(object)["__class__"].__set__
"""``node.__class__ = kind``, past the method that looks at what users set."""


def _tell(what: str, way_out: str) -> None:
    """Tell the recording that is going on, if there is one, what cannot be recorded."""
    recording = recorder.get()
    if recording is not None:
        recording.lost(what, way_out)


def without_origin(x: Any) -> Any:
    """A tracked number as the float that it is; anything else as it is."""
    return x._number if isinstance(x, Tracked) else x


def is_narrow(x: Any) -> bool:
    """Whether this is a scalar or an array of NumPy's that makes numbers of its own precision out of a float."""
    dtype = getattr(x, "dtype", None) if type(x).__module__ == "numpy" else None
    return dtype is not None and (dtype.kind == "c" or (dtype.kind == "f" and dtype.itemsize != 8))


def _elementwise(compute: Callable[[Any], Any], array: Any) -> Any:
    """An array of objects: what is computed from each of the elements."""
    import numpy as np

    return np.frompyfunc(compute, 1, 1)(array)


def _arithmetic(compute: Callable[..., Any], reflected: bool = False) -> Callable[[Any, Any], Any]:
    """A method of two operands: in the graph while its recording goes on, on floats afterwards."""

    def method(self: Tracked, other: Any) -> Any:
        recording = self.recording()
        if recording is None:
            own, other = self._number, without_origin(other)
            return compute(other, own) if reflected else compute(own, other)
        if isinstance(other, Value):
            found = compute(other, self.node) if reflected else compute(self.node, other)
            return recording.number(found) if hasattr(other, "outcome") else found  # of a comparison: a plain number
        if is_numpy_bool(type(other)):
            other = bool(other)
        if is_narrow(other):
            recording.lost("computes with NumPy's numbers of another precision", "make them float")
            return compute(other, self._number) if reflected else compute(self._number, other)
        if is_array(other):
            return _elementwise(lambda x: method(self, x), other)
        if not isinstance(other, Real):
            return NotImplemented
        other = recording.lifted(other)
        return recording.number(compute(other, self.node) if reflected else compute(self.node, other))

    return method


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """A comparison: a node while the recording goes on."""

    def method(self: Tracked, other: Any) -> Any:
        recording = self.recording()
        if is_numpy_bool(type(other)):
            other = bool(other)
        if recording is not None and is_array(other) and not is_narrow(other):
            return _elementwise(lambda x: method(self, x), other)
        if recording is None or not isinstance(other, (Value, Real)):
            return compare(self._number, without_origin(other))
        return recording.compare(compare, self.node, other)

    return method


def _losing(compute: Callable[..., Any], what: str) -> Callable[..., Any]:
    """A method whose result is a number that remembers nothing."""

    def method(self: Tracked, *more: Any) -> Any:
        recording = self.recording()
        if recording is not None:
            recording.lost(what, "autograd's own functions of the Value itself are recorded, and where() decides")
        return compute(self._number, *map(without_origin, more))

    return method


class Tracked(Real):
    """A number taken out of a node: a float in all it does, and in the graph as long as the recording goes on."""

    __slots__ = ("_number", "node", "owner")

    __array_ufunc__ = None  # NumPy's scalars leave the operators to this class, and its arrays refuse

    def __init__(self, node: Value, owner: Recorder | None) -> None:
        self.node: Any = node
        self._number: float = node._number
        self.owner = owner

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """What ``isinstance`` asks: to a function it is the float that it would have got otherwise."""
        return float

    def recording(self) -> Recorder | None:
        """The recording that the number belongs to, if it is the one that is going on."""
        return self.owner if recorder.get() is self.owner else None

    def forget(self) -> None:
        """Be a plain number from now on."""
        self.node = self.owner = None

    __add__, __radd__ = _arithmetic(operator.add), _arithmetic(operator.add, reflected=True)
    __sub__, __rsub__ = _arithmetic(operator.sub), _arithmetic(operator.sub, reflected=True)
    __mul__, __rmul__ = _arithmetic(operator.mul), _arithmetic(operator.mul, reflected=True)
    __truediv__, __rtruediv__ = _arithmetic(operator.truediv), _arithmetic(operator.truediv, reflected=True)
    __pow__, __rpow__ = _arithmetic(operator.pow), _arithmetic(operator.pow, reflected=True)
    __mod__, __rmod__ = _arithmetic(operator.mod), _arithmetic(operator.mod, reflected=True)
    __floordiv__, __rfloordiv__ = _arithmetic(operator.floordiv), _arithmetic(operator.floordiv, reflected=True)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def _applied(self, compute: Callable[[Any], Any]) -> Any:
        recording = self.recording()
        return compute(self._number) if recording is None else recording.number(compute(self.node))

    def __neg__(self) -> Any:
        return self._applied(operator.neg)

    def __pos__(self) -> Any:
        return self._applied(operator.pos)

    def __abs__(self) -> Any:
        return self._applied(functions.abs)

    __eq__ = _comparison(operator.eq)
    __ne__ = _comparison(operator.ne)
    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)

    def __bool__(self) -> bool:
        recording = self.recording()
        return self._number != 0.0 if recording is None else recording.truth(self.node)

    @property
    def real(self) -> Any:
        """The number itself."""
        return self

    @property
    def imag(self) -> Any:
        """0.0."""
        return 0.0

    def conjugate(self) -> Any:
        """The number itself."""
        return self

    __float__ = _losing(float, "makes a plain float of a number out of a Value")
    __int__ = _losing(int, "makes an int of a number out of a Value")
    __complex__ = _losing(complex, "makes a complex number of a number out of a Value")
    __hash__ = _losing(hash, "uses a number out of a Value as a key")  # type: ignore[assignment]
    __round__ = _losing(round, "rounds a number out of a Value")
    __trunc__ = _losing(int, "makes an int of a number out of a Value")
    __floor__ = _losing(lambda x: x.__floor__(), "makes an int of a number out of a Value")
    __ceil__ = _losing(lambda x: x.__ceil__(), "makes an int of a number out of a Value")
    is_integer = _losing(float.is_integer, "asks whether a number out of a Value is whole")
    as_integer_ratio = _losing(float.as_integer_ratio, "makes a ratio of a number out of a Value")
    hex = _losing(float.hex, "makes text of a number out of a Value")

    def __reduce__(self) -> Any:
        return float, (float(self),)

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, _: Any) -> Any:
        return self

    # Text of a number is for people: it makes no difference to what is computed.

    def __repr__(self) -> str:
        return repr(self._number)

    def __str__(self) -> str:
        return str(self._number)

    def __format__(self, spec: str) -> str:
        return format(self._number, spec)

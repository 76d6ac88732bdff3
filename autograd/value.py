"""Value: a number that remembers how it was made.

Every operator in a formula makes one node: its value, the nodes it was computed from, and the local partial
derivatives by each of them. The operators are not written here; they are bound from the table (:mod:`autograd.rules`)
by the number of their operands.
"""

from __future__ import annotations

import functools
import math
import operator
import sys
from numbers import Real
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, overload

from . import graph, handmade, rules
from .modes import ieee_arithmetic, watcher
from .operands import check, is_arraylike, mapped, named
from .readings import arrays
from .recorder import recorder

if TYPE_CHECKING:
    from collections.abc import Callable

    from .rules import Rule

Method = TypeVar("Method", bound="Callable[..., Value]")

CONSTANT = rules.CONSTANT
new = object.__new__
watching = watcher.get
recording = recorder.get
number_of = operator.attrgetter("_number")
grad_of = operator.attrgetter("_grad")

INLINED = sys.version_info >= (3, 12)
"""Whether Python reads a property without a call of its function, in 38 ns; before, C is quicker: 44 ns, not 55."""


def real(x: object, name: str, expected: str = "a Value or a real number") -> float:
    """A real number as a float. Anything else, text and arrays included, is a TypeError that names its type."""
    kind = type(x)
    if kind is float:
        return x  # type: ignore[return-value]
    if kind is not int and recording() is not None:
        x = getattr(x, "_number", x)  # of a number that remembers its node
    if kind is int or (isinstance(x, Real) and kind.__name__ != "timedelta64") or is_numpy_bool(kind):
        try:
            return float(x)  # type: ignore[arg-type]
        except OverflowError:
            raise OverflowError(f"{name}: expected a number within the range of a float (about 1.8e308)") from None
    raise TypeError(f"{name}: expected {expected}, got {named(x)}")


def is_numpy_bool(kind: type) -> bool:
    """Whether this is NumPy's type of truth values, which is no number to Python; NumPy is not imported to find out."""
    return kind.__name__ in ("bool", "bool_") and kind.__module__ == "numpy"


def number(x: Value | float) -> float:
    """The number that a Value or a number is."""
    return x._number if isinstance(x, Value) else float(x)


def set_data(node: Value, number: float) -> None:
    """Give a node another number; a function that is recorded does not get to it, since it would do so only then."""
    if type(number) is float and recording() is None:  # as nearly always
        node._number = number
        return
    found = real(number, "data", "a real number")
    seer = recording()
    if seer is not None:
        seer.acting("sets .data of a Value", "return what is to be kept")
    node._number = found


def set_grad(node: Value, number: float | None) -> None:
    """Give a node another gradient, None being 0.0; a function that is recorded does not get to it either."""
    if type(number) is float and recording() is None:
        node._grad = number
        return
    found = 0.0 if number is None else real(number, "grad", "a real number or None")
    seer = recording()
    if seer is not None:
        seer.acting("sets .grad of a Value", "grad() and value_and_grad() can be recorded")
    node._grad = found


def set_label(node: Value, label: str) -> None:
    """Give a node another name."""
    if not isinstance(label, str):
        raise TypeError(f"label: expected text, got {type(label).__name__}")
    node._label = label


def lift(x: Value | float, rule: Rule) -> Value:
    """An operand as a node: a Value stays itself, a number becomes a constant leaf."""
    kind: type = type(x)
    if kind is not float:
        if isinstance(x, Value):
            return x
        seer = None if kind is int else recording()
        if seer is not None:
            found = seer.lifted(x)
            if isinstance(found, Value):
                return found
    node = new(Value)
    node._number = x if kind is float else real(x, rule.symbol)  # type: ignore[assignment]
    node._grad = 0.0
    node._label = ""
    node.parents = node.partials = ()
    node.rule = CONSTANT
    return node


def evaluate(rule: Rule, operands: tuple[float, ...]) -> float:
    """The value of a row at plain numbers, with this library's error messages."""
    seer = recording()
    if seer is not None:
        found = seer.evaluate(rule, operands)
        if found is not None:
            return found
    operands = tuple([real(x, rule.symbol) for x in operands])
    try:
        return real(rule.value(*rule.arguments(operands)), rule.symbol)
    except (ArithmeticError, ValueError) as error:
        return answer(rule, error, operands)[0]


def answer(
    rule: Rule, error: ArithmeticError | ValueError, operands: tuple[float, ...], nodes: tuple[Value, ...] = ()
) -> tuple[float, tuple[float, ...]]:
    """What an operation outside its domain answers: an exception of the same class, or IEEE's value and partials.

    ``nodes`` are those that it was asked of, if it was.
    """
    seer = recording()
    if nodes and seer is not None and not ieee_arithmetic.get():
        seer.failed(rule, nodes, error)
    if ieee_arithmetic.get():
        try:
            return arrays.ieee(rule, operands)
        except (ArithmeticError, ValueError) as own:  # of a primitive that calls what knows no inf, such as math.gamma
            error = own
    kind = next(
        kind for kind in (ZeroDivisionError, OverflowError, ArithmeticError, ValueError) if isinstance(error, kind)
    )
    raise kind(rule.complaint(error, operands)) from (None if rule in rules.TABLE else error)


def record(rule: Rule, operands: tuple[Value, ...]) -> Value:
    """A node for any row and any number of operands."""
    node = new(Value)
    data = tuple(map(number_of, operands))
    arguments = rule.arguments(data)
    try:
        node._number = out = real(rule.value(*arguments), rule.symbol)
        partials = rule.spread(rule.partials(out, *arguments), data)
        if rule.layout == "fixed":
            partials = tuple([real(partial, rule.symbol) for partial in partials])
        node.partials = partials
    except (ArithmeticError, ValueError) as error:
        node._number, node.partials = answer(rule, error, data, operands)
    node._grad = 0.0
    node._label = ""
    node.parents = operands
    node.rule = rule
    seer = watching()
    if seer is not None:
        seer.see_value(node)
    return node


# The two methods below spell ``record`` out for one and for two operands: this is where an eager program spends its
# time, and the general form takes twice as long. For each row they are read in a namespace of its own, as rows are,
# because a name there is found quicker than one of an enclosing function. In it these five are the row's: ----------

rule = rules.LEAF
value = rule.value
partials = rule.partials
constant: tuple[float, ...] | None = None
"""The partials of the row where they are the same for all operands."""
method: Any = None
"""The method itself, for the elements of arrays."""


def unary_method(self: Value) -> Value:
    """The node of a row of one operand."""
    x = self._number
    node = new(Value)
    try:
        node._number = out = value(x)
        node.partials = constant or partials(out, x)
    except (ArithmeticError, ValueError) as error:
        node._number, node.partials = answer(rule, error, (x,), (self,))
    node._grad = 0.0
    node._label = ""
    node.parents = (self,)
    node.rule = rule
    seer = watching()
    if seer is not None:
        seer.see_value(node)
    return node


def binary_method(self: Value, other: Any) -> Value:  # noqa: ANN401 - its type is looked at
    """The node of a row of two operands; beside an array, an array of them."""
    kind: type = type(other)
    if kind is float:  # lifted here: a call takes a tenth of the time of a node
        x, y = self._number, other
        other = new(Value)
        other._number, other._grad, other._label = y, 0.0, ""
        other.parents = other.partials = ()
        other.rule = CONSTANT
    else:
        if kind is not Value:
            given: Any = other
            try:
                other = lift(given, rule)
            except TypeError:
                if not is_arraylike(given):
                    raise
                other = None
            if other is None:
                return mapped(rule.symbol, method, self, given)  # type: ignore[no-any-return]
        x = self._number
        y = other._number
    node = new(Value)
    try:
        node._number = out = value(x, y)
        node.partials = constant or partials(out, x, y)
    except (ArithmeticError, ValueError) as error:
        node._number, node.partials = answer(rule, error, (x, y), (self, other))
    node._grad = 0.0
    node._label = ""
    node.parents = (self, other)
    node.rule = rule
    seer = watching()
    if seer is not None:
        seer.see_value(node)
    return node


OPERATORS: dict[Rule, Callable[..., float]] = {
    rules.ADD: operator.add,
    rules.SUB: operator.sub,
    rules.MUL: operator.mul,
    rules.DIV: operator.truediv,
    rules.NEG: operator.neg,
}
ONE_CALL = rules.EXP.value.__code__.co_code


def in_c(rule: Rule) -> Callable[..., float]:
    """The value of a row, where that is an operator or a call of one function of C, as what it is: in 13 ns less."""
    written: Any = rule.value
    called = written.__globals__.get(written.__code__.co_names[0]) if written.__code__.co_code == ONE_CALL else None
    found: Callable[..., float] = called if isinstance(called, BuiltinFunctionType) else written
    return OPERATORS.get(rule, found)


def bound(method: Method, rule: Rule) -> Method:
    """The method for one row, with the row's formulas as its docstring, and its own copy of the code.

    Its own, because CPython's inline caches belong to the code: shared by + and *, each call would find the cache
    set up for the other.
    """
    names = {"value": in_c(rule), "partials": rule.partials, "constant": rules.constant_partials(rule), "rule": rule}
    read: Any = rules.read(method, names)
    read.__code__ = read.__code__.replace()
    read.__globals__["method"] = read
    read.rule = rule
    out, slopes = rules.symbolic(rule)
    domain = f"\n\nDomain: {rule.domain}; elsewhere the exception that Python's floats raise." if rule.domain else ""
    read.__doc__ = f"{out}, with the partial derivatives {', '.join(map(str, slopes))}.{domain}"
    return read  # type: ignore[no-any-return]


def unary(rule: Rule) -> Callable[[Value], Value]:
    """A method for a row of one operand."""
    return bound(unary_method, rule)


def binary(rule: Rule) -> tuple[Callable[[Value, Value | float], Value], Callable[[Value, Value | float], Value]]:
    """A method for a row of two operands, and its reflection (for ``2 - x``)."""
    method = bound(binary_method, rule)

    def elements(other: Value | float, self: Value | float) -> Value:
        return method(lift(other, rule), self)

    def reflected(self: Value, other: Value | float) -> Value:
        try:
            left: Value | None = lift(other, rule)
        except TypeError:
            if not is_arraylike(other):
                raise
            left = None
        return mapped(rule.symbol, elements, other, self) if left is None else method(left, self)

    return method, bound(reflected, rule)


def comparison(compare: Callable[[float, float], bool]) -> Callable[[Value, object], bool]:
    """A method that compares by data, with Values and real numbers; Python refuses anything else in its own words."""

    def method(self: Value, other: object) -> bool:
        seer = recording()
        if seer is not None and isinstance(other, (Value, Real)):
            return seer.compare(compare, self, other)  # type: ignore[return-value]  # a node stands for the bool
        if isinstance(other, Value):
            return compare(self._number, other._number)
        if isinstance(other, Real):
            return bool(compare(self._number, other))  # type: ignore[arg-type]
        if is_numpy_bool(type(other)):
            return method(self, bool(other))
        check("comparison", other)
        return NotImplemented  # type: ignore[no-any-return]

    return method


class Value:
    """A number that remembers the operation and the operands it came from.

    ``Value(2.0, label="x")`` is a leaf: a variable of your formula. Arithmetic on Values makes further nodes, and
    ``backward()`` on the last of them fills in ``grad`` for all.

    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> y = (w * x + 6.9).tanh()
    >>> y.backward()
    >>> print(f"y = {y:.4f}, dy/dx = {x.grad:.4f}, dy/dw = {w.grad:.4f}")
    y = 0.7163, dy/dx = -1.4607, dy/dw = 0.9738

    Attributes
    ----------
    data: the number; what is set must be a real number, and is converted to float.
    grad: d root / d this, after ``root.backward()``; leaves accumulate, set it to 0.0 (or None) to start again.
    label: a name for drawings and messages.
    parents: the operands; () for a leaf.
    partials: d this / d operand, one number for each, taken when the node was made.
    rule: the row of the table that made it; ``rules.LEAF``, or ``rules.CONSTANT`` for a number in a formula.

    Other attributes may be set as on any object (``p.m``, ``node.colour``); copies of a leaf have them too.

    A node can be made by hand, of its number and a tuple of operands (:mod:`autograd.handmade`): ``Value(t, (x,),
    (1 - t * t,))`` with the derivative by each of them, or ``Value(t, (x,), "tanh")`` with the name of an operation,
    after which its ``_backward`` has to be assigned. It has no formula; :func:`autograd.primitive` makes an operation
    that has one. The keywords are those of micrograd and of the scalar GPT: ``children`` or ``_children``,
    ``local_grads``, ``op`` or ``_op``, ``label``. An empty tuple of operands makes a leaf.

    Comparisons are by ``data``; the hash is by identity, as each node is its own variable. There is no ``float(v)``
    or ``int(v)``, which would lose the gradient in silence; say ``v.item()``. ``round(v)``, ``math.floor(v)``,
    ``math.ceil(v)`` and ``math.trunc(v)`` are Values, also where v is inf or nan. Beside an array of NumPy's an
    operator works element by element, and gives an array of objects.

    Raises TypeError if ``data`` is not a real number, OverflowError if it is too large for a float; TypeError for
    children that are no tuple of Values, and where something is given twice; ValueError unless there is one local
    derivative for each of the children.
    """

    __slots__ = ("__dict__", "__weakref__", "_grad", "_label", "_number", "parents", "partials", "rule")

    # All of the library reads and writes these three: ``data``, ``grad`` and ``label`` are properties, which look at
    # what users set, and mean more in a subclass. (They cannot be called ``_data``, which NumPy's masked arrays look
    # for in whatever stands beside them.)
    _number: float
    _grad: float
    _label: str
    parents: tuple[Value, ...]
    partials: tuple[float, ...]
    rule: Rule

    __array_ufunc__: ClassVar[Callable[..., Any]]
    """What NumPy asks where a Value stands alone beside an array or in one of its functions: :mod:`autograd.ufuncs`."""

    if TYPE_CHECKING:

        @property
        def data(self) -> float:
            """The number."""

        @data.setter
        def data(self, number: float) -> None: ...
        @property
        def grad(self) -> float:
            """The gradient."""

        @grad.setter
        def grad(self, number: float | None) -> None: ...
        @property
        def label(self) -> str:
            """The name."""

        @label.setter
        def label(self, label: str) -> None: ...
        @overload
        def __init__(self, data: float, label: str = "") -> None: ...
        @overload
        def __init__(
            self, data: float, children: tuple[Value, ...], local_grads: tuple[float, ...] | str = (), label: str = ""
        ) -> None: ...
        @overload
        def __init__(
            self, data: float, children: tuple[Value, ...] = (), *, op: str = "", _op: str = "", label: str = ""
        ) -> None: ...
        @overload
        def __init__(
            self,
            data: float,
            *,
            _children: tuple[Value, ...] = (),
            local_grads: tuple[float, ...] = (),
            op: str = "",
            _op: str = "",
            label: str = "",
        ) -> None: ...
        def __init__(self, *_: Any, **__: Any) -> None: ...

    else:
        data = property((lambda self: self._number) if INLINED else number_of, set_data, doc="The number.")
        grad = property((lambda self: self._grad) if INLINED else grad_of, set_grad, doc="The gradient.")
        label = property(operator.attrgetter("_label"), set_label, doc="The name.")

        def __init__(self, data, label_or_children="", *further, **named):
            # What else there is has names in told_apart: to look for it here would take a tenth of the time.
            self._number = data if type(data) is float else real(data, "Value", "a real number")
            self._grad = 0.0
            self.parents = self.partials = ()
            self.rule = rules.LEAF
            if type(label_or_children) is str and not further and not named:
                self._label = label_or_children
            else:
                self._label, *made = handmade.told_apart(label_or_children, *further, **named)
                if make_by_hand(self, *made):
                    return
            seer = recording()
            if seer is not None:
                seer.leaf(self, data)

    # Operations: one line each, bound from the table.

    __add__, __radd__ = binary(rules.ADD)
    __sub__, __rsub__ = binary(rules.SUB)
    __mul__, __rmul__ = binary(rules.MUL)
    __truediv__, __rtruediv__ = binary(rules.DIV)
    __pow__, __rpow__ = binary(rules.POW)
    __mod__, __rmod__ = binary(rules.MOD)
    __floordiv__, __rfloordiv__ = binary(rules.FLOOR_DIVIDE)
    __pos__ = unary(rules.POS)
    __neg__ = unary(rules.NEG)
    __abs__ = unary(rules.ABS)
    exp = unary(rules.EXP)
    expm1 = unary(rules.EXPM1)
    log = unary(rules.LOG)
    log1p = unary(rules.LOG1P)
    log2 = unary(rules.LOG2)
    log10 = unary(rules.LOG10)
    xlogy = binary(rules.XLOGY)[0]
    sqrt = unary(rules.SQRT)
    cbrt = unary(rules.CBRT)
    sin = unary(rules.SIN)
    cos = unary(rules.COS)
    tan = unary(rules.TAN)
    sinc = unary(rules.SINC)
    asin = unary(rules.ASIN)
    acos = unary(rules.ACOS)
    atan = unary(rules.ATAN)
    atan2 = binary(rules.ATAN2)[0]
    sinh = unary(rules.SINH)
    cosh = unary(rules.COSH)
    tanh = unary(rules.TANH)
    asinh = unary(rules.ASINH)
    acosh = unary(rules.ACOSH)
    atanh = unary(rules.ATANH)
    sigmoid = unary(rules.SIGMOID)
    softplus = unary(rules.SOFTPLUS)
    softsign = unary(rules.SOFTSIGN)
    log_sigmoid = unary(rules.LOG_SIGMOID)
    logaddexp = binary(rules.LOGADDEXP)[0]
    relu = unary(rules.RELU)
    relu6 = unary(rules.RELU6)
    hardtanh = unary(rules.HARDTANH)
    silu = unary(rules.SILU)
    gelu = unary(rules.GELU)
    erf = unary(rules.ERF)
    erfc = unary(rules.ERFC)
    maximum = binary(rules.MAXIMUM)[0]
    minimum = binary(rules.MINIMUM)[0]
    floor = unary(rules.FLOOR)
    ceil = unary(rules.CEIL)
    trunc = unary(rules.TRUNC)
    sign = unary(rules.SIGN)
    round = unary(rules.ROUND)
    detach = unary(rules.STOP)
    __floor__ = unary(rules.FLOOR)
    __ceil__ = unary(rules.CEIL)
    __trunc__ = unary(rules.TRUNC)

    def __round__(self, ndigits: None = None) -> Value:
        """The nearest whole number as a Value, halves to even; TypeError if digits behind the point are asked for."""
        if ndigits is not None:
            raise TypeError(
                f"round: expected a Value alone, got {ndigits!r} digits beside it: scale it before and after"
            )
        return record(rules.ROUND, (self,))  # and not by a method of that name that somebody has put on the class

    # Names under which NumPy asks an object for a function of its own, where it stands in an array.

    arcsin = unary(rules.ASIN)
    arccos = unary(rules.ACOS)
    arctan = unary(rules.ATAN)
    arctan2 = binary(rules.ATAN2)[0]
    arcsinh = unary(rules.ASINH)
    arccosh = unary(rules.ACOSH)
    arctanh = unary(rules.ATANH)
    fabs = unary(rules.ABS)
    rint = unary(rules.ROUND)

    def conjugate(self) -> Value:
        """The Value itself, as of any real number."""
        return self

    def hypot(self, other: Value | float) -> Value:
        """sqrt(x*x + y*y) without overflow."""
        try:
            return record(rules.HYPOT, (self, lift(other, rules.HYPOT)))
        except TypeError:
            if not is_arraylike(other):
                raise
        return mapped("hypot", Value.hypot, self, other)  # type: ignore[no-any-return]

    def fmod(self, other: Value | float) -> Value:
        """The remainder of x / y with the sign of x (that of ``x % y`` has the sign of y)."""
        size: Any = abs(other)
        return self % (record(rules.SIDE, (self,)) * size)  # type: ignore[no-any-return]

    def exp2(self) -> Value:
        """2 ** x."""
        return self.__rpow__(2.0)

    def degrees(self) -> Value:
        """x * 180 / pi."""
        return self * (180.0 / math.pi)

    def radians(self) -> Value:
        """x * pi / 180."""
        return self * (math.pi / 180.0)

    rad2deg = degrees
    deg2rad = radians

    def clip(self, lo: Value | float, hi: Value | float, *, out: None = None) -> Value:
        """min(max(x, lo), hi), with slope 1 in x on the bounds too. ValueError where lo > hi.

        ``np.clip(v, lo, hi)`` calls this, and says that ``out`` is None.
        """
        if out is not None:
            raise TypeError(f"clip: expected no out=, got {type(out).__name__}")
        try:
            return record(rules.CLIP, (self, lift(lo, rules.CLIP), lift(hi, rules.CLIP)))
        except TypeError:
            if not any(map(is_arraylike, (lo, hi))):
                raise
        return mapped("clip", Value.clip, self, lo, hi)  # type: ignore[no-any-return]

    def leaky_relu(self, slope: Value | float = 0.01) -> Value:
        """x where x > 0, else slope * x."""
        try:
            return record(rules.LEAKY_RELU, (self, lift(slope, rules.LEAKY_RELU)))
        except TypeError:
            if not is_arraylike(slope):
                raise
        return mapped("leaky_relu", Value.leaky_relu, self, slope)  # type: ignore[no-any-return]

    def elu(self, alpha: Value | float = 1.0) -> Value:
        """x where x > 0, else alpha * (exp(x) - 1)."""
        try:
            return record(rules.ELU, (self, lift(alpha, rules.ELU)))
        except TypeError:
            if not is_arraylike(alpha):
                raise
        return mapped("elu", Value.elu, self, alpha)  # type: ignore[no-any-return]

    # Backward.

    def backward(self) -> None:
        """Fill in ``grad`` = d self / d node for every node that self was computed from.

        Grads of interior nodes belong to this pass; grads of leaves accumulate until zeroed. Depth is limited by
        memory only.

        A node with a ``_backward`` of the user's has that called, in the order of the sweep: results before operands.

        Never raises, but for two exceptions: FloatingPointError within :class:`~autograd.detect_anomaly`; and
        TypeError, before any ``grad`` is written, where a node was made by hand with neither derivatives nor a
        ``_backward``.
        """
        active = recording()
        if active is not None:
            active.acting("calls backward()", "grad() and value_and_grad() can be recorded")
        hooked = handmade.found(graph.order(self)) if handmade.unusual else ()
        nodes = graph.backward(self)
        for node in hooked:
            node._backward()
        seer = watching()
        if seer is not None:
            seer.see_gradients(nodes)

    # A number among numbers.

    def item(self) -> float:
        """The number alone, without its history."""
        return self._number

    def __repr__(self) -> str:
        label = f", label={self._label!r}" if self._label else ""
        return f"Value(data={self._number!r}, grad={self._grad!r}{label})"

    if not TYPE_CHECKING:  # whom these would tell that float(v), int(v) and xs[v] are right

        def __float__(self) -> float:
            raise TypeError(
                "float() of a Value would lose its gradient in silence: say autograd.exp(v) instead of math.exp(v), "
                "v.item() for the number alone, dtype=object for an array that holds Values"
            )

        def __int__(self) -> int:
            raise TypeError(
                "int() of a Value would lose its gradient in silence: say v.item(), or trunc(v) for a Value"
            )

        def __index__(self) -> int:
            raise TypeError(
                "a Value as an index would lose its gradient in silence: say autograd.take(xs, v), or int(v.item()) "
                "for the number alone"
            )

    def __format__(self, spec: str) -> str:
        return format(self._number, spec) if spec else repr(self)

    def __bool__(self) -> bool:
        seer = recording()
        return self._number != 0.0 if seer is None else seer.truth(self)

    __hash__ = object.__hash__

    __eq__ = comparison(operator.eq)
    __ne__ = comparison(operator.ne)
    __lt__ = comparison(operator.lt)
    __le__ = comparison(operator.le)
    __gt__ = comparison(operator.gt)
    __ge__ = comparison(operator.ge)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.parents:
            raise TypeError(
                f"a Value computed by {self.rule.symbol!r} cannot be copied or pickled: it would drag its whole "
                "graph along; copy or save its leaves, or its .data"
            )
        state = kept(self)
        parts = self.data, self._grad, self._label, self.rule is rules.CONSTANT
        return leaf, (*parts, type(self)), *([state] if state else [])

    # Names that users of micrograd and of the scalar GPT know.

    @property
    def _prev(self) -> tuple[Value, ...]:
        """The parents, without the exponent of x**3 where that is a constant."""
        return self.parents[:1] if self._constant_exponent else self.parents

    _children = _prev

    @property
    def _local_grads(self) -> tuple[float, ...]:
        """The partial derivatives by these; TypeError for a node that was made by hand without them."""
        return self.partials[:1] if self._constant_exponent else (*self.partials,)

    @property
    def _symbol(self) -> str:
        """The symbol of the operation, with a constant exponent: ``*``, ``tanh``, ``**3``."""
        return f"**{self.parents[1]._number!r}".removesuffix(".0") if self._constant_exponent else self.rule.symbol

    @property
    def _op(self) -> str:
        """The symbol as micrograd has it: ``ReLU``; of a node that was made by hand, the name that it was given."""
        rule = self.rule
        if isinstance(rule, handmade.Handmade):
            return rule.named
        return "ReLU" if rule is rules.RELU else self._symbol

    @property
    def _constant_exponent(self) -> bool:
        return self.rule is rules.POW and self.parents[1].rule is rules.CONSTANT

    @property
    def _backward(self) -> Callable[[], object]:
        """One step of the chain rule, which hands this node's grad on to its operands: as assigned, or by partials."""
        assigned: Callable[[], object] | None = vars(self).get("_backward")
        if assigned is not None:
            return assigned
        if self.parents and not self.partials:
            raise handmade.lacking(self)
        return functools.partial(hand_on, self, self.partials, self.rule)

    @_backward.setter
    def _backward(self, function: Callable[[], object]) -> None:
        if not callable(function):
            raise TypeError(f"_backward: expected a function without arguments, got {type(function).__name__}")
        seer = recording()
        if seer is not None:
            seer.acting("assigns _backward to a Value", handmade.WAY_OUT)
        vars(self)["_backward"] = function
        if self.parents:
            if not isinstance(self.rule, handmade.Handmade):
                self.rule = handmade.rule_of(self._op)
            self.partials = self.rule.unknown
            handmade.unmark(self)
        else:
            handmade.mark(self)


def hand_on(node: Value, partials: tuple[float, ...], rule: Rule) -> None:
    """One step of the chain rule by these partials: also where somebody has wrapped it, as courses do with hooks."""
    for parent, partial in zip(node.parents, partials, strict=True):
        if partial or not rule.selecting:
            parent._grad += partial * node._grad


def make_by_hand(node: Value, children: tuple[Any, ...], derivatives: tuple[Any, ...] | None, op: str) -> bool:
    """Give a new node these operands, with their derivatives where they are given; False if it remains a leaf."""
    if not all([isinstance(x, Value) for x in children]):
        kinds = ", ".join([type(x).__name__ for x in children])
        raise TypeError(f"Value: expected a tuple of Values as children, got one of {kinds}")
    if derivatives is not None and len(derivatives) != len(children):
        raise ValueError(
            f"Value: expected as many local derivatives as children, {len(children)}, got {len(derivatives)}"
        )
    if not children:
        return False
    seer = recording()
    if seer is not None:
        seer.acting("makes a node by hand", handmade.WAY_OUT)
    rule = handmade.rule_of(op)
    if derivatives is None:
        node.partials = rule.unknown
        if type(node)._backward is Value._backward:  # and not a method of a subclass
            handmade.mark(node)
    else:
        node.partials = tuple([real(x, "Value", "real numbers as local derivatives") for x in derivatives])
    node.parents, node.rule = tuple(children), rule
    watch = watching()
    if watch is not None:
        watch.see_value(node)
    return True


def kept(leaf: Value) -> object:
    """What a copy has besides the parts of every leaf: attributes of the user's, and the slots of a subclass.

    Not a ``_backward``, which belongs to this leaf.
    """
    state: Any = leaf.__getstate__()
    attributes, slots = state if type(state) is tuple else (state, {})
    if type(attributes) is not dict and attributes is not None:  # by a method of the subclass
        return state
    own = {name: x for name, x in (attributes or {}).items() if name != "_backward"}
    further = {name: x for name, x in slots.items() if name not in Value.__slots__}
    return (own, further) if further else own


def leaf(data: float, grad: float, label: str, constant: bool, kind: type[Value] = Value) -> Value:
    """A leaf from its parts: what copying and unpickling call."""
    node = new(kind)
    Value.__init__(node, data, label)
    node._grad = grad
    if constant:
        node.rule = rules.CONSTANT
    return node


for _name, _member in vars(Value).items():
    if getattr(_member, "__module__", None) == __name__ and callable(_member):
        _member.__name__, _member.__qualname__ = _name, f"Value.{_name}"
        _member.__globals__["Value"] = Value  # in a namespace that was made before the class

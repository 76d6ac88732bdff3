"""NumPy's functions beside a Value: what ``A * v``, ``v < A`` and ``np.exp(v)`` mean.

Where a Value stands alone among the operands, NumPy asks its class (``__array_ufunc__``). The answer is the operation
of the table, for each element of an array; or a TypeError that names what to say instead, where NumPy's function is
none of ours or is asked for in a way that has no meaning here (``out=``, ``.reduce``).

Over arrays of objects alone NumPy asks nobody. It runs loops of its own: most of them look up a method, which Value has
under NumPy's name; some only compare; of some there are none. README has the lists, and a test holds them against
NumPy.
"""

from __future__ import annotations

import math
import operator
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from . import functions, rules
from .operands import boxed, check, is_array, is_arraylike, mapped, of_kind, whole
from .value import Value, lift

if TYPE_CHECKING:
    from collections.abc import Callable


class Meaning(NamedTuple):
    """What a function of NumPy's is of Values.

    ``forward(v, y)`` and ``reflected(v, x)`` are Value's own methods for an operator; ``function`` takes operands in
    NumPy's order, each of them a Value, a number or an array.
    """

    symbol: str
    function: Callable[..., Any]
    forward: Callable[..., Any] | None = None
    reflected: Callable[..., Any] | None = None
    compares: bool = False


def operation(symbol: str, name: str) -> Meaning:
    """An operator: ``A * v`` is ``v.__rmul__`` of each element of A."""
    forward, reflected = getattr(Value, f"__{name}__"), getattr(Value, f"__r{name}__")
    return Meaning(symbol, getattr(operator, name), forward, reflected)


def comparison(symbol: str, name: str, swapped: str) -> Meaning:
    """A comparison: ``A < v`` is ``v > a`` for each element a of A."""
    forward, reflected = getattr(Value, f"__{name}__"), getattr(Value, f"__{swapped}__")
    return Meaning(symbol, getattr(operator, name), forward, reflected, compares=True)


MEANINGS = {
    "add": operation("+", "add"), "subtract": operation("-", "sub"), "multiply": operation("*", "mul"),
    "divide": operation("/", "truediv"), "power": operation("**", "pow"), "float_power": operation("**", "pow"),
    "remainder": operation("%", "mod"), "floor_divide": operation("//", "floordiv"),
    "less": comparison("<", "lt", "gt"), "less_equal": comparison("<=", "le", "ge"),
    "greater": comparison(">", "gt", "lt"), "greater_equal": comparison(">=", "ge", "le"),
    "equal": comparison("==", "eq", "eq"), "not_equal": comparison("!=", "ne", "ne"),
    "positive": Meaning("+", operator.pos), "negative": Meaning("-", operator.neg),
    "absolute": Meaning("abs", functions.abs), "fabs": Meaning("abs", functions.abs),
    "arccos": Meaning("acos", functions.acos), "arccosh": Meaning("acosh", functions.acosh),
    "arcsin": Meaning("asin", functions.asin), "arcsinh": Meaning("asinh", functions.asinh),
    "arctan": Meaning("atan", functions.atan), "arctanh": Meaning("atanh", functions.atanh),
    "arctan2": Meaning("atan2", functions.atan2), "rint": Meaning("round", functions.round),
    "hypot": Meaning("hypot", functions.hypot), "clip": Meaning("clip", functions.clip),
    "fmod": Meaning("fmod", lambda x, y: mapped("fmod", remainder, x, y)),
    "conjugate": Meaning("conjugate", Value.conjugate), "exp2": Meaning("exp2", Value.exp2),
    "degrees": Meaning("degrees", Value.degrees), "rad2deg": Meaning("degrees", Value.degrees),
    "radians": Meaning("radians", Value.radians), "deg2rad": Meaning("radians", Value.radians),
    "square": Meaning("square", lambda x: x * x), "reciprocal": Meaning("reciprocal", lambda x: 1.0 / x),
    "isnan": Meaning("isnan", lambda x: x != x), "isfinite": Meaning("isfinite", lambda x: x - x == 0.0),
    "isinf": Meaning("isinf", lambda x: abs(x) == math.inf),
    "expit": Meaning("sigmoid", functions.sigmoid),
}  # fmt: skip
"""By the name of NumPy's function (``expit`` is SciPy's)."""
NAMESAKES = {
    rule.symbol: Meaning(rule.symbol, getattr(functions, rule.symbol))
    for rule in rules.TABLE
    if rule.layout == "fixed" and rule.symbol.isidentifier() and hasattr(functions, rule.symbol)
}
"""Those that have the same name here: exp, maximum, ..."""

LOGIC = {"bitwise_and": operator.and_, "bitwise_or": operator.or_, "bitwise_xor": operator.xor}
"""Of the outcomes of comparisons in a function that is recorded: they are Values, and know ``&``."""

INSTEAD = {
    "copysign": "autograd.where(y < 0, -autograd.abs(x), autograd.abs(x))",
    "divmod": "x // y and x % y",
    "fmax": "autograd.maximum(x, y)", "fmin": "autograd.minimum(x, y)",
    "heaviside": "autograd.where(x > 0, 1.0, 0.0)",
    "ldexp": "x * 2.0**k",
    "logaddexp2": "autograd.logaddexp(x, y)",
    "logical_and": "x and y, or autograd.where(x, y, 0.0)", "logical_or": "x or y, or autograd.where(x, 1.0, y)",
    "logical_not": "not x, or autograd.where(x, 0.0, 1.0)", "logical_xor": "bool(x) != bool(y)",
    "matmul": "v * A: a Value is a single number, or autograd.dot(x, y) of sequences",
    "modf": "autograd.trunc(x) and x - autograd.trunc(x)",
    "signbit": "x < 0",
}  # fmt: skip
"""What to say instead of some functions that have no meaning here."""

known: dict[Any, Meaning] = {}
"""The meanings of NumPy's functions that have been asked for: those above only."""
quick: dict[Any, tuple[Callable[..., Any], Callable[..., Any], bool]] = {}
"""Of the operators among them the methods, and whether they compare."""
numbers: set[type] = {float, bool}
"""Types of numbers, none too large for a float; NumPy's are added when it asks for the first time."""


def remainder(x: Any, y: Any) -> Any:
    """fmod of two numbers, one of them a Value."""
    return lift(x, rules.MOD).fmod(y)


def truth(x: Any) -> Any:
    """A truth value of NumPy's as Python's, a Value as it is."""
    return x if isinstance(x, Value) else bool(x)


def array_ufunc(_: Value, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
    """What a function of NumPy's is where a Value is among its operands; NumPy calls this.

    A Value, or an array of them, broadcast with the arrays among the operands; of comparisons a bool, or an array of
    bools. TypeError where the function has no meaning here, or is asked for otherwise than by a plain call.
    """
    methods = quick.get(ufunc)
    if methods is not None and method == "__call__" and not options:  # most often, beside a number of NumPy's
        x, y = inputs
        is_left = isinstance(x, Value)
        other = y if is_left else x
        if type(other) not in numbers and getattr(other, "ndim", 1) == 0:
            other = other[()]
        if type(other) in numbers:
            if not methods[2]:
                other = float(other)  # what the operator makes of it, quicker; comparisons are exact
            return methods[0](x, other) if is_left else methods[1](y, other)
    return answer(ufunc, method, inputs, options)


def answer(ufunc: Any, method: str, inputs: tuple[Any, ...], options: dict[str, Any]) -> Any:
    """The same, whatever the operands are."""
    if any([is_arraylike(x) and not is_array(x) for x in inputs]):
        return NotImplemented  # it is the turn of another library's arrays
    if method != "__call__":
        raise TypeError(
            f"np.{ufunc.__name__}.{method}: expected arrays, got a Value, which is a single number: "
            f"say np.{ufunc.__name__}(A, v), or autograd.sum, autograd.max, ... of a sequence of Values"
        )
    meaning = meaning_of(ufunc)
    if meaning is None:
        if all([set(signature) <= set("O->") for signature in ufunc.types]):  # a Python function, as of np.frompyfunc
            return ufunc(*map(boxed, inputs), **options)
        name = ufunc.__name__
        if name in LOGIC and not options and all([hasattr(x, "__and__") for x in inputs if isinstance(x, Value)]):
            return mapped(name, lambda *operands: LOGIC[name](*map(truth, operands)), *inputs)
        raise TypeError(
            f"np.{name}: expected numbers, got a Value; "
            f"say {INSTEAD.get(name, 'autograd.exp, autograd.maximum, ... which take Values')}, or v.item() for the "
            "number alone"
        )
    operands = [*map(whole, inputs)]
    if options:
        return in_place(meaning, ufunc, inputs[0], operands, options)
    if any(map(is_array, operands)):
        return over_arrays(meaning, operands)
    return of_numbers(meaning, operands)


def meaning_of(ufunc: Any) -> Meaning | None:
    """The meaning of a function of NumPy's, by its name; None if it has none here."""
    meaning = known.get(ufunc)
    if meaning is None:
        name = {"true_divide": "divide", "mod": "remainder"}.get(ufunc.__name__, ufunc.__name__)
        meaning = MEANINGS.get(name) or NAMESAKES.get(name)
        if meaning is not None:
            np = sys.modules["numpy"]
            numbers.update(kind for kind in np.sctypeDict.values() if np.dtype(kind).kind in "buif")
            known[ufunc] = meaning
            if meaning.forward is not None and meaning.reflected is not None:
                quick[ufunc] = meaning.forward, meaning.reflected, meaning.compares
    return meaning


def over_arrays(meaning: Meaning, operands: list[Any]) -> Any:
    """The operation of the elements: an array of objects, or of bools where they are all bools."""
    found = mapped(meaning.symbol, meaning.function, *operands)
    return of_kind(found, bool) if meaning.compares else found


def of_numbers(meaning: Meaning, operands: list[Any]) -> Any:
    """The operation of Values and numbers. A comparison with what is no number is as Python has it."""
    if meaning.forward is None or meaning.reflected is None:
        return meaning.function(*operands)
    x, y = operands
    found = meaning.forward(x, y) if isinstance(x, Value) else meaning.reflected(y, x)
    if found is not NotImplemented:
        return found
    if meaning.symbol in {"==", "!="}:
        return meaning.symbol == "!="
    kinds = " and ".join([f"'{type(operand).__name__}'" for operand in operands])
    raise TypeError(f"'{meaning.symbol}' not supported between instances of {kinds}")


def in_place(meaning: Meaning, ufunc: Any, target: Any, operands: list[Any], options: dict[str, Any]) -> Any:
    """``A += v``, for an array of objects. TypeError for any other array, and for whatever else is asked for."""
    out = options.get("out", (None,))
    if len(options) > 1 or len(out) > 1 or out[0] is not target or not is_array(target):
        given = ", ".join([f"{name}=" for name in options])
        raise TypeError(
            f"np.{ufunc.__name__}: expected operands alone where a Value is among them, got {given} too; "
            f"say np.{ufunc.__name__}(...) without, or an operator"
        )
    check(meaning.symbol, target)
    if target.dtype != object:
        raise TypeError(
            f"{meaning.symbol}=: expected an array of objects, which can hold Values, got one of {target.dtype}; "
            f"say A = A {meaning.symbol} v"
        )
    target[...] = mapped(meaning.symbol, meaning.function, target, *operands[1:])
    return target


class MaskedData:
    """The attribute that masked arrays read of whatever stands beside them: it says that no Value may."""

    def __get__(self, value: Value | None, kind: type) -> Any:
        asks = sys._getframe(1).f_globals.get("__name__", "")
        if value is None or not asks.startswith("numpy.ma"):
            raise AttributeError(f"{kind.__name__!r} object has no attribute '_data'")
        raise TypeError(
            "expected an array beside a Value, got a masked array, which would lose gradients: make an array of it "
            "with .filled(0.0), or choose with autograd.where"
        )


Value.__array_ufunc__ = array_ufunc
Value._data = MaskedData()  # type: ignore[attr-defined]

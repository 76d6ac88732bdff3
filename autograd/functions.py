"""The operations as functions, for Values and for plain numbers alike.

``exp(x)`` of a Value is a node; ``exp(x)`` of a float is a float, with the same checks and messages. So a function
written with these names can be evaluated on numbers and differentiated on Values without a change.
"""

from __future__ import annotations

from numbers import Real
from types import FunctionType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, overload

from . import rules
from .operands import is_arraylike, mapped, of_kind, whole
from .recorder import recorder
from .rules import Rule
from .structures import flatten, rebuild
from .value import Value, evaluate, lift, real, record

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np

    Array = np.ndarray[Any, Any]
    Matrix = Sequence[Sequence[Value | float]]

F = TypeVar("F")


class Unary(Protocol):
    """A function of one number, or of each number of an array."""

    @overload
    def __call__(self, x: Value, /) -> Value: ...
    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: Array, /) -> Array: ...


class Binary(Protocol):
    """A function of two numbers, or of those of arrays, broadcast."""

    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: Value, y: Value | float, /) -> Value: ...
    @overload
    def __call__(self, x: float, y: Value, /) -> Value: ...
    @overload
    def __call__(self, x: Array, y: Array | Value | float, /) -> Array: ...
    @overload
    def __call__(self, x: Value | float, y: Array, /) -> Array: ...


class Variadic(Protocol):
    """A function of a sequence of numbers: ``max(xs)``, ``max(x, y, z)``."""

    @overload
    def __call__(self, xs: Iterable[float], /) -> float: ...
    @overload
    def __call__(self, xs: Iterable[Value], /) -> Value: ...
    @overload
    def __call__(self, xs: Iterable[Value | float], /) -> Value | float: ...
    @overload
    def __call__(self, x: float, y: float, /, *more: float) -> float: ...  # type: ignore[overload-overlap]
    @overload
    def __call__(self, x: Value | float, y: Value | float, /, *more: Value | float) -> Value: ...


def apply(rule: Rule, operands: Iterable[Value | float]) -> Any:
    """One operation of the table: a node if any operand is a Value, else a float; of arrays an array of these."""
    given = tuple(operands)
    kinds = set(map(type, given))
    try:
        if Value in kinds or any(issubclass(kind, Value) for kind in kinds):
            return record(rule, tuple([lift(x, rule) for x in given]) if len(kinds) > 1 else given)  # type: ignore[arg-type]
        return evaluate(rule, given)  # type: ignore[arg-type]
    except TypeError:
        if rule.layout != "fixed" or not any(map(is_arraylike, given)):
            raise
    return over_arrays(lambda *xs: apply(rule, xs), rule.symbol, *given)


def over_arrays(function: Callable[..., Any], name: str, *operands: Any) -> Any:
    """The function of the elements of arrays: an array of floats if all its elements are, else of objects."""
    return of_kind(mapped(name, function, *operands), float)


def documented(function: F, name: str, doc: str | None) -> F:
    """The function under its name, with its docstring."""
    function.__name__ = function.__qualname__ = name  # type: ignore[attr-defined]
    function.__doc__ = doc
    return function


def unary(method: Callable[[Value], Value]) -> Unary:
    """The function of a method without further operands."""
    rule: Rule = method.rule  # type: ignore[attr-defined]

    def function(x: Any, /) -> Any:
        try:
            return method(x) if isinstance(x, Value) else evaluate(rule, (x,))
        except TypeError:
            if not is_arraylike(x):
                raise
        return over_arrays(function, rule.symbol, x)

    return documented(function, rule.symbol, method.__doc__)


def binary(method: Callable[[Value, Value | float], Value], name: str = "") -> Binary:
    """The function of a method with one further operand."""
    rule: Rule = method.rule  # type: ignore[attr-defined]

    def function(x: Any, y: Any, /) -> Any:
        try:
            if isinstance(x, Value) or isinstance(y, Value):
                return method(lift(x, rule), y)
            return evaluate(rule, (x, y))
        except TypeError:
            if not (is_arraylike(x) or is_arraylike(y)):
                raise
        return over_arrays(function, rule.symbol, x, y)

    return documented(function, name or rule.symbol, method.__doc__)


def variadic(rule: Rule, doc: str, name: str = "") -> Variadic:
    """The function of a row over a sequence, given as one iterable or as several numbers."""
    name, empty_is_zero = name or rule.symbol, rule is rules.SUM

    def function(*operands: Any) -> Any:
        xs = tuple(operands[0]) if len(operands) == 1 and not isinstance(operands[0], (Value, Real)) else operands
        if not xs and not empty_is_zero:
            raise ValueError(f"{name}: expected at least one number, got none")
        try:
            return apply(rule, xs)
        except TypeError:
            if len(operands) < 2 or not any(map(is_arraylike, operands)):
                raise
        return over_arrays(function, name, *operands)

    return documented(function, name, doc)


exp = unary(Value.exp)
expm1 = unary(Value.expm1)
log = unary(Value.log)
log1p = unary(Value.log1p)
log2 = unary(Value.log2)
log10 = unary(Value.log10)
xlogy = binary(Value.xlogy)
sqrt = unary(Value.sqrt)
cbrt = unary(Value.cbrt)
sin = unary(Value.sin)
cos = unary(Value.cos)
tan = unary(Value.tan)
sinc = unary(Value.sinc)
asin = unary(Value.asin)
acos = unary(Value.acos)
atan = unary(Value.atan)
atan2 = binary(Value.atan2)
sinh = unary(Value.sinh)
cosh = unary(Value.cosh)
tanh = unary(Value.tanh)
asinh = unary(Value.asinh)
acosh = unary(Value.acosh)
atanh = unary(Value.atanh)
sigmoid = unary(Value.sigmoid)
softplus = unary(Value.softplus)
softsign = unary(Value.softsign)
log_sigmoid = unary(Value.log_sigmoid)
logaddexp = binary(Value.logaddexp)
relu = unary(Value.relu)
relu6 = unary(Value.relu6)
hardtanh = unary(Value.hardtanh)
silu = unary(Value.silu)
gelu = unary(Value.gelu)
erf = unary(Value.erf)
erfc = unary(Value.erfc)
maximum = binary(Value.maximum)
minimum = binary(Value.minimum)
floor = unary(Value.floor)
ceil = unary(Value.ceil)
trunc = unary(Value.trunc)
sign = unary(Value.sign)

hypot = variadic(rules.HYPOT, "sqrt(x*x + y*y + ...) without overflow; partials x_i / hypot, and 0 at the origin.")
norm = variadic(rules.HYPOT, "The Euclidean length of a sequence; partials x_i / norm, and 0 at the origin.", "norm")
mean = variadic(rules.MEAN, "The sum of a sequence over its length n; each partial is 1/n.")
logsumexp = variadic(
    rules.LOGSUMEXP,
    "log(exp(x_1) + ... + exp(x_n)) without overflow; the partials are softmax(x).",
)


def constant(x: Value | float, label: str = "") -> Value:
    """A number as a constant of the graph: a leaf that is drawn apart and needs no gradient.

    Of a Value it takes the number and leaves its history behind.
    """
    seer = recorder.get()
    given = x if seer is None else seer.lifted(x)
    if seer is not None and isinstance(given, Value):  # a constant for the derivative, and another number in each call
        node = record(rules.STOP, (given,))
    else:
        node = lift(real(given._number if isinstance(given, Value) else given, "constant"), rules.CONSTANT)
    node.label = label
    return node


@overload
def stop_gradient(x: Value) -> Value: ...
@overload
def stop_gradient(x: float) -> float: ...
@overload
def stop_gradient(x: F) -> F: ...
def stop_gradient(x: Any) -> Any:
    """The number of x, as a node that hands no gradient on: what is computed from it takes it as a constant.

    Its history stays in the graph. Of a plain number it is the number itself; lists, tuples, dicts and arrays are
    arranged anew, and what is none of these is a TypeError. Also called ``detach``, as in PyTorch.
    """
    x = whole(x)
    if isinstance(x, (Value, Real)):
        return apply(rules.STOP, (x,))  # type: ignore[arg-type]
    leaves, structure = flatten(x, "stop_gradient: argument")
    return rebuild(structure, [apply(rules.STOP, (leaf,)) for leaf in leaves])


detach = stop_gradient


@overload
def leaky_relu(x: float, slope: float = 0.01) -> float: ...  # type: ignore[overload-overlap]
@overload
def leaky_relu(x: Value | float, slope: Value | float = 0.01) -> Value: ...
def leaky_relu(x: Value | float, slope: Value | float = 0.01) -> Value | float:
    """x where x > 0, else slope * x; at 0 the derivative is the slope. A Value as slope is learned (PReLU)."""
    return apply(rules.LEAKY_RELU, (x, slope))  # type: ignore[no-any-return]


@overload
def elu(x: float, alpha: float = 1.0) -> float: ...  # type: ignore[overload-overlap]
@overload
def elu(x: Value | float, alpha: Value | float = 1.0) -> Value: ...
def elu(x: Value | float, alpha: Value | float = 1.0) -> Value | float:
    """x where x > 0, else alpha * (exp(x) - 1); at 0 the derivative is alpha."""
    return apply(rules.ELU, (x, alpha))  # type: ignore[no-any-return]


@overload
def clip(x: float, lo: float, hi: float) -> float: ...  # type: ignore[overload-overlap]
@overload
def clip(x: Value | float, lo: Value | float, hi: Value | float) -> Value: ...  # type: ignore[overload-overlap]
@overload
def clip(x: Array | Value | float, lo: Array | Value | float, hi: Array | Value | float) -> Array: ...
def clip(x: Any, lo: Any, hi: Any) -> Any:
    """min(max(x, lo), hi), with slope 1 in x on the bounds too. ValueError where lo > hi."""
    return apply(rules.CLIP, (x, lo, hi))


@overload
def where(condition: object, x: float, y: float) -> float: ...  # type: ignore[overload-overlap]
@overload
def where(condition: object, x: Value | float, y: Value | float) -> Value: ...  # type: ignore[overload-overlap]
@overload
def where(condition: object, x: Array | Value | float, y: Array | Value | float) -> Array: ...
def where(condition: object, x: Any, y: Any) -> Any:
    """x where the condition is true, else y; the graph has no edge to the side not taken. Arrays are broadcast.

    ``where(x > 0, sqrt(x), 0.0)`` would raise for x < 0: both sides are computed before they are chosen from. Use
    ``sqrt(where(x > 0, x, 1.0))`` inside.
    """
    if type(condition) is bool or not is_arraylike(condition):
        try:
            return choice(condition, x, y)
        except TypeError:
            if not (is_arraylike(x) or is_arraylike(y)):
                raise
    return over_arrays(where, "where", condition, x, y)


def choice(condition: object, x: Any, y: Any) -> Any:
    """``where`` of a single condition and single numbers."""
    seer = recorder.get()
    if seer is not None:
        x, y = seer.lifted(x), seer.lifted(y)
    sides = [side if isinstance(side, Value) else real(side, "where") for side in (x, y)]
    chosen = None if seer is None else seer.where(condition, *sides)
    if chosen is not None:
        return chosen
    taken = sides[0] if condition else sides[1]
    if isinstance(x, Value) or isinstance(y, Value):
        return record(rules.WHERE, (lift(taken, rules.WHERE),))
    return taken


@overload
def dot(w: Iterable[float], x: Iterable[float], bias: float | None = None) -> float: ...  # type: ignore[overload-overlap]
@overload
def dot(w: Iterable[Value | float], x: Iterable[Value | float], bias: Value | float | None = None) -> Value: ...
def dot(w: Iterable[Value | float], x: Iterable[Value | float], bias: Value | float | None = None) -> Value | float:
    """w . x + bias = w_1 x_1 + ... + w_n x_n + bias as one node: z = w . a + b of the textbooks.

    The partials are x (by w), w (by x) and 1 (by the bias). The sum of the rounded products is rounded once.
    Raises ValueError if w and x differ in length.
    """
    left, right = tuple(w), tuple(x)
    if len(left) != len(right):
        raise ValueError(f"dot: expected two sequences of one length, got {len(left)} and {len(right)}")
    return apply(rules.DOT, left + right if bias is None else (*left, *right, bias))  # type: ignore[no-any-return]


# Matrices as nested lists, for formulas as the textbooks write them. ---------------------------------------------


def matvec(W: Matrix, a: Sequence[Value | float], b: Sequence[Value | float] | None = None) -> list[Any]:
    """W a + b for an m x n matrix W (a list of m rows), an n-vector a and an m-vector b: one ``dot`` for each row.

    Raises ValueError, naming both shapes, where they do not fit.
    """
    m, n = shape(W, "matvec", 2)
    if len(a) != n:
        raise ValueError(f"matvec: expected a vector of {n} for a matrix of {m} x {n}, got one of {len(a)}")
    if b is not None and len(b) != m:
        raise ValueError(f"matvec: expected a vector b of {m} for a matrix of {m} x {n}, got one of {len(b)}")
    return [dot(row, a) if b is None else dot(row, a, b[j]) for j, row in enumerate(W)]


def matmul(A: Matrix, B: Matrix) -> list[list[Any]]:
    """The m x p product of an m x n and an n x p matrix, sum_k A[i][k] B[k][j]: one ``dot`` for each element.

    Raises ValueError, naming both shapes, where they do not fit.
    """
    (m, n), (rows, p) = shape(A, "matmul", 2), shape(B, "matmul", 2)
    if n != rows:
        raise ValueError(f"matmul: expected a second matrix of {n} rows for one of {m} x {n}, got {rows} x {p}")
    columns = transpose(B)
    return [[dot(row, column) for column in columns] for row in A]


def outer(u: Sequence[Value | float], v: Sequence[Value | float]) -> list[list[Any]]:
    """The m x n matrix u v^T with the elements u[i] v[j], for an m-vector u and an n-vector v."""
    (_,), (_,) = shape(u, "outer", 1), shape(v, "outer", 1)
    return [[x * y for y in v] for x in u]


def transpose(A: Matrix) -> list[list[Any]]:
    """The n x m matrix with the rows of an m x n matrix as its columns; ValueError where the rows differ in length."""
    shape(A, "transpose", 2)
    return [list(column) for column in zip(*A, strict=True)]


def elementwise(f: Callable[..., Any], *arrays: Any) -> Any:
    """f of the numbers in the same place, over one or several nested lists of one shape (numbers count as such).

    ``elementwise(sigmoid, Z)``, ``elementwise(lambda a, y: a - y, A, Y)``. Raises ValueError, naming both shapes, where
    they differ.
    """
    first = shape(arrays[0], "elementwise")
    for other in arrays[1:]:
        if shape(other, "elementwise") != first:
            raise ValueError(f"elementwise: expected the shape {first}, got {shape(other, 'elementwise')}")
    if not first:
        return f(*arrays)
    return [elementwise(f, *items) for items in zip(*arrays, strict=True)]


def shape(array: Any, name: str = "shape", rank: int | None = None) -> tuple[int, ...]:
    """The lengths of a nested list, outermost first: () for a number, (m,) for a vector, (m, n) for a matrix.

    Raises ValueError where its rows differ in length, or where it has another rank than asked for.
    """
    lengths: list[int] = []
    level = [array]
    while level and all([hasattr(item, "__len__") and not isinstance(item, str) for item in level]):
        sizes = {len(item) for item in level}
        if len(sizes) > 1:
            raise ValueError(f"{name}: expected rows of one length, got lengths {sorted(sizes)}")
        lengths.append(sizes.pop())
        level = [element for item in level for element in item]
    if any([hasattr(item, "__len__") for item in level]):
        raise ValueError(f"{name}: expected numbers or lists throughout, got both beside each other")
    if rank is not None and len(lengths) != rank:
        kind = {0: "a number", 1: "a vector", 2: "a matrix"}
        got = kind.get(len(lengths), f"an array of rank {len(lengths)}")
        raise ValueError(f"{name}: expected {kind[rank]}, got {got} of the shape {tuple(lengths)}")
    return tuple(lengths)


def primitive(
    partials: Callable[..., tuple[Any, ...]], *, domain: str = "", selecting: bool = False
) -> Callable[[Callable[..., float]], Callable[..., Any]]:
    """Make an operation of your own from a value function and its partials: a new row, with every facility.

    >>> @primitive(lambda out, x: (3.0 * x * x,))
    ... def cube(x):
    ...     return x * x * x
    >>> x = Value(2.0)
    >>> y = cube(x)
    >>> y.backward()
    >>> y.data, x.grad
    (8.0, 12.0)

    Parameters
    ----------
    partials:
        ``partials(out, *operands)``: the tuple of d out / d operand, ``out`` being the value. It should be written with
        arithmetic and the functions of this library, so that it can be read over Values too (for derivatives of
        derivatives).
    domain, selecting:
        As in :class:`autograd.rules.Rule`.

    The decorated function takes a fixed number of positional operands. Raises TypeError if the two functions do not
    agree in their number.
    """

    def decorate(value: Callable[..., float]) -> Callable[..., Any]:
        for written in (value, partials):
            if not isinstance(written, FunctionType):
                raise TypeError(f"primitive: expected a Python function, got {type(written).__name__}")
        rule = Rule(value.__name__, value, partials, domain, selecting=selecting)
        names = rule.operand_names
        expected = partials.__code__.co_argcount - 1
        if expected != len(names) or not names:
            raise TypeError(
                f"primitive: expected partials(out, {', '.join(names) or 'x'}) beside "
                f"{rule.symbol}({', '.join(names)}), got a function of {expected + 1} arguments"
            )

        def function(*operands: Any) -> Any:
            if len(operands) != len(names):
                raise TypeError(f"{rule.symbol}: expected {len(names)} operands, got {len(operands)}")
            return apply(rule, operands)

        function.__name__, function.__qualname__ = value.__name__, value.__qualname__
        function.__module__, function.__doc__ = value.__module__, value.__doc__
        function.rule = rule  # type: ignore[attr-defined]
        return function

    return decorate


# Names that Python has too; they are not in __all__, and are best used as ag.sum, ag.max, ... --------------------

abs = unary(Value.__abs__)
round = unary(Value.round)
pow = binary(Value.__pow__, "pow")
sum = variadic(rules.SUM, "x_1 + ... + x_n as one node, rounded once; each partial is 1. The empty sum is 0.0.")
max = variadic(rules.MAX, "The largest of a sequence; k tied winners share the gradient, 1/k each.")
min = variadic(rules.MIN, "The smallest of a sequence; k tied winners share the gradient, 1/k each.")

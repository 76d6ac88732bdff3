"""The table: one row per operation - its symbol, its value, its local partial derivatives.

A row holds ordinary functions of plain floats. Nothing in it knows of graphs, of gradients that arrive from
above, or of the chain rule; that is :mod:`autograd.graph`'s. Because a row is only a formula it
can be *read in another namespace* (:func:`read`): the same code, with other meanings for ``exp``, ``above``, ...,
computes text (:mod:`autograd.symbols`), whole arrays (:mod:`autograd.arrays`) or nodes of a graph.

So a row stays readable everywhere: no closure, no default argument, no ``if`` on an operand. Where floats need
a guard or a more accurate formula than plain algebra, the row names one of the small functions under *Guards*, below the table,
and every namespace supplies its own version of it (a test compares them).

Accuracy: values are within 2.5 units in the last place (ulp), partials within 4, of the exact result for the
given floats, saturated regions included. (For |y| < 1 a subnormal x/y lacks digits, and -(x/y)/y is off by up to
5e-324/|y|; a dot rounds each product once, half an ulp for each; erfc is the C library's, and GNU's is up to 5 ulp off
around 1.2.) References: NIST Digital Library of Mathematical Functions (DLMF)
chapters 4 and 7; N. Higham, *Accuracy and Stability of Numerical Algorithms*, sections 1.14 and 27.
"""

from __future__ import annotations

from math import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    copysign,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    expm1,
    fabs,
    fsum,
    hypot,
    inf,
    log,
    log1p,
    log2,
    log10,
    nan,
    pi,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from operator import mul
from types import FunctionType
from typing import TYPE_CHECKING, Any

from . import symbols

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

SMALLEST_NORMAL = 2.0**-1022
LARGEST_EXPONENT = 709.782712893384
"""exp(x) is a float up to this x, and too large for one beyond."""
LARGEST_HYPERBOLIC = 710.4758600739439
"""The same for sinh(|x|) and cosh(x)."""


class Rule:
    """One row of the table.

    Parameters
    ----------
    symbol:
        What is drawn and printed: ``*``, ``tanh``.
    value:
        ``value(*operands)``, the result as a float. Raises ``ValueError``, ``ZeroDivisionError`` or
        ``OverflowError`` where Python's own floats do.
    partials:
        ``partials(out, *operands)``, the tuple of d out / d operand, one per operand; ``out`` is the value.
        Never raises where ``value`` did not.
    domain:
        Where the value exists, as text for error messages: ``x > 0``.
    selecting:
        True where the operation passes some operands on and drops others (relu, maximum, clip, ...): an edge whose
        partial is 0.0 then carries nothing, not even 0 * inf.
    layout:
        How a flat tuple of operands becomes the arguments of ``value`` and ``partials``: ``"fixed"`` one by one;
        ``"sequence"`` all in one tuple; ``"pairs"`` as (w, x, b), two tuples of one length and a last number.
    raises:
        Whether ``value`` raises: a function of those operands that this depends on, by their names in ``value``, written
        in comparisons, ``|``, ``&`` and guards only, so that it can be read over arrays too. None if it never does.
    silent:
        True where arrays do not report what ``raises`` says: no floating-point flag is set.
    flat:
        True where the value is constant in pieces: all partials are 0.0, but for nan.
    signed:
        The positions of the operands whose sign matters where they are zero: +0.0 and -0.0 give different results,
        that differ by more than the sign of a zero.
    """

    __slots__ = ("domain", "flat", "layout", "partials", "raises", "selecting", "signed", "silent", "symbol", "value")

    def __init__(
        self,
        symbol: str,
        value: Callable[..., Any],
        partials: Callable[..., tuple[Any, ...]],
        domain: str = "",
        *,
        selecting: bool = False,
        layout: str = "fixed",
        raises: Callable[..., Any] | None = None,
        silent: bool = False,
        flat: bool = False,
        signed: tuple[int, ...] = (),
    ) -> None:
        self.symbol = symbol
        self.value = value
        self.partials = partials
        self.domain = domain
        self.selecting = selecting
        self.layout = layout
        self.raises = raises
        self.silent = silent
        self.flat = flat
        self.signed = signed

    def __repr__(self) -> str:
        return f"Rule({self.symbol!r})"

    @property
    def operand_names(self) -> tuple[str, ...]:
        """The names of the arguments of ``value``, as they stand in the row."""
        code = self.value.__code__
        return code.co_varnames[: code.co_argcount]

    def arguments(self, operands: Sequence[Any]) -> tuple[Any, ...]:
        """The flat operands of a node, grouped as ``value`` and ``partials`` take them."""
        if self.layout == "fixed":
            return tuple(operands)
        if self.layout == "sequence":
            return (tuple(operands),)
        half, has_bias = divmod(len(operands), 2)
        return (tuple(operands[:half]), tuple(operands[half : 2 * half]), operands[-1] if has_bias else 0.0)

    def spread(self, partials: Any, operands: Sequence[Any]) -> tuple[Any, ...]:
        """The inverse of :meth:`arguments` for partials: one per operand, flat."""
        if self.layout == "pairs":
            by_w, by_x, by_b = partials
            return (*by_w, *by_x, by_b)[: len(operands)]
        if not isinstance(partials, tuple) or len(partials) != len(operands):
            raise TypeError(f"{self.symbol}: expected a tuple of {len(operands)} partials, got {partials!r}")
        return partials

    def complaint(self, error: ArithmeticError | ValueError, operands: Iterable[float]) -> str:
        """What went wrong, for a person: the operation, its operands, and the allowed domain.

        An operation that is written as a sign is given as a formula, which says which operand is x: ``x / y``.
        """
        values = tuple(operands)
        is_sign = self in TABLE and not self.symbol.isidentifier()
        name = str(symbolic(self)[0]) if is_sign else self.symbol
        if self.layout == "fixed":
            given = ", ".join(f"{name} = {x!r}" for name, x in zip(self.operand_names, values, strict=True))
        else:
            given = f"{len(values)} operands"
        if isinstance(error, OverflowError):
            return f"{name}: the result for {given} is too large for a float (about 1.8e308)"
        if self.domain:
            return f"{name}: {given} is outside the domain {self.domain}"
        return f"{name}: {given}: {error}"


def read(function: Callable[..., Any], namespace: Mapping[str, Any]) -> Callable[..., Any]:
    """The same formula in another namespace: ``function``'s code, with other meanings for its global names.

    ``read(TANH.value, {"tanh": numpy.tanh})`` is the row of tanh over whole arrays. Names that the namespace does
    not have keep their meaning.
    """
    written: Any = function
    names = {**written.__globals__, **namespace}
    return FunctionType(written.__code__, names, written.__name__, written.__defaults__, written.__closure__)


# The table ----------------------------------------------------------------------------------------------------
# fmt: off

def _none(*_: float) -> Any:
    raise TypeError("a leaf has no operands: its value is given, not computed")

LEAF     = Rule("", _none, _none)
CONSTANT = Rule("", _none, _none)

ADD      = Rule("+",    lambda x, y: x + y,         lambda out, x, y: (1.0, 1.0))
SUB      = Rule("-",    lambda x, y: x - y,         lambda out, x, y: (1.0, -1.0))
MUL      = Rule("*",    lambda x, y: x * y,         lambda out, x, y: (y, x))
DIV      = Rule("/",    lambda x, y: x / y,         lambda out, x, y: (1.0 / y, -(out / y)), "y != 0", raises=lambda y: y == 0.0)
POS      = Rule("pos",  lambda x: +x,               lambda out, x: (1.0,))
NEG      = Rule("neg",  lambda x: -x,               lambda out, x: (-1.0,))
POW      = Rule("**",   lambda x, y: power(x, y),   lambda out, x, y: (power_by_base(out, x, y), power_by_exponent(out, x, y)),
                "x > 0, or x < 0 with a whole y, or x = 0 with y >= 0 (the real cube root is cbrt)", raises=lambda x, y: power_fails(x, y))
ABS      = Rule("abs",  lambda x: fabs(x),          lambda out, x: (sign(x),))

EXP      = Rule("exp",   lambda x: exp(x),          lambda out, x: (out,), raises=lambda x: (x > LARGEST_EXPONENT) & (x < inf))
EXPM1    = Rule("expm1", lambda x: expm1(x),        lambda out, x: (exp(x),), raises=lambda x: (x > LARGEST_EXPONENT) & (x < inf))
LOG      = Rule("log",   lambda x: log(x),          lambda out, x: (1.0 / x,),                   "x > 0", raises=lambda x: x <= 0.0)
LOG1P    = Rule("log1p", lambda x: log1p(x),        lambda out, x: (1.0 / (1.0 + x),),           "x > -1", raises=lambda x: x <= -1.0)
LOG2     = Rule("log2",  lambda x: log2(x),         lambda out, x: (1.0 / x / log(2.0),),        "x > 0", raises=lambda x: x <= 0.0)
LOG10    = Rule("log10", lambda x: log10(x),        lambda out, x: (1.0 / x / log(10.0),),       "x > 0", raises=lambda x: x <= 0.0)
SQRT     = Rule("sqrt",  lambda x: sqrt(x),         lambda out, x: (over(0.5, out),),            "x >= 0", raises=lambda x: x < 0.0)
CBRT     = Rule("cbrt",  lambda x: cbrt(x),         lambda out, x: (over(1.0, 3.0 * out * out),))

SIN      = Rule("sin",   lambda x: sin(x),          lambda out, x: (cos(x),),                    "of finite x", raises=lambda x: fabs(x) == inf)
COS      = Rule("cos",   lambda x: cos(x),          lambda out, x: (-sin(x),),                   "of finite x", raises=lambda x: fabs(x) == inf)
TAN      = Rule("tan",   lambda x: tan(x),          lambda out, x: (1.0 + out * out,),           "of finite x", raises=lambda x: fabs(x) == inf)
ASIN     = Rule("asin",  lambda x: asin(x),         lambda out, x: (over(1.0, sqrt((1.0 - x) * (1.0 + x))),),  "-1 <= x <= 1", raises=lambda x: fabs(x) > 1.0)
ACOS     = Rule("acos",  lambda x: acos(x),         lambda out, x: (-over(1.0, sqrt((1.0 - x) * (1.0 + x))),), "-1 <= x <= 1", raises=lambda x: fabs(x) > 1.0)
ATAN     = Rule("atan",  lambda x: atan(x),         lambda out, x: (atan_slope(x),))
ATAN2    = Rule("atan2", lambda y, x: atan2(y, x),  lambda out, y, x: (turn(x, y), -turn(y, x)), signed=(0, 1))
SINH     = Rule("sinh",  lambda x: sinh(x),         lambda out, x: (cosh(x),), raises=lambda x: (fabs(x) > LARGEST_HYPERBOLIC) & (fabs(x) < inf))
COSH     = Rule("cosh",  lambda x: cosh(x),         lambda out, x: (sinh(x),), raises=lambda x: (fabs(x) > LARGEST_HYPERBOLIC) & (fabs(x) < inf))
TANH     = Rule("tanh",  lambda x: tanh(x),         lambda out, x: (tanh_slope(x),))
ASINH    = Rule("asinh", lambda x: asinh(x),        lambda out, x: (1.0 / hypot(1.0, x),))
ACOSH    = Rule("acosh", lambda x: acosh(x),        lambda out, x: (over(1.0, sqrt(x - 1.0)) / sqrt(x + 1.0),), "x >= 1", raises=lambda x: x < 1.0)
ATANH    = Rule("atanh", lambda x: atanh(x),        lambda out, x: (1.0 / ((1.0 - x) * (1.0 + x)),), "-1 < x < 1", raises=lambda x: fabs(x) >= 1.0)

SIGMOID  = Rule("sigmoid",  lambda x: sigmoid(x),   lambda out, x: (sigmoid_slope(x),))
SOFTPLUS = Rule("softplus", lambda x: softplus(x),  lambda out, x: (sigmoid(x),))
RELU     = Rule("relu",     lambda x: larger(x, 0.0), lambda out, x: (above(x, 0.0),), selecting=True)
LEAKY_RELU = Rule("leaky_relu", lambda x, slope: leaky_relu(x, slope),
                  lambda out, x, slope: (leaky_relu_by_x(x, slope), smaller(x, 0.0)), selecting=True)
ELU      = Rule("elu",      lambda x, alpha: elu(x, alpha),
                lambda out, x, alpha: (elu_by_x(x, alpha), expm1(smaller(x, 0.0))), selecting=True)
SILU     = Rule("silu",     lambda x: silu(x),      lambda out, x: (silu_slope(x),))
GELU     = Rule("gelu",     lambda x: 0.5 * x * tail(x),
                lambda out, x: (0.5 * tail(x) + x * gauss(x, 0.5) * sqrt(0.5 / pi),))
ERF      = Rule("erf",      lambda x: erf(x),       lambda out, x: (2.0 / sqrt(pi) * gauss(x, 1.0),))
ERFC     = Rule("erfc",     lambda x: erfc(x),      lambda out, x: (-2.0 / sqrt(pi) * gauss(x, 1.0),))

MAXIMUM  = Rule("maximum",  lambda x, y: larger(x, y),
                lambda out, x, y: (wins(x, y), wins(y, x)), selecting=True)
MINIMUM  = Rule("minimum",  lambda x, y: smaller(x, y),
                lambda out, x, y: (wins(y, x), wins(x, y)), selecting=True)
CLIP     = Rule("clip",     lambda x, lo, hi: clamp(x, lo, hi),
                lambda out, x, lo, hi: (1.0 - above(lo, x) - above(x, hi), above(lo, x), above(x, hi)), "lo <= hi", selecting=True, raises=lambda lo, hi: lo > hi, silent=True)
ROUND    = Rule("round",    lambda x: nearest(x),   lambda out, x: (flat(x),), selecting=True, flat=True)
WHERE    = Rule("where",    lambda x: x,            lambda out, x: (1.0,))

SUM      = Rule("sum",      lambda xs: total(xs),   lambda out, xs: fill(xs, 1.0),             layout="sequence")
MEAN     = Rule("mean",     lambda xs: total(xs) / count(xs), lambda out, xs: fill(xs, 1.0 / count(xs)), layout="sequence")
DOT      = Rule("dot",      lambda w, x, b: inner(w, x, b), lambda out, w, x, b: (x, w, 1.0),  layout="pairs")
MAX      = Rule("max",      lambda xs: most(xs),    lambda out, xs: winners(xs, out),          layout="sequence", selecting=True)
MIN      = Rule("min",      lambda xs: least(xs),   lambda out, xs: winners(xs, out),          layout="sequence", selecting=True)
HYPOT    = Rule("hypot",    lambda xs: norm(xs),    lambda out, xs: direction(xs, out),            layout="sequence")
LOGSUMEXP = Rule("logsumexp", lambda xs: logsumexp(xs), lambda out, xs: softmax(xs),           layout="sequence")

# fmt: on
TABLE = tuple(row for row in list(globals().values()) if isinstance(row, Rule) and row not in (LEAF, CONSTANT))
"""Every row, in the order in which they stand above."""

# Rows of what only a recorded function has: comparisons are 1.0 or 0.0 and flat, and 0.0 where an operand is nan (but
# ``!=``); ``side`` is the sign of x, and 1 at 0; ``select`` is ``where`` with both of its sides; ``peak`` is the largest of a sequence where it is
# but a shift, as in softmax, so that what is computed does not depend on it; ``stop`` is a number taken out of a node.
# fmt: off

LESS          = Rule("<",  lambda x, y: less(x, y),       lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
LESS_EQUAL    = Rule("<=", lambda x, y: less_equal(x, y), lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
GREATER       = Rule(">",  lambda x, y: greater(x, y),    lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
GREATER_EQUAL = Rule(">=", lambda x, y: greater_equal(x, y), lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
EQUAL         = Rule("==", lambda x, y: equal(x, y),      lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
NOT_EQUAL     = Rule("!=", lambda x, y: unequal(x, y),   lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
SIDE          = Rule("side",  lambda x: side(x),          lambda out, x: (flat(x),), selecting=True, flat=True)
SELECT        = Rule("select", lambda c, x, y: select(c, x, y), lambda out, c, x, y: (0.0, c, 1.0 - c), selecting=True)
PEAK          = Rule("max",  lambda xs: most(xs),         lambda out, xs: fill(xs, 0.0), layout="sequence", selecting=True, flat=True)
STOP          = Rule("stop_gradient", lambda x: x,        lambda out, x: (0.0,), selecting=True, flat=True)

# fmt: on
RECORDED = (LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, EQUAL, NOT_EQUAL, SIDE, SELECT, PEAK, STOP)
"""Those rows."""

NAMES = frozenset(
    name
    for row in (*TABLE, *RECORDED)
    for function in (row.value, row.partials, row.raises or row.value)
    for name in function.__code__.co_names
    if name.islower() and name != "inf"
)
"""Every function that some row uses, and pi: what a namespace must supply to read the whole table."""


def symbolic(rule: Rule, *operands: Any) -> tuple[Any, tuple[Any, ...]]:
    """Value and partials of a row over symbols: ``str()`` of each is its text, ``.latex`` its LaTeX.

    Operands default to the row's own names; strings, numbers or symbols may be substituted. A row over a sequence
    is written for the vector x, with one partial that stands for d/dx_i.

    >>> value, partials = symbolic(TANH, "z")
    >>> print(value, "has the derivative", *partials)
    tanh(z) has the derivative 1 - tanh(z)**2
    """
    namespace = symbols.namespace(NAMES)
    given = operands or (("x",) if rule.layout == "sequence" else rule.operand_names)
    written = [symbols.symbol(x) for x in given]
    value = symbols.symbol(read(rule.value, namespace)(*written))
    partials = read(rule.partials, namespace)(value, *written)
    return value, tuple(map(symbols.symbol, partials if isinstance(partials, tuple) else (partials,)))


def constant_partials(rule: Rule) -> tuple[float, ...] | None:
    """The partials of a row where they are the same for all operands, as those of + are; else None: of nan, nan."""
    partials = rule.partials(*[nan] * rule.partials.__code__.co_argcount)
    return None if any([partial != partial for partial in partials]) else partials


def table() -> str:
    """The table of derivatives as text, one line per operation, made from the rows themselves."""
    lines = [("operation", "value", "partial derivatives")]
    for rule in TABLE:
        value, partials = symbolic(rule)
        names = {"sequence": ("x_i",), "pairs": ("w", "x", "b"), "fixed": rule.operand_names}[rule.layout]
        by_name = ", ".join([f"d/d{name} = {partial}" for name, partial in zip(names, partials, strict=True)])
        lines.append((rule.symbol, str(value), by_name + (f"   ({rule.domain})" if rule.domain else "")))
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    return "\n".join("  ".join([*map(str.ljust, line, widths), line[2]]) for line in lines)


# Guards: what the rows need beyond plain algebra, on floats. A comparison with nan is false, so each guard is
# arranged to let nan through. --------------------------------------------------------------------------------


def above(x: float, y: float) -> float:
    """Iverson's bracket [x > y]: 1.0 where true, 0.0 where false, nan where x and y cannot be compared."""
    return 1.0 if x > y else 0.0 if x <= y else nan


def wins(x: float, y: float) -> float:
    """[x > y] + [x = y] / 2, so that wins(x, y) + wins(y, x) = 1; nan where they cannot be compared."""
    return 1.0 if x > y else 0.0 if x < y else 0.5 if x == y else nan


def less(x: float, y: float) -> float:
    """1.0 where x < y, else 0.0."""
    return 1.0 if x < y else 0.0


def less_equal(x: float, y: float) -> float:
    """1.0 where x <= y, else 0.0."""
    return 1.0 if x <= y else 0.0


def greater(x: float, y: float) -> float:
    """1.0 where x > y, else 0.0."""
    return 1.0 if x > y else 0.0


def greater_equal(x: float, y: float) -> float:
    """1.0 where x >= y, else 0.0."""
    return 1.0 if x >= y else 0.0


def unequal(x: float, y: float) -> float:
    """1.0 where x and y differ, and where one is nan; else 0.0."""
    return 1.0 if x != y else 0.0


def equal(x: float, y: float) -> float:
    """1.0 where x = y, else 0.0."""
    return 1.0 if x == y else 0.0


def select(c: float, x: float, y: float) -> float:
    """x where c is not 0, else y."""
    return x if c != 0.0 else y


def side(x: float) -> float:
    """1.0 where x >= 0, -1.0 where x < 0; nan for nan."""
    return 1.0 if x >= 0.0 else -1.0 if x < 0.0 else nan


def sign(x: float) -> float:
    """1.0, 0.0 or -1.0; nan for nan."""
    return 1.0 if x > 0.0 else -1.0 if x < 0.0 else 0.0 if x == 0.0 else nan


def flat(x: float) -> float:
    """The slope of a function that is constant near x: 0.0; nan for nan."""
    return 0.0 if x == x else nan


def larger(x: float, y: float) -> float:
    """max(x, y), and nan if either is nan."""
    return x if x >= y else y if x < y else nan


def smaller(x: float, y: float) -> float:
    """min(x, y), and nan if either is nan."""
    return x if x <= y else y if x > y else nan


def clamp(x: float, lo: float, hi: float) -> float:
    """min(max(x, lo), hi); raises ValueError where lo > hi."""
    if lo > hi:
        raise ValueError("expected lo <= hi")
    return smaller(larger(x, lo), hi)


def nearest(x: float) -> float:
    """The whole number nearest to x, halves to even."""
    return float(round(x)) if fabs(x) < 2.0**52 else x


def over(x: float, y: float) -> float:
    """x / y for the partials at the end of a domain: a positive x over 0 is +inf (an infinite slope)."""
    return inf if y == 0.0 else x / y


def turn(x: float, y: float) -> float:
    """x / (x**2 + y**2) by way of hypot, and 0 at the origin, which has no direction."""
    r = hypot(x, y)
    if r == 0.0:
        return 0.0
    if SMALLEST_NORMAL <= r < inf:
        part = x / r
        return x / (r * r) if 0.0 < fabs(part) < SMALLEST_NORMAL else part / r
    s = 2.0**-600 if r == inf else 2.0**600
    r = hypot(s * x, s * y)
    return s * (s * x / r / r)


def cbrt(x: float) -> float:
    """The real cube root: libm's power, and one Newton step c - (c - x/c^2)/3 that squares its error."""
    if x == 0.0 or fabs(x) == inf:
        return x
    c = fabs(x) ** (1.0 / 3.0)
    c -= (c - fabs(x) / (c * c)) / 3.0
    return c if x > 0.0 else -c if x < 0.0 else nan


def power(x: float, y: float) -> float:
    """x ** y over the real numbers: where Python would answer with a complex number, a ValueError."""
    if -inf < x < 0.0 and fabs(y) < inf and y % 1.0:
        raise ValueError("the power of a negative number to a fraction is not real")
    out: float = x**y
    return out


def power_fails(x: float, y: float) -> bool:
    """Whether x ** y raises: it is not real, infinite at 0, or too large for a float."""
    try:
        power(x, y)
    except (ArithmeticError, ValueError):
        return True
    return False


def power_by_base(out: float, x: float, y: float) -> float:
    """d x**y / dx = y x**(y-1), as y out / x where that keeps full accuracy, and 0 at y = 0."""
    if y == 0.0:
        return 0.0
    if x == 0.0 and y < 1.0:
        return inf
    if x != 0.0 and fabs(x) < inf and fabs(out) < inf:
        if fabs(out) >= SMALLEST_NORMAL:
            q = out / x
            return y * q if SMALLEST_NORMAL <= fabs(q) < inf else y * out / x
        if not 0.0 < y < 4.0:  # out lacks digits, and y - 1 is rounded; half the power is accurate
            half: float = fabs(x) ** (0.5 * y)
            return y * half / x * copysign(half, out)
    below: float = x ** (y - 1.0)
    return y * below


def power_by_exponent(out: float, x: float, y: float) -> float:
    """d x**y / dy = x**y log x; nan for x < 0 (the power is real at whole y only); 0 at x = 0, where y >= 0."""
    if x > 0.0:
        if not out < SMALLEST_NORMAL:
            return out * log(x)
        half: float = x ** (0.5 * y)  # out lacks digits; half the power does not
        return half * log(x) * half
    return 0.0 if x == 0.0 and y >= 0.0 else nan


def tanh_slope(x: float) -> float:
    """1 - tanh(x)**2 = 4 e / (1 + e)**2 with e = exp(-2|x|), which keeps its digits where tanh saturates."""
    e = exp(-2.0 * x if x >= 0.0 else 2.0 * x)
    q = 1.0 + e
    return 4.0 * e / (q * q)


def atan_slope(x: float) -> float:
    """1 / (1 + x**2), by way of hypot so that x**2 cannot overflow."""
    r = hypot(1.0, x)
    return 1.0 / r / r


def sigmoid(x: float) -> float:
    """1 / (1 + exp(-x)), with the exponential taken on the side where it cannot overflow."""
    if x >= 0.0:
        return 1.0 / (1.0 + exp(-x))
    e = exp(x)
    return e / (1.0 + e)


def sigmoid_slope(x: float) -> float:
    """sigmoid(x) (1 - sigmoid(x)) = e / (1 + e)**2 with e = exp(-|x|)."""
    e = exp(-x if x >= 0.0 else x)
    q = 1.0 + e
    return e / (q * q)


def softplus(x: float) -> float:
    """log(1 + exp(x)) = max(x, 0) + log1p(exp(-|x|))."""
    return x + log1p(exp(-x)) if x >= 0.0 else log1p(exp(x))


def leaky_relu(x: float, slope: float) -> float:
    """x where x > 0, else slope x."""
    return x if x > 0.0 else slope * x


def leaky_relu_by_x(x: float, slope: float) -> float:
    """1 where x > 0, else the slope."""
    return 1.0 if x > 0.0 else slope if x <= 0.0 else nan


def elu(x: float, alpha: float) -> float:
    """x where x > 0, else alpha (exp(x) - 1)."""
    return x if x > 0.0 else alpha * expm1(x)


def elu_by_x(x: float, alpha: float) -> float:
    """1 where x > 0, else alpha exp(x); in two halves where exp(x) alone would lose digits."""
    if x > 0.0:
        return 1.0
    if x < -700.0:
        half = exp(0.5 * x)
        return alpha * half * half
    return alpha * exp(x)


def silu(x: float) -> float:
    """x sigmoid(x); far below 0 as x exp(x), in two halves because exp(x) alone would lose digits."""
    if x < -700.0:
        half = exp(0.5 * x)
        return x * half * half
    return x * sigmoid(x)


def silu_slope(x: float) -> float:
    """sigmoid(x) (1 + x sigmoid(-x)); far below 0 as (1 + x) exp(x), in two halves."""
    if x < -700.0:
        half = exp(0.5 * x)
        return (1.0 + x) * half * half
    return sigmoid(x) * (1.0 + x * sigmoid(-x))


def head(x: float) -> float:
    """The first 26 bits of x, so that the product of two heads is exact (Dekker). For |x| < 1e300."""
    c = 134217729.0 * x
    return c - (c - x)


def square(x: float) -> tuple[float, float]:
    """x**2 as an exact square and a small rest: x is split into 26 + 27 bits. For |x| < 1e150."""
    high = head(x)
    return high * high, (x - high) * (x + high)


def gauss(x: float, k: float) -> float:
    """exp(-k x**2) for k = 1 or 1/2, with an exponent that is not rounded."""
    if fabs(x) > 40.0:
        return 0.0
    large, small = square(x)
    e = exp(-k * large)
    return e + e * expm1(-k * small)


def tail(x: float) -> float:
    """erfc(-x / sqrt(2)), which is twice the normal distribution function; far below 0 as density over hazard.

    The hazard is -x + excess(-x). All roundings are put back but those of exp, of the excess, and the last: erfc of the
    C library would be off by up to 5 ulp, and the rounding of -x / sqrt(2) by more.
    """
    if not -40.0 < x < -1.0:
        return erfc(-x / sqrt(2.0))
    (large, small), rest, c = square(x), excess(-x), 0.5 * log(2.0 / pi)
    exponent = c - 0.5 * large
    lost = c - (exponent + 0.5 * large)
    hazard = rest - x
    high = head(hazard)
    low = (rest - (hazard + x)) + (hazard - high)
    e = exp(exponent)
    q = head(e / hazard)
    remainder = ((e - q * high) - q * low) / hazard
    return q + (remainder + (q + remainder) * expm1(lost - 0.5 * small))


def excess(x: float) -> float:
    """How much the hazard of the normal distribution, its density over its upper tail, exceeds x; for x >= 0.98.

    A rational function that interpolates it at 18 Chebyshev points of (x - 2.6) / (x + 2.6), to 1.5e-17 of the hazard.
    """
    # fmt: off
    over = ((((((((1.0000000000484632 * x + 22.656096412789037) * x + 260.35229564613803) * x + 1921.27692847496) * x
        + 9845.018823495) * x + 35754.20486413546) * x + 90195.4057704826) * x + 146218.79865229593) * x
        + 120126.6217533803)
    under = (((((((((x + 22.656096422357084) * x + 262.3522947981105) * x + 1966.5891663155542) * x
        + 10359.721803491419) * x + 39460.86369840304) * x + 108364.52426362598) * x + 207163.16680250491) * x
        + 251825.92279193414) * x + 150556.39320506333)
    # fmt: on
    return over / under


def total(xs: Sequence[float]) -> float:
    """The sum, rounded once (Shewchuk); where a term or the sum is not finite, as floats add up from left to right."""
    try:
        return fsum(xs)
    except (OverflowError, ValueError):
        out = 0.0
        for x in xs:
            out += x
        return out


def inner(w: Sequence[float], x: Sequence[float], b: float) -> float:
    """w . x + b, each product rounded once and their sum rounded once."""
    return total([*map(mul, w, x), b])


def fill(xs: Sequence[float], x: float) -> tuple[float, ...]:
    """x for each element of xs."""
    return (x,) * len(xs)


def count(xs: Sequence[float]) -> float:
    """The number of elements."""
    return float(len(xs))


def most(xs: Sequence[float]) -> float:
    """The largest element, and nan if any is nan."""
    return max(xs) if all(x == x for x in xs) else nan


def least(xs: Sequence[float]) -> float:
    """The smallest element, and nan if any is nan."""
    return min(xs) if all(x == x for x in xs) else nan


def winners(xs: Sequence[float], out: float) -> tuple[float, ...]:
    """1/k for each of the k elements equal to out, 0.0 for the others; nan for each if out is nan."""
    if out != out:
        return fill(xs, nan)
    share = 1.0 / sum(x == out for x in xs)
    return tuple([share if x == out else 0.0 for x in xs])


def exp_difference(x: float, m: float) -> float:
    """exp(x - m) for x <= m, with what the rounding of the difference lost put back (Knuth's two-sum)."""
    d = x - m
    if d < -746.0:
        return 0.0
    b = d - x
    lost = (x - (d - b)) - (m + b)
    e = exp(d)
    return e + e * lost


def logsumexp(xs: Sequence[float]) -> float:
    """m + log(sum exp(x - m)) with m the largest element, so that no exponential overflows."""
    m = most(xs)
    if not fabs(m) < inf:
        return m
    rest = list(xs)
    rest.remove(m)
    return m + log1p(total([exp_difference(x, m) for x in rest]))


def softmax(xs: Sequence[float]) -> tuple[float, ...]:
    """exp(x - m) / sum exp(x - m), the partials of logsumexp."""
    m = most(xs)
    if not fabs(m) < inf:
        return fill(xs, nan)
    es = [exp_difference(x, m) for x in xs]
    whole = total(es)
    return tuple([e / whole for e in es])


def norm(xs: Sequence[float]) -> float:
    """The Euclidean length, without overflow or underflow on the way."""
    return hypot(*xs)


def direction(xs: Sequence[float], r: float) -> tuple[float, ...]:
    """x / r for each element, r being their norm: a unit vector; zeros at the origin."""
    if r == 0.0:
        return fill(xs, 0.0)
    if r < 1e-290 or r == inf:
        largest = max(map(fabs, xs))
        if largest < inf:
            xs = [x / largest for x in xs]
            r = hypot(*xs)
    return tuple([x / r for x in xs])

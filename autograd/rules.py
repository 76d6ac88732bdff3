"""The table: one row per operation - its symbol, its value, its local partial derivatives.

A row holds ordinary functions of plain floats. Nothing in it knows of graphs, of gradients that arrive from
above, or of the chain rule; that is :mod:`autograd.graph`'s. Because a row is only a formula it
can be *read in another namespace* (:func:`read`): the same code, with other meanings for ``exp``, ``above``, ...,
computes text (:mod:`autograd.readings.symbols`), whole arrays (:mod:`autograd.readings.arrays`) or nodes of a graph.

So a row stays readable everywhere: no closure, no default argument, no ``if`` on an operand. Where floats need
a guard or a more accurate formula than plain algebra, the row names one of the small functions of :mod:`autograd.guards`,
where each stands once with its versions for every namespace (a test compares them).

Accuracy: values are within 2.5 units in the last place (ulp), partials within 4, of the exact result for the
given floats, saturated regions included. (For |y| < 1 a subnormal x/y lacks digits, and -(x/y)/y is off by up to
5e-324/|y|; a dot rounds each product once, half an ulp for each; erfc is the C library's, and GNU's is up to 5 ulp off
around 1.2.) References: NIST Digital Library of Mathematical Functions (DLMF)
chapters 4 and 7; N. Higham, *Accuracy and Stability of Numerical Algorithms*, sections 1.14 and 27.
"""

from __future__ import annotations

from functools import lru_cache
from math import (
    acos,
    acosh,
    asin,
    asinh,
    atan,
    atan2,
    atanh,
    cos,
    cosh,
    erf,
    erfc,
    exp,
    expm1,
    fabs,
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
from types import FunctionType, SimpleNamespace
from typing import TYPE_CHECKING, Any

from . import guards
from .guards import (
    above,
    atan_slope,
    cbrt,
    ceil,
    clamp,
    count,
    direction,
    elu,
    elu_by_x,
    equal,
    fill,
    flat,
    floor,
    floored,
    gauss,
    greater,
    greater_equal,
    inner,
    larger,
    leaky_relu,
    leaky_relu_by_x,
    least,
    less,
    less_equal,
    log_sigmoid,
    logaddexp,
    logaddexp_by_x,
    logsumexp,
    marks,
    most,
    nearest,
    norm,
    over,
    power,
    power_by_base,
    power_by_exponent,
    power_fails,
    ranked,
    ratio,
    select,
    side,
    sigmoid,
    sigmoid_slope,
    sign,
    silu,
    silu_slope,
    sinc,
    sinc_slope,
    smaller,
    softmax,
    softplus,
    softsign,
    softsign_slope,
    tail,
    taken,
    tanh_slope,
    total,
    trunc,
    turn,
    unequal,
    winners,
    wins,
    xlogy,
    xlogy_by_x,
)
from .readings import symbols

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

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
    hides:
        True where whole arrays answer with a number, and report nothing, although an operand is not finite and floats
        do otherwise: a nan is lost in a comparison, inf / 0 is no error. By default, whether the row is flat.
    signed:
        The positions of the operands whose sign matters where they are zero: +0.0 and -0.0 give different results,
        that differ by more than the sign of a zero.
    last:
        Of a row that stands for a whole program (``jit``): the row of the operation that gave its result.
    """

    __slots__ = (
        "domain",
        "flat",
        "hides",
        "last",
        "layout",
        "partials",
        "raises",
        "selecting",
        "signed",
        "silent",
        "symbol",
        "value",
    )

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
        hides: bool | None = None,
        signed: tuple[int, ...] = (),
        last: Rule | None = None,
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
        self.hides = flat if hides is None else hides
        self.signed = signed
        self.last = last

    def __repr__(self) -> str:
        return f"Rule({self.symbol!r})"

    def expect_formula(self) -> None:
        """TypeError where value and partials are no formulas: of a node that was made by hand."""

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
DIV      = Rule("/",    lambda x, y: x / y,         lambda out, x, y: (1.0 / y, -(out / y)), "y != 0", raises=lambda y: y == 0.0, hides=True)
MOD      = Rule("%",    lambda x, y: x % y,         lambda out, x, y: (1.0, -floored(x, y)), "y != 0", raises=lambda y: y == 0.0, hides=True)
FLOOR_DIVIDE = Rule("//", lambda x, y: floored(x, y), lambda out, x, y: (flat(out), flat(out)), "y != 0", selecting=True, flat=True, raises=lambda y: y == 0.0)
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
XLOGY    = Rule("xlogy", lambda x, y: xlogy(x, y),  lambda out, x, y: (xlogy_by_x(x, y), ratio(x, y)), "y > 0, or x = 0", raises=lambda x, y: (x != 0.0) & (y <= 0.0))
SQRT     = Rule("sqrt",  lambda x: sqrt(x),         lambda out, x: (over(0.5, out),),            "x >= 0", raises=lambda x: x < 0.0)
CBRT     = Rule("cbrt",  lambda x: cbrt(x),         lambda out, x: (over(1.0, 3.0 * out * out),))

SIN      = Rule("sin",   lambda x: sin(x),          lambda out, x: (cos(x),),                    "of finite x", raises=lambda x: fabs(x) == inf)
COS      = Rule("cos",   lambda x: cos(x),          lambda out, x: (-sin(x),),                   "of finite x", raises=lambda x: fabs(x) == inf)
TAN      = Rule("tan",   lambda x: tan(x),          lambda out, x: (1.0 + out * out,),           "of finite x", raises=lambda x: fabs(x) == inf)
SINC     = Rule("sinc",  lambda x: sinc(x),         lambda out, x: (sinc_slope(out, x),),         "of finite x", raises=lambda x: fabs(x) == inf)
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
LOG_SIGMOID = Rule("log_sigmoid", lambda x: log_sigmoid(x), lambda out, x: (sigmoid(-x),))
RELU     = Rule("relu",     lambda x: larger(x, 0.0), lambda out, x: (above(x, 0.0),), selecting=True)
RELU6    = Rule("relu6",    lambda x: smaller(larger(x, 0.0), 6.0), lambda out, x: (above(x, 0.0) * above(6.0, x),), selecting=True)
HARDTANH = Rule("hardtanh", lambda x: smaller(larger(x, -1.0), 1.0), lambda out, x: (above(x, -1.0) * above(1.0, x),), selecting=True)
LEAKY_RELU = Rule("leaky_relu", lambda x, slope: leaky_relu(x, slope),
                  lambda out, x, slope: (leaky_relu_by_x(x, slope), smaller(x, 0.0)), selecting=True)
ELU      = Rule("elu",      lambda x, alpha: elu(x, alpha),
                lambda out, x, alpha: (elu_by_x(x, alpha), expm1(smaller(x, 0.0))), selecting=True)
SILU     = Rule("silu",     lambda x: silu(x),      lambda out, x: (silu_slope(x),))
SOFTSIGN = Rule("softsign", lambda x: softsign(x),   lambda out, x: (softsign_slope(x),))
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
FLOOR    = Rule("floor",    lambda x: floor(x),     lambda out, x: (flat(x),), selecting=True, flat=True)
CEIL     = Rule("ceil",     lambda x: ceil(x),      lambda out, x: (flat(x),), selecting=True, flat=True)
TRUNC    = Rule("trunc",    lambda x: trunc(x),     lambda out, x: (flat(x),), selecting=True, flat=True)
SIGN     = Rule("sign",     lambda x: sign(x),      lambda out, x: (flat(x),), selecting=True, flat=True)
ROUND    = Rule("round",    lambda x: nearest(x),   lambda out, x: (flat(x),), selecting=True, flat=True)
WHERE    = Rule("where",    lambda x: x,            lambda out, x: (1.0,))

LOGADDEXP = Rule("logaddexp", lambda x, y: logaddexp(x, y), lambda out, x, y: (logaddexp_by_x(x, y), logaddexp_by_x(y, x)))

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
# ``!=``); ``side`` is the sign of x, and 1 at 0; ``select`` is ``where`` with both of its sides; ``peak`` is the largest
# of a sequence where it is but a shift, as in softmax, so that what is computed does not depend on it; ``ranked`` is the
# place of the k-th smallest, and ``taken`` the element at a place, k or the place being the first of the sequence.
# The slopes of tanh and sigmoid are rows, so that a derivative of a network is one node for each unit, to any order.
# ``stop`` is eager too: a number whose gradient goes nowhere.
# fmt: off

LESS          = Rule("<",  lambda x, y: less(x, y),       lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
LESS_EQUAL    = Rule("<=", lambda x, y: less_equal(x, y), lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
GREATER       = Rule(">",  lambda x, y: greater(x, y),    lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
GREATER_EQUAL = Rule(">=", lambda x, y: greater_equal(x, y), lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
EQUAL         = Rule("==", lambda x, y: equal(x, y),      lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
NOT_EQUAL     = Rule("!=", lambda x, y: unequal(x, y),   lambda out, x, y: (0.0, 0.0), selecting=True, flat=True)
TANH_SLOPE    = Rule("tanh_slope", lambda x: tanh_slope(x), lambda out, x: (-2.0 * tanh(x) * out,))
SIGMOID_SLOPE = Rule("sigmoid_slope", lambda x: sigmoid_slope(x), lambda out, x: (-tanh(0.5 * x) * out,))
SIDE          = Rule("side",  lambda x: side(x),          lambda out, x: (flat(x),), selecting=True, flat=True)
SELECT        = Rule("select", lambda c, x, y: select(c, x, y), lambda out, c, x, y: (0.0, c, 1.0 - c), selecting=True)
PEAK          = Rule("max",  lambda xs: most(xs),         lambda out, xs: fill(xs, 0.0), layout="sequence", selecting=True, flat=True, hides=False)
RANKED        = Rule("order", lambda xs: ranked(xs),      lambda out, xs: fill(xs, 0.0), layout="sequence", selecting=True, flat=True)
TAKEN         = Rule("take", lambda xs: taken(xs),        lambda out, xs: marks(xs), "a whole number within the sequence as index", layout="sequence", selecting=True)
STOP          = Rule("stop_gradient", lambda x: x,        lambda out, x: (0.0,), selecting=True, flat=True, hides=False)

# fmt: on
RECORDED = (
    LESS,
    LESS_EQUAL,
    GREATER,
    GREATER_EQUAL,
    EQUAL,
    NOT_EQUAL,
    TANH_SLOPE,
    SIGMOID_SLOPE,
    SIDE,
    SELECT,
    PEAK,
    RANKED,
    TAKEN,
    STOP,
)
"""Those rows."""

NAMES = frozenset(
    name
    for row in (*TABLE, *RECORDED)
    for function in (row.value, row.partials, row.raises or row.value)
    for name in function.__code__.co_names
    if name.islower() and name != "inf"
)
"""Every function that some row uses, and pi: what a namespace must supply to read the whole table."""


@lru_cache(maxsize=1)
def algebra() -> dict[str, Any]:
    """What each name of the table means over symbols; ``math`` holds them too."""
    words = symbols.namespace(NAMES - guards.VERSIONS[guards.ALGEBRA].keys())
    meanings = {name: found for name, found in guards.reading([guards.ALGEBRA], words).items() if name in NAMES}
    return {**meanings, "math": SimpleNamespace(**meanings)}


def symbolic(rule: Rule, *operands: Any) -> tuple[Any, tuple[Any, ...]]:
    """Value and partials of a row over symbols: ``str()`` of each is its text, ``.latex`` its LaTeX.

    Operands default to the row's own names; strings, numbers or symbols may be substituted. A row over a sequence
    is written for the vector x, with one partial that stands for d/dx_i.

    >>> value, partials = symbolic(TANH, "z")
    >>> print(value, "has the derivative", *partials)
    tanh(z) has the derivative 1 - tanh(z)**2
    """
    namespace = algebra()
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


OTHER_NAMES = {
    "ln": "log",
    "lg": "log10",
    "arctan": "atan",
    "arctan2": "atan2",
    "arcsin": "asin",
    "arccos": "acos",
    "arsinh": "asinh",
    "arcosh": "acosh",
    "artanh": "atanh",
    "arcsinh": "asinh",
    "arccosh": "acosh",
    "arctanh": "atanh",
    "tg": "tan",
    "sigma": "sigmoid",
    "logistic": "sigmoid",
    "expit": "sigmoid",
    "swish": "silu",
    "identity": "linear",
    "none": "linear",
    "absolute": "abs",
}
"""What operations, and activations, are called elsewhere."""


def did_you_mean(name: str, names: Iterable[str], others: Mapping[str, str] = OTHER_NAMES) -> str:
    """Which of the known ``names`` was probably meant by another, as the end of a message; "" if none is like it.

    >>> did_you_mean("tahn", ["tan", "tanh", "sin"])
    ": did you mean 'tanh'?"
    """
    from difflib import get_close_matches

    known, word = list(names), name.lower().strip()
    swapped = [x for x in known if sorted(x) == sorted(word)]  # letters that changed places
    elsewhere = [x for x in known if x == others.get(word)]
    found = elsewhere or swapped or get_close_matches(word, known, 1, 0.65)
    return f": did you mean {found[0]!r}?" if found else ""

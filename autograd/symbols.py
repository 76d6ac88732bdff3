"""The symbolic reading of a row: formulas as text and as LaTeX.

A :class:`Symbol` is a piece of text that knows how tightly it binds, so that arithmetic on symbols writes the
formula instead of computing it. :func:`namespace` gives the functions of the table that meaning. Where a row names
a guard (a formula arranged for accuracy on floats), its symbolic version here is the plain algebra.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SUM, PRODUCT, SIGN, POWER, ATOM = range(5)


class Symbol:
    """A formula: its text, its LaTeX, and the binding strength of its outermost operation."""

    __slots__ = ("binding", "latex", "text")

    def __init__(self, text: str, latex: str | None = None, binding: int = ATOM) -> None:
        self.text = text
        self.latex = text if latex is None else latex
        self.binding = binding

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Symbol({self.text!r})"

    def within(self, binding: int) -> tuple[str, str]:
        """Text and LaTeX, in parentheses where the surrounding operation binds more tightly."""
        if self.binding >= binding:
            return self.text, self.latex
        return f"({self.text})", rf"\left({self.latex}\right)"

    def __add__(self, other: Any) -> Symbol:
        return _infix(self, "+", symbol(other), SUM, SUM)

    def __radd__(self, other: Any) -> Symbol:
        return symbol(other) + self

    def __sub__(self, other: Any) -> Symbol:
        return _infix(self, "-", symbol(other), SUM, PRODUCT)

    def __rsub__(self, other: Any) -> Symbol:
        return symbol(other) - self

    def __mul__(self, other: Any) -> Symbol:
        return _infix(self, "*", symbol(other), PRODUCT, SIGN, r"\,")

    def __rmul__(self, other: Any) -> Symbol:
        return symbol(other) * self

    def __truediv__(self, other: Any) -> Symbol:
        other = symbol(other)
        plain = _infix(self, "/", other, PRODUCT, SIGN)
        return Symbol(plain.text, rf"\frac{{{self.latex}}}{{{other.latex}}}", PRODUCT)

    def __rtruediv__(self, other: Any) -> Symbol:
        return symbol(other) / self

    def __pow__(self, other: Any) -> Symbol:
        base, base_latex = self.within(ATOM)
        other = symbol(other)
        return Symbol(f"{base}**{other.within(ATOM)[0]}", f"{{{base_latex}}}^{{{other.latex}}}", POWER)

    def __rpow__(self, other: Any) -> Symbol:
        return symbol(other) ** self

    def __pos__(self) -> Symbol:
        text, latex = self.within(PRODUCT)
        return Symbol(f"+{text}", f"+{latex}", SIGN)

    def __neg__(self) -> Symbol:
        text, latex = self.within(PRODUCT)
        return Symbol(f"-{text}", f"-{latex}", SIGN if self.binding > PRODUCT else PRODUCT)


def _infix(left: Symbol, sign: str, right: Symbol, bind_left: int, bind_right: int, latex: str | None = None) -> Symbol:
    """``left sign right``, in parentheses on either side that binds less tightly than asked."""
    left_text, left_latex = left.within(bind_left)
    right_text, right_latex = right.within(bind_right)
    gap = f" {sign} " if latex is None else latex
    return Symbol(f"{left_text} {sign} {right_text}", f"{left_latex}{gap}{right_latex}", min(bind_left, bind_right))


def symbol(x: Symbol | str | float) -> Symbol:
    """A name or a number as a symbol; whole numbers print without their point."""
    if isinstance(x, Symbol):
        return x
    if isinstance(x, str):
        return Symbol(x)
    text = f"{x:.17g}" if isfinite(x) and x == int(x) else repr(x)
    return Symbol(text, binding=SIGN if x < 0 else ATOM)


def call(name: str) -> Callable[..., Symbol]:
    """A function that writes its own call: ``call("sin")(x)`` is sin(x)."""

    def function(*operands: Any) -> Symbol:
        written = [symbol(x) for x in operands]
        texts = ", ".join(x.text for x in written)
        latexes = ", ".join(x.latex for x in written)
        known = name in {"exp", "log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "max", "min"}
        latex_name = rf"\{name}" if known else rf"\operatorname{{{name}}}"
        return Symbol(f"{name}({texts})", rf"{latex_name}\left({latexes}\right)")

    return function


def _bracket(x: Any, y: Any) -> Symbol:
    x, y = symbol(x), symbol(y)
    return Symbol(f"[{x.text} > {y.text}]", f"[{x.latex} > {y.latex}]")


def _either(x: Symbol, then: Any, otherwise: Any) -> Symbol:
    """``then`` where x > 0, else ``otherwise``."""
    then, otherwise = symbol(then), symbol(otherwise)
    latex = rf"\begin{{cases}} {then.latex} & {x.latex} > 0 \\ {otherwise.latex} & \text{{else}} \end{{cases}}"
    return Symbol(f"{then.text} if {x.text} > 0 else {otherwise.text}", latex, -1)


def _one_power_less(x: Symbol, y: Symbol) -> Symbol:
    """x**(y - 1); where y is a number, as x, x**2, ..."""
    try:
        n = float(y.text) - 1.0
    except ValueError:
        return x ** (y - 1)
    return x if n == 1.0 else x**n


exp, log, sqrt, expm1, tanh, sigmoid = map(call, ("exp", "log", "sqrt", "expm1", "tanh", "sigmoid"))

ALGEBRA: dict[str, Any] = {
    "pi": Symbol("pi", r"\pi"),
    "sqrt": lambda x: Symbol(sqrt(x).text, rf"\sqrt{{{symbol(x).latex}}}"),
    "fabs": lambda x: Symbol(f"|{x.text}|", rf"\left|{x.latex}\right|"),
    "above": _bracket,
    "wins": lambda x, y: _bracket(x, y) + Symbol(f"[{x} = {y}]", f"[{x.latex} = {y.latex}]") / 2,
    "sign": call("sign"),
    "flat": lambda x: symbol(0),
    "larger": call("max"),
    "smaller": call("min"),
    "clamp": lambda x, lo, hi: call("min")(call("max")(x, lo), hi),
    "nearest": call("round"),
    "over": lambda x, y: x / symbol(y),
    "part": lambda x, r: x / r,
    "power": lambda x, y: x**y,
    "power_by_base": lambda out, x, y: y * _one_power_less(x, y),
    "power_by_exponent": lambda out, x, y: out * log(x),
    "tanh_slope": lambda x: 1 - tanh(x) ** 2,
    "atan_slope": lambda x: 1 / (1 + x**2),
    "sigmoid_slope": lambda x: sigmoid(x) * (1 - sigmoid(x)),
    "softplus": lambda x: log(1 + exp(x)),
    "leaky_relu": lambda x, slope: _either(x, x, slope * x),
    "leaky_relu_by_x": lambda x, slope: _either(x, 1, slope),
    "elu": lambda x, alpha: _either(x, x, alpha * expm1(x)),
    "elu_by_x": lambda x, alpha: _either(x, 1, alpha * exp(x)),
    "gauss": lambda x, k: exp(-(x**2) if k == 1.0 else -k * x**2),
    "total": call("sum"),
    "inner": lambda w, x, b: Symbol(f"{w} . {x}", rf"{w.latex} \cdot {x.latex}", PRODUCT) + b,
    "fill": lambda xs, x: symbol(x),
    "count": lambda xs: Symbol("n"),
    "most": call("max"),
    "least": call("min"),
    "winners": lambda xs, out: Symbol(f"[x_i = {out}]", f"[x_i = {out.latex}]") / Symbol("k"),
    "norm": call("hypot"),
    "parts": lambda xs, r: Symbol("x_i") / r,
    "softmax": lambda xs: exp(Symbol("x_i") - call("logsumexp")(xs)),
}
"""What the names of the table mean over symbols, where that is not just "write the call"."""


def namespace(names: Iterable[str]) -> dict[str, Any]:
    """The symbolic meaning of each of the names: the algebra above, or the call itself."""
    return {name: ALGEBRA.get(name, call(name)) for name in names}

r"""The symbolic reading of a row: formulas as text and as LaTeX.

A :class:`Symbol` is a piece of text that knows how tightly it binds, so that arithmetic on symbols writes the
formula instead of computing it. :func:`namespace` gives the functions of the table that meaning; where a row names
a guard, a formula arranged for accuracy on floats, its version as algebra is read (:mod:`autograd.guards`).

The LaTeX needs amsmath and nothing else, and means the same to KaTeX and MathJax. In it a user's name is data: whatever
TeX would act upon is written as the sign that it is (:func:`name`).

>>> x, y = symbol("x"), symbol("w_1")
>>> formula = (x + 1) * exp(-y) / 2
>>> print(formula, formula.latex, sep="\n")
(x + 1) * exp(-w_1) / 2
\frac{(x + 1)\,e^{-w_{1}}}{2}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .letters import sign, word

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CASES, SUM, PRODUCT, SIGN, POWER, ATOM = range(-1, 5)


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
        return f"{type(self).__name__}({self.text!r})"

    def __bool__(self) -> bool:
        raise TypeError(f"expected a number to decide upon, got the formula {self.text}")

    def within(self, binding: int) -> tuple[str, str]:
        """Text and LaTeX, in parentheses where the surrounding operation binds more tightly."""
        return (self.text, self.latex) if self.binding >= binding else (f"({self.text})", parenthesised(self.latex))

    def __add__(self, other: Any) -> Symbol:
        return _infix(self, "+", symbol(other), SUM, SUM)

    def __radd__(self, other: Any) -> Symbol:
        return symbol(other) + self

    def __sub__(self, other: Any) -> Symbol:
        return _infix(self, "-", symbol(other), SUM, PRODUCT)

    def __rsub__(self, other: Any) -> Symbol:
        return symbol(other) - self

    def __mul__(self, other: Any) -> Symbol:
        other = symbol(other)
        left, right = self.within(PRODUCT)[1], other.within(_right(other, PRODUCT))[1]
        if self.latex == other.latex and not isinstance(other, Number):
            latex = (self**2).latex
        else:
            latex = left + (r" \cdot " if right[0].isdigit() or right.startswith("(-") else r"\,") + right
        return Symbol(_infix(self, "*", other, PRODUCT, SIGN).text, latex, PRODUCT)

    def __rmul__(self, other: Any) -> Symbol:
        return symbol(other) * self

    def __truediv__(self, other: Any) -> Symbol:
        other = symbol(other)
        return Fraction(_infix(self, "/", other, PRODUCT, SIGN).text, self, other)

    def __rtruediv__(self, other: Any) -> Symbol:
        return symbol(other) / self

    def __mod__(self, other: Any) -> Symbol:
        other = symbol(other)
        text = _infix(self, "%", other, PRODUCT, SIGN).text
        return Symbol(text, _infix(self, r"\operatorname{mod}", other, PRODUCT, SIGN).latex, SUM)

    def __floordiv__(self, other: Any) -> Symbol:
        other = symbol(other)
        latex = rf"\left\lfloor{Fraction('', self, other).latex}\right\rfloor"
        return Floored(_infix(self, "//", other, PRODUCT, SIGN).text, latex, SUM)

    def __pow__(self, other: Any) -> Symbol:
        base, base_latex = self.within(ATOM)
        if self.binding == ATOM and ("^" in base_latex or "frac" in base_latex):
            base_latex = parenthesised(base_latex)
        other = symbol(other)
        return Symbol(f"{base}**{other.within(ATOM)[0]}", f"{base_latex}^{{{other.latex}}}", POWER)

    def __rpow__(self, other: Any) -> Symbol:
        return symbol(other) ** self

    def __pos__(self) -> Symbol:
        text, latex = self.within(PRODUCT)
        return Symbol(f"+{text}", f"+{latex}", SIGN)

    def __neg__(self) -> Symbol:
        text, latex = self.within(_right(self, PRODUCT))
        return Symbol(f"-{text}", f"-{latex}", SIGN if self.binding > PRODUCT else PRODUCT)


class Number(Symbol):
    """A number as it is printed."""

    __slots__ = ()


class Fraction(Symbol):
    """A quotient. Divided again it is still one fraction, over the product of both divisors."""

    __slots__ = ("denominator", "numerator")

    def __init__(self, text: str, numerator: Symbol, denominator: Symbol) -> None:
        super().__init__(text, rf"\frac{{{numerator.latex}}}{{{denominator.latex}}}", PRODUCT)
        self.numerator, self.denominator = numerator, denominator

    def __truediv__(self, other: Any) -> Symbol:
        text = super().__truediv__(other).text
        return Fraction(text, self.numerator, self.denominator * other)


class Floored(Symbol):
    """A quotient without what stands behind its point: in LaTeX it needs no parentheses."""

    __slots__ = ()

    def within(self, binding: int) -> tuple[str, str]:
        """The text in parentheses where the surrounding operation binds more tightly."""
        return super().within(binding)[0], self.latex


class Half(Fraction):
    """0.5 or -0.5 in a row: a fraction in LaTeX."""

    __slots__ = ()

    def __init__(self, written: Number) -> None:
        super().__init__(written.text, symbol(2.0 * float(written.text)), symbol(2))
        self.latex, self.binding = written.latex.replace("0.5", r"\tfrac{1}{2}"), written.binding


class Vector(Symbol):
    """The operands of a row over a sequence: x, its element x_i, their number n; k of them are as large as the result.

    ``terms`` lists the elements, None standing for those that are left out; it is empty where they have no names.
    """

    __slots__ = ("element", "length", "terms", "ties")

    def __init__(
        self, terms: Sequence[Symbol | None], element: Symbol, length: Symbol | float, ties: Symbol | float
    ) -> None:
        super().__init__(
            ", ".join("..." if x is None else x.text for x in terms),
            ", ".join(r"\ldots" if x is None else x.latex for x in terms),
        )
        self.terms, self.element, self.length, self.ties = terms, element, length, ties


def as_vector(x: Symbol) -> Vector:
    """The vector that a symbol stands for in the table: its elements are x_i."""
    if isinstance(x, Vector):
        return x
    whole = Vector((), name(f"{x.text}_i"), symbol("n"), symbol("k"))
    whole.text, whole.latex = x.text, x.latex
    return whole


def _right(x: Symbol, binding: int) -> int:
    """How tightly an operand to the right of a sign must bind: one that begins with a minus stands in parentheses."""
    return ATOM if x.text.startswith("-") else binding


def _infix(left: Symbol, sign: str, right: Symbol, bind_left: int, bind_right: int) -> Symbol:
    """``left sign right``, in parentheses on either side that binds less tightly than asked."""
    left_text, left_latex = left.within(bind_left)
    right_text, right_latex = right.within(_right(right, bind_right))
    binding = min(bind_left, bind_right)
    return Symbol(f"{left_text} {sign} {right_text}", f"{left_latex} {sign} {right_latex}", binding)


def parenthesised(latex: str) -> str:
    r"""LaTeX in parentheses, which grow where it is tall."""
    tall = any(command in latex for command in (r"\frac", r"\begin"))
    return rf"\left({latex}\right)" if tall else f"({latex})"


# Names and numbers -----------------------------------------------------------------------------------------------

IDENTIFIER = re.compile(r"[^\W\d]\w*(?:\.\w+|\[\w+\])*")
PIECE = re.compile(r"(\w+)((?:\[\d+\])*)|.", re.DOTALL)
INDEXED = re.compile(r"([^\W\d_]+)(?:_?(\d+)|_([^\W\d_]+))?")


def name(text: str) -> Symbol:
    r"""A user's name for something. A text that is no identifier stands in parentheses within a formula.

    >>> for label in "x", "x1", "W[0][2]", "alpha_0", "loss", "x1w1", "50% {of} x^2":
    ...     print(name(label).latex)
    x
    x_{1}
    W_{0,2}
    \alpha _{0}
    \mathrm{loss}
    \mathrm{x1w1}
    50\%\ \{\mathrm{of}\}\ x\hat{\ }2
    """
    latex = "".join([_piece(found) for found in PIECE.finditer(text)])
    return Symbol(text, latex, ATOM if IDENTIFIER.fullmatch(text) else CASES)


def _piece(found: re.Match[str]) -> str:
    r"""A word with its indices as subscripts, or a single sign, in LaTeX."""
    name, brackets = found.groups()
    if name is None:
        return sign(found[0])
    below = re.findall(r"\d+", brackets)
    indexed = INDEXED.fullmatch(name)
    if indexed:
        name, digits, letters = indexed.groups()
        if digits or letters:
            below.insert(0, word(digits or letters))
    return word(name) + (f"_{{{','.join(below)}}}" if below else "")


def short(x: float, digits: int = 4) -> str:
    """A number for people: so many significant digits; whole numbers below a million in full; nan and inf as such.

    >>> [short(x) for x in (0.1 + 0.2, -10.0, 123456.0, 1e-20 / 3, float("inf"))]
    ['0.3', '-10', '123456', '3.333e-21', 'inf']
    """
    x = float(x)
    return f"{x:.0f}" if x.is_integer() and abs(x) < 1e6 else f"{x:.{digits}g}"


def number(text: str) -> Number:
    r"""A printed number as a symbol.

    >>> [number(text).latex for text in ("-2", "1e-20", "2.5e+06", "-inf", "nan")]
    ['-2', '10^{-20}', '2.5 \\times 10^{6}', '-\\infty', '\\mathrm{nan}']
    """
    mantissa, e, exponent = text.partition("e")
    latex = mantissa.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
    if e:
        power = f"10^{{{int(exponent)}}}"
        latex = latex.replace("1", power) if mantissa in {"1", "-1"} else rf"{latex} \times {power}"
    return Number(text, latex, SIGN if text.startswith("-") else POWER if e else ATOM)


def symbol(x: Symbol | str | float) -> Symbol:
    r"""A name or a number as a symbol; whole numbers print without their point, and LaTeX writes 0.5 as a fraction."""
    if isinstance(x, Symbol):
        return x
    if isinstance(x, str):
        return name(x)
    written = number(repr(float(x)).removesuffix(".0"))
    return Half(written) if abs(x) == 0.5 else written


# What the names of the table mean ------------------------------------------------------------------------------


def call(name: str) -> Callable[..., Symbol]:
    """A function that writes its own call: ``call("sin")(x)`` is sin(x)."""
    circular = re.fullmatch(r"(a?)(sin|cos|tan)(h?)", name)
    if circular:
        inverse, circle, hyperbolic = circular.groups()
        latex_name = rf"\{'arc' * bool(inverse)}{circle}{hyperbolic}"
        if inverse and hyperbolic:
            latex_name = rf"\operatorname{{ar{circle}h}}"
    else:
        latex_name = rf"\{name}" if name in {"exp", "log", "max", "min"} else rf"\operatorname{{{name}}}"
    return _written(name, latex_name)


def _written(name: str, latex_name: str) -> Callable[..., Symbol]:
    """A function that writes its call under one name in text and under another in LaTeX."""

    def function(*operands: Any) -> Symbol:
        written = [symbol(x) for x in operands]
        texts = ", ".join(x.text for x in written)
        latexes = ", ".join(x.latex for x in written)
        return Symbol(f"{name}({texts})", latex_name + parenthesised(latexes))

    return function


def _reworded(function: Callable[..., Symbol], latex: Callable[[str], str]) -> Callable[..., Symbol]:
    """A function of one operand that LaTeX writes in a way of its own."""
    return lambda x: Symbol(function(x).text, latex(symbol(x).latex))


def exp(x: Any) -> Symbol:
    """The exponential, which LaTeX writes as a power of e."""
    return Symbol(call("exp")(x).text, f"e^{{{symbol(x).latex}}}", ATOM)


def bracket(x: Any, sign: str, y: Any) -> Symbol:
    """Iverson's bracket: 1 where the comparison holds, else 0."""
    x, y = symbol(x), symbol(y)
    latex = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne"}.get(sign, sign)
    return Symbol(f"[{x.text} {sign} {y.text}]", f"[{x.latex} {latex} {y.latex}]")


def either(x: Symbol, then: Any, otherwise: Any) -> Symbol:
    """``then`` where x > 0, else ``otherwise``."""
    then, otherwise = symbol(then), symbol(otherwise)
    latex = rf"\begin{{cases}} {then.latex} & {x.latex} > 0 \\ {otherwise.latex} & \text{{else}} \end{{cases}}"
    return Symbol(f"{then.within(SUM)[0]} if {x.within(SUM)[0]} > 0 else {otherwise.text}", latex, CASES)


def one_power_less(x: Symbol, y: Symbol) -> Symbol:
    """x**(y - 1); where y is a number, as x, x**2, ..."""
    if not isinstance(y, Number):
        return x ** (y - 1)
    n = number(f"{float(y.text) - 1.0:.15g}")
    return x if n.text == "1" else x**n


def _total(xs: Symbol) -> Symbol:
    """The sum of a vector; of one whose elements have names, their sum written out in LaTeX."""
    written = call("sum")(xs)
    return Symbol(written.text, added(xs.terms).latex) if isinstance(xs, Vector) else written


def added(terms: Sequence[Symbol | None]) -> Symbol:
    """The terms as a sum; None stands for those that are left out."""
    if len(terms) == 1 and terms[0] is not None:
        return terms[0]
    written = [("...", r"\cdots") if x is None else x.within(_right(x, SUM) if i else SUM) for i, x in enumerate(terms)]
    return Symbol(" + ".join([text for text, _ in written]), " + ".join([latex for _, latex in written]), SUM)


ABSENT = number("0")
"""The bias of a weighted sum that has none."""


def _inner(w: Symbol, x: Symbol, b: Symbol) -> Symbol:
    """w . x + b; of vectors whose elements have names, the sum of products written out, and the bias."""
    if not isinstance(w, Vector) or not isinstance(x, Vector):
        return Symbol(f"{w} . {x}", rf"{w.latex} \cdot {x.latex}", PRODUCT) + b
    terms = [None if u is None or v is None else u * v for u, v in zip(w.terms, x.terms, strict=True)]
    return added(terms if b is ABSENT and terms else [*terms, b])


WORDS: dict[str, Any] = {
    "pi": Symbol("pi", r"\pi"),
    "exp": exp,
    "sqrt": _reworded(call("sqrt"), r"\sqrt{{{}}}".format),
    "floor": _reworded(call("floor"), r"\left\lfloor {}\right\rfloor".format),
    "ceil": _reworded(call("ceil"), r"\left\lceil {}\right\rceil".format),
    "cbrt": _reworded(call("cbrt"), r"\sqrt[3]{{{}}}".format),
    "log1p": _reworded(call("log1p"), r"\log(1 + {})".format),
    "log2": _written("log2", r"\log_{2}"),
    "log10": _written("log10", r"\log_{10}"),
    "sigmoid": _written("sigmoid", r"\sigma"),
    "fabs": lambda x: Symbol(f"|{x.text}|", rf"\left|{x.latex}\right|"),
    "total": _total,
    "inner": _inner,
}
"""What the names of the table mean over symbols, where that is neither a guard nor just "write the call"."""


def namespace(names: Iterable[str]) -> dict[str, Any]:
    """The words, and for each of the other names the call itself."""
    return {**{name: call(name) for name in names}, **WORDS}

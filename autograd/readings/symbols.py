r"""The symbolic reading of a row: formulas instead of numbers.

Arithmetic on a :class:`Symbol` makes the tree of the formula (:mod:`.trees`) instead of computing it; ``str()`` of it
is its text, ``.latex`` its LaTeX, as the printers write them. :func:`namespace` gives the functions of the table that
meaning; where a row names a guard, a formula arranged for accuracy on floats, its version as algebra is read
(:mod:`autograd.guards`).

>>> x, y = symbol("x"), symbol("w_1")
>>> formula = (x + 1) * exp(-y) / 2
>>> print(formula, formula.latex, sep="\n")
(x + 1) * exp(-w_1) / 2
\frac{(x + 1)\,e^{-w_{1}}}{2}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .latex import Latex
from .printing import Text
from .trees import (
    Bracket,
    Call,
    Called,
    Cases,
    Dot,
    Factors,
    Half,
    Infix,
    Listed,
    Name,
    Number,
    Pi,
    Power,
    Quotient,
    Raised,
    Signed,
    Sum,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .trees import Tree


class Symbol:
    """A formula: arithmetic on it writes instead of computing."""

    __slots__ = ("_latex", "_text", "tree")

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._text: str | None = None
        self._latex: str | None = None

    @property
    def text(self) -> str:
        """The formula as text."""
        if self._text is None:
            self._text = Text().write(self.tree)
        return self._text

    @property
    def latex(self) -> str:
        """The formula as LaTeX."""
        if self._latex is None:
            self._latex = Latex().write(self.tree)
        return self._latex

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.text!r})"

    def __bool__(self) -> bool:
        raise TypeError(f"expected a number to decide upon, got the formula {self.text}")

    def __add__(self, other: Any) -> Symbol:
        return Symbol(Infix(self.tree, "+", symbol(other).tree))

    def __radd__(self, other: Any) -> Symbol:
        return symbol(other) + self

    def __sub__(self, other: Any) -> Symbol:
        return Symbol(Infix(self.tree, "-", symbol(other).tree))

    def __rsub__(self, other: Any) -> Symbol:
        return symbol(other) - self

    def __mul__(self, other: Any) -> Symbol:
        return Symbol(Infix(self.tree, "*", symbol(other).tree))

    def __rmul__(self, other: Any) -> Symbol:
        return symbol(other) * self

    def __truediv__(self, other: Any) -> Symbol:
        return Symbol(divided(self.tree, symbol(other).tree))

    def __rtruediv__(self, other: Any) -> Symbol:
        return symbol(other) / self

    def __mod__(self, other: Any) -> Symbol:
        return Symbol(Infix(self.tree, "%", symbol(other).tree))

    def __floordiv__(self, other: Any) -> Symbol:
        return Symbol(Infix(self.tree, "//", symbol(other).tree))

    def __pow__(self, other: Any) -> Symbol:
        return Symbol(Power(self.tree, symbol(other).tree))

    def __rpow__(self, other: Any) -> Symbol:
        return symbol(other) ** self

    def __pos__(self) -> Symbol:
        return Symbol(Signed("+", self.tree))

    def __neg__(self) -> Symbol:
        return Symbol(Signed("-", self.tree))


def divided(left: Tree, right: Tree) -> Quotient:
    """A quotient. What is one already is still one fraction when it is divided again."""
    match left:
        case Quotient(above=above, below=below):
            return Quotient(left, right, above, Infix(below, "*", right))
        case Half():
            return Quotient(left, right, Number("-1" if left.minus else "1"), Infix(Number("2"), "*", right))
    return Quotient(left, right, left, right)


class Vector(Symbol):
    """The operands of a row over a sequence: x, its element x_i, their number n; k of them are as large as the result.

    ``terms`` lists the elements, None standing for those that are left out; it is empty where they have no names.
    """

    __slots__ = ("element", "length", "terms", "ties")

    def __init__(
        self,
        terms: Sequence[Symbol | None],
        element: Symbol,
        length: Symbol | float,
        ties: Symbol | float,
        whole: Tree | None = None,
    ) -> None:
        super().__init__(Listed(trees(terms)) if whole is None else whole)
        self.terms, self.element, self.length, self.ties = terms, element, length, ties


def trees(symbols: Iterable[Symbol | None]) -> tuple[Tree | None, ...]:
    """The trees of some symbols."""
    return tuple([None if x is None else x.tree for x in symbols])


def as_vector(x: Symbol) -> Vector:
    """The vector that a symbol stands for in the table: its elements are x_i."""
    if isinstance(x, Vector):
        return x
    return Vector((), name(f"{x.text}_i"), symbol("n"), symbol("k"), x.tree)


# Names and numbers -----------------------------------------------------------------------------------------------


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
    return Symbol(Name(text))


def short(x: float, digits: int = 4) -> str:
    """A number for people: so many significant digits; whole numbers below a million in full; nan and inf as such.

    >>> [short(x) for x in (0.1 + 0.2, -10.0, 123456.0, 1e-20 / 3, float("inf"))]
    ['0.3', '-10', '123456', '3.333e-21', 'inf']
    """
    x = float(x)
    return f"{x:.0f}" if x.is_integer() and abs(x) < 1e6 else f"{x:.{digits}g}"


def number(text: str) -> Symbol:
    r"""A printed number as a symbol.

    >>> [number(text).latex for text in ("-2", "1e-20", "2.5e+06", "-inf", "nan")]
    ['-2', '10^{-20}', '2.5 \\times 10^{6}', '-\\infty', '\\mathrm{nan}']
    """
    return Symbol(Number(text))


def symbol(x: Symbol | str | float) -> Symbol:
    r"""A name or a number as a symbol; whole numbers print without their point, and LaTeX writes 0.5 as a fraction."""
    if isinstance(x, Symbol):
        return x
    if isinstance(x, str):
        return name(x)
    x = float(x)
    return Symbol(Half(x < 0.0)) if abs(x) == 0.5 else number(repr(x).removesuffix(".0"))


# What the names of the table mean ------------------------------------------------------------------------------


def call(name: str) -> Callable[..., Symbol]:
    """A function that writes its own call: ``call("sin")(x)`` is sin(x)."""
    return lambda *operands: Symbol(Call(name, tuple([symbol(x).tree for x in operands])))


exp = call("exp")
"""The exponential, which LaTeX writes as a power of e."""


def raised(name: str, x: Symbol, exponent: int) -> Symbol:
    """A power of a function, whose exponent LaTeX writes behind its name."""
    return Symbol(Raised(name, x.tree, str(exponent)))


def bracket(x: Any, sign: str, y: Any) -> Symbol:
    """Iverson's bracket: 1 where the comparison holds, else 0."""
    return Symbol(Bracket(symbol(x).tree, sign, symbol(y).tree))


def either(x: Symbol, then: Any, otherwise: Any) -> Symbol:
    """``then`` where x > 0, else ``otherwise``."""
    return Symbol(Cases(x.tree, symbol(then).tree, symbol(otherwise).tree))


def one_power_less(x: Symbol, y: Symbol) -> Symbol:
    """x**(y - 1); where y is a number, as x, x**2, ..."""
    if not isinstance(y.tree, Number):
        return x ** (y - 1)
    less = f"{float(y.tree.text) - 1.0:.15g}"
    return x if less == "1" else x ** number(less)


def total(xs: Symbol) -> Symbol:
    """The sum of a vector; of one whose elements have names, their sum written out in LaTeX."""
    written = Call("sum", (xs.tree,))
    return Symbol(Called(written, added(xs.terms).tree) if isinstance(xs, Vector) else written)


def added(terms: Sequence[Symbol | None]) -> Symbol:
    """The terms as a sum; None stands for those that are left out."""
    if len(terms) == 1 and terms[0] is not None:
        return terms[0]
    return Symbol(Sum(trees(terms)))


def product(factors: Sequence[Symbol], *, crossed: bool = False) -> Symbol:
    """Factors side by side, each of which stands for itself; in LaTeX with crosses between them, or with dots."""
    if len(factors) == 1:
        return factors[0]
    return Symbol(Factors(tuple([x.tree for x in factors]), crossed))


ABSENT = number("0")
"""The bias of a weighted sum that has none."""


def inner(w: Symbol, x: Symbol, b: Symbol) -> Symbol:
    """w . x + b; of vectors whose elements have names, the sum of products written out, and the bias."""
    if not isinstance(w, Vector) or not isinstance(x, Vector):
        return Symbol(Dot(w.tree, x.tree)) + b
    terms = [None if u is None or v is None else u * v for u, v in zip(w.terms, x.terms, strict=True)]
    return added(terms if b is ABSENT and terms else [*terms, b])


WORDS: dict[str, Any] = {"pi": Symbol(Pi()), "total": total, "inner": inner}
"""What the names of the table mean over symbols, where that is neither a guard nor just "write the call"."""


def namespace(names: Iterable[str]) -> dict[str, Any]:
    """The words, and for each of the other names the call itself."""
    return {**{name: call(name) for name in names}, **WORDS}

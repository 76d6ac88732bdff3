r"""The printer of formulas as LaTeX, from trees (:mod:`.trees`).

What is not in the tree, such as how high a piece of LaTeX is, each piece knows of itself (:class:`Piece`).

The LaTeX needs amsmath and nothing else, and means the same to KaTeX and MathJax. In it a user's name is data: whatever
TeX would act upon is written as the sign that it is.

>>> tree = Infix(Number("2"), "*", Power(Infix(Name("x"), "+", Name("w_1")), Number("2")))
>>> print(Latex().write(tree))
2\,(x + w_{1})^{2}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from .letters import sign, word
from .printing import Printer, beside
from .trees import (
    ATOM,
    LEVELS,
    PRODUCT,
    SUM,
    Bracket,
    Call,
    Called,
    Cases,
    Derivative,
    Dot,
    Dots,
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
    Title,
    Tree,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WORD = re.compile(r"(\w+)((?:\[\d+\])*)|.", re.DOTALL)
INDEXED = re.compile(r"([^\W\d_]+)(?:_?(\d+)|_([^\W\d_]+))?")
CIRCULAR = re.compile(r"(a?)(sin|cos|tan)(h?)")

OWN_NAMES = {
    "exp": r"\exp", "log": r"\log", "max": r"\max", "min": r"\min", "log2": r"\log_{2}", "log10": r"\log_{10}",
    "sigmoid": r"\sigma",
}  # fmt: skip
"""Functions of which LaTeX has a name of its own."""

AROUND = {
    "exp": ("e^{", "}"), "sqrt": (r"\sqrt{", "}"), "cbrt": (r"\sqrt[3]{", "}"), "log1p": (r"\log(1 + ", ")"),
    "floor": (r"\left\lfloor ", r"\right\rfloor"), "ceil": (r"\left\lceil ", r"\right\rceil"),
    "fabs": (r"\left|", r"\right|"),
}  # fmt: skip
"""Functions of one operand that LaTeX writes around it."""

COMPARISONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\ne"}


class Piece(NamedTuple):
    """A piece of LaTeX, and what is known of it."""

    latex: str
    tall: bool = False
    """Higher than a line."""
    raised: bool = False
    """With something raised in it, or with a fraction: an exponent beside it would be read as part of that."""
    first: str = ""
    """What it begins with, if that is a minus, one in parentheses, ``(-``, or a digit, 0."""


def together(
    latex: str, pieces: Iterable[Piece], first: str = "", *, tall: bool = False, raised: bool = False
) -> Piece:
    """A piece that others are part of."""
    pieces = [*pieces]
    higher = tall or any([piece.tall for piece in pieces])
    return Piece(latex, higher, raised or tall or any([piece.raised for piece in pieces]), first)


def parenthesised(inner: Piece) -> Piece:
    r"""A piece in parentheses, which grow where it is tall."""
    if inner.tall:
        return inner._replace(latex=rf"\left({inner.latex}\right)", first="")
    return inner._replace(latex=f"({inner.latex})", first="(-" if inner.first == "-" else "")


def listed(pieces: Sequence[Piece]) -> Piece:
    """Pieces with commas between them."""
    return together(", ".join([piece.latex for piece in pieces]), pieces, pieces[0].first if pieces else "")


class Latex(Printer[Piece]):
    """Formulas as LaTeX."""

    left_out = Piece(r"\ldots")

    def write(self, root: Tree) -> str:
        """A formula."""
        return self.whole(root).latex

    def within(self, x: Tree, piece: Piece, binding: int) -> Piece:
        """A part, in parentheses where what is around it binds more tightly; what is rounded down has its own."""
        rounded = isinstance(x, Infix) and x.sign == "//"
        return piece if rounded or x.binding >= binding else parenthesised(piece)

    def _name(self, x: Name, _: list[Piece]) -> Piece:
        return Piece("".join([part_of_name(found) for found in WORD.finditer(x.text)]))

    def _number(self, x: Number, _: list[Piece]) -> Piece:
        mantissa, e, exponent = x.text.partition("e")
        latex = mantissa.replace("inf", r"\infty").replace("nan", r"\mathrm{nan}")
        if e:
            power = f"10^{{{int(exponent)}}}"
            latex = latex.replace("1", power) if mantissa in {"1", "-1"} else rf"{latex} \times {power}"
        return Piece(latex, raised=bool(e), first="-" if x.minus else "0" if x.text[0].isdigit() else "")

    def _half(self, x: Half, _: list[Piece]) -> Piece:
        return Piece("-" * x.minus + r"\tfrac{1}{2}", raised=True, first="-" * x.minus)

    def _pi(self, _: Pi, __: list[Piece]) -> Piece:
        return Piece(r"\pi")

    def _title(self, x: Title, _: list[Piece]) -> Piece:
        return Piece(rf"\text{{{x.text}:}}\quad")

    def _dots(self, _: Dots, __: list[Piece]) -> Piece:
        return Piece(r"\vdots")

    def _infix(self, x: Infix, parts: list[Piece]) -> Piece:
        if x.sign == "*":
            return self.product(x, *parts)
        if x.sign == "//":
            below = self.fraction(*parts)
            return below._replace(latex=rf"\left\lfloor{below.latex}\right\rfloor")
        bind_left, bind_right, _ = LEVELS[x.sign]
        left = self.within(x.left, parts[0], bind_left)
        right = self.within(x.right, parts[1], beside(x.right, bind_right))
        written = r"\operatorname{mod}" if x.sign == "%" else x.sign
        return together(f"{left.latex} {written} {right.latex}", (left, right), left.first)

    def product(self, x: Infix, before: Piece, behind: Piece) -> Piece:
        """Two factors: side by side, with a dot between them before a number, or as a square."""
        if x.left == x.right and not isinstance(x.right, Number):
            return self.to_the(x.left, before, Piece("2"))
        left, right = self.within(x.left, before, PRODUCT), self.within(x.right, behind, beside(x.right, PRODUCT))
        times = r" \cdot " if right.first in {"0", "(-"} else r"\,"
        return together(left.latex + times + right.latex, (left, right), left.first)

    def _quotient(self, _: Quotient, parts: list[Piece]) -> Piece:
        return self.fraction(*parts[2:])

    def fraction(self, above: Piece, below: Piece) -> Piece:
        """One piece above another."""
        return together(rf"\frac{{{above.latex}}}{{{below.latex}}}", (above, below), tall=True)

    def _power(self, x: Power, parts: list[Piece]) -> Piece:
        return self.to_the(x.base, *parts)

    def to_the(self, base: Tree, below: Piece, exponent: Piece) -> Piece:
        """A power of a formula, which is written."""
        below = parenthesised(below) if base.binding == ATOM and below.raised else self.within(base, below, ATOM)
        return together(f"{below.latex}^{{{exponent.latex}}}", (below, exponent), below.first, raised=True)

    def _signed(self, x: Signed, parts: list[Piece]) -> Piece:
        inner = self.within(x.x, parts[0], beside(x.x, PRODUCT) if x.minus else PRODUCT)
        return together(x.sign + inner.latex, (inner,), "-" * x.minus)

    def _sum(self, x: Sum, parts: list[Piece]) -> Piece:
        terms = [
            Piece(r"\cdots") if term is None else self.within(term, piece, beside(term, SUM) if place else SUM)
            for place, (term, piece) in enumerate(zip(x.terms, parts, strict=True))
        ]
        return together(" + ".join([term.latex for term in terms]), terms, terms[0].first if terms else "")

    def _factors(self, x: Factors, parts: list[Piece]) -> Piece:
        factors = [
            self.within(factor, piece, beside(factor, PRODUCT) if place else PRODUCT)
            for place, (factor, piece) in enumerate(zip(x.factors, parts, strict=True))
        ]
        times = r" \times " if x.crossed else r" \cdot "
        return together(times.join([factor.latex for factor in factors]), factors, factors[0].first)

    def _dot(self, _: Dot, parts: list[Piece]) -> Piece:
        return together(r" \cdot ".join([part.latex for part in parts]), parts, parts[0].first)

    def _call(self, x: Call, parts: list[Piece]) -> Piece:
        if x.function in AROUND and not x.own:
            before, behind = AROUND[x.function]
            return together(before + parts[0].latex + behind, parts, raised=x.function == "exp")
        name = word(x.function) if x.own else function_name(x.function)
        operands = parenthesised(listed(parts))
        return operands._replace(latex=name + operands.latex, first="")

    def _raised(self, x: Raised, parts: list[Piece]) -> Piece:
        operand = parenthesised(parts[0])
        latex = f"{function_name(x.function)}^{{{x.exponent}}}{operand.latex}"
        return operand._replace(latex=latex, raised=True, first="")

    def _called(self, _: Called, parts: list[Piece]) -> Piece:
        return parts[1]

    def _listed(self, _: Listed, parts: list[Piece]) -> Piece:
        return listed(parts)

    def _bracket(self, x: Bracket, parts: list[Piece]) -> Piece:
        left, right = parts
        return together(f"[{left.latex} {COMPARISONS.get(x.sign, x.sign)} {right.latex}]", parts)

    def _cases(self, _: Cases, parts: list[Piece]) -> Piece:
        compared, then, otherwise = [part.latex for part in parts]
        latex = rf"\begin{{cases}} {then} & {compared} > 0 \\ {otherwise} & \text{{else}} \end{{cases}}"
        return together(latex, parts)._replace(tall=True)

    def _derivative(self, x: Derivative, parts: list[Piece]) -> Piece:
        above, below = [self.within(node, part, ATOM) for node, part in zip((x.above, x.below), parts, strict=True)]
        if x.ordinal:
            below = Piece(rf"(\text{{{x.ordinal} }}{parts[1].latex})")
        return self.fraction(Piece(rf"\partial {above.latex}"), Piece(rf"\partial {below.latex}"))


def part_of_name(found: re.Match[str]) -> str:
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


def function_name(name: str) -> str:
    """The name of a function of the table in LaTeX."""
    circular = CIRCULAR.fullmatch(name)
    if not circular:
        return OWN_NAMES.get(name) or rf"\operatorname{{{name}}}"
    inverse, circle, hyperbolic = circular.groups()
    if inverse and hyperbolic:
        return rf"\operatorname{{ar{circle}h}}"
    return rf"\{'arc' * bool(inverse)}{circle}{hyperbolic}"

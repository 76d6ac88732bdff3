"""The printer of formulas as text, from trees (:mod:`.trees`), and how a printer goes through a tree.

A printer has a method for each kind of node, which puts together what the parts of the node were written as. Nothing
that was written is read again. (:mod:`.latex` is the other printer.)

>>> tree = Infix(Number("2"), "*", Power(Infix(Name("x"), "+", Name("w_1")), Number("2")))
>>> print(Text().write(tree))
2 * (x + w_1)**2
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from .trees import (
    ATOM,
    LEVELS,
    PRODUCT,
    SIGN,
    SUM,
    Bracket,
    Call,
    Called,
    Cases,
    Derivative,
    Dot,
    Dots,
    Factors,
    Gap,
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
    from collections.abc import Callable

W = TypeVar("W")


def beside(x: Tree, binding: int) -> int:
    """How tightly x must bind to the right of a sign: one that begins with a minus stands in parentheses."""
    return ATOM if x.minus else binding


class Printer(Generic[W]):
    """Goes through a tree from the parts to the whole, with a method for each kind of node: ``_name(tree, parts)``."""

    left_out: W
    """What stands in the place of terms that are left out."""

    def whole(self, root: Tree) -> W:
        """A formula, written; however deep it is, and what occurs in it several times once."""
        written: dict[int, W] = {}
        stack = [root]
        while stack:
            tree = stack[-1]
            ahead = [part for part in tree.parts if part is not None and id(part) not in written]
            if ahead:
                stack += ahead
                continue
            stack.pop()
            if id(tree) not in written:
                parts = [self.left_out if part is None else written[id(part)] for part in tree.parts]
                written[id(tree)] = self.node(tree, parts)
        return written[id(root)]

    def node(self, tree: Tree, parts: list[W]) -> W:
        """A node of which the parts are written. TypeError for a kind that the printer does not know."""
        tree.minus  # noqa: B018 - known from here on: it depends on the parts
        method: Callable[[Tree, list[W]], W] | None = getattr(self, f"_{type(tree).__name__.lower()}", None)
        if method is None:
            raise TypeError(f"expected a formula to write, got {tree!r}")
        return method(tree, parts)


# Text ------------------------------------------------------------------------------------------------------------


class Text(Printer[str]):
    """Formulas as text, in Python's words where it has some."""

    left_out = "..."

    def write(self, root: Tree) -> str:
        """A formula."""
        return self.whole(root)

    def within(self, x: Tree, text: str, binding: int) -> str:
        """A part, in parentheses where what is around it binds more tightly."""
        return text if x.binding >= binding else f"({text})"

    def _name(self, x: Name | Number | Title, _: list[str]) -> str:
        return x.text

    _number = _title = _name

    def _half(self, x: Half, _: list[str]) -> str:
        return "-0.5" if x.minus else "0.5"

    def _pi(self, _: Pi, __: list[str]) -> str:
        return "pi"

    def _gap(self, x: Gap, _: list[str]) -> str:
        return f"-{x.mark}" if x.minus else x.mark

    def _dots(self, _: Dots, __: list[str]) -> str:
        return "..."

    def _infix(self, x: Infix, parts: list[str]) -> str:
        return self.between(x.left, x.sign, x.right, *parts)

    def _quotient(self, x: Quotient, parts: list[str]) -> str:
        return self.between(x.left, "/", x.right, *parts[:2])

    def between(self, left: Tree, sign: str, right: Tree, before: str, behind: str) -> str:
        """Two parts with a sign between them."""
        bind_left, bind_right, _ = LEVELS[sign]
        one, other = self.within(left, before, bind_left), self.within(right, behind, beside(right, bind_right))
        return f"{one} {sign} {other}"

    def _power(self, x: Power, parts: list[str]) -> str:
        return f"{self.within(x.base, parts[0], ATOM)}**{self.within(x.exponent, parts[1], ATOM)}"

    def _signed(self, x: Signed, parts: list[str]) -> str:
        return x.sign + self.within(x.x, parts[0], beside(x.x, PRODUCT) if x.minus else PRODUCT)

    def _sum(self, x: Sum, parts: list[str]) -> str:
        return " + ".join(
            [
                text if term is None else self.within(term, text, beside(term, SUM) if place else SUM)
                for place, (term, text) in enumerate(zip(x.terms, parts, strict=True))
            ]
        )

    def _factors(self, x: Factors, parts: list[str]) -> str:
        return " * ".join(
            [
                self.within(factor, text, beside(factor, SIGN) if place else SIGN)
                for place, (factor, text) in enumerate(zip(x.factors, parts, strict=True))
            ]
        )

    def _dot(self, _: Dot, parts: list[str]) -> str:
        return " . ".join(parts)

    def _call(self, x: Call, parts: list[str]) -> str:
        return f"|{parts[0]}|" if x.function == "fabs" else f"{x.function}({', '.join(parts)})"

    def _raised(self, x: Raised, parts: list[str]) -> str:
        return f"{x.function}({parts[0]})**{x.exponent}"

    def _called(self, _: Called, parts: list[str]) -> str:
        return parts[0]

    def _listed(self, _: Listed, parts: list[str]) -> str:
        return ", ".join(parts)

    def _bracket(self, x: Bracket, parts: list[str]) -> str:
        return f"[{parts[0]} {x.sign} {parts[1]}]"

    def _cases(self, x: Cases, parts: list[str]) -> str:
        compared, then, otherwise = parts
        return f"{self.within(x.then, then, SUM)} if {self.within(x.x, compared, SUM)} > 0 else {otherwise}"

    def _derivative(self, x: Derivative, parts: list[str]) -> str:
        above, below = [
            text if node.binding == ATOM and "." not in node.text else f"({text})"
            for node, text in zip((x.above, x.below), parts, strict=True)
        ]
        return f"d{above}/d{f'({x.ordinal} {parts[1]})' if x.ordinal else below}"

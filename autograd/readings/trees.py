"""Formulas as trees: what a formula consists of, and nothing of how it is written.

A node of a tree is data, and frozen. Rows are read as trees by :mod:`.symbols`, whose arithmetic makes them, and the
printers (:mod:`.printing`) write them, with one method for each kind of node. Where parentheses are needed follows
from the tree: from how tightly the outermost operation of a formula binds, and whether a minus stands at its beginning.

>>> Infix(Name("x"), "+", Number("1")).parts
(Name(text='x'), Number(text='1'))
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar, dataclass_transform, overload

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

CASES, SUM, PRODUCT, SIGN, POWER, ATOM = range(-1, 5)
"""How tightly an operation binds."""

LEVELS = {
    "+": (SUM, SUM, SUM),
    "-": (SUM, PRODUCT, SUM),
    "*": (PRODUCT, SIGN, PRODUCT),
    "/": (PRODUCT, SIGN, PRODUCT),
    "%": (PRODUCT, SIGN, SUM),
    "//": (PRODUCT, SIGN, SUM),
}
"""For a sign between two formulas, how tightly what is to its left, and to its right, must bind; and itself."""

IDENTIFIER = re.compile(r"[^\W\d]\w*(?:\.\w+|\[\w+\])*")


class known(Generic[T]):  # noqa: N801 - a decorator
    """A property that is computed once: Python's cached one waits for a lock in every tree."""

    def __init__(self, found: Callable[[Any], T]) -> None:
        self.found = found

    @overload
    def __get__(self, tree: None, owner: type) -> known[T]: ...
    @overload
    def __get__(self, tree: Tree, owner: type) -> T: ...
    def __get__(self, tree: Tree | None, owner: type) -> known[T] | T:
        if tree is None:
            return self
        value = tree.__dict__[self.found.__name__] = self.found(tree)
        return value


@dataclass_transform(eq_default=True, frozen_default=True)
class Tree:
    """A formula, or a part of one.

    What dataclasses do for the few kinds there are, without Python's ``inspect``, which doubles the time of an import.
    """

    fields: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls) -> None:
        cls.fields = tuple(cls.__annotations__)

    def __init__(self, *given: object, **named: object) -> None:
        if len(given) == len(self.fields) and not named:
            self.__dict__.update(zip(self.fields, given, strict=True))
            return
        known = {**dict(zip(self.fields, given, strict=False)), **named}
        missing = [name for name in self.fields if name not in known and not hasattr(type(self), name)]
        if missing or len(known) != len(given) + len(named) or not known.keys() <= set(self.fields):
            raise TypeError(f"{type(self).__name__}: expected {', '.join(self.fields)}, got {given} and {named}")
        self.__dict__.update(known)

    def __setattr__(self, name: str, _: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__}: expected a tree to stay as it is, got another {name}")

    def content(self) -> tuple[object, ...]:
        """What the fields hold."""
        return tuple([getattr(self, name) for name in self.fields])

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Tree) and type(self) is type(other) and self.content() == other.content()
        )

    def __hash__(self) -> int:
        return hash((type(self), self.content()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([f'{name}={getattr(self, name)!r}' for name in self.fields])})"

    @known
    def parts(self) -> tuple[Tree | None, ...]:
        """The formulas that this one is made of, in order; None stands for terms that are left out."""
        found: list[Tree | None] = []
        for x in self.content():
            found += x if isinstance(x, tuple) else [x] if isinstance(x, Tree) else []
        return tuple(found)

    @known
    def binding(self) -> int:
        """How tightly its outermost operation binds."""
        return ATOM

    @known
    def minus(self) -> bool:
        """Whether it begins with a minus."""
        return False


def begins(first: Tree | None, binding: int) -> bool:
    """Whether a formula begins with a minus, if this is the first in it, and in parentheses if it binds less."""
    return first is not None and first.binding >= binding and first.minus


# Leaves ----------------------------------------------------------------------------------------------------------


class Name(Tree):
    """A user's name for something: any text. One that is no identifier stands in parentheses within a formula."""

    text: str

    @known
    def binding(self) -> int:
        """That of a single piece, if it is one."""
        return ATOM if IDENTIFIER.fullmatch(self.text) else CASES


class Number(Tree):
    """A number, by the digits that are shown of it."""

    text: str

    @known
    def binding(self) -> int:
        """That of a sign, or of a power of ten."""
        return SIGN if self.minus else POWER if "e" in self.text else ATOM

    @known
    def minus(self) -> bool:
        """Whether it is negative."""
        return self.text.startswith("-")


class Half(Tree):
    """0.5 or -0.5 in a row."""

    minus: bool = False

    @known
    def binding(self) -> int:
        """That of a sign, if it has one."""
        return SIGN if self.minus else ATOM


class Pi(Tree):
    """The number pi."""


class Gap(Tree):
    """A place for a number that is not known yet, negative, or of the kind that has an exponent, or neither."""

    mark: str
    minus: bool = False
    exponent: bool = False

    @known
    def binding(self) -> int:
        """That of such a number."""
        return SIGN if self.minus else POWER if self.exponent else ATOM


class Title(Tree):
    """Some words in the place of a left side."""

    text: str


class Dots(Tree):
    """Dots in the place of equations that are left out."""


# Arithmetic ------------------------------------------------------------------------------------------------------


class Infix(Tree):
    """Two formulas with a sign between them: ``+ - * % //``."""

    left: Tree
    sign: str
    right: Tree

    @known
    def binding(self) -> int:
        """That of the sign."""
        return LEVELS[self.sign][2]

    @known
    def minus(self) -> bool:
        """Whether its left side does."""
        return begins(self.left, LEVELS[self.sign][0])


class Quotient(Tree):
    """``left / right``; as a fraction, what is divided again and again stands above the product of all divisors."""

    left: Tree
    right: Tree
    above: Tree
    below: Tree

    @known
    def binding(self) -> int:
        """That of a product."""
        return PRODUCT

    @known
    def minus(self) -> bool:
        """Whether its left side does."""
        return begins(self.left, PRODUCT)


class Power(Tree):
    """``base ** exponent``."""

    base: Tree
    exponent: Tree

    @known
    def binding(self) -> int:
        """That of a power."""
        return POWER


class Signed(Tree):
    """``-x`` or ``+x``."""

    sign: str
    x: Tree

    @known
    def binding(self) -> int:
        """That of the sign; or of the product that it stands before."""
        return PRODUCT if self.minus and self.x.binding <= PRODUCT else SIGN

    @known
    def minus(self) -> bool:
        """Whether it is one."""
        return self.sign == "-"


class Sum(Tree):
    """Several terms."""

    terms: tuple[Tree | None, ...]

    @known
    def binding(self) -> int:
        """That of a sum."""
        return SUM

    @known
    def minus(self) -> bool:
        """Whether the first term does."""
        return bool(self.terms) and begins(self.terms[0], SUM)


class Factors(Tree):
    """Several factors side by side, each of which stands for itself; between numbers there may be crosses."""

    factors: tuple[Tree, ...]
    crossed: bool = False

    @known
    def binding(self) -> int:
        """That of a product."""
        return PRODUCT

    @known
    def minus(self) -> bool:
        """Whether the first factor does."""
        return begins(self.factors[0], SIGN)


class Dot(Tree):
    """The inner product of two vectors."""

    left: Tree
    right: Tree

    @known
    def binding(self) -> int:
        """That of a product."""
        return PRODUCT


# Functions and conditions ----------------------------------------------------------------------------------------


class Call(Tree):
    """A function of the table, or one of the user's ``own``, of its operands."""

    function: str
    operands: tuple[Tree, ...]
    own: bool = False


class Raised(Tree):
    """A power of a function of x, whose exponent may stand behind the name of the function."""

    function: str
    x: Tree
    exponent: str

    @known
    def binding(self) -> int:
        """That of a power."""
        return POWER


class Called(Tree):
    """What is shown as a call in text, and written out in LaTeX."""

    call: Call
    meaning: Tree


class Listed(Tree):
    """The elements of a vector, one after the other."""

    elements: tuple[Tree | None, ...]

    @known
    def minus(self) -> bool:
        """Whether the first element does."""
        return bool(self.elements) and begins(self.elements[0], CASES)


class Bracket(Tree):
    """Iverson's bracket: 1 where the comparison holds, else 0."""

    left: Tree
    sign: str
    right: Tree


class Cases(Tree):
    """``then`` where x > 0, else ``otherwise``."""

    x: Tree
    then: Tree
    otherwise: Tree

    @known
    def binding(self) -> int:
        """That of a condition."""
        return CASES


class Derivative(Tree):
    """d above / d below; ``ordinal`` says which, where the one below stands in several places."""

    above: Name
    below: Name
    ordinal: str = ""

"""Expressions as Python over the functions of NumPy."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.compiler.arrays import EXAMPLES, All, Array, At, Gather, Move, Permute, Pick, Reshape, Role, Table, View
from autograd.compiler.blocks import Outcome
from autograd.compiler.expressions import (
    Apply,
    Contract,
    Expr,
    Filled,
    Join,
    Moved,
    Nothing,
    Number,
    Own,
    Read,
    Reduce,
    Stretch,
    Sum,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from autograd.compiler.arrays import Along
    from autograd.compiler.naming import Naming
    from autograd.rules import Rule

CHOICE, COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(7)

INFIX = {
    "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT, "//": PRODUCT, "@": PRODUCT, "**": POWER,
    "<": COMPARISON, "<=": COMPARISON, ">": COMPARISON, ">=": COMPARISON, "==": COMPARISON, "!=": COMPARISON,
}  # fmt: skip


class Text(NamedTuple):
    """A piece of a program, and how tightly it binds."""

    text: str
    binding: int = ATOM

    def within(self, binding: int) -> str:
        """The text, in parentheses where the surrounding operation binds more tightly."""
        return self.text if self.binding >= binding else f"({self.text})"


def infix(left: Text, sign: str, right: Text) -> Text:
    """``left sign right``."""
    binding = INFIX[sign]
    if binding == POWER:
        return Text(f"{left.within(ATOM)}**{right.within(ATOM)}", POWER)
    beside = binding if sign == "+" else binding + 1
    before = binding + 1 if binding == COMPARISON else binding  # x < y < z would mean another thing
    return Text(f"{left.within(before)} {sign} {right.within(ATOM if right.text[0] == '-' else beside)}", binding)


def sum_of(terms: Sequence[Text]) -> Text:
    """Terms one after the other."""
    first, *rest = terms
    others = [term.within(ATOM if term.text[0] == "-" else SUM) for term in rest]
    return Text(" + ".join([first.within(SUM), *others]), SUM)


def call_of(name: str, *operands: str) -> Text:
    """A call."""
    return Text(f"{name}({', '.join(operands)})")


def number(x: Number) -> Text:
    """A number, to be read back exactly; those of formulas without their point."""
    text = repr(x.value)
    if x.short and x.value:
        text = text.removesuffix(".0")
    return Text(text, SIGN if text[0] == "-" else ATOM)


class Expressions:
    """Prints expressions; ``tables`` are the index arrays that they name, ``own`` the functions of users' rows."""

    def __init__(self, naming: Naming, tables: Mapping[Array, Table]) -> None:
        self.naming = naming
        self.tables: dict[Table, int] = {}
        self.own: dict[Own, str] = {}
        self.rows: dict[tuple[Rule, bool], str] = {}
        self.of_bodies = tables

    # Views.

    def table(self, table: Table) -> str:
        """The name of an index array."""
        return f"I[{self.tables.setdefault(table, len(self.tables))}]"

    def name(self, array: Array) -> str:
        """The name of an array."""
        constants = self.of_bodies.get(array)
        return self.table(constants) if constants is not None else self.naming.of(array)

    def viewed(self, view: View) -> str:
        """The elements that a view consists of, as moves of its array."""
        return self.moved(self.name(view.array), view.moves, view.array)

    def moved(self, name: str, moves: Sequence[Move], array: Array | None = None, examples: bool = False) -> str:
        """A name with moves behind it."""
        examples = examples if array is None else array.examples
        for move in moves:
            if isinstance(move, Pick):
                whole = (
                    array is not None and array.role is Role.CAPTURED and all([isinstance(x, At) for x in move.index])
                )
                name += f"[{', '.join([*map(self.along, move.index), *['...'] * whole])}]"
            elif isinstance(move, Permute):
                name += self.permuted(move.order, examples)
            else:
                flat = array is not None and examples and move.shape == (-1,)
                shape = (array.size,) if flat and array is not None else move.shape
                name += f".reshape({', '.join(map(str, [*shape, *[-1] * examples]))})"
        return name

    def permuted(self, order: Sequence[int], examples: bool) -> str:
        """The axes in another order."""
        if list(order) == [1, 0]:
            return ".swapaxes(0, 1)" if examples else ".T"
        return f".transpose({', '.join(map(str, [*order, *[len(order)] * examples]))})"

    def along(self, index: Along) -> str:
        """An index along an axis."""
        if isinstance(index, All):
            return ":"
        if isinstance(index, At):
            return str(index.index)
        if isinstance(index, Gather):
            return self.table(index.table)
        start, length, step = index.start, index.length, index.step
        stop = start + (length - 1) * step + (1 if step > 0 else -1)
        return f"{start}:{stop if stop >= 0 else ''}{f':{step}' if step != 1 else ''}"

    def aligned(self, source: Text, have: str, want: str) -> Text:
        """Something whose axes are the letters ``have``, indexed so that it broadcasts against the letters ``want``."""
        index = stretched(have, want)
        if not index:
            return source
        return Text(f"{source.within(ATOM)}[{', '.join([':' if kept else 'None' for kept in index])}]")

    # Expressions: ``want`` are the axes against which the text has to broadcast, its own if there are none.

    def text(self, x: Expr, want: str | None = None) -> Text:
        """An expression."""
        return self.write(x, x.axes if want is None else want)

    @functools.singledispatchmethod
    def write(self, x: Any, want: str) -> Text:  # noqa: ARG002 - of no kind that is known
        """An expression, to broadcast against these axes."""
        raise TypeError(f"expected an expression to print, got {type(x).__name__}")

    @write.register
    def _(self, x: Number, want: str) -> Text:  # noqa: ARG002 - it always does
        return number(x)

    @write.register
    def _(self, x: Read, want: str) -> Text:
        view, missing = x.view, stretched(x.axes, want)
        stays = view.array.role in (Role.CAPTURED, Role.CONSTANT) and view.array not in self.of_bodies
        if stays and not view.gathers and (view.moves or missing):
            return Text(self.part(view, missing))
        return self.aligned(Text(self.viewed(view)), x.axes, want)

    def part(self, view: View, missing: tuple[bool, ...] = ()) -> str:
        """The name of a part that is the same in every call."""
        return self.naming.part(view, missing)

    @write.register
    def _(self, x: Apply, want: str) -> Text:
        if isinstance(x.operation, Own):
            return call_of(self.function(x.operation), *[self.write(y, want).text for y in x.operands])
        if x.operation == "neg":
            inner = self.write(x.operands[0], want)
            truth = inner.binding == PRODUCT and inner.text[0] == "("  # perhaps of a comparison, which takes no minus
            whole = inner.text[0] == "-" or truth or begins_in_remainder(x.operands[0])
            text = inner.within(ATOM if whole else PRODUCT)
            return Text(f"-{text}", SIGN if inner.binding > PRODUCT else PRODUCT)
        if x.operation == "if":
            condition, one, other = [self.write(y, want) for y in x.operands]
            return Text(f"{one.within(SUM)} if {condition.within(COMPARISON)} else {other.within(CHOICE)}", CHOICE)
        if x.operation == "+":
            return sum_of([self.write(y, want) for y in x.operands])
        if x.operation in INFIX:
            left, right = [self.write(y, want) for y in x.operands]
            return infix(left, x.operation, right)
        return call_of(x.operation, *[self.write(y, want).text for y in x.operands])

    @write.register
    def _(self, x: Contract, want: str) -> Text:
        return self.aligned(self.product(x), x.axes, want)

    @write.register
    def _(self, x: Sum, want: str) -> Text:
        return self.aligned(self.summed(self.text(x.x), x.x.axes, x.axes), x.axes, want)

    @write.register
    def _(self, x: Reduce, want: str) -> Text:  # noqa: ARG002 - it stands alone
        return self.text(x.x)

    @write.register
    def _(self, x: Stretch, want: str) -> Text:  # noqa: ARG002 - it has those axes
        return self.write(x.x, x.axes)

    @write.register
    def _(self, x: Moved, want: str) -> Text:
        inner = self.text(x.x)
        if x.moves:
            if isinstance(x.moves[0], Reshape) and x.x.axes in ("", EXAMPLES):  # a number, of which to make an array
                inner = call_of("asarray", inner.text)
            inner = Text(self.moved(inner.within(ATOM), x.moves, None, EXAMPLES in x.x.axes))
        return self.aligned(inner, x.axes, want)

    @write.register
    def _(self, x: Join, want: str) -> Text:  # noqa: ARG002 - it stands alone
        return call_of("join", *[self.text(piece).text for piece in x.pieces])

    @write.register
    def _(self, x: Filled, want: str) -> Text:  # noqa: ARG002 - it stands alone
        return call_of("full_like", self.name(x.like), self.text(x.x).text)

    @write.register
    def _(self, x: Nothing, want: str) -> Text:  # noqa: ARG002 - it stands alone
        return call_of("zeros", f"{self.name(x.like)}.shape")

    @write.register
    def _(self, x: Outcome, want: str) -> Text:
        return self.aligned(self.outcome(x), x.axes, want)

    def outcome(self, x: Outcome) -> Text:
        """What has gathered in a loop backwards; see loops.py."""
        raise NotImplementedError

    def summed(self, source: Text, have: str, keep: str) -> Text:
        """The sum over the axes that are not kept."""
        axes = [i for i, letter in enumerate(have) if letter not in keep]
        if not axes:
            return source
        along = "" if len(axes) == len(have) else str(axes[0] if len(axes) == 1 else tuple(axes))
        return Text(f"{source.within(ATOM)}.sum({along})")

    def product(self, x: Contract) -> Text:
        """The product of two arrays, summed over the letters that it does not have: by ``@`` where it can be."""
        left, right, a, b, out = self.text(x.left), self.text(x.right), x.left.axes, x.right.axes, x.axes
        if not a or not b:
            (factor, number), (source, letters) = (
                ((left, x.left), (right, b)) if not a else ((right, x.right), (left, a))
            )
            if isinstance(number, Number) and not math.isfinite(number.value):  # 0 * inf must not be lost
                return self.summed(infix(factor, "*", source), letters, out)
            return infix(factor, "*", self.summed(source, letters, out))
        if set(out) == set(a) | set(b):
            return infix(self.beside(x.left, out), "*", self.beside(x.right, out))
        matrices = self.matrices(x)
        if matrices is not None:
            return infix(matrices[0], "@", matrices[1])
        return call_of("einsum", f"'{a},{b}->{out}'", left.text, right.text)

    def beside(self, x: Expr, want: str) -> Text:
        """A side of a product that sums over nothing; a part that has a name keeps it."""
        return self.aligned(self.text(x), x.axes, want) if isinstance(x, Read) else self.write(x, want)

    def matrices(self, x: Contract) -> tuple[Text, Text] | None:
        """The sides of a product that is one of matrices and vectors, as ``@`` takes them."""
        left, right, a, b, out = self.text(x.left), self.text(x.right), x.left.axes, x.right.axes, x.axes
        shared = [letter for letter in a if letter in b and letter not in out]
        if len(shared) != 1 or set(out) != set(a) ^ set(b) or len(a) > 2 or len(b) > 2:
            return None
        k = shared[0]
        if len(a) == len(b) == 2 and out and out[0] in b:
            left, a, right, b = right, b, left, a
        if len(a) == 2 and a[0] == k:
            if len(b) == 1:
                return right, left
            left = Text(f"{left.within(ATOM)}.T")
        if len(b) == 2 and b[1] == k:
            if len(a) == 1:
                return right, left
            right = Text(f"{right.within(ATOM)}.T")
        return left, right

    def function(self, own: Own) -> str:
        """The name of the function that a user's row is called by."""
        if own not in self.own:
            first = self.rows.setdefault((own.row, own.floats), f"own{len(self.rows)}")
            self.own[own] = first if own.index < 0 else f"{first}_by_{own.index}"
        return self.own[own]


def begins_in_remainder(x: Expr) -> bool:
    """Whether a product begins with a remainder or a quotient rounded down, of which a minus does not go inside."""
    while isinstance(x, (Apply, Sum, Stretch)):
        if isinstance(x, Stretch) or (isinstance(x, Sum) and x.axes == x.x.axes):  # written as what they are of
            x = x.x
        elif isinstance(x, Apply) and x.operation in ("*", "/"):
            x = x.operands[0]
        else:
            break
    return isinstance(x, Apply) and x.operation in ("%", "//")


def stretched(have: str, want: str) -> tuple[bool, ...]:
    """For each axis that is wanted whether it is there, from the first that is; () if all are from there on."""
    index = [letter in have for letter in want]
    while index and not index[0]:
        del index[0]
    return () if all(index) else tuple(index)

r"""Typesetting: sentences and equations as text, as Markdown and as LaTeX.

What is set is a list of :class:`Block`, made of symbols (:mod:`.symbols`), each of which has a text and a LaTeX
of its own. Here they are put beside and below each other.

>>> from autograd.readings.symbols import name, number
>>> y = Line(name("y"), [name("w") * name("x"), number("6")])
>>> blocks = [Block(["With ", name("x_1"), ":"], [y])]
>>> print(text(blocks))
With x_1:
  y = w * x = 6
>>> print(latex(blocks))
With \(x_{1}\):
<BLANKLINE>
\[
\begin{aligned}
y &= w\,x &&= 6
\end{aligned}
\]
"""

from __future__ import annotations

from collections import Counter
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple

from .symbols import Symbol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Piece = str | Symbol

WIDEST = 40  # signs of a side that stands in a column


class Line(NamedTuple):
    """An equation: left = first side = second side = ..."""

    left: Symbol
    sides: Sequence[Symbol] = ()
    sign: str = "="
    note: str = ""

    def told(self) -> list[Symbol]:
        """The sides, without those that repeat what stands before them."""
        before = [self.left, *self.sides]
        return [side for side, last in zip(self.sides, before, strict=False) if side.text != last.text]


class Block(NamedTuple):
    """A sentence and the equations that it announces, one a line, or stacked: one side a line."""

    sentence: Sequence[Piece]
    lines: Sequence[Line] = ()
    stacked: bool = False


def text(blocks: Iterable[Block]) -> str:
    """Plain text, for a terminal; ASCII where the symbols are."""
    parts = []
    for block in blocks:
        lines = stacked_text(block.lines) if block.stacked else columns_text(block.lines)
        parts.append("\n".join(["".join(map(str, block.sentence)), *[f"  {line}" for line in lines]]))
    return "\n\n".join(parts)


def markdown(blocks: Iterable[Block]) -> str:
    """Markdown with LaTeX between dollar signs. No sign in it could be taken for an HTML tag."""
    return enclosed(blocks, "$", "$", "$$", "$$").replace("<", r"\lt ").replace(">", r"\gt ")


def latex(blocks: Iterable[Block]) -> str:
    """LaTeX for a document that uses the package amsmath."""
    return enclosed(blocks, r"\(", r"\)", r"\[", r"\]")


def enclosed(blocks: Iterable[Block], begin: str, end: str, begin_block: str, end_block: str) -> str:
    """Sentences and equations in LaTeX, between the signs that enclose formulas."""
    parts = []
    for block in blocks:
        parts.append("".join([x if isinstance(x, str) else f"{begin}{x.latex}{end}" for x in block.sentence]))
        if block.lines:
            parts.append(f"{begin_block}\n{aligned(block)}\n{end_block}")
    return "\n\n".join(parts)


def columns_text(lines: Sequence[Line]) -> list[str]:
    """One equation a line, each side below its like; a line with a very long side is in no column from there on."""
    widths: Counter[int] = Counter()
    for line in lines:
        for column, cell in enumerate(in_columns(line)):
            widths[column] = max(widths[column], len(cell.text))
    written = []
    sign_width = max((len(line.sign) for line in lines), default=0)
    for line in lines:
        reach = len(in_columns(line))
        cells = [cell.text.ljust(widths[i] if i < reach else 0) for i, cell in enumerate([line.left, *line.told()])]
        equation = cells[0]
        for column, side in enumerate(cells[1:], start=1):
            sign = line.sign.rjust(sign_width) if column == 1 else "="
            equation += f" {sign} {side}"
        written.append(f"{equation}{noted(line)}".rstrip())
    return written


def in_columns(line: Line) -> list[Symbol]:
    """The left side and the sides of an equation, as far as they stand below their likes: up to a very long one."""
    cells = [line.left, *line.told()] if line.sides else []
    return list(takewhile(lambda cell: len(cell.text) <= WIDEST, cells))


def stacked_text(lines: Sequence[Line]) -> list[str]:
    """One side a line, each below the one before."""
    width = max(len(line.left.text) + (1 if line.sign == ":" else 2) for line in lines)
    written = []
    for line in lines:
        head = f"{line.left}:".ljust(width) if line.sign == ":" else f"{line.left}".ljust(width - 1) + line.sign
        heads = [head, *["=".rjust(width)] * len(line.sides)]
        written += [f"{head} {side}" for head, side in zip(heads, line.told(), strict=False)]
        written[-1] += noted(line)
    return written


def noted(line: Line) -> str:
    """The note of a line, as it stands in text."""
    return f"  ({line.note})" if line.note else ""


def aligned(block: Block) -> str:
    r"""The equations of a block in LaTeX, aligned at their signs."""
    signs = {"=": "= ", "+=": r"\mathrel{+}= ", ":": r"\phantom{=} "}
    rows = []
    for line in block.lines:
        sides = [("= " if place else signs[line.sign]) + side.latex for place, side in enumerate(line.told())]
        left = f"{line.left.latex} &" if sides else f"& {line.left.latex}"
        note = rf"\quad\text{{({line.note})}}" if line.note else ""
        rows.append(left + (" \\\\\n&" if block.stacked else " &&").join(sides) + note)
    return "\\begin{aligned}\n" + " \\\\[3pt]\n".join(rows) + "\n\\end{aligned}"

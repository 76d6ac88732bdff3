"""Buffers: where a derivative by what is captured may be written to its place instead of being added to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.compiler.arrays import View
from autograd.compiler.blocks import Add, Block
from autograd.compiler.expressions import Number

if TYPE_CHECKING:
    from autograd.compiler.arrays import Array


def assigning(block: Block, gradient: Array) -> Block:
    """The block, with the first additions to elements of the gradient as assignments.

    Where elements are added to that partly were and partly were not, all are set to 0 first.
    """
    written = np.zeros(gradient.size, bool)
    fresh: list[bool] = []
    mine = [s for s in block if isinstance(s, Add) and s.view.array is gradient]
    for s in mine:
        places = positions(s.view)
        before = written[places]
        fresh.append(s.view.injective and not before.any())
        if not fresh[-1] and not before.all():
            fresh = [False] * len(mine)
            break
        written[places] = True
    first = iter(fresh)
    found = [replace(s, fresh=next(first)) if isinstance(s, Add) and s.view.array is gradient else s for s in block]
    if mine and not any(fresh):
        found.insert(0, Add(View(gradient), Number(0.0), fresh=True))
    return Block(tuple(found))


def positions(view: View) -> Any:
    """The positions of a view in its array, as an index."""
    return slice(None) if view.flat is None else view.flat.numbers

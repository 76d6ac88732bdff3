"""Views: the elements that an operand consists of, as the text of a slice of its array.

The positions of a regular operand are those of a slice, of a grid at regular distances, or of some rows or columns of
one. Only where they are not is the operand gathered by an index array, along one axis if that is possible:

    v[:, :, 3]         v[:, 0:4]         P[0:60].reshape(6, 10)[:, 2:5].T         v[:, I[0]]         v[I[0]]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from .rolling import Access


def view(name: str, access: Access, batched: bool, gather: Callable[[Any], str]) -> str:
    """The text of the operand's elements in the named array; ``gather`` names an index array.

    ``batched``: whether the array has a last axis for examples, which is left as it is.
    """
    array, used, last = access.array, access.used, ", -1" if batched else ""
    if used.shape == array.shape and access.whole:
        return name
    if access.whole and used.shape:
        return f"{name}.reshape({', '.join(map(str, used.shape))}{last})"
    if not used.shape:
        index = ", ".join(map(str, np.unravel_index(access.offset, array.shape)))
        return f"{name}[{index}, ...]" if array.kind == "captured" else f"{name}[{index}]"
    if len(array.shape) > 1:
        found = indexed(name, used, array.shape, batched, gather)
        if found:
            return found
    flat = name if len(array.shape) == 1 else f"{name}.reshape({array.size if batched else -1}{last})"
    if access.strides is not None:
        steps = [step for step in access.strides if step]
        if len(steps) == 1:
            return f"{flat}[{run(access.offset, used.shape[0], steps[0])}]"
        if len(steps) == 2:
            turned = steps[0] < steps[1]
            (rows, n), (columns, m) = sorted(zip(steps, used.shape, strict=True), reverse=True)
            if columns == 1 and rows >= m and access.offset + n * rows <= array.size:
                block = f"{flat}[{run(access.offset, n * rows, 1)}]" if n * rows < array.size else flat
                block += f".reshape({n}, {rows}{last})" + (f"[:, :{m}]" if m < rows else "")
                return block if not turned else f"{block}.swapaxes(0, 1)" if batched else f"{block}.T"
    shape = folded(used, array.size)
    if shape:
        found = indexed(f"{flat}.reshape({', '.join(map(str, shape))}{last})", used, shape, batched, gather)
        if found:
            return found
    return f"{flat}[{gather(used)}]"


def folded(used: Any, size: int) -> tuple[int, ...]:
    """Axes for a flat array of this size, its rows as far apart as the elements along one axis of the operand."""
    steps = set()
    for axis in range(used.ndim):
        along = np.diff(np.moveaxis(used, axis, -1))
        if along.size and (along == along.flat[0]).all():
            steps.add(abs(int(along.flat[0])))
    shape: list[int] = []
    for step in sorted(steps, reverse=True):
        if step > 1 and size % step == 0 and size > step:
            shape.append(size // step)
            size = step
    return (*shape, size) if shape else ()


def indexed(name: str, used: Any, shape: tuple[int, ...], batched: bool, gather: Callable[[Any], str]) -> str:
    """The positions as an index along each axis of the array; "" where some index depends on more than one axis."""
    index: list[str] = []
    owners: list[int] = []
    picked = ""
    for along, length in zip(np.unravel_index(used, shape), shape, strict=True):
        axes = [axis for axis in range(used.ndim) if (along != along.take([0], axis)).any()]
        if len(axes) > 1:
            return ""
        if not axes:
            index.append(str(along.flat[0]))
            continue
        (axis,) = axes
        steps = along[tuple([slice(None) if a == axis else 0 for a in range(used.ndim)])]
        distances = np.diff(steps)
        if (distances == distances[0]).all():
            whole = len(steps) == length and distances[0] == 1
            index.append(":" if whole else run(int(steps[0]), len(steps), int(distances[0])))
        elif picked:
            return ""
        else:
            picked = ", ".join([*[":"] * len(owners), gather(steps)])
            index.append(":")
        owners.append(axis)
    if sorted(owners) != list(range(used.ndim)):
        return ""
    while index and index[-1] == ":":
        index.pop()
    text = name + (f"[{', '.join(index)}]" if index else "") + (f"[{picked}]" if picked else "")
    if owners == sorted(owners):
        return text
    order = [owners.index(axis) for axis in range(used.ndim)]
    if not batched and order == list(range(used.ndim))[::-1]:
        return f"{text}.T"
    return f"{text}.transpose({', '.join(map(str, [*order, *[used.ndim] * batched]))})"


def run(start: int, length: int, step: int) -> str:
    """A slice as text: ``3:7``, ``0:10:2``, ``4::-1``."""
    stop = start + (length - 1) * step + (1 if step > 0 else -1)
    return f"{start}:{stop if stop >= 0 else ''}{f':{step}' if step != 1 else ''}"

"""Averaging: the derivatives of a mean over examples, for the transforms; and of each example.

``value_and_grad(f.mean)(params, X, Y)`` is the mean and its gradient by the parameters, which all examples share;
``grad(f).map(params, X, Y)`` the gradient of each example. No Value is made for either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from autograd.structures import LEAF, flatten, rebuild, size
from autograd.value import Value

from . import means
from .batches import Batch
from .layouts import Layout, layout
from .means import Means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from autograd.differentiable import One

    from .forms import Path
    from .straight import Gradient, Index

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Parts = list[tuple[Path, Index, Gradient]]


class Exampled(Protocol):
    """A jitted function, which is asked for its examples."""

    static: Any

    def examples(self, arguments: tuple[Any, ...], kwargs: dict[str, Any]) -> Batch:
        """Examples for the function."""


class Averaging:
    """What transforms ask of the mean over examples of a jitted function."""

    def __init__(self, jitted: Exampled) -> None:
        self.jitted = jitted

    def value_and_gradient(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool
    ) -> tuple[Any, list[Any]] | None:
        """The mean, and its derivatives by the arguments at these places; with plain numbers beside if ``has_aux``."""
        batch = self.batch(args, kwargs, argnums)
        if batch is None:
            return None
        parts = solved(batch)
        if parts is None:
            return None
        found = mean_of_parts(batch, parts)
        beside = found.structure != LEAF
        if beside is not has_aux or (beside and (found.place != 0 or len(found.structure[1]) != 2)):
            return None
        wanted = [i for i, is_wanted in enumerate(batch.wanted) if is_wanted]
        by_place = {i: by_argument(batch, i, k, parts) for k, i in enumerate(wanted)}
        return found.arranged(), [by_place[i] for i in argnums]

    def batch(self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int]) -> Batch | None:
        """The examples, with the derivatives by some arguments wanted; None where one has to go the long way."""
        if self.jitted.static is not None:
            return None
        try:
            made = self.jitted.examples(args, kwargs)
        except (TypeError, ValueError):  # which the long way will raise again
            return None
        if made.given:
            return None
        made.wanted = tuple([i in argnums for i in range(len(args))])
        made.adopt()
        return made

    def quickest(self, argnums: Sequence[int], *, alone: bool, both: bool) -> None:
        """None: examples are no single numbers."""

    def each(self, args: tuple[Any, ...], argnums: Sequence[int], one: One, straight: bool) -> tuple[Any, list[Any]]:
        """The result of each example, and its derivatives by the arguments at these places, the examples first.

        ``one(arguments)`` is the value and the gradients of a single example, for where there is no program, or none
        that will do.
        """
        batch = self.jitted.examples(args, {})
        batch.wanted = tuple([i in argnums for i in range(len(args))])
        batch.spread(argnums)
        found = solved(batch) if straight and not batch.given else None
        wanted = [i for i, is_wanted in enumerate(batch.wanted) if is_wanted]
        if found is None or any([path.program.structure != LEAF or path.program.plain for path, _, _ in found]):
            pairs = [one(tuple(batch.of_example(j))) for j in range(batch.count)]
            return stacked([value for value, _ in pairs]), [
                stacked([gradients[k] for _, gradients in pairs]) for k in range(len(argnums))
            ]
        values = np.empty(batch.count)
        for path, part, _ in found:
            values[slice(None) if part is None else part] = batch.values_of(path, part)
        by_place = {}
        for k, i in enumerate(wanted):
            rows = rows_of(batch, k, found) * batch.count
            by_place[i] = by_examples(batch.structures[i], rows)
        return values, [by_place[i] for i in argnums]

    def jacobian(self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool) -> None:
        """None: a mean is a single number, most often."""

    def arranged(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:  # noqa: ARG002 - as asked
        """The result itself."""
        return result

    def pullback(self, args: tuple[Any, ...], has_aux: bool) -> None:
        """None."""

    def pushforward(self, args: tuple[Any, ...], directions: Sequence[float], has_aux: bool) -> None:
        """None."""


def solved(batch: Batch) -> Parts | None:
    """The mean over the examples, and its derivatives, in parts by paths; None if some have to run eagerly."""
    straight = batch.straight(None)
    if straight is not None:
        return [(straight[0], None, straight[1])]
    found = batch.gradients(None)
    parts = [(path, part, gradient) for path, part, gradient in found if path is not None and gradient is not None]
    return parts if len(parts) == len(found) else None


def mean_of_parts(batch: Batch, parts: Parts) -> Means:
    """The means over all examples."""
    made = [
        Means(
            gradient.beside or [gradient.mean],
            None if not gradient.beside and path.program.plain else batch.place_of_loss(path),
            path.program.structure,
        )
        for path, _, gradient in parts
    ]
    return means.together(made, [batch.length(part) / batch.count for _, part, _ in parts], batch.jitted.name)


def by_argument(batch: Batch, i: int, k: int, parts: Parts) -> Any:
    """The derivative by an argument, the k-th of those wanted, arranged as that is."""
    weights = [batch.length(part) / batch.count for _, part, _ in parts]
    arrays = [gradient.by_inputs[k] for _, _, gradient in parts]
    structure = batch.structures[i]
    if i in batch.shared:
        total = np.array(arrays[0] if len(parts) == 1 else np.tensordot(weights, arrays, 1))
        return put_back(batch.arrangements.get(i), structure, total)
    rows = rows_of(batch, k, parts)
    given = batch.arguments[i]
    if isinstance(given, np.ndarray):
        return rows.reshape(given.shape)
    arrangement = layout(structure)
    each = [put_back(arrangement, structure, row) for row in rows]
    return tuple(each) if isinstance(given, tuple) else each


def rows_of(batch: Batch, k: int, parts: Parts) -> Floats:
    """The derivatives by an argument with examples, the k-th of those wanted, a row for each example."""
    rows = np.empty((batch.count, parts[0][2].by_inputs[k].shape[0]))
    for _, part, gradient in parts:
        weight = batch.length(part) / batch.count
        rows[slice(None) if part is None else part] = weight * gradient.by_inputs[k].T
    return rows


def by_examples(structure: Any, rows: Floats) -> Any:
    """Rows of numbers, arranged so, with arrays over the examples in the places of numbers and arrays."""
    if structure == LEAF:
        return rows[:, 0].copy()
    kind = structure[0]
    if kind is np.ndarray:
        return np.ascontiguousarray(rows).reshape(len(rows), *structure[1])
    parts, start = [], 0
    for child in structure[-1]:
        parts.append(by_examples(child, rows[:, start : start + size(child)]))
        start += size(child)
    return rebuild((*structure[:-1], (LEAF,) * len(parts)), parts)


def stacked(gradients: Sequence[Any]) -> Any:
    """The gradients of single examples as one arrangement, with arrays over the examples."""
    flat = [flatten(x) for x in gradients]
    holds_values = any([isinstance(x, Value) for leaves, _ in flat for x in leaves])
    rows = np.empty((len(flat), len(flat[0][0])), object if holds_values else float)
    for j, (leaves, _) in enumerate(flat):
        rows[j] = leaves
    return by_examples(flat[0][1], rows)


def put_back(arrangement: Layout | None, structure: Any, numbers: Floats) -> Any:
    """Numbers arranged as an argument is."""
    return rebuild(structure, numbers.tolist()) if arrangement is None else arrangement.arranged(numbers)

"""Averaging: the derivatives of a mean over examples, for the transforms; and of each example.

``value_and_grad(f.mean)(params, X, Y)`` is the mean and its gradient by the parameters, which all examples share;
``grad(f).map(params, X, Y)`` the gradient of each example. No Value is made for either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.structures import LEAF, rebuild

from . import means
from .batches import Batch
from .layouts import Layout, layout
from .means import Means

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .compiled import Jitted
    from .paths import Path
    from .straight import Gradient, Index

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Parts = list[tuple[Path, Index, Gradient]]


class Averaging:
    """What transforms ask of the mean over examples of a jitted function."""

    def __init__(self, jitted: Jitted) -> None:
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
        found = together(batch, parts)
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

    def jacobian(self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool) -> None:
        """None: a mean is a single number, most often."""

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


def together(batch: Batch, parts: Parts) -> Means:
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
    arrangement = next((x for x in batch.jitted.layouts if x.structure is structure), None)
    if i in batch.shared:
        total = np.array(arrays[0] if len(parts) == 1 else np.tensordot(weights, arrays, 1))
        return arranged(arrangement, structure, total)
    rows = np.empty((batch.count, arrays[0].shape[0]))
    for weight, x, (_, part, _) in zip(weights, arrays, parts, strict=True):
        rows[slice(None) if part is None else part] = weight * x.T
    given = batch.arguments[i]
    if isinstance(given, np.ndarray):
        return rows.reshape(given.shape)
    arrangement = layout(structure)
    each = [arranged(arrangement, structure, row) for row in rows]
    return tuple(each) if isinstance(given, tuple) else each


def arranged(arrangement: Layout | None, structure: Any, numbers: Floats) -> Any:
    """Numbers arranged as an argument is."""
    return rebuild(structure, numbers.tolist()) if arrangement is None else arrangement.arranged(numbers)

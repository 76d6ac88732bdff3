"""Holding: the parameters of a model in arrays, over a training loop that its author writes.

    with loss.arrays(model.parameters()) as (P, dP):
        for X, Y in batches:
            cost = loss.mean(X, Y)      # a number; dP is its gradient
            P -= 0.1 * dP

Within, the array P is what counts, and the Values are behind; whenever a jitted function reads their numbers in another
way they are brought up to date first. On leaving they get their ``data`` and ``grad``, also after an exception.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import graph
from autograd.structures import LEAF, replaced
from autograd.value import Value

from .behind import keepers
from .objective import Objective

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import TracebackType
    from typing import Self

    from .averages import Averages
    from .forms import Path
    from .objective import Standing
    from .paths import Paths
    from .straight import Straight

    Floats = np.ndarray[Any, np.dtype[np.float64]]

LAYOUTS = 8
"""For how many programs it is kept at hand where their numbers stand."""


def held_by(jitted: Paths) -> Held | None:
    """What is held for this function, or for the method of which it is that of an object, if anything is."""
    for held in reversed(keepers.get()):
        if isinstance(held, Held) and held.jitted.families is jitted.families:
            return held
    return None


class Held:
    """Parameters that a jitted function uses, in arrays: ``P`` their numbers, ``dP`` the gradient of the last mean.

    ``P[i]`` belongs to ``parameters[i]``. ``P, dP = held`` is spelled out in ``with f.arrays(parameters) as (P, dP)``;
    both are to be changed in place.
    """

    def __init__(self, jitted: Paths, parameters: Sequence[Value]) -> None:
        given = [*parameters] if hasattr(parameters, "__iter__") else []
        if not given or not all([isinstance(x, Value) for x in given]):
            raise TypeError(
                f"jit: expected a list of Values, such as model.parameters(), as what {jitted.name} is to hold in "
                f"arrays, got {type(parameters).__name__}"
            )
        if len({*map(id, given)}) < len(given):
            raise ValueError(f"jit: expected different Values as what {jitted.name} is to hold in arrays")
        self.jitted, self.parameters = jitted, given
        self.P = np.empty(len(given))
        self.dP = np.zeros(len(given))
        self.layouts: dict[Path, Standing | None] = {}
        self.straights: dict[Any, Straight | None] = {}
        self.position = {id(x): i for i, x in enumerate(given)}

    def __iter__(self) -> Iterator[Floats]:
        return iter((self.P, self.dP))

    def __enter__(self) -> Self:
        for other in keepers.get():
            if isinstance(other, Held) and not self.position.keys().isdisjoint(other.position):
                raise ValueError(
                    f"jit: expected parameters that are not held in arrays already, by {other.jitted.name}, as those "
                    f"of {self.jitted.name}: leave the other `with` before"
                )
        self.read()
        keepers.set((*keepers.get(), self))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        keepers.set(tuple([x for x in keepers.get() if x is not self]))
        self.sync()

    def read(self) -> None:
        """Take the numbers and gradients of the parameters as they are now."""
        self.P[:] = [x._number for x in self.parameters]
        self.dP[:] = [x._grad for x in self.parameters]

    def sync(self) -> None:
        """Write ``data`` and ``grad`` of the parameters."""
        for x, datum, derivative in zip(self.parameters, self.P.tolist(), self.dP.tolist(), strict=True):
            x._number, x._grad = datum, derivative

    def update(self) -> None:
        """Write ``data`` of the parameters, for whoever reads it meanwhile."""
        for x, datum in zip(self.parameters, self.P.tolist(), strict=True):
            x._number = datum

    def mean(self, batch: Averages) -> Any:
        """The mean over examples as numbers; ``dP`` is its gradient. TypeError for Values among the examples."""
        if batch.given:
            raise TypeError(
                f"jit: expected numbers as examples of {self.jitted.name} while its parameters are held in arrays, got "
                "a Value, to which no gradient would go"
            )
        if len(self.layouts) > LAYOUTS:
            self.layouts.clear()
            self.straights.clear()
        objective = Objective.__new__(Objective)
        vars(objective).update(vars(batch))
        objective.hold(self.P, self.parameters, self.position, self.layouts)
        key = batch.family.key, batch.batched, batch.wanted
        objective._straight = self.straights.get(key)
        path = batch.family.paths[0] if batch.family.paths else None
        if path is None or path.program.structure != LEAF:
            return self.beside(objective)
        straight = objective.straight(None)
        layout = None if straight is None else self.layouts.get(straight[0])
        if straight is not None and layout is not None:
            mean = straight[1].mean
            layout.write(straight[1].by_captured, self.dP)
            return mean
        mean, self.dP[:] = objective.trusted_gradient(None)
        self.straights[key] = objective._straight
        return mean

    def beside(self, objective: Objective) -> Any:
        """The same by way of the Values: for the first time, or where plain numbers stand beside the loss."""
        self.sync()
        means = objective.means(None)
        if isinstance(means.loss, Value):
            self.dP[:] = graph.gradients([means.loss], [1.0], self.parameters)
        return replaced(means.arranged(), lambda x: x.data)

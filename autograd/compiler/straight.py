"""The straight way through a batch: a step of a loop in which all is as it was in the step before.

One path is known, its program has been compared, no Values stand among the examples, and all of these are finite. What
remains to be asked in each step is little: whether somebody is recording, whether the plain numbers around the function
are the same, and whether the program reports anything. Where one of these is in doubt there is no answer, and the step
is taken the long way (:meth:`autograd.compiler.divided.Divided.solved`), which finds out what is to be done.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from autograd.recorder import recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from .forms import Path
    from .paths import Family, Paths

    Floats = np.ndarray[Any, np.dtype[np.float64]]
    Index = np.ndarray[Any, np.dtype[np.integer[Any]]] | None
    """The numbers of some examples; None for all of them."""

recording = recorder.get

MANY = 5000
"""How many numbers are too many for one thread of BLAS, as it sees it."""


class Gradient(NamedTuple):
    """The mean over some examples, and its derivatives by what is captured and by the arguments that are wanted."""

    mean: float
    by_captured: Floats
    by_inputs: list[Floats]
    beside: Sequence[float] = ()
    """The means of all numbers of the result, where there are plain ones beside the loss."""


def squares(x: Floats) -> float:
    """A sum that is finite only if all numbers are, and quicker to tell than that; nan if it is too large.

    Of squares; of the numbers themselves where there are many: for these BLAS would start threads.
    """
    try:
        if x.size < MANY:
            return float(x.dot(x) if x.ndim == 1 else (x * x).sum())
        return float(x.sum())
    except FloatingPointError:
        return float("nan")


class Examples(Protocol):
    """What a step asks of a batch."""

    jitted: Paths
    count: int
    rows: list[Floats]
    columns: list[Floats]
    wanted: tuple[bool, ...]
    batched: bool | tuple[bool, ...]

    def captured(self, path: Path) -> Floats:
        """The captured numbers of a path, as they are now."""

    def taken(self, index: Index) -> list[Floats]:
        """The columns of some examples."""

    def shares(self, n: int) -> Floats:
        """1/n for each of n examples."""


class Straight:
    """The only path that the examples of a batch are known to take, with all that a step needs of it at hand."""

    def __init__(self, batch: Examples, family: Family, path: Path) -> None:
        import numpy as np

        self.path = path
        self._family = weakref.ref(family)  # which keeps it for other batches
        self.surroundings = batch.jitted.surroundings
        self.when = path.schedule(batch.batched, batch.wanted)
        self.free = path.free(batch.batched, batch.wanted)
        self.finite = path.finite
        self.sum, self.watched = np.add.reduce, path.watched

    def gradient(self, batch: Examples, index: Index, *, looked_at: bool) -> Gradient | None:
        """The mean over some examples and its derivatives; None where the long way has to be taken.

        ``looked_at``: whether it is known that all examples are finite.
        """
        path, family = self.path, self._family()
        if family is None or len(family.paths) != 1 or family.paths[0] is not path or recording() is not None:
            return None
        if self.surroundings.now() != path.outside:
            return None
        captured = batch.captured(path)
        inputs = batch.columns if index is None else batch.taken(index)
        n = batch.count if index is None else len(index)
        try:
            compiled = self.free.pop()
        except IndexError:  # another thread has it
            return None
        compiled.P[:] = captured
        try:
            with self.watched():
                out, by_inputs, taken, sound = compiled.gradient(*inputs, batch.shares(n))
                mean = float(self.sum(out) / n if out.ndim else out)
                by_captured = compiled.dP.copy()
                size = squares(by_captured) + squares(captured) if self.finite else squares(by_captured)
                if self.finite and not looked_at:
                    size += sum(map(squares, inputs))
                for x in by_inputs:
                    size += squares(x)
        except FloatingPointError:
            return None
        finally:
            self.free.append(compiled)
        if not (taken is True or taken.all()) or not (sound is True or sound.all()):
            return None
        if size - size != 0.0 or mean - mean != 0.0 or self.when.due(captured, None):
            return None
        return Gradient(mean, by_captured, by_inputs)

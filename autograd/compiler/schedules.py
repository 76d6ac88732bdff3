"""Schedules: when a compiled form of a path is compared with the function itself.

At its first run, at the first with other arguments, at the first with other captured numbers, and then at intervals
that double. How long these are is counted, not timed, so that it is the same in every run: later comparisons take less
than a twentieth of the time that is spent in the program.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from .scalars import Scalars

    Floats = np.ndarray[Any, np.dtype[np.float64]]

SHARE = 0.05
"""How much of the time that is spent in a program later comparisons may take."""

EDGE, EXAMPLES = 3e-6, 3
"""The time that a comparison takes for each operand of each scalar, in seconds, and of how many examples of a batch."""

CALL, STATEMENT, ELEMENT = 2e-5, 4e-6, 2e-9
"""The time that a run of a program takes: for itself, for each statement, and for each operand of each scalar."""


class Schedule:
    """When one form is compared; and the directions and weights with which it is."""

    def __init__(
        self,
        program: Scalars,
        numbers: Sequence[Sequence[float]],
        captured: Floats,
        batched: bool,
        wanted: Sequence[bool],
    ) -> None:
        self.program, self.numbers, self.captured, self.batched = program, numbers, captured.tobytes(), batched
        self.wanted = tuple(wanted)
        self.left = {"run", *["captured"] * bool(len(captured)), *["arguments"] * any(map(len, numbers))}
        """What was not compared yet: a run, one with other captured numbers, one with other arguments."""
        self._arrays: list[Floats] | None = None
        self.runs = 0
        self.next = 0
        outputs = len(program.outputs)
        rng = _random(len(captured) + sum(map(len, numbers)) + EXAMPLES * outputs)
        self.direction = rng[: len(captured)]
        """The direction along which derivatives are compared, by what is captured, and by the arguments."""
        self.by_inputs: list[Floats] = []
        start = len(captured)
        for each, is_wanted in zip(numbers, wanted, strict=True):
            part = rng[start : start + len(each)]
            self.by_inputs.append(part if is_wanted else part * 0.0)
            start += len(each)
        weights = rng[start:].tolist()
        self.weights = [weights[k * outputs : (k + 1) * outputs] for k in range(EXAMPLES)]
        """By how much each number of a result counts, in each of up to three examples: all by another weight, so that
        faults which several of them share do not cancel."""

    def due(self, captured: Floats, arguments: Sequence[Any] | None) -> bool:
        """Count a run with these numbers; whether it is to be compared. Of a batch the arguments are other ones."""
        self.runs += 1
        if self.next and self.runs >= self.next:
            return True
        return bool(self.left) and ("run" in self.left or bool(self._new(captured, arguments)))

    def due_on_floats(self, captured: Sequence[float], arguments: Sequence[Any]) -> bool:
        """The same for a formula, which is soon told."""
        self.runs += 1
        if self.next and self.runs >= self.next:
            return True
        return bool(self.left) and self._first_with(captured, arguments)

    def _first_with(self, captured: Sequence[float], arguments: Sequence[Any]) -> bool:
        """Whether something about this run is new that is to be compared once."""
        left = self.left
        if "run" in left or ("arguments" in left and not self._known(arguments)):
            return True
        return "captured" in left and array("d", captured).tobytes() != self.captured

    def _new(self, captured: Floats, arguments: Sequence[Any] | None) -> set[str]:
        """What of that which was not compared yet a run with these numbers is."""
        new = {"run"}
        if "captured" in self.left and captured.tobytes() != self.captured:
            new.add("captured")
        if "arguments" in self.left and (arguments is None or not self._known(arguments)):
            new.add("arguments")
        return new & self.left

    def _known(self, arguments: Sequence[Any]) -> bool:
        """Whether these are the numbers that the function was recorded with: lists, arrays, or single numbers."""
        if self._arrays is None and any([hasattr(x, "dtype") for x in arguments]):
            import numpy as np

            self._arrays = [np.array(x, float) for x in self.numbers]
        known = [
            self._arrays[i] if self._arrays is not None and hasattr(x, "dtype") else self.numbers[i]
            for i, x in enumerate(arguments)
        ]
        return all([the_same(x, before) for x, before in zip(arguments, known, strict=True)])

    def compared(self, captured: Floats, arguments: Sequence[Any] | None, statements: int, examples: int) -> None:
        """A run with these numbers was found right. The next time depends on what is counted in the program."""
        self.left -= self._new(captured, arguments)
        edges = len(self.program.rules) + sum(map(len, self.program.operands))
        check = EDGE * edges * (EXAMPLES if self.batched else 1)
        run = CALL + STATEMENT * statements + ELEMENT * edges * examples
        interval = max(100, int(check / (SHARE * run)))
        self.next = self.runs + interval if not self.next else max(2 * self.next, self.runs + interval)

    def doubt(self) -> None:
        """Compare the next run, as if it was the first."""
        self.left.add("run")


def the_same(x: Any, before: Any) -> bool:
    """Whether a list, an array or a single number holds these numbers."""
    if isinstance(x, float):
        return len(before) == 1 and x == before[0]
    if isinstance(x, (list, tuple)):
        return bool(list(x) == before)
    return bool(len(x) == len(before) and (x == before).all())  # of arrays


def _random(count: int) -> Floats:
    """Numbers of either sign between 0.5 and 1.5, the same in every run."""
    import numpy as np

    rng = np.random.default_rng(0)
    numbers: Floats = rng.uniform(0.5, 1.5, count) * rng.choice([-1.0, 1.0], count)
    return numbers

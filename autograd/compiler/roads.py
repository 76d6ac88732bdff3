"""Roads: those of one function, found by the arguments of a call; and its derivatives, for the transforms.

>>> from autograd import jit, jacobian, value_and_grad
>>> value_and_grad(jit(lambda x: x[0] * x[1]))([2.0, 3.0])
(6.0, [3.0, 2.0])
>>> jacobian(jit(lambda x: [x[0] * x[1], x[1] * x[1]]))([2.0, 3.0])
[[3.0, 2.0], [0.0, 6.0]]
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import tracing
from autograd.collector import undisturbed
from autograd.programs import TracingCheckError
from autograd.structures import LEAF, flatten, rebuild, size

from .calls import Call, in_arrays
from .layouts import PLAIN, One, WholeArray, arranged, holds_array, layout, with_arrays
from .quickest import Quickest
from .road import ROADS, Road, each, first, nothing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from autograd.differentiable import Kept, Pull

    from .colours import Places
    from .layouts import Layout
    from .paths import Paths
    from .road import Ask, Replay

    Floats = np.ndarray[Any, np.dtype[np.float64]]

    Kinds = tuple[Any, ...]


COLOURS = 8
"""By how many sweeps backward a derivative along directions is found; where it took more, by one forward."""


class Roads:
    """The ways through a function for plain arguments: ``known`` by the types of these, the latest first."""

    def __init__(self, jitted: Paths) -> None:
        self._jitted = weakref.ref(jitted)
        self.known: dict[Kinds, list[Road]] = {}

    @property
    def jitted(self) -> Paths:
        """The function; it has these roads, so it lives as long as somebody asks them."""
        found = self._jitted()
        assert found is not None  # noqa: S101 - see above
        return found

    def of(self, arguments: tuple[Any, ...], keys: tuple[str, ...] = ()) -> Road | None:
        """The way for these arguments, those at the end being keywords; None if none is known."""
        roads = self.known.get((*map(type, arguments), *keys))
        if roads is None:
            kinds = [float if isinstance(x, PLAIN) else type(x) for x in arguments]
            roads = self.known.get((*kinds, *keys))
            if roads is None:
                return None
        for i, road in enumerate(roads):
            if road.looks(arguments):
                if i:  # in one step: other threads look as well
                    roads[:] = [road, *[x for x in roads if x is not road]]
                return road
        return None

    def enter(self, call: Call) -> Road | None:
        """Note the way that a call has taken; None where its arguments have to be looked into each time."""
        kinds = (*[float if s == LEAF else s[0] for s in call.structures], *call.kwargs)
        roads = self.known.setdefault(kinds, [])
        road = next((x for x in roads if x.family() is call.family), None)
        if road is None:
            layouts = [layout(structure) for structure in call.structures]
            found = [x for x in layouts if x is not None]
            if len(found) < len(layouts):
                return None
            road = Road(self.jitted, call.family, found, call.function)
        roads[:] = [road, *[x for x in roads if x is not road and x.family() is not None][: ROADS - 1]]
        return road

    def open(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Road | None:
        """The way for these arguments; a call is made where there is none yet. None where one has to go the long way.

        What goes wrong in that call will be met again there.
        """
        road = self.of((*args, *kwargs.values()), (*kwargs,))
        if road is not None:
            return road
        try:
            call = self.call(args, kwargs)
            if any(call.wanted) or call.family.eager:
                return None
            if not call.family.paths:
                call.answer()
            return self.enter(call)
        except (TracingCheckError, Warning):  # a warning that was made an exception: neither would be met again
            raise
        except Exception:  # noqa: BLE001 - of the user's function, or about the arguments
            return None

    def call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
        """A call with arguments of its own: who asks for a derivative does not want what is given to be changed."""
        call = Call(self.jitted, args, kwargs)
        own = [rebuild(structure, leaves) for structure, leaves in zip(call.structures, call.leaves, strict=True)]
        call.args, call.kwargs = tuple(own[: len(args)]), dict(zip(kwargs, own[len(args) :], strict=True))
        return call

    def is_eager(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the function runs eagerly for arguments that are arranged so."""
        try:
            return Call(self.jitted, args, kwargs).family.eager
        except TypeError:  # about the arguments
            return False

    def again(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the function was called once more, for another path: its numbers are those of no path known."""
        try:
            call = self.call(args, kwargs)
            before = [*call.family.paths]
            if any(call.wanted) or call.family.eager:
                return False
            call.answer()
        except (TracingCheckError, Warning):  # as above
            raise
        except Exception:  # noqa: BLE001 - as above
            return False
        return before != call.family.paths

    def replay(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], ask: Ask = first
    ) -> tuple[Road, Replay] | None:
        """The result of the function, and the derivatives that are asked for by some arguments."""
        road = self.open(args, kwargs)
        if road is None:
            return None
        arguments = (*args, *kwargs.values())
        wanted = road.wanted(argnums)
        found = road.replay(arguments, wanted, ask)
        if found is None and self.again(args, kwargs):
            found = road.replay(arguments, wanted, ask)
        return None if found is None else (road, found)

    # What transforms ask.

    def quickest(self, argnums: Sequence[int], *, alone: bool, both: bool) -> Quickest:
        """The quickest way to the gradient, for single numbers."""
        return Quickest(self.of, argnums, alone=alone, both=both)

    def value_and_gradient(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool
    ) -> tuple[Any, list[Any]] | None:
        """The result, and the derivatives of its one number by the arguments at these places."""
        found = self.replay(args, kwargs, argnums)
        if found is None:
            return None
        road, replay = found
        structure = differentiated_part(replay.path.program.structure, has_aux)
        if structure != LEAF or 0 in replay.path.program.plain:
            return None
        return road.result(replay.path, replay.out), road.by_arguments(argnums, replay.by_inputs)

    def jacobian(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], argnums: Sequence[int], has_aux: bool
    ) -> tuple[Any, list[Any]] | None:
        """The result, and the derivatives of each of its numbers, by as few sweeps as that takes."""
        found = self.replay(args, kwargs, argnums, each if argnums else nothing)
        if found is None:
            return None
        road, replay = found
        structure = differentiated_part(replay.path.program.structure, has_aux)
        if structure is None:
            return None
        rows = self.rows(road, replay, argnums, size(structure))
        if rows is None:
            return None
        in_arrays = with_arrays(structure, replay.path.program.plain) if road.arrays else structure
        blocks, start = {}, 0
        for i in sorted(argnums):
            part = road.layouts[i]
            arrangement = in_arrays if isinstance(part, (One, WholeArray)) else structure
            blocks[i] = filled_in(arrangement, rows[:, start : start + part.size], part)
            start += part.size
        return road.result(replay.path, replay.out), [blocks[i] for i in argnums]

    def rows(self, road: Road, replay: Replay, argnums: Sequence[int], count: int) -> Floats | None:
        """The Jacobian as a matrix, of the first so many numbers of the result; None if some of them are plain."""
        path = replay.path
        if any([k in path.program.plain for k in range(count)]):
            return None
        matrix = np.zeros((len(path.program.outputs), sum([road.layouts[i].size for i in argnums])))
        for outputs, places, slopes in self.slopes(road, replay, argnums):
            matrix[outputs, places] = slopes
        return matrix[:count]

    def slopes(self, road: Road, replay: Replay, argnums: Sequence[int]) -> Iterator[tuple[Places, Places, Floats]]:
        """Numbers of the result, each with the place of a number that it depends on, and the derivatives."""
        columns, per = len(replay.path.captured), len(argnums)
        for k, colour in enumerate(replay.path.colours(road.wanted(argnums)) if argnums else ()):
            found = np.concatenate([np.reshape(x, -1) for x in replay.by_inputs[k * per : (k + 1) * per]])
            outputs, places = colour.outputs, colour.places
            if columns:
                given = places >= columns
                outputs, places = outputs[given], places[given] - columns
            yield outputs, places, found[places]

    def pullback(self, args: tuple[Any, ...], has_aux: bool) -> tuple[Any, Pull, Any, Kept] | None:
        """The result, its pull-back, how the part of it that is differentiated is arranged, and the arguments anew.

        It is pulled back by the same path, at the same numbers, whatever has changed meanwhile.
        """
        argnums = range(len(args))
        found = self.replay(args, {}, argnums, nothing)
        if found is None:
            return None
        road, replay = found
        structure = differentiated_part(replay.path.program.structure, has_aux)
        if structure is None or replay.path.program.plain.keys() & {*range(size(structure))}:
            return None
        if road.arrays:
            structure = with_arrays(structure, replay.path.program.plain)
        captured = replay.path.read()
        kept = [np.array(x.flat(argument)) for x, argument in zip(road.layouts, args, strict=True)]

        def pull(cotangent: Sequence[float]) -> list[Any] | None:
            seeds: Any = np.zeros(len(replay.path.program.outputs))
            seeds[: len(cotangent)] = cotangent
            by_inputs = road.pulled(replay.path, kept, captured, float(seeds[0]) if len(seeds) == 1 else seeds)
            return None if by_inputs is None else road.by_arguments(argnums, by_inputs)

        def again() -> tuple[Any, ...]:
            if replay.path.read().tobytes() != captured.tobytes() or road.surroundings.now() != replay.path.outside:
                raise RuntimeError(
                    f"vjp: numbers that {self.jitted.name} uses have been changed since it was computed, and this "
                    "cotangent asks for it once more: call vjp again"
                )
            return tuple([x.arranged(numbers.copy()) for x, numbers in zip(road.layouts, kept, strict=True)])

        return road.result(replay.path, replay.out), pull, structure, again

    def arranged(self, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
        """A result that was computed without a program, arranged as the function arranges it for these arguments."""
        try:
            structures = [flatten(x)[1] for x in (*args, *kwargs.values())]
        except TypeError:  # a static one, which says nothing about the result
            return result
        return in_arrays(result) if any([holds_array(x) for x in structures]) else result

    def pushforward(self, args: tuple[Any, ...], directions: Sequence[float], has_aux: bool) -> tuple[Any, Any] | None:
        """The result, and its derivative along directions: each gradient times these; with many sweeps, eagerly."""
        argnums = range(len(args))
        road = self.open(args, {})
        family = None if road is None else road.family()
        if road is None or family is None or not family.paths:
            return None
        if len(family.paths[0].colours(road.wanted(argnums))) > COLOURS:
            return self.eagerly_along(args, directions, has_aux)
        found = self.replay(args, {}, argnums, each)
        if found is None:
            return None
        road, replay = found
        structure = differentiated_part(replay.path.program.structure, has_aux)
        if structure is None or any([k in replay.path.program.plain for k in range(size(structure))]):
            return None
        along, given = np.zeros(len(replay.path.program.outputs)), np.array(directions)
        for outputs, places, slopes in self.slopes(road, replay, argnums):
            along += np.bincount(outputs, slopes * given[places], len(along))
        result = road.result(replay.path, replay.out)
        if structure == LEAF:
            return result, float(along[0])
        along = along[: size(structure)]
        return result, arranged(structure, along, arrays=road.arrays, kept=replay.path.program.plain)

    def eagerly_along(self, args: tuple[Any, ...], directions: Sequence[float], has_aux: bool) -> tuple[Any, Any]:
        """The same by one sweep forward through the function's own graph."""
        with undisturbed():
            call = tracing.Call("jvp", self.jitted.function, args, {}, range(len(args)), has_aux)
            along = rebuild(call.out_structure, call.tangents(directions))
        value = self.arranged(args, {}, call.value())
        result = (value, self.arranged(args, {}, call.beside())) if has_aux else value
        return result, self.arranged(args, {}, along)


def differentiated_part(structure: Any, has_aux: bool) -> Any:
    """How the part of a result that is differentiated is arranged; None if it is no pair although it has to be."""
    if not has_aux:
        return structure
    return structure[1][0] if structure != LEAF and structure[0] is tuple and len(structure[1]) == 2 else None


def filled_in(structure: Any, rows: Floats, part: Layout) -> Any:
    """A derivative: the rows, each arranged as an argument is, in the places of the numbers of a result."""
    if structure != LEAF and structure[0] is np.ndarray and isinstance(part, WholeArray):
        return np.ascontiguousarray(rows).reshape(*structure[1], *part.shape)
    found = [part.arranged(row.copy()) for row in rows]
    return rebuild(structure, found)

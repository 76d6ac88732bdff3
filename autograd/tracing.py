"""One call of a function under a transform: on nodes of its own, to be differentiated by sweeps over its graph.

The nodes are fresh, so that no other call can know them: that is what keeps perturbations apart. Which of the results
have to be Values, because somebody may differentiate them again, is decided here.
"""

from __future__ import annotations

from contextlib import nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from . import functions, graph, nodes
from .modes import tracked, untracked
from .operands import whole
from .recorder import recorder
from .rules import STOP
from .structures import flatten, holds_value, rebuild, replaced
from .value import Value, real

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

active: ContextVar[tuple[Value, ...]] = ContextVar("active", default=())
"""The variables of the transforms that are being computed around this one."""


def tracking() -> AbstractContextManager[None]:
    """Operations make nodes within, whatever ``no_grad`` is around."""
    return tracked() if untracked() else nullcontext()


def remembered(values: Sequence[Value]) -> list[Any]:
    """The numbers of Values; while a function is recorded such as are computed anew in each call."""
    if recorder.get() is None:
        return [x._number for x in values]
    return [x.data if x.parents else (+x).data for x in values]  # of a variable there is only the number of now


class Call:
    """One call of a function under a transform: its inputs as fresh nodes, its outputs, and how both are arranged.

    ``inputs`` are the nodes of the arguments named by ``argnums``, one list for all, ``structures`` their arrangements.
    ``graph`` says whether derivatives must be Values: because an argument holds one (any argument), or because the
    outputs depend on a variable of a transform around this one.
    """

    def __init__(
        self,
        name: str,
        f: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        argnums: Sequence[int],
        has_aux: bool = False,
    ):
        self.name = name
        self.inputs: list[Value] = []
        self.structures: dict[int, Any] = {}
        arguments = list(args)
        self.around = active.get()
        self.recorded = recorder.get() is not None
        """Whether the derivatives have to be Values in any case, since what is done here is recorded."""
        self.given = any([holds_value(argument) for argument in (*args, *kwargs.values())])
        with tracking():
            for i in argnums:
                leaves, structure = flatten(args[i], f"{name}: argument {i}")
                fresh = [+x if isinstance(x, Value) else Value(x) for x in leaves]
                self.inputs += fresh
                self.structures[i] = structure
                arguments[i] = rebuild(structure, fresh)
            token = active.set((*self.around, *self.inputs))
            try:
                result = whole(f(*arguments, **kwargs))
            finally:
                active.reset(token)
        self.aux: Any = None
        """What the function returned beside its result."""
        self.result = result
        if has_aux:
            self.result, self.aux = pair(name, result)
        leaves, self.out_structure = flatten(self.result, f"{name}: the result")
        self.outputs = [nodes.as_value(x) for x in leaves]
        self.graph = self.given or self._varies(self.outputs)
        seer = recorder.get()
        if seer is not None and not self.graph and self._closes_over(seer.is_given):
            seer.lost(
                f"takes {name} at plain numbers of a function of what it is given: whether somebody differentiates "
                "that again is not known here",
                f"give it as an argument: {name}(lambda y, w: y * w)(1.0, w)",
            )

    def _closes_over(self, is_given: Callable[[Value], bool]) -> bool:
        """Whether the outputs depend on such nodes, and not through the inputs or by numbers taken out of nodes."""
        seen = set(map(id, self.inputs))
        stack = list(self.outputs)
        while stack:
            node = stack.pop()
            if id(node) not in seen and node.rule is not STOP:
                if is_given(node):
                    return True
                seen.add(id(node))
                stack += node.parents
        return False

    def _varies(self, values: Sequence[Value]) -> bool:
        """Whether Values depend on a variable of a transform around this one."""
        outer = set(map(id, self.around))
        return bool(outer) and any([id(node) in outer for node in graph.order(*values)])

    def gradients(self, seeds: Sequence[Any]) -> list[Any]:
        """sum_i seeds[i] * d outputs[i] / d input for each input: Values, or floats where no graph is needed."""
        return self._swept(self.outputs, seeds)

    def rows(self) -> list[list[Any]]:
        """For each output its gradient, one derivative for each input: one sweep over what this output depends on."""
        return [self._swept([output], [1.0]) for output in self.outputs]

    def columns(self) -> list[list[Any]]:
        """As :meth:`rows`, by one sweep forward for each input."""
        columns = [self._pushed([x], [1.0]) for x in self.inputs]
        return [[column[k] for column in columns] for k in range(len(self.outputs))]

    def cheaper(self) -> list[list[Any]]:
        """As :meth:`rows`, by whichever takes fewer steps; backward, if something has no derivative forward."""
        n = len(self.inputs)
        if n < len(self.outputs):
            listed = graph.order(*self.outputs)
            left = n * len(listed)
            for output in self.outputs:
                left -= len(graph.order(output))
                if left < 0:
                    return self.rows() if any([graph.pull_of(node) for node in listed]) else self.columns()
        return self.rows()

    def _swept(self, outputs: Sequence[Value], seeds: Sequence[Any]) -> list[Any]:
        graphic = self.graph or any([isinstance(seed, Value) for seed in seeds])
        if graphic or self.recorded:
            with tracking():
                found = [nodes.as_value(g) for g in nodes.gradients(outputs, seeds, self.inputs)]
            return self._given(found, graphic)
        return graph.gradients(outputs, [real(seed, "seed") for seed in seeds], self.inputs)

    def tangents(self, directions: Sequence[Any]) -> list[Any]:
        """d outputs[i] along the directions, for each output: Values, or floats where no graph is needed."""
        return self._pushed(self.inputs, directions)

    def _pushed(self, inputs: Sequence[Value], directions: Sequence[Any]) -> list[Any]:
        graphic = self.graph or any([isinstance(direction, Value) for direction in directions])
        if graphic or self.recorded:
            with tracking():
                found = [nodes.as_value(t) for t in nodes.tangents(self.outputs, inputs, directions)]
            return self._given(found, graphic)
        return graph.tangents(self.outputs, inputs, [real(d, "direction") for d in directions])

    def _given(self, values: list[Value], graphic: bool) -> list[Any]:
        """Values, or their numbers where no graph is needed; while a function is recorded these remember them."""
        if not graphic:
            return remembered(values)
        return [functions.constant(x) for x in values] if untracked() else values

    def value(self) -> Any:
        """The result of the function: Values, or floats where no graph is needed."""
        return rebuild(self.out_structure, self._given(self.outputs, self.graph))

    def beside(self) -> Any:
        """What the function returned beside its value: Values in it stay Values where a graph is needed."""
        name = f"{self.name}: aux"
        values: list[Value] = []
        replaced(self.aux, values.append, name)
        if not (self.given or self._varies(values)):
            return replaced(self.aux, lambda x: x.data, name)
        return replaced(self.aux, functions.constant, name) if untracked() else self.aux

    def arranged(self, derivatives: Sequence[Any]) -> list[Any]:
        """One derivative for each input, arranged as the arguments are: one structure for each argument."""
        together = tuple, tuple(self.structures.values())
        return list(rebuild(together, derivatives))


def pair(name: str, result: Any) -> tuple[Any, Any]:
    """The value and what goes beside it. TypeError if it is no tuple of two."""
    if isinstance(result, tuple) and len(result) == 2:
        return result[0], result[1]
    got = f"a tuple of {len(result)}" if isinstance(result, tuple) else type(result).__name__
    raise TypeError(f"{name}: expected a function that returns a pair (value, aux), as has_aux=True says, got {got}")

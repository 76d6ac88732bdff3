"""Folding: which nodes of a graph are shown as one box, and what leads from box to box.

The name of a parameter tells in which modules it lies: ``layers.0.neurons.3.w[5]`` in the neuron
``layers.0.neurons.3``, and that in the layer ``layers.0``. What is computed with the parameters of one module belongs
to a call of it. So the graph alone tells what a box holds, and nothing is recorded while it is built. Pictures
(:mod:`.drawing`) and derivations (:mod:`.explanation`) are folded alike.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from itertools import accumulate
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from autograd import rules
from autograd.readings.symbols import short
from autograd.value import Value

from .stepping import ways_down

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence

FEW_BOXES = 24  # in a folded picture, if the names of the parameters allow it
PATH = re.compile(r"[^\W\d]\w*(?:\.\w+|\[\d+\])+")  # layers.0.neurons.3.w[5], x[7]
STEP = re.compile(r"[^.]+(?:\.\d+(?!\w))*")  # layers.0 and neurons.3 in layers.0.neurons.3


class Parametrised(Protocol):
    """A module: something whose parameters have names."""

    def named_parameters(self) -> Iterable[tuple[str, Value]]:
        """Each parameter with its name, such as ``layers.0.neurons.3.w[5]``."""


class Folded(NamedTuple):
    """A graph in boxes."""

    home: dict[Value, Hashable]
    """For each node the box that it is in: a name, the node that the box shows, or the boxes that alone use it."""
    modules: set[Hashable]
    """The boxes that are modules, calls of modules, or parameters that several calls share."""


class Call:
    """What is computed by one use of a module, as far as it is known."""

    __slots__ = ("inputs", "joined", "parameters", "scope")

    def __init__(self, scope: str, parameters: set[Value]) -> None:
        self.scope = scope
        self.parameters = parameters
        self.inputs: set[object] = set()
        self.joined: Call | None = None
        """The call that this one turned out to be a part of."""

    def whole(self) -> Call:
        """The call that this is a part of, or is itself."""
        call = self
        while call.joined is not None:
            call = call.joined
        return call

    def take(self, other: Call) -> None:
        """Join another part of the same call."""
        self.parameters |= other.parameters
        self.inputs |= other.inputs
        other.joined = self


class Folds:
    """The ways in which a graph can be folded.

    ``collapse`` is True for the modules and lists that labels tell of, or a module, whose parameters need no labels.
    ``expand`` has the names of modules and lists that are to be seen from inside.

    Raises TypeError for another ``collapse``; ValueError for a name that the graph does not know.
    """

    def __init__(self, nodes: Sequence[Value], collapse: bool | Parametrised, expand: Collection[str] = ()) -> None:
        names = {node: node.label for node in nodes if PATH.fullmatch(node.label)}
        self.whole, inside = "model", {}
        if not isinstance(collapse, bool):
            if not callable(getattr(type(collapse), "named_parameters", None)):
                raise TypeError(f"collapse: expected True, False or a module, got {type(collapse).__name__}")
            self.whole, inside = type(collapse).__name__, {node: name for name, node in collapse.named_parameters()}
        self.nodes = nodes
        self.around: dict[Value, list[str]] = {}
        """The modules around a parameter, each with its whole name, from the largest to the smallest."""
        self.lists: dict[Value, str] = {}
        """The list that a node is an item of, if it lies in no module."""
        for node in nodes:
            name = inside.get(node) or names.get(node, "")
            outer, dot, _ = name.rpartition(".")
            if dot or node in inside:
                self.around[node] = [self.whole, *accumulate(STEP.findall(outer), "{}.{}".format)]
            elif name:
                self.lists[node] = name.partition("[")[0]
        known = dict.fromkeys([*[name for modules in self.around.values() for name in modules], *self.lists.values()])
        self.open = set(expand)
        """What is seen from inside: what was asked for, and the modules around it."""
        for name in expand:
            if name not in known:
                some = ", ".join([*known] if len(known) <= 8 else [*[*known][:8], "..."]) or "there are none"
                raise ValueError(f"expand: expected a module or a list of the graph ({some}), got {name!r}")
        for modules in self.around.values():
            inner = [i for i, name in enumerate(modules) if name in expand]
            self.open.update(modules[: max(inner, default=0)])

    def best(self, most: int, depth: int | None = None) -> Folded:
        """The finest way to fold into at most ``most`` boxes, or else that into the fewest.

        Neurons become layers, and these the whole network; then what several calls of a module computed becomes one
        box, again from neurons to the network. With a ``depth`` only that: 0 is the whole network, 1 its layers, ...

        Raises ValueError for a negative ``depth``.
        """
        if depth is not None and depth < 0:
            raise ValueError(f"depth: expected 0 (the whole network) or more, got {depth}")
        deepest = max([len(modules) for modules in self.around.values()], default=1) - 1
        depths = range(deepest, -1, -1) if depth is None else [depth]
        ways = [(at, apart) for apart in (True, False) for at in depths]
        found: list[tuple[int, Folded]] = []
        for at, apart in ways if self.around else ways[:1]:
            way = self.way(at, apart=apart)
            found.append((len(set(way.home.values())), way))
            if found[-1][0] <= most:
                return way
        return min(found, key=itemgetter(0))[1]

    def way(self, depth: int, *, apart: bool) -> Folded:
        """One way to fold: modules ``depth`` deep as boxes, their calls ``apart`` or together.

        From operands to results: what belongs to a call is in its box, and so is a parameter that no other call uses.
        From results to operands, for the rest: a node with a label is a box, and what only one box uses is in it.
        Nameless inputs of a module that feed the same boxes are one.
        """
        scope = {node: self.scope(modules, depth) for node, modules in self.around.items()}
        call_of = calls(self.nodes, scope, self.whole)
        each = list(dict.fromkeys(call_of.values()))
        several = Counter(call.scope for call in each)
        seen: Counter[str] = Counter()
        title: dict[Call, str] = {}
        users: dict[Value, list[str]] = {}
        for call in each:
            seen[call.scope] += 1
            together = not apart or several[call.scope] == 1
            title[call] = call.scope if together else f"{call.scope} ({seen[call.scope]})"
            for parameter in call.parameters:
                users.setdefault(parameter, []).append(title[call])
        home: dict[Value, Hashable] = {}
        modules: set[Hashable] = set()
        for node in self.nodes:
            if node in call_of:
                home[node] = node if call_of[node].scope in self.open else title[call_of[node]]
            elif node in scope:
                using = dict.fromkeys(users.get(node, ()))
                home[node] = node if scope[node] in self.open else next(iter(using)) if len(using) == 1 else scope[node]
            elif node in self.lists:
                home[node] = node if self.lists[node] in self.open else self.lists[node]
            if (node in call_of or node in scope) and home[node] is not node:
                modules.add(home[node])
        self.rest(home, modules)
        return Folded({node: home[node] for node in self.nodes}, modules)

    def scope(self, modules: Sequence[str], depth: int) -> str:
        """Of the modules around a parameter, the one that is its box: ``depth`` deep, or inside those that are open."""
        inner = max([depth, *[i + 1 for i, name in enumerate(modules) if name in self.open]])
        return modules[min(inner, len(modules) - 1)]

    def rest(self, home: dict[Value, Hashable], modules: set[Hashable]) -> None:
        """Where the nodes are that belong to no module and no list."""
        users: dict[Value, set[Hashable]] = {node: set() for node in self.nodes}
        for node in reversed(self.nodes):
            if node not in home:
                using = users[node]
                if node.label or not using:
                    home[node] = node
                elif not node._prev and using & modules:
                    home[node] = frozenset(using)
                else:
                    home[node] = node if len(using) > 1 else next(iter(using))
            for operand in node._prev:
                users[operand].add(home[node])


def calls(nodes: Iterable[Value], scope: Mapping[Value, str], whole: str) -> dict[Value, Call]:
    """For each node that a module computed, the call that it belongs to; ``scope`` has the module of each parameter.

    A node belongs to a module if it has a parameter of that module as an operand, or no other operands than what the
    module computed; but for what depends on parameters alone, such as the terms of a penalty. A call uses each
    parameter once: where one is used again, another call begins. So the terms of w1 * x1 + w2 * x2 + b are parts of one
    call, and the recurrent h' = tanh(w * tanh(w * h + b) + b) is two; but of the ``whole`` network it is one, in which
    two calls are only what used the same parameters side by side. Parts that nothing joins, such as the neurons of a
    layer, are one call where their inputs are the same.
    """
    weights = set(scope)  # the parameters, and what is computed from these alone
    found: dict[Value, Call] = {}
    for node in nodes:
        operands = node._prev
        if operands and all([x in weights for x in operands]):
            weights.add(node)
        used = {x for x in operands if x in scope}
        modules = {scope[x] for x in used}
        if not operands or node.label or node in weights or len(modules) > 1:
            continue
        parts = list(dict.fromkeys([found[x].whole() for x in operands if x in found]))
        if not used:
            modules = {part.scope for part in parts}
            if len(modules) != 1 or not all([x in found for x in operands]) or side_by_side(parts, whole):
                continue
        (module,) = modules
        joined, so_far = [], set(used)
        for part in parts:
            if part.scope == module and (module == whole or part.parameters.isdisjoint(so_far)):
                joined.append(part)
                so_far |= part.parameters if module != whole else set()
        call = max(joined, key=lambda part: len(part.inputs), default=None) or Call(module, set())
        call.parameters |= used
        for part in joined:
            if part is not call:
                call.take(part)
        found[node] = call
        for x in operands:
            if x not in weights and (x not in found or found[x].whole() is not call):
                call.inputs.add(repr(x.data) if x.rule is rules.CONSTANT else x)
    alike: dict[tuple[str, frozenset[object]], list[Call]] = {}
    for call in dict.fromkeys([call.whole() for call in found.values()]):
        same = alike.setdefault((call.scope, frozenset(call.inputs)), [])
        beside = next((other for other in same if other.parameters.isdisjoint(call.parameters)), None)
        if beside is None:
            same.append(call)
        else:
            beside.take(call)
    return {node: call.whole() for node, call in found.items()}


def side_by_side(parts: Sequence[Call], whole: str) -> bool:
    """Whether parts of which something is computed are different calls: two have used the same parameter."""
    if parts[0].scope == whole:
        return len({frozenset(part.parameters) for part in parts}) < len(parts)
    return len(set().union(*[part.parameters for part in parts])) < sum([len(part.parameters) for part in parts])


def names_to_open(expand: object) -> list[str]:
    """The names in ``expand``: none in a truth value. TypeError for anything else."""
    if isinstance(expand, (bool, str)):
        return [expand] if isinstance(expand, str) else []
    names: list[str] = []
    for name in expand if isinstance(expand, Iterable) else [expand]:
        if not isinstance(name, str):
            raise TypeError(f"expand: expected True, False or the names of boxes, got {type(name).__name__}")
        names.append(name)
    return names


def arrows(
    members: Mapping[Hashable, Sequence[Value]], home: dict[Value, Hashable]
) -> Iterator[tuple[Hashable, Hashable, str]]:
    """From which box to which, and what stands there.

    That is the partial between nodes; the derivative through a box that hands on one node, by the one node of the
    other that reaches it; else how many arrows there were, if several.
    """
    handed = handed_on(members, home)
    place = {node: i for i, node in enumerate(home)}
    bundles: dict[tuple[Hashable, Hashable], list[Value]] = {}
    for node, end in home.items():
        partials = node.partials or [None] * len(node._prev)  # of one that was made by hand they may be unknown
        for operand, partial in zip(node._prev, partials):  # noqa: B905 - not the partial by a constant exponent
            start = home[operand]
            if len(handed[start]) == len(members[end]) == 1:
                yield start, end, "" if partial is None else f"∂ {short(partial)}"
            elif members[start] is not members[end]:
                bundles.setdefault((start, end), []).append(operand)
    through: dict[tuple[Hashable, Hashable], float] = {}
    for end in {end: None for _, end in bundles}:
        known = all([node.partials or not node.parents for node in members[end]])
        if known and len(handed[end]) == 1:
            for _, _, operand, _, partial, _ in ways_down(handed[end][0], place, place.keys() - set(members[end])):
                through[home[operand], end] = through.get((home[operand], end), 0.0) + partial
    for (start, end), operands in bundles.items():
        if (start, end) in through and len(set(operands)) == 1:
            yield start, end, f"∂ {short(through[start, end])}"
        else:
            yield start, end, f"× {len(operands)}" if len(operands) > 1 else ""


def members_of(home: Mapping[Value, Hashable]) -> dict[Hashable, list[Value]]:
    """The nodes in each box; a box comes where its last node is computed, so that operands are before results."""
    last = {key: node for node, key in home.items()}
    members: dict[Hashable, list[Value]] = {key: [] for node, key in home.items() if last[key] is node}
    for node, key in home.items():
        members[key].append(node)
    return members


def handed_on(members: Mapping[Hashable, Sequence[Value]], home: dict[Value, Hashable]) -> dict[Hashable, list[Value]]:
    """The nodes in each box that others use, or the root."""
    used = {operand for node in home for operand in node._prev if members[home[operand]] is not members[home[node]]}
    used.add(next(reversed(home)))  # the root
    return {key: [node for node in inside if node in used] for key, inside in members.items()}

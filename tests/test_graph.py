"""The specification of autograd.graph: the order, and the backward sweep, against exact integers."""

from __future__ import annotations

import gc
import operator
import os
import random
import subprocess
import sys
import tracemalloc
import weakref
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import inf, isnan
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import autograd as ag
from autograd import Value, graph, rules
from autograd.value import record

ROOT = Path(__file__).resolve().parents[1]


# --- Helpers --------------------------------------------------------------------------------------------


def fresh_interpreter(script: str, **environment: str) -> str:
    """What a new interpreter prints for the script; it must end well, which a crash does not."""
    command = [sys.executable, "-W", "error", "-c", script]
    result = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, f"exit status {result.returncode}: {result.stderr}"
    return result.stdout


@contextmanager
def collector_off() -> Iterator[None]:
    """Only reference counts free memory here."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class Toy:
    """The least that a sweep asks of a node."""

    def __init__(self, parents: Sequence[Toy] = (), partials: Sequence[float] = (), *, selecting: bool = False) -> None:
        self.parents = parents
        self.partials = partials
        self._grad: float = 0.0
        self._backward: Callable[[], object] = lambda: None
        self.rule = SimpleNamespace(selecting=selecting)

    @property
    def grad(self) -> float:
        """What a sweep leaves in the slot."""
        return self._grad

    @grad.setter
    def grad(self, number: float) -> None:
        self._grad = number


@dataclass(frozen=True)
class Exact:
    """A node of an integer program, by forward accumulation in Python's unbounded integers.

    ``tangents[j]`` is d node / d node j, for each j up to the node itself: the program is differentiated once by
    every one of its nodes, in the order in which it was written, without a graph and without an order of its own.
    ``paths`` sums, over all paths from a leaf, the product of the partials' absolute values (0 counted as 1). No
    number that a backward sweep meets can be larger.
    """

    value: int
    tangents: Sequence[int]
    paths: int

    @staticmethod
    def combine(index: int, value: int, *operands: tuple[int, Exact]) -> Exact:
        """Node number ``index``, from each operand with its partial."""
        tangents = [0] * index
        for partial, operand in operands:
            for j, tangent in enumerate(operand.tangents):
                tangents[j] += partial * tangent
        paths = sum(max(1, abs(partial)) * operand.paths for partial, operand in operands)
        return Exact(value, [*tangents, 1], paths)


OPERATIONS: list[tuple[Callable[..., Any], Callable[[int, int], tuple[int, int]]]] = [
    (operator.add, lambda x, y: (1, 1)),
    (operator.sub, lambda x, y: (1, -1)),
    (operator.mul, lambda x, y: (y, x)),
]


def integer_program(rng: random.Random) -> tuple[list[Value], list[Exact], int]:
    """A random program of + - * neg on integers, the same by :class:`Exact`, and its number of leaves.

    Operands are drawn from all earlier nodes, the same node twice included, and from integer literals on either
    side. A result beyond the 52 bits in which floats are exact is replaced by a negation.
    """
    leaves = rng.randint(1, 4)
    numbers = [rng.randint(-9, 9) for _ in range(leaves)]
    nodes = [Value(number) for number in numbers]
    exact = [Exact(number, [0] * index + [1], 1) for index, number in enumerate(numbers)]
    for index in range(leaves, leaves + rng.randint(1, 20)):
        i, j = (rng.randrange(max(0, index - 4), index) for _ in range(2))  # recent ones, so that graphs grow deep
        operands: list[tuple[Value | int, Exact]] = [(nodes[i], exact[i]), (nodes[j], exact[j])]
        if rng.random() < 0.2:
            literal = rng.randint(-9, 9)
            operands[rng.randrange(2)] = literal, Exact(literal, [], 0)
        (x, by_x), (y, by_y) = operands
        function, partials = rng.choice(OPERATIONS)
        slopes = partials(by_x.value, by_y.value)
        result = Exact.combine(index, function(by_x.value, by_y.value), (slopes[0], by_x), (slopes[1], by_y))
        if rng.random() < 0.2 or max(abs(result.value), result.paths) > 2**52:
            nodes.append(-nodes[i])
            exact.append(Exact.combine(index, -exact[i].value, (-1, exact[i])))
        else:
            nodes.append(function(x, y))
            exact.append(result)
    return nodes, exact, leaves


def reachable(root: Value, stop: Collection[int] = ()) -> dict[int, Value]:
    """Every node that root depends on, by id, and nothing below those in ``stop``; recursive, for small graphs."""
    found = {id(root): root}
    for parent in root.parents if id(root) not in stop else ():
        found.update(reachable(parent, stop))
    return found


def operands_of(rule: rules.Rule, numbers: Sequence[float]) -> tuple[Value, ...]:
    """As many leaves as the row takes: its own operands, three for a sequence, two pairs and a bias for dot."""
    arity = {"fixed": len(rule.operand_names), "sequence": 3, "pairs": 5}[rule.layout]
    return tuple([Value(x) for x in numbers[:arity]])


def node_of(rule: rules.Rule) -> Value:
    """A node of the row, at the first operands that lie in its domain."""
    for numbers in [(0.5, 0.25, 0.75, 2.0, 1.0), (1.5, 1.25, 1.75, 2.0, 1.0)]:
        with suppress(ValueError):
            return record(rule, operands_of(rule, numbers))
    raise AssertionError(f"{rule}: expected one of the points above to lie in its domain")


# --- Order ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(200))
def test_operands_come_before_results(seed: int) -> None:
    """The order lists each node that the root depends on once, operands before results, the root last."""
    nodes, _, _ = integer_program(random.Random(seed))
    for root in nodes:
        listed = graph.order(root)
        place = {id(node): index for index, node in enumerate(listed)}
        assert len(place) == len(listed)
        assert place.keys() == reachable(root).keys()
        assert all(place[id(parent)] < place[id(node)] for node in listed for parent in node.parents)
        assert listed[-1] is root


def test_the_same_program_gives_the_same_order() -> None:
    """Two runs of one program list their nodes alike, wherever in memory these lie."""
    runs = [integer_program(random.Random(17))[0] for _ in range(3)]  # all alive, so at different addresses
    orders = []
    for nodes in runs:
        name = {id(node): index for index, node in enumerate(nodes)}
        orders.append([name.get(id(node), "a literal") for node in graph.order(nodes[-1])])
    assert orders[0] == orders[1] == orders[2]
    assert len(orders[0]) > 8


def test_a_leaf_is_its_own_order() -> None:
    """A leaf depends on nothing but itself."""
    x = Value(3.0)
    assert len(graph.order(x)) == 1
    assert graph.order(x)[0] is x


def test_an_operand_used_twice_is_listed_once() -> None:
    """x * x has two edges to x, and lists it once."""
    x = Value(3.0)
    y = x * x
    listed = graph.order(y)
    assert [id(node) for node in listed] == [id(x), id(y)]
    y.backward()
    assert x.grad == 6.0


def test_why_an_order_is_needed() -> None:
    """In b = a + a, c = b + b, following each edge at once gives dc/da = 6; results before operands give 4."""

    def follow_each_edge(node: Value) -> None:
        """The tempting recursion: hand on what has arrived so far."""
        for parent, partial in zip(node.parents, node.partials, strict=True):
            parent.grad += partial * node.grad
            follow_each_edge(parent)

    a = Value(1.0)
    b = a + a
    c = b + b
    c.grad = 1.0
    follow_each_edge(c)
    assert (a.grad, b.grad) == (6.0, 2.0)  # wrong: b handed on its first half twice

    a.grad = 0.0
    c.backward()
    assert (a.grad, b.grad) == (4.0, 2.0)


# --- Backward is exact ----------------------------------------------------------------------------------


def test_gradients_of_20000_integer_programs_are_exact() -> None:
    """On integers, the gradient by every node equals forward accumulation in exact arithmetic, to the last bit."""
    rng = random.Random(20_000)
    for number in range(20_000):
        nodes, exact, _ = integer_program(rng)
        nodes[-1].backward()
        expected = exact[-1].tangents
        assert [node.data for node in nodes] == [node.value for node in exact], number
        assert [node.grad for node in nodes] == expected, number


def test_the_integer_programs_are_not_easy() -> None:
    """Among them are reused interior nodes, gradients that cancel to 0, and numbers that nearly fill a float."""
    rng = random.Random(20_000)
    reusing = cancelling = largest = 0
    for _ in range(2000):
        nodes, exact, _ = integer_program(rng)
        below = reachable(nodes[-1])
        uses = Counter(id(parent) for node in below.values() for parent in node.parents)
        slopes = {id(node): slope for node, slope in zip(nodes, exact[-1].tangents, strict=True)}
        reusing += any(uses[name] > 1 and below[name].parents for name in uses)
        cancelling += any(slopes.get(name) == 0 for name in below)
        largest = max(largest, *map(abs, exact[-1].tangents))
    assert reusing > 1000
    assert cancelling > 500
    assert largest > 2**45


def test_two_losses_add_up_at_the_leaves_of_integer_programs() -> None:
    """After two passes a leaf holds the sum of both gradients, an interior node that of the last pass it was in."""
    rng = random.Random(2)
    for number in range(2000):
        nodes, exact, leaves = integer_program(rng)
        first, second = rng.randrange(len(nodes)), len(nodes) - 1
        nodes[first].backward()
        nodes[second].backward()
        of_second = reachable(nodes[second])
        tangents = [[*exact[root].tangents, *[0] * (len(nodes) - root - 1)] for root in (first, second)]
        expected = [
            by_first + by_second if index < leaves else by_second if id(node) in of_second else by_first
            for index, (node, by_first, by_second) in enumerate(zip(nodes, *tangents, strict=True))
        ]
        assert [node.grad for node in nodes] == expected, number


def whole_partials(node: Value) -> list[int]:
    """The partials of a node of an integer program, as the integers that they are."""
    return [int(partial) for partial in node.partials]


def whole_sum(terms: list[tuple[float, float]]) -> int:
    """sum partial * upstream, in integers."""
    return sum(int(partial) * int(upstream) for partial, upstream in terms)


def test_every_sweep_is_exact_on_integer_programs() -> None:
    """gradients and tangents, in floats and in another arithmetic, equal the same integers, and touch no grad."""
    rng = random.Random(3)
    for number in range(2000):
        nodes, exact, _ = integer_program(rng)
        root, expected = nodes[-1:], exact[-1].tangents
        assert graph.gradients(root, [1.0], nodes) == expected, number
        assert graph.gradient_terms(root, [1], nodes, whole_partials, whole_sum) == expected, number

        j = rng.randrange(len(nodes))
        along = [node.tangents[j] if j < len(node.tangents) else 0 for node in exact]
        assert graph.tangents(nodes, [nodes[j]], [1.0]) == along, number
        assert graph.tangent_terms(nodes, [nodes[j]], [1], whole_partials, whole_sum) == along, number
        assert not any(node.grad for node in nodes)


def test_steps_added_up_are_gradients_and_tangents() -> None:
    """The chain rule as data, on integer programs: what is added up of it is exact, backward and forward."""
    rng = random.Random(5)
    for number in range(500):
        nodes, exact, _ = integer_program(rng)
        gradient = {nodes[-1]: 1.0}
        for _, given, operand, _, partial, carries in graph.steps(reversed(graph.order(nodes[-1])), gradient):
            assert carries
            gradient[operand] = gradient.get(operand, 0.0) + partial * given
        assert [gradient.get(node, 0.0) for node in nodes] == exact[-1].tangents, number

        j = rng.randrange(len(nodes))
        tangent = {nodes[j]: 1.0}
        for node, given, _, _, partial, carries in graph.steps(nodes[j + 1 :], tangent, forward=True):
            if carries:
                tangent[node] = tangent.get(node, 0.0) + partial * given
        along = [node.tangents[j] if j < len(node.tangents) else 0 for node in exact]
        assert [tangent.get(node, 0.0) for node in nodes] == along, number


def test_steps_say_where_nothing_is_handed_on() -> None:
    """An edge that a selecting rule dropped carries nothing, and so does one from where nothing arrived."""
    x, y = Toy(), Toy()
    dropped = Toy((x,), (inf,))
    node = Toy((y, dropped), (1.0, 0.0), selecting=True)
    arrived = {node: 3.0}
    taken = list(graph.steps([node, dropped], arrived))
    assert taken == [
        (node, 3.0, y, 0, 1.0, True),
        (node, 3.0, dropped, 1, 0.0, False),
        (dropped, 0.0, x, 0, inf, False),
    ]
    assert taken[-1][1] is graph.UNTOUCHED
    ahead = list(graph.steps([dropped, node], {x: 2.0, dropped: 5.0}, forward=True))
    assert [(operand, given, carries) for _, given, operand, _, _, carries in ahead] == [
        (x, 2.0, True),
        (y, 0.0, False),
        (dropped, 5.0, False),
    ]


def test_steps_find_what_was_added_up_in_the_meantime() -> None:
    """The table is looked into as late as possible, so that the next of the nodes may be chosen by it."""
    x = Toy()
    u = Toy((x,), (3.0,))
    idle = Toy((x,), (7.0,))
    root = Toy((u, idle), (2.0, 0.0), selecting=True)
    arrived = {root: 1.0}
    reached = (node for node in (root, idle, u) if node in arrived)
    for _, given, operand, _, partial, carries in graph.steps(reached, arrived):
        assert operand is not x or given == 2.0
        if carries:
            arrived[operand] = arrived.get(operand, 0.0) + partial * given
    assert arrived == {root: 1.0, u: 2.0, x: 6.0}


def ids(nodes: Iterable[Value]) -> list[int]:
    """Which nodes these are: Values compare by their numbers."""
    return [*map(id, nodes)]


def test_an_order_without_leaves_and_one_that_stops() -> None:
    """The same order with fewer nodes: the computed ones only, or nothing below what counts as a leaf."""
    rng = random.Random(6)
    for _ in range(500):
        nodes, _, _ = integer_program(rng)
        whole = graph.order(nodes[-1])
        assert ids(graph.order(nodes[-1], leaves=False)) == ids(node for node in whole if node.parents)
        stop = set(map(id, rng.sample(nodes, rng.randrange(len(nodes)))))
        above = reachable(nodes[-1], stop)
        listed = graph.order(nodes[-1], stop=stop)
        assert set(ids(listed)) == above.keys()
        computed = [node for node in listed if node.parents and id(node) not in stop]
        assert ids(graph.order(nodes[-1], stop=stop, leaves=False)) == ids(computed)
        place = {id(node): i for i, node in enumerate(listed)}
        assert all(place[id(x)] < place[id(node)] for node in computed for x in node.parents)


def test_seeds_and_directions_are_weights() -> None:
    """Several outputs add up with their seeds, several inputs with their directions, one named twice included."""
    rng = random.Random(4)
    for number in range(500):
        nodes, exact, leaves = integer_program(rng)
        i, j = rng.randrange(len(nodes)), rng.randrange(len(nodes))
        tangents = [[*exact[k].tangents, *[0] * (len(nodes) - k - 1)] for k in (i, j)]
        expected = [by_first - by_second for by_first, by_second in zip(*tangents, strict=True)]
        outputs = [nodes[i], nodes[j]]
        assert graph.gradients(outputs, [1.0, -1.0], nodes) == expected, number
        assert graph.gradient_terms(outputs, [1, -1], nodes, whole_partials, whole_sum) == expected, number

        inputs, directions = [*nodes[:leaves], nodes[0]], [*[-1] * leaves, 2]  # 1 for the first in all
        along = [node.tangents[0] - sum(node.tangents[1:leaves]) for node in exact]
        assert graph.tangents(nodes, inputs, directions) == along, number
        assert graph.tangent_terms(nodes, inputs, directions, whole_partials, whole_sum) == along, number


def test_an_input_that_the_output_does_not_depend_on() -> None:
    """Its gradient is 0, and so is the tangent of an output that does not depend on the inputs."""
    x, y = Value(2.0), Value(3.0)
    assert graph.gradients([x * x], [1.0], [y]) == [0.0]
    assert graph.tangents([x * x], [y], [1.0]) == [0.0]
    assert graph.gradient_terms([x * x], [1], [y], whole_partials, whole_sum) == [0]
    assert graph.tangent_terms([x * x], [y], [1], whole_partials, whole_sum) == [0]


def test_a_direction_that_is_given_stands() -> None:
    """An input moves along its direction even where it was computed from another input."""
    x = Value(2.0)
    y = x * x
    z = y * 3.0 + x
    assert graph.tangents([y, z], [x, y], [1.0, 10.0]) == [10.0, 31.0]
    assert graph.tangent_terms([y, z], [x, y], [1, 10], whole_partials, whole_sum) == [10, 31]


def test_nothing_below_a_leaf_by_argument_is_looked_at() -> None:
    """Where nodes count as leaves, a sweep costs what stands above them, and nothing below."""

    class Deep(Toy):
        """A node whose operands nobody may ask for."""

        @property
        def parents(self) -> Sequence[Toy]:
            """Too deep."""
            raise AssertionError("looked below a leaf")

        @parents.setter
        def parents(self, operands: Sequence[Toy]) -> None:
            pass

    x = Toy()
    deep = Toy((Deep(),), (1.0,))
    root = Toy((x, deep), (2.0, 3.0))
    slopes = graph.gradient_terms([root], [1.0], [x, deep], lambda node: node.partials, terms_summed, stop=[deep])
    assert slopes == [2.0, 3.0]


def terms_summed(terms: list[tuple[float, float]]) -> float:
    """sum partial * upstream."""
    return sum([partial * upstream for partial, upstream in terms])


def test_a_seed_for_each_output_and_a_partial_for_each_operand() -> None:
    """Anything else is a ValueError, not a sum of some of them, in every sweep."""
    x, y = Toy(), Toy()
    z = Toy((x, y), (2.0, 3.0))
    for count in (0, 2):
        numbers = [1.0] * count
        with pytest.raises(ValueError, match="zip"):
            graph.gradients([z], numbers, [x])
        with pytest.raises(ValueError, match="zip"):
            graph.tangents([z], [x], numbers)
        with pytest.raises(ValueError, match="zip"):
            graph.gradient_terms([z], numbers, [x], lambda node: node.partials, terms_summed)
        with pytest.raises(ValueError, match="zip"):
            graph.tangent_terms([z], [x], numbers, lambda node: node.partials, terms_summed)
    with pytest.raises(ValueError, match="zip"):
        graph.tangent_terms([z], [x], [1.0], lambda node: node.partials[:1], terms_summed)
    with pytest.raises(ValueError, match="zip"):
        graph.gradient_terms([z], [1.0], [x], lambda node: node.partials[:1], terms_summed)
    lacking = Toy((x, y), (2.0,))
    for forward in (False, True):
        with pytest.raises(ValueError, match="zip"):
            list(graph.steps([lacking], {lacking: 1.0}, forward=forward))


@pytest.mark.parametrize("upstream", [2.0, inf])
def test_an_edge_that_may_vary_is_kept_where_asked(upstream: float) -> None:
    """A selecting rule's partial that is 0 now and no plain number counts, but for inf: then only where it is kept."""
    x = Toy()
    node = Toy((x,), (0.0,), selecting=True)
    seen: list[list[tuple[Any, Any]]] = []

    def listed(terms: list[tuple[Any, Any]]) -> Any:
        seen.append([(type(partial), weight) for partial, weight in terms])
        return terms[0][1] if terms else 0.0

    edge, nothing = [(int, upstream)], list[tuple[Any, Any]]()
    ways: list[dict[str, Any]] = [{}, {"kept": False}, {"kept": True}]
    for kept in ways:
        graph.gradient_terms([node], [upstream], [x], lambda node: [0], listed, **kept)
        graph.tangent_terms([node], [x], [upstream], lambda node: [0], listed, **kept)
        expected = edge if kept.get("kept") or upstream == 2.0 else nothing
        assert [terms for terms in seen if terms != [(float, upstream)]] == [expected] * 2
        seen.clear()
    graph.gradient_terms([node], [upstream], [x], lambda node: [0.0], listed, kept=True)
    assert seen == [[(float, upstream)], []]


# --- The contract of backward ---------------------------------------------------------------------------
# Grads of interior nodes belong to this pass; grads of leaves accumulate until zeroed.


def test_backward_twice() -> None:
    """A second pass doubles the leaves and leaves interior nodes as they were."""
    x = Value(3.0)
    y = x * x
    z = y * 2.0
    z.backward()
    assert (x.grad, y.grad, z.grad) == (12.0, 2.0, 1.0)
    z.backward()
    assert (x.grad, y.grad, z.grad) == (24.0, 2.0, 1.0)


def test_backward_twice_through_a_chain() -> None:
    """However long the chain, each pass adds the same gradient at its end."""
    x = Value(1.0)
    y = x
    for _ in range(10):
        y = y + y
    for passes in range(1, 6):
        y.backward()
        assert x.grad == 1024.0 * passes


def test_a_zeroed_leaf_starts_again() -> None:
    """After leaf.grad = 0.0 the next pass gives what the first gave, without touching the other leaves' sums."""
    x, w = Value(3.0), Value(5.0)
    y = (x * w) * (x * w)
    y.backward()
    x.grad = 0.0
    y.backward()
    assert x.grad == 150.0
    assert w.grad == 2 * 90.0


def test_two_losses_that_share_a_node() -> None:
    """The second loss does not hand on again what the first has left in the shared node."""
    x = Value(2.0)
    shared = x * x
    first = shared * 3.0
    second = shared * 5.0
    first.backward()
    assert (shared.grad, x.grad) == (3.0, 12.0)
    second.backward()
    assert (shared.grad, x.grad) == (5.0, 12.0 + 20.0)


def test_a_loss_and_then_a_multiple_of_it() -> None:
    """The first root is an interior node of the second graph, and its 1 is not counted again."""
    x = Value(2.0)
    loss = x * x
    loss.backward()
    assert (x.grad, loss.grad) == (4.0, 1.0)
    scaled = loss * 10.0
    scaled.backward()
    assert (x.grad, loss.grad, scaled.grad) == (4.0 + 40.0, 10.0, 1.0)


def test_a_leaf_as_the_root() -> None:
    """dx/dx = 1, and a leaf accumulates as the root too."""
    x = Value(2.0)
    x.backward()
    assert x.grad == 1.0
    x.backward()
    assert x.grad == 2.0
    (x * 3.0).backward()
    assert x.grad == 5.0


def test_gradients_are_those_of_what_was_computed() -> None:
    """A parameter that is updated between forward and backward does not change the gradient."""
    x, w = Value(2.0), Value(3.0)
    y = (w * x).exp() * w**2
    expected, again = [], []
    y.backward()
    expected = [x.grad, w.grad]
    x.grad = w.grad = 0.0
    x.data, w.data = -100.0, 0.0
    for node in graph.order(y):
        node.data += 1.0
    y.backward()
    again = [x.grad, w.grad]
    assert again == expected


def test_backward_never_raises_where_the_numbers_overflow() -> None:
    """A gradient too large for a float is inf, not an exception."""
    x = Value(1e-300)
    y = x * 1e300 * 1e300 * 1e-300
    y.backward()
    assert x.grad == 1e300
    z = (x * 1e-300) * 1e300 * 1e300 * 1e300
    x.grad = 0.0
    z.backward()
    assert x.grad == inf


@pytest.mark.parametrize("seed", range(200))
def test_backward_returns_what_it_swept(seed: int) -> None:
    """The computed nodes in the reverse of their order, for those who look at the pass; also in a second pass."""
    nodes, _, _ = integer_program(random.Random(seed))
    for root in nodes:
        expected = [id(node) for node in reversed(graph.order(root)) if node.parents]
        for _ in range(2):
            assert [id(node) for node in graph.backward(root)] == expected


@pytest.mark.parametrize("broken_at", range(4))
def test_a_pass_that_was_broken_off_leaves_the_next_one_right(broken_at: int) -> None:
    """An interrupt in the middle, among the marks or among the gradients, costs that pass and no other."""

    class Interrupted(Toy):
        """A node that interrupts one of the four looks that a pass takes at it."""

        looks = broken_at

        @property
        def parents(self) -> Sequence[Toy]:
            """The operands, unless the time has come."""
            self.looks -= 1
            if self.looks == -1:
                raise KeyboardInterrupt
            return self.operands

        @parents.setter
        def parents(self, operands: Sequence[Toy]) -> None:
            self.operands = operands

    x, y = Toy(), Toy()
    u = Toy((x, y), (2.0, 3.0))
    v = Interrupted((u, u), (5.0, 7.0))
    w = Toy((u, v, v), (1.0, 11.0, 13.0))
    with suppress(KeyboardInterrupt):
        graph.backward(w)
    x.grad = y.grad = 0.0
    graph.backward(w)
    assert (v.grad, u.grad) == (24.0, 1.0 + 24.0 * 12.0)
    assert (x.grad, y.grad) == (2 * 289.0, 3 * 289.0)


# --- Any node, any rule ---------------------------------------------------------------------------------


def test_the_sweeps_know_a_node_only_by_its_parents_partials_grad_and_rule() -> None:
    """A class that has never heard of Value is ordered and differentiated."""
    x, y = Toy(), Toy()
    u = Toy((x, y), (2.0, 3.0))
    v = Toy((u,), (5.0,))
    w = Toy((u, v, x), (7.0, 11.0, 13.0))
    assert graph.order(w)[-3:] == [u, v, w]
    graph.backward(w)
    assert (v.grad, u.grad) == (11.0, 7.0 + 55.0)
    assert (x.grad, y.grad) == (13.0 + 2 * 62.0, 3 * 62.0)


@pytest.mark.parametrize("operands", [1, 2, 3, 4])
@pytest.mark.parametrize("upstream", [inf, -inf, 1.0])
def test_selecting_edges_carry_nothing(operands: int, upstream: float) -> None:
    """Where a selecting rule has the partial 0.0, not even 0 * inf arrives; other partials multiply as ever."""
    for chosen in range(operands):
        leaves = [Toy() for _ in range(operands)]
        node = Toy(leaves, [1.0 if i == chosen else 0.0 for i in range(operands)], selecting=True)
        node.grad = upstream
        graph.sweep([node])
        assert [leaf.grad for leaf in leaves] == [upstream if i == chosen else 0.0 for i in range(operands)]


@pytest.mark.parametrize("operands", [1, 2, 3, 4])
def test_other_edges_obey_ieee_arithmetic(operands: int) -> None:
    """Where the rule does not select, 0 * inf is nan."""
    leaves = [Toy() for _ in range(operands)]
    node = Toy(leaves, [0.0] * operands)
    node.grad = inf
    graph.sweep([node])
    assert all(isnan(leaf.grad) for leaf in leaves)


@pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
def test_a_new_node_has_no_gradient(rule: rules.Rule) -> None:
    """Until a pass has reached it, whichever way it was made."""
    assert node_of(rule).grad == 0.0
    x = Value(0.5)
    assert [operand.grad for operand in (x + 1.0).parents] == [0.0, 0.0]
    assert [node.grad for node in (x, x + x, x + 1.0, 2.0 * x, x.tanh(), x.clip(0.0, 1.0), ag.sum([x, x]))] == [0.0] * 7


@pytest.mark.parametrize("rule", [rule for rule in rules.TABLE if rule.selecting], ids=lambda rule: rule.symbol)
def test_selecting_rows_pass_no_infinity_to_the_side_not_selected(rule: rules.Rule) -> None:
    """An infinite upstream gradient does not become nan where a row of the table has selected another operand."""
    dropped = 0
    for numbers in [(-1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (5.0, 0.5, 1.0)]:
        operands = operands_of(rule, numbers)
        node = record(rule, operands)
        (node * inf).backward()
        for operand, partial in zip(operands, node.partials, strict=True):
            assert operand.grad == (partial * inf if partial else 0.0)
            dropped += partial == 0.0
    assert dropped


def test_a_node_behind_an_edge_that_carries_nothing_hands_nothing_on() -> None:
    """Further below, too, the gradient is 0 and not 0 times an infinite slope, in every sweep."""
    x = Value(0.0)
    y = ag.relu(ag.sqrt(x) - 5.0) + ag.clip(ag.sqrt(x), 1.0, 2.0) + ag.max([ag.sqrt(x), 1.0])
    y.backward()
    assert x.grad == 0.0
    assert graph.gradients([y], [1.0], [x]) == [0.0]
    assert graph.tangents([y], [x], [1.0]) == [0.0]


def test_a_gradient_of_zero_that_did_arrive_is_handed_on() -> None:
    """Where a factor is 0, nothing was selected, and 0 times an infinite slope is nan, in every sweep."""
    x = Value(0.0)
    y = ag.sqrt(x) * 0.0
    for _ in range(2):  # a second pass finds grads that the first has left
        x.grad = 0.0
        y.backward()
        assert isnan(x.grad)
    assert isnan(graph.gradients([y], [1.0], [x])[0])
    assert isnan(graph.tangents([y], [x], [1.0])[0])


def test_only_selecting_rows_select() -> None:
    """sqrt(x * x) at 0 stays nan, as the chain rule has it: inf * 0."""
    x = Value(0.0)
    ag.sqrt(x * x).backward()
    assert isnan(x.grad)


# --- Reproducible, deep, wide, light ---------------------------------------------------------------------

ROUNDING = """
import random
import autograd as ag

rng = random.Random(3)
leaves = [ag.Value(rng.uniform(-1, 1)) for _ in range(50)]
nodes = list(leaves)
for _ in range(3000):
    x, y = rng.choice(nodes), rng.choice(nodes)
    nodes.append(rng.choice([x + y, x * y, x - y, x.tanh(), ag.dot([x, y], [y, x], x).sin(), ag.maximum(x, y)]).tanh())
ag.mean(nodes).backward()
print(*(leaf.grad.hex() for leaf in leaves))
"""


def test_gradients_do_not_depend_on_the_hash_seed() -> None:
    """Sums are rounded in the same order in every run: the bits of a large gradient are always the same."""
    runs = [fresh_interpreter(ROUNDING, PYTHONHASHSEED=seed) for seed in ("0", "1", "4242", "random")]
    assert len(runs[0].split()) == 50
    assert len({float.fromhex(slope) for slope in runs[0].split()}) > 40
    assert set(runs) == {runs[0]}


DEEP = """
import gc, sys, weakref
import autograd as ag
from autograd.graph import order

gc.disable()
a = ag.Value(1.0)
leaf = weakref.ref(a)
sys.setrecursionlimit(1 + 40)  # this frame, and 40 more
{build}
deepest = weakref.ref(next(node for node in order(y) if node.parents))
y.backward()
print(a.grad)
del y
assert deepest() is None, "the graph outlived its root"
del a
assert leaf() is None, "the leaf outlived its graph"
"""


def chain(step: str) -> str:
    """A million applications of one step, as a script."""
    return f"y = a\nfor _ in range(1_000_000):\n    y = {step}"


@pytest.mark.parametrize(
    ("build", "slope"),
    [
        pytest.param(chain("y + a"), 1_000_001.0, id="a million +"),
        pytest.param(chain("a * y"), 1_000_001.0, id="a million *"),
        pytest.param(chain("-y"), 1.0, id="a million neg"),
        pytest.param("y = ag.sum([a * k for k in range(100_000)])", 4_999_950_000.0, id="100,000 uses of a leaf"),
        pytest.param("y = ag.sum([a] * 100_000)", 100_000.0, id="100,000 edges to a leaf"),
    ],
)
def test_depth_and_width_are_limited_by_memory_only(build: str, slope: float) -> None:
    """With 40 frames to spare and no collector, backward arrives, and dropping the root frees every node."""
    assert float(fresh_interpreter(DEEP.format(build=build))) == slope


@pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
def test_no_operation_makes_a_cycle(rule: rules.Rule) -> None:
    """A node of any row, swept or not, is freed as soon as nobody holds it, without the collector."""
    with collector_off():
        node = node_of(rule)
        node.backward()
        watched = [weakref.ref(each) for each in graph.order(node)]
        assert all(each() is not None for each in watched)
        del node
        assert all(each() is None for each in watched)


@pytest.mark.parametrize(("step", "limit"), [(operator.add, 200), (operator.mul, 260)], ids=["+", "*"])
def test_a_node_is_small(step: Callable[[Value, Value], Value], limit: int) -> None:
    """A sum takes at most 200 bytes, with its tuples and its number; a product, which stores two partials, 260."""
    nodes = 10_000
    a = Value(1.5)
    y = a
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(nodes):
            y = step(y, a)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 100 * nodes < after - before <= limit * nodes

"""The graph and its sweeps: an order of the nodes, and the chain rule, run backward and forward.

The chain rule is written twice where speed counts (:func:`sweep`, :func:`gradients`), and once as data, a generator of
its :func:`steps`, which whatever else goes along the edges of a graph takes: tangents, derivatives that are graphs,
records and derivations, the search for a nan.

A node is anything with ``parents`` (the operands it was computed from), ``partials`` (its derivative by each of
them, as numbers, computed forward and stored) and ``grad`` (here by its slot, ``_grad``, which is quicker). This file
needs no rule; it asks only whether a rule is *selecting*, for edges whose partial is 0.0, and whether it has a formula.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Self

    PartialsOf = Callable[["N"], Sequence["T | float"]]
    AddUp = Callable[[list[tuple["T | float", "T | float"]]], "T"]
    Step = tuple["N", "T | float", "N", int, "T | float", bool]


class Selecting(Protocol):
    """What the sweeps ask of a rule."""

    @property
    def selecting(self) -> bool:
        """True where an edge whose partial is 0.0 carries nothing, not even 0 * inf."""

    def expect_formula(self) -> None:
        """TypeError where it has none."""


class Node(Protocol):
    """What the sweeps ask of a node."""

    _grad: float

    @property
    def parents(self) -> Sequence[Self]:
        """The operands, each as often as it was used: x * x has two."""

    @property
    def partials(self) -> Sequence[float]:
        """d node / d parent, one for each parent."""

    @property
    def rule(self) -> Selecting:
        """The operation that made the node."""

    @property
    def _backward(self) -> Callable[[], object]:
        """What a node with operands and no partials does in the place of the chain rule."""


N = TypeVar("N", bound=Node)
T = TypeVar("T")

UNTOUCHED = float("0")
"""The gradient of a node that nothing has arrived at: 0.0, and known by its identity.

0.0 can also be a gradient that did arrive, and then an infinite slope below makes it nan. A node behind edges that
carry nothing hands nothing on, and all below it stays 0.
"""


def order(*roots: N, stop: Collection[int] = (), leaves: bool = True) -> list[N]:
    """List every node that the roots depend on, themselves included, operands before results.

    Nodes whose ``id`` is in ``stop`` count as leaves: what they were computed from is not listed. Without ``leaves``
    only the computed nodes are.

    Why an order at all? Because a node may hand its gradient on only when the gradient is complete. In

        b = a + a
        c = b + b

    c adds to the gradient of b twice. A walk that follows each edge as soon as it sees it passes b's first half on
    to a, and then b's whole, and arrives at dc/da = 2 + 4 = 6. With results before operands (this list, backwards)
    b is complete, db = 2, before it is passed on, and dc/da = 4.

    Depth-first with an explicit stack, so depth is limited by memory only. The same graph gives the same list in
    every run; read backwards, it visits computed left operands before right ones. Linear in the number of edges.
    """
    listed = list(dict.fromkeys([root for root in roots if not root.parents or id(root) in stop]))
    seen: set[N] = set(listed)  # nodes hash by identity
    stack: list[N | None] = [root for root in roots if root not in seen]
    if not leaves:
        listed.clear()
    while stack:
        node = stack.pop()
        if node is None:  # the operands of the node below are all listed
            listed.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            stack.append(node)
            stack.append(None)
            for parent in node.parents:
                if parent.parents and not (stop and id(parent) in stop):
                    if parent not in seen:
                        stack.append(parent)
                elif leaves and parent not in seen:
                    seen.add(parent)
                    listed.append(parent)
    return listed


def backward(root: N) -> list[N]:
    """Fill in ``grad`` = d root / d node for every node below ``root``, by one backward sweep.

    The contract: grads of interior nodes belong to this pass; grads of leaves accumulate until zeroed. So calling it
    twice doubles the leaves and nothing else, and two losses that share nodes add up at the leaves. (Not at the same
    time in two threads, which would share the grads.)

    Returns the computed nodes in the order in which it swept them: results before operands.
    """
    untouched = float("0")  # a new object, in which this pass knows the nodes that it has seen
    nodes = reset(root, untouched)
    root._grad += 1.0
    sweep(nodes, untouched)
    return nodes


def reset(root: N, untouched: float) -> list[N]:
    """Give each computed node below ``root`` the gradient ``untouched``, and list them, results before operands.

    The walk of :func:`order`, with a mark in the node itself instead of a set of those seen, and without the leaves,
    which hand nothing on: a backward pass takes two thirds of the time.
    """
    listed: list[N] = []
    stack: list[N | None] = [root] if root.parents else []
    while stack:
        node = stack.pop()
        if node is None:  # the operands of the node below are all listed
            listed.append(stack.pop())  # type: ignore[arg-type]
        elif node._grad is not untouched:
            node._grad = untouched
            stack.append(node)
            stack.append(None)
            parents = node.parents
            if len(parents) == 2:  # spelled out as in sweep
                left, right = parents
                if left.parents and left._grad is not untouched:
                    stack.append(left)
                if right.parents and right._grad is not untouched:
                    stack.append(right)
            else:
                stack += [parent for parent in parents if parent.parents and parent._grad is not untouched]
    listed.reverse()
    return listed


def sweep(nodes: Iterable[Node], untouched: float = UNTOUCHED) -> None:
    """The chain rule, for each node in turn: every operand receives its partial times the gradient of the result.

        operand.grad += d node / d operand * node.grad

    Complete if results come before operands. A node whose gradient still is ``untouched`` hands nothing on. One with
    operands and no partials was made by hand, and does by itself what is to be done.
    """
    for node in nodes:
        upstream = node._grad
        if upstream is untouched:
            node._grad = UNTOUCHED
            if node.parents and not node.partials:
                node._backward()
            continue
        partials = node.partials
        if len(partials) == 2:  # the same as below, spelled out: most nodes have two operands, and this halves the time
            (left, right), (by_left, by_right) = node.parents, partials
            if by_left or not node.rule.selecting:
                left._grad += by_left * upstream
            if by_right or not node.rule.selecting:
                right._grad += by_right * upstream
        elif partials:
            for parent, partial in zip(node.parents, partials):  # noqa: B905 - lengths agree by construction
                if partial or not node.rule.selecting:
                    parent._grad += partial * upstream
        elif node.parents:
            node._backward()


def gradients(outputs: Sequence[N], seeds: Sequence[float], inputs: Sequence[N]) -> list[float]:
    """sum_i seeds[i] * d outputs[i] / d input, for each input; no ``grad`` is read or written.

    The sweep of :func:`backward` with its sums in a table of its own. An input that the outputs do not depend on has
    the gradient 0.0.

    Written out, although :func:`steps` says the same: through the generator it takes 2.5 to 2.9 times as long, and
    ``grad`` of a network or of a long chain 1.4 to 1.6 times (measured on 1,900 and 8,000 nodes).
    """
    total: dict[N, float] = {x: 0.0 for x in inputs if not x.parents}  # nodes hash by identity
    inner = {x for x in inputs if x.parents}
    found: dict[N, float] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        total[output] = total.get(output, 0.0) + seed
    take = total.pop
    for node in reversed(order(*outputs, leaves=False)):
        upstream = take(node, None)
        if upstream is None:
            continue  # the edges to it carry nothing
        if inner and node in inner:
            found[node] = upstream
        partials = node.partials
        if len(partials) == 2:  # spelled out as in sweep; leaves that nobody asks for are left out
            (left, right), (by_left, by_right) = node.parents, partials
            if by_left or not node.rule.selecting:
                if left in total:
                    total[left] += by_left * upstream
                elif left.parents:
                    total[left] = 0.0 + by_left * upstream
            if by_right or not node.rule.selecting:
                if right in total:
                    total[right] += by_right * upstream
                elif right.parents:
                    total[right] = 0.0 + by_right * upstream
        else:
            for parent, partial in zip(node.parents, partials):  # noqa: B905 - lengths agree by construction
                if partial or not node.rule.selecting:
                    if parent in total:
                        total[parent] += partial * upstream
                    elif parent.parents:
                        total[parent] = 0.0 + partial * upstream
    return [total[x] if x in total else found.get(x, 0.0) for x in inputs]


def steps(
    nodes: Iterable[N],
    arrived: Mapping[N, T],
    partials_of: PartialsOf[N, T] | None = None,
    *,
    forward: bool = False,
    kept: bool = False,
) -> Iterator[Step[N, T]]:
    """The chain rule as data: for each of the nodes in turn, and each of its operands, what is handed on between them.

        backward: operand.grad += partial * given, where given is what has arrived at the node
        forward:  node.tangent += partial * given, where given is what has arrived at the operand

    Yields ``(node, given, operand, position, partial, carries)``. Nothing is added up here: whoever takes the steps
    adds partial * given where it ``carries``, in a table of its own, ``arrived``, in which the next steps find it. So
    the ``nodes`` may be an iterator that chooses the next one, or finishes the last, when it is asked. ``given`` is
    ``UNTOUCHED`` where nothing has arrived.

    In another arithmetic ``partials_of(node)`` gives the partials; a node with a pull-back hands on what that returns.
    An edge whose partial is 0.0 there, and may be another number some other time, carries if it is ``kept``.
    """
    get, nothing = arrived.get, UNTOUCHED
    for node in nodes:
        rule = node.rule
        given: T | float = get(node, nothing)
        if partials_of is None:
            selecting = rule.selecting
            for position, (operand, number) in enumerate(zip(node.parents, node.partials, strict=True)):
                if forward:
                    given = get(operand, nothing)
                yield node, given, operand, position, number, given is not nothing and (not selecting or bool(number))
            continue
        pull = None if forward else pull_of(node)
        if pull is None:
            handed: list[tuple[T | float, T | float]] = [(partial, given) for partial in partials_of(node)]
        else:
            handed = [(1.0, cotangent) for cotangent in pull(node, given)]
        edges = zip(node.parents, handed, node.partials, strict=True)
        for position, (operand, (partial, passed), stored) in enumerate(edges):
            given = get(operand, nothing) if forward else passed
            carried = given is not nothing and (bool(stored) or carries(rule, partial, given, kept))
            yield node, given, operand, position, partial, carried


def tangents(outputs: Sequence[N], inputs: Sequence[N], directions: Sequence[float]) -> list[float]:
    """d outputs[i] along ``directions``, for each output: the steps taken forward.

    Each input moves in its own direction, whatever it was computed from.

    out.tangent = sum over operands of d out / d operand * operand.tangent
    """
    tangent: dict[N, float] = {}
    for x, direction in zip(inputs, directions, strict=True):
        tangent[x] = tangent.get(x, 0.0) + direction
    given = set(tangent)
    nodes = [node for node in order(*outputs, leaves=False) if node not in given]
    for node, along, _, _, partial, carries in steps(nodes, tangent, forward=True):
        if carries:
            own = tangent.get(node)
            if own is None:
                if pull_of(node) is not None:
                    raise backward_only(node)
                node.rule.expect_formula()
            tangent[node] = partial * along if own is None else own + partial * along
    return [tangent.get(output, 0.0) for output in outputs]


def gradient_terms(
    outputs: Sequence[N],
    seeds: Sequence[T],
    inputs: Sequence[N],
    partials_of: PartialsOf[N, T],
    add_up: AddUp[T],
    stop: Sequence[N] = (),
    kept: bool = False,
) -> list[T]:
    """:func:`gradients` in another arithmetic; the nodes in ``stop`` count as leaves.

    ``kept``: an edge whose partial is 0.0 now, and may be another number some other time, is kept in any case.

    ``partials_of(node)`` gives the partials of a node, ``add_up`` the sum of partial * upstream over a list of pairs.
    Only nodes between the inputs and the outputs are asked for partials. An input that no output depends on has the
    gradient ``add_up([])``.
    """
    between = set(inputs)
    leaves = set(map(id, stop))
    inner = []
    for node in order(*outputs, stop=leaves):
        if id(node) not in leaves and not between.isdisjoint(node.parents):
            between.add(node)
            inner.append(node)
    terms: dict[N, list[tuple[T | float, T | float]]] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        terms.setdefault(output, []).append((1.0, seed))
    total: dict[N, T] = {}

    def complete() -> Iterator[N]:
        for node in reversed(inner):
            arrived = terms.pop(node, None)
            if arrived is not None:  # else the edges to it carry nothing
                total[node] = add_up(arrived)
                yield node

    for _, upstream, operand, _, partial, carries in steps(complete(), total, partials_of, kept=kept):
        if carries and operand in between:
            terms.setdefault(operand, []).append((partial, upstream))
    return [total[x] if x in total else add_up(terms.get(x, [])) for x in inputs]


def tangent_terms(
    outputs: Sequence[N],
    inputs: Sequence[N],
    directions: Sequence[T],
    partials_of: PartialsOf[N, T],
    add_up: AddUp[T],
    kept: bool = False,
) -> list[T]:
    """:func:`tangents` in another arithmetic, as :func:`gradient_terms` is to :func:`gradients`."""
    seeds: dict[N, list[tuple[T | float, T | float]]] = {}
    for x, direction in zip(inputs, directions, strict=True):
        seeds.setdefault(x, []).append((1.0, direction))
    tangent = {x: add_up(terms) for x, terms in seeds.items()}
    terms: dict[N, list[tuple[T | float, T | float]]] = {}

    def reached() -> Iterator[N]:
        for node in order(*outputs):
            if node not in seeds and any([parent in tangent for parent in node.parents]):
                if pull_of(node) is not None:
                    raise backward_only(node)
                yield node
                if node in terms:
                    tangent[node] = add_up(terms.pop(node))

    for node, along, _, _, partial, carries in steps(reached(), tangent, partials_of, forward=True, kept=kept):
        if carries:
            terms.setdefault(node, []).append((partial, along))
    return [tangent[output] if output in tangent else add_up([]) for output in outputs]


def pull_of(node: Node) -> Callable[[Any, Any], Sequence[Any]] | None:
    """What hands a gradient on where no partials do: of a node with a rule of its own for going backward."""
    return getattr(node.rule, "pull", None)


def backward_only(node: Node) -> TypeError:
    """The error where a derivative is asked for in the direction of evaluation, and there is none."""
    return TypeError(
        "a derivative forward (jvp, jacfwd, hvp): expected operations with partial derivatives, got "
        f"{getattr(node.rule, 'symbol', 'one')}, a custom_vjp function, which has them backward only: use vjp, grad or "
        "jacrev"
    )


def carries(rule: Selecting, partial: T | float, upstream: T | float, kept: bool) -> bool:
    """Whether an edge whose partial is 0.0 here has a place in a derivative graph.

    Not if a selecting rule drops the operand: the partial is then a plain number. One that may vary, such as the slope
    of leaky_relu while it is 0, does; but what is not finite does not pass it, as in :func:`gradients`.
    """
    if not rule.selecting:
        return True
    return not isinstance(partial, float) and (kept or isfinite(getattr(upstream, "_number", upstream)))  # type: ignore[arg-type]

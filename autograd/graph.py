"""The graph and its sweeps: an order of the nodes, and the chain rule, run backward and forward.

A node is anything with ``parents`` (the operands it was computed from), ``partials`` (its derivative by each of
them, as numbers, computed forward and stored) and ``grad`` (here by its slot, ``_grad``, which is quicker). This file
needs no rule; it asks only whether a rule is *selecting*, for edges whose partial is 0.0, and whether it has a formula.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from typing import Self

    PartialsOf = Callable[["N"], Sequence["T | float"]]
    AddUp = Callable[[list[tuple["T | float", "T | float"]]], "T"]


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


def order(*roots: N, stop: Collection[int] = ()) -> list[N]:
    """List every node that the roots depend on, themselves included, operands before results.

    Nodes whose ``id`` is in ``stop`` count as leaves: what they were computed from is not listed.

    Why an order at all? Because a node may hand its gradient on only when the gradient is complete. In

        b = a + a
        c = b + b

    c adds to the gradient of b twice. A walk that follows each edge as soon as it sees it passes b's first half on
    to a, and then b's whole, and arrives at dc/da = 2 + 4 = 6. With results before operands (this list, backwards)
    b is complete, db = 2, before it is passed on, and dc/da = 4.

    Depth-first with an explicit stack, so depth is limited by memory only. The same graph gives the same list in
    every run; read backwards, it visits computed left operands before right ones. Linear in the number of edges.
    """
    if stop:
        return order_above(roots, stop)
    listed = list(dict.fromkeys([root for root in roots if not root.parents]))
    seen: set[N] = set(listed)  # nodes hash by identity
    stack: list[N | None] = [root for root in roots if root.parents]
    while stack:
        node = stack.pop()
        if node is None:  # the operands of the node below are all listed
            listed.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            stack.append(node)
            stack.append(None)
            for parent in node.parents:
                if parent not in seen:
                    if parent.parents:
                        stack.append(parent)
                    else:
                        seen.add(parent)
                        listed.append(parent)
    return listed


def order_above(roots: Sequence[N], stop: Collection[int]) -> list[N]:
    """:func:`order` where some nodes count as leaves."""
    listed: list[N] = []
    seen: set[N] = set()
    stack: list[N | None] = [*roots]
    while stack:
        node = stack.pop()
        if node is None:
            listed.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            if not node.parents or id(node) in stop:
                listed.append(node)
            else:
                stack.append(node)
                stack.append(None)
                stack += [parent for parent in node.parents if parent not in seen]
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
    """
    total: dict[N, float] = {x: 0.0 for x in inputs if not x.parents}  # nodes hash by identity
    inner = {x for x in inputs if x.parents}
    found: dict[N, float] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        total[output] = total.get(output, 0.0) + seed
    take = total.pop
    for node in computed(outputs):
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


def computed(roots: Sequence[N]) -> list[N]:
    """The nodes below the roots that have operands, results before operands: what a sweep goes through.

    The walk of :func:`reset`, with a set of those seen instead of a mark in the node.
    """
    listed: list[N] = []
    seen: set[N] = set()
    stack: list[N | None] = [root for root in roots if root.parents]
    while stack:
        node = stack.pop()
        if node is None:  # the operands of the node below are all listed
            listed.append(stack.pop())  # type: ignore[arg-type]
        elif node not in seen:
            seen.add(node)
            stack.append(node)
            stack.append(None)
            parents = node.parents
            if len(parents) == 2:  # spelled out as in sweep
                left, right = parents
                if left.parents and left not in seen:
                    stack.append(left)
                if right.parents and right not in seen:
                    stack.append(right)
            else:
                stack += [parent for parent in parents if parent.parents and parent not in seen]
    listed.reverse()
    return listed


def tangents(outputs: Sequence[N], inputs: Sequence[N], directions: Sequence[float]) -> list[float]:
    """d outputs[i] along ``directions``, for each output: the same loop run forward.

    Each input moves in its own direction, whatever it was computed from.

    out.tangent = sum over operands of d out / d operand * operand.tangent
    """
    tangent: dict[int, float] = {}
    for x, direction in zip(inputs, directions, strict=True):
        tangent[id(x)] = tangent.get(id(x), 0.0) + direction
    given = set(tangent)
    for node in order(*outputs):
        if not node.parents or id(node) in given:
            continue
        if pull_of(node) is not None and not tangent.keys().isdisjoint(map(id, node.parents)):
            raise backward_only(node)
        own = None
        for parent, partial in zip(node.parents, node.partials):  # noqa: B905 - lengths agree by construction
            along = tangent.get(id(parent))
            if along is not None and (partial or not node.rule.selecting):
                own = partial * along if own is None else own + partial * along
        if own is not None:
            node.rule.expect_formula()
            tangent[id(node)] = own
    return [tangent.get(id(output), 0.0) for output in outputs]


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
    between = set(map(id, inputs))
    leaves = set(map(id, stop))
    inner = []
    for node in order(*outputs, stop=leaves):
        if id(node) not in leaves and not between.isdisjoint(map(id, node.parents)):
            between.add(id(node))
            inner.append(node)
    terms: dict[int, list[tuple[T | float, T | float]]] = {}
    for output, seed in zip(outputs, seeds, strict=True):
        terms.setdefault(id(output), []).append((1.0, seed))
    total: dict[int, T] = {}
    for node in reversed(inner):
        arrived = terms.pop(id(node), None)
        if arrived is None:
            continue  # the edges to it carry nothing
        total[id(node)] = upstream = add_up(arrived)
        pull = pull_of(node)
        if pull is None:
            handed = [(partial, upstream) for partial in partials_of(node)]
        else:
            handed = [(1.0, cotangent) for cotangent in pull(node, upstream)]
        for parent, (partial, given), stored in zip(node.parents, handed, node.partials):  # noqa: B905 - as above
            key = id(parent)
            if key in between and (stored or carries(node.rule, partial, given, kept)):
                if key in terms:
                    terms[key].append((partial, given))
                else:
                    terms[key] = [(partial, given)]
    return [total[id(x)] if id(x) in total else add_up(terms.get(id(x), [])) for x in inputs]


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


def tangent_terms(
    outputs: Sequence[N],
    inputs: Sequence[N],
    directions: Sequence[T],
    partials_of: PartialsOf[N, T],
    add_up: AddUp[T],
    kept: bool = False,
) -> list[T]:
    """:func:`tangents` in another arithmetic, as :func:`gradient_terms` is to :func:`gradients`."""
    seeds: dict[int, list[tuple[T | float, T | float]]] = {}
    for x, direction in zip(inputs, directions, strict=True):
        seeds.setdefault(id(x), []).append((1.0, direction))
    tangent = {key: add_up(terms) for key, terms in seeds.items()}
    for node in order(*outputs):
        if id(node) in seeds or not any([id(parent) in tangent for parent in node.parents]):
            continue
        if pull_of(node) is not None:
            raise backward_only(node)
        terms: list[tuple[T | float, T | float]] = []
        for parent, partial, stored in zip(node.parents, partials_of(node), node.partials, strict=True):
            if id(parent) in tangent and (stored or carries(node.rule, partial, tangent[id(parent)], kept)):
                terms.append((partial, tangent[id(parent)]))
        if terms:
            tangent[id(node)] = add_up(terms)
    return [tangent[id(output)] if id(output) in tangent else add_up([]) for output in outputs]

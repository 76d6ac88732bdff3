r"""Drawings: the graph below a Value, written in Graphviz's language.

:func:`draw` is this library's own picture, :func:`draw_dot` and :func:`trace` are micrograd's. Ids depend on
:func:`autograd.graph.order` alone, so the same graph gives the same bytes in every run. What becomes of the text, a
file or a picture in a notebook, is :mod:`autograd.rendering`'s; which nodes share a box where a picture is folded,
:func:`homes` decides.

Labels are data. What Graphviz would read as markup (``{a|b}``, ``\N``, ``<b>``, ``&lt;``) is drawn as it stands;
what cannot be seen (a newline, an escape, a right-to-left override) is drawn as Python writes it: ``\n``, ``\x1b``,
``\u202e``; what is longer than 80 characters ends in ``…``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, Protocol

from . import rules
from .graph import order
from .labels import names as names_of
from .labels import visible
from .rendering import blank
from .stepping import ways_down
from .symbols import short
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence

    from graphviz import Digraph

MOST_NODES = 500
FEW_BOXES = 24  # in a folded picture, if the names of the parameters allow it
POSITIVE, NEGATIVE = (255, 208, 140), (160, 205, 255)  # light orange, light blue: black text on them has 13:1 and more
GREY = "#505050"
CONSTANT_LOOK = {"color": GREY, "fontcolor": GREY, "style": "filled,dashed"}
PATH = re.compile(r"[^\W\d]\w*(?:\.\w+|\[\d+\])+")  # layers.0.neurons.3.w[5], x[7]


class Parametrised(Protocol):
    """A module: something whose parameters have names."""

    def named_parameters(self) -> Iterable[tuple[str, Value]]:
        """Each parameter with its name, such as ``layers.0.neurons.3.w[5]``."""


class Box(NamedTuple):
    """What a picture, or a line of text, shows of one node, or of several that are folded into one."""

    made: str
    """The operation, or the name of the module."""
    fields: list[str]
    look: dict[str, str]
    line: tuple[str, str, str]
    """The columns of the listing: what it is, its value, its gradient."""


# The graph as data -------------------------------------------------------------------------------------------


def trace(root: Value) -> tuple[list[Value], list[tuple[Value, Value]]]:
    """The nodes and edges that a picture of ``root`` shows; edges are pairs (operand, result).

    As micrograd's function of that name, but in lists whose order is the same in every run (operands before results),
    and with both edges of ``x * x``. A constant exponent is part of its operation (``**3``), not a node.

    Raises TypeError if ``root`` is not a Value.
    """
    if not isinstance(root, Value):
        raise TypeError(f"expected a Value to draw, got {type(root).__name__}")
    below = order(root)
    shown = {root}
    for node in reversed(below):
        if node in shown:
            shown.update(node._prev)
    nodes = [node for node in below if node in shown]
    return nodes, [(operand, node) for node in nodes for operand in node._prev]


def draw(
    root: Value,
    *,
    rankdir: str = "LR",
    format: str = "svg",
    max_nodes: int | None = None,
    expand: bool = False,
    collapse: bool | Parametrised = False,
) -> Digraph:
    """The graph below ``root`` as a picture: forward along the arrows, backward in the numbers that they carry.

    One box for each value: the operation that made it, its label, ``data``, and ``grad`` = d root / d this (``-``
    before any ``root.backward()``). Each arrow leads from an operand to a result and shows the local partial
    ∂ = d result / d operand, so ``grad`` of an operand is the sum of ∂ times ``grad`` over the arrows that leave it.
    A number that stands in the formula itself is a constant: grey and dashed, without ``grad``.

    The gradient is also seen: orange above zero, blue below, and the larger next to the largest in the picture, the
    deeper the tint and the thicker the frame. Numbers are rounded to four digits; whole ones below a million are not.

    In a notebook the picture displays itself. Elsewhere ``draw(y).render("graph")`` writes ``graph.svg``,
    ``render("graph.pdf")`` a PDF; in a terminal it prints itself as text:

    >>> from autograd import Value
    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> y = (w * x + 6.9).tanh()
    >>> y.backward()
    >>> draw(y)
    w                data -3      grad 0.9738
    x                data 2       grad -1.461
    v1 = *(w, x)     data -6      grad 0.4869
    6.9              data 6.9     constant
    v2 = +(v1, 6.9)  data 0.9     grad 0.4869
    v3 = tanh(v2)    data 0.7163  grad 1

    A large graph is drawn folded, in boxes with round corners that tell how many nodes they hold and between which
    bounds the values that they hand on and their gradients lie. ∂ is then the derivative through the box; between
    boxes that hand on several nodes, ``× 30`` stands on what was 30 arrows:

    >>> draw(y, collapse=True)
    w            data -3      grad 0.9738
    x            data 2       grad -1.461
    v3: 4 nodes  data 0.7163  grad 1

    Parameters
    ----------
    root: the Value at the end.
    rankdir: ``"LR"`` draws from left to right, ``"TB"`` from top to bottom.
    format: what ``render`` and ``pipe`` write unless told otherwise: ``"svg"``, ``"png"``, ``"pdf"``, ...
    max_nodes: how many boxes the picture may have, 500 unless told otherwise.
    expand: whether a weighted sum (``dot``) is drawn op by op, as products and sums.
    collapse:
        True folds the graph by its labels: the neurons of which ``name_from`` has named the parameters, lists
        (``x[0]``, ``x[1]``, ...), and for other labelled nodes what was computed only for them. A module, such as
        ``collapse=model``, is folded though its parameters have no labels. Neurons become layers, and these a network,
        until there are at most ``max_nodes`` boxes, or 24 unless told otherwise.

    Raises TypeError if ``root`` is not a Value, or ``collapse`` neither a truth value nor a module; ValueError for
    another ``rankdir``, for a ``format`` that Graphviz does not know, and for more than ``max_nodes`` boxes.
    """
    nodes, edges = trace(root)
    if expand:
        root = spelled_out(root)
        nodes, edges = trace(root)
    numbered = {node: f"n{number}" for number, node in enumerate(nodes)}
    names = names_of(root)
    nodes = [node for node in names if node in numbered]  # left operands first, which Graphviz draws above right ones
    home: dict[Value, Hashable] = dict(zip(nodes, nodes, strict=True))
    if collapse:
        home = folded(nodes, collapse, FEW_BOXES if max_nodes is None else max_nodes)
    last = {home[node]: node for node in nodes}
    members: dict[Hashable, list[Value]] = {home[node]: [] for node in nodes if last[home[node]] is node}
    for node in nodes:
        members[home[node]].append(node)
    most = MOST_NODES if max_nodes is None else max_nodes
    if len(members) > most:
        count, kind, advice = len(members), "nodes", "Fold it with draw(..., collapse=True), draw"
        if collapse:
            kind, advice = "boxes", "Label what belongs together, draw"
        raise ValueError(
            f"draw: expected a graph of at most {most} {kind}, got {count}: nobody could read it. {advice} an inner "
            f"node, or say draw(..., max_nodes={count}) to see it all the same"
        )
    boxes = boxes_of(members, home, names, swept=root.grad != 0.0)
    picture = blank(listing(boxes.values()), rankdir, format)
    ids = {key: numbered[node] for key, node in last.items()}
    widest = max(len(node._prev) for node in nodes) if not collapse else len(members)
    picture.graph_attr.update(ranksep=f"{min(max(0.25, 0.1 * widest), 10.0):.2f}")  # many arrows need room to meet
    if len(edges) < len(nodes):  # a tree: operands can stand in the order of the formula everywhere
        picture.graph_attr.update(ordering="in")
    picture.node_attr.update(
        shape="record", style="filled", fillcolor="white", fontsize="13", width="0.3", height="0.3"
    )
    picture.edge_attr.update(arrowsize="0.7", color=GREY, fontsize="11")
    for key, box in boxes.items():
        stack = "{" + "|".join(escaped(field) for field in box.fields if field) + "}"
        picture.node(ids[key], f"{{{escaped(box.made)}|{stack}}}" if box.made else f"{{{stack}}}", **box.look)
    for start, end, text in arrows(members, home):
        constant = all(node.rule is rules.CONSTANT for node in members[start])
        picture.edge(ids[start], ids[end], text, **({"style": "dashed", "fontcolor": GREY} if constant else {}))
    return picture


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR") -> Digraph:
    """The graph below ``root`` as micrograd draws it: a box ``label | data | grad`` and an ellipse for its operation.

    Any number of nodes. Raises as :func:`draw`.
    """
    nodes, _ = trace(root)
    ids = {node: f"n{number}" for number, node in enumerate(nodes)}
    names = names_of(root)
    nodes = [node for node in names if node in ids]
    home: dict[Value, Hashable] = dict(zip(nodes, nodes, strict=True))
    boxes = boxes_of({node: [node] for node in nodes}, home, names, swept=True)
    picture = blank(listing(boxes.values()), rankdir, format)
    for node in nodes:
        fields = escaped(node.label), f"data {node.data:.4f}", f"grad {node.grad:.4f}"
        picture.node(ids[node], f"{{{'|'.join(fields)}}}", shape="record")
        if node._op:
            picture.node(f"{ids[node]}op", escaped(node._op))
            picture.edge(f"{ids[node]}op", ids[node])
    for node in nodes:
        for operand in node._prev:
            picture.edge(ids[operand], f"{ids[node]}op")
    return picture


# What is folded, and what is spelled out -----------------------------------------------------------------------


def folded(nodes: Sequence[Value], collapse: bool | Parametrised, most: int) -> dict[Value, Hashable]:
    """For each node the box that it is drawn in: neurons if there are at most ``most`` boxes then, else layers, ...

    Of two ways of folding that have as many boxes, the one with the shorter names.
    """
    paths = {node: node.label for node in nodes if PATH.fullmatch(node.label)}
    if not isinstance(collapse, bool):
        if not callable(getattr(type(collapse), "named_parameters", None)):
            raise TypeError(f"collapse: expected True, False or a module, got {type(collapse).__name__}")
        paths.update({node: f"{type(collapse).__name__}.{name}" for name, node in collapse.named_parameters()})
    best = homes(nodes, paths, 0)
    count = len(set(best.values()))
    for height in range(1, max([path.count(".") for path in paths.values()], default=0)):
        coarser = homes(nodes, paths, height)
        fewer = len(set(coarser.values()))
        if fewer < count <= most:
            break
        best, count = coarser, fewer
    return best


def homes(nodes: Sequence[Value], paths: Mapping[Value, str], height: int) -> dict[Value, Hashable]:
    """For each node the box that it is drawn in, where boxes bear names that are ``height`` parts shorter.

    From operands to results: what has a path is in the box of that name, what is computed with the parameters of one
    module, or from nothing but that module, is in its box. From results to operands, for the rest: a node with a
    label is a box, and what only one box uses is in it. Nameless inputs of a module that feed the same boxes are one.
    """
    home: dict[Value, Hashable] = {}
    modules: set[Hashable] = set()
    for node in nodes:
        if node in paths:
            *parts, _ = paths[node].split(".")
            home[node] = ".".join(parts[: max(1, len(parts) - height)]) if parts else paths[node].partition("[")[0]
            modules.update([home[node]] if parts else [])
        elif node._prev and not node.label:
            within = {home.get(operand) for operand in node._prev if operand.rule is rules.LEAF and operand in paths}
            owners = (within & modules) or {home.get(operand) for operand in node._prev}
            if len(owners) == 1 and owners <= modules:
                home[node] = owners.pop()
    users: dict[Value, set[Hashable]] = {node: set() for node in nodes}
    for node in reversed(nodes):
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
    return {node: home[node] for node in nodes}


def spelled_out(root: Value) -> Value:
    """A copy of the graph in which weighted sums are products and sums: z = w1 * x1 + w2 * x2 + ... + b.

    Leaves are shared with the graph; results are new, with the values and gradients that belong to them.
    """
    twins: dict[Value, Value] = {}
    for node in order(root):
        operands = [twins[operand] for operand in node.parents]
        half = len(operands) // 2
        if not operands:
            twins[node] = node
        elif node.rule is not rules.DOT or not half:
            twins[node] = twin(node, node.rule, operands, node.data, node.partials)
        else:
            pairs = zip(operands[:half], operands[half : 2 * half], strict=True)
            total, *terms = [twin(node, rules.MUL, [w, x], w.data * x.data, (x.data, w.data)) for w, x in pairs]
            for term in [*terms, *operands[2 * half :]]:
                total = twin(node, rules.ADD, [total, term], total.data + term.data, (1.0, 1.0))
            total.data, total.label = node.data, node.label
            twins[node] = total
    return twins[root]


def twin(node: Value, rule: rules.Rule, operands: Sequence[Value], data: float, partials: Sequence[float]) -> Value:
    """A node that stands for ``node``, or for a part of its sum, in a picture: it has its gradient."""
    copied = Value(data)
    copied.grad, copied.rule, copied.parents, copied.partials = node.grad, rule, tuple(operands), tuple(partials)
    copied.label = node.label if rule is node.rule else ""
    return copied


def arrows(
    members: Mapping[Hashable, Sequence[Value]], home: dict[Value, Hashable]
) -> Iterator[tuple[Hashable, Hashable, str]]:
    """From which box to which, and what stands there.

    That is the partial between nodes, and between boxes that hand on one node each the derivative through the box;
    else how many arrows there were.
    """
    handed = handed_on(members, home)
    place = {node: i for i, node in enumerate(home)}
    bundles: dict[tuple[Hashable, Hashable], int] = {}
    for node, end in home.items():
        for operand, partial in zip(node._prev, node.partials):  # noqa: B905 - not the partial by a constant exponent
            start = home[operand]
            if len(handed[start]) == len(members[end]) == 1:
                yield start, end, f"∂ {short(partial)}"
            elif members[start] is not members[end]:
                bundles[start, end] = bundles.get((start, end), 0) + 1
    through: dict[tuple[Hashable, Hashable], float] = {}
    for end in {end: None for _, end in bundles}:
        if len(handed[end]) == 1:
            for operand, _, partial, _ in ways_down(handed[end][0], place, place.keys() - set(members[end])):
                through[home[operand], end] = through.get((home[operand], end), 0.0) + partial
    for (start, end), count in bundles.items():
        if len(handed[start]) == len(handed[end]) == 1:
            yield start, end, f"∂ {short(through[start, end])}"
        else:
            yield start, end, f"× {count}"


def handed_on(members: Mapping[Hashable, Sequence[Value]], home: dict[Value, Hashable]) -> dict[Hashable, list[Value]]:
    """The nodes in each box that others use, or the root."""
    used = {operand for node in home for operand in node._prev if members[home[operand]] is not members[home[node]]}
    used.add(next(reversed(home)))  # the root
    return {key: [node for node in inside if node in used] for key, inside in members.items()}


# How boxes, numbers, labels and gradients look ---------------------------------------------------------------------


def boxes_of(
    members: Mapping[Hashable, Sequence[Value]],
    home: dict[Value, Hashable],
    names: Mapping[Value, str],
    *,
    swept: bool,
) -> dict[Hashable, Box]:
    """What stands in each box, given the nodes in it."""
    faces = {key: face(key, inside) for key, inside in members.items()}
    shown = [x for x in faces.values() if x is not None and x.rule is not rules.CONSTANT]
    largest = max([abs(x.grad) for x in shown if math.isfinite(x.grad)], default=0.0)
    handed = handed_on(members, home)
    called = {
        key: key if isinstance(key, str) else "inputs" if node is None else names[node] for key, node in faces.items()
    }
    boxes: dict[Hashable, Box] = {}
    for key, inside in members.items():
        node, name = faces[key], called[key]
        if node is None:
            variables = [x.grad for x in inside if x.rule is not rules.CONSTANT]
            data = f"data {span([x.data for x in handed[key]])}"
            grad = f"grad {span(variables) if swept else '-'}" if variables else "constant"
            kinds, look = contents(inside), {**({} if variables else CONSTANT_LOOK), "shape": "Mrecord"}
            boxes[key] = Box(name, [*kinds, data, grad], look, (f"{name}: {', '.join(kinds)}", data, grad))
        elif node.rule is rules.CONSTANT:
            boxes[key] = Box(
                "", [node.label, short(node.data)], CONSTANT_LOOK, (name, f"data {short(node.data)}", "constant")
            )
        else:
            data, grad = f"data {short(node.data)}", f"grad {short(node.grad) if swept else '-'}"
            look = tint(node.grad, largest) if swept else {}
            operands = [called[home[operand]] for operand in node._prev[:4]]
            if len(node._prev) > 4:
                operands.append(f"... {len(node._prev)} operands")
            made, line = node._op, f"{name} = {node._op}({', '.join(operands)})" if node._op else name
            if len(inside) > 1:
                made = f"{len(inside)} nodes"
                look["shape"], line = "Mrecord", f"{name}: {made}"
            boxes[key] = Box(made, [node.label, data, grad], look, (line, data, grad))
    return boxes


def face(key: Hashable, inside: Sequence[Value]) -> Value | None:
    """The node that a box shows: its only one, or that for which the others were computed."""
    if len(inside) == 1:
        return inside[0]
    return key if isinstance(key, Value) else None


def contents(inside: Sequence[Value]) -> list[str]:
    """How many nodes of each kind are in a box: its leaves, and its operations, the most frequent first."""
    computed = Counter([node._op for node in inside if node._prev])
    constants = sum(node.rule is rules.CONSTANT for node in inside)
    variables = len(inside) - constants - computed.total()
    counted = [(variables, "parameter" if computed else "variable"), (constants, "constant")]
    leaves = [f"{count} {kind}{'s' if count > 1 else ''}" for count, kind in counted if count]
    kinds = [f"{count} {kind}" if count > 1 else kind for kind, count in computed.most_common()]
    return [*leaves, ", ".join([*kinds[:3], "..."] if len(kinds) > 3 else kinds)] if kinds else leaves


def span(numbers: Sequence[float]) -> str:
    """The least and the largest number: ``-1 … 1``; nan if one is."""
    if any(map(math.isnan, numbers)):
        return "nan"
    least, largest = short(min(numbers)), short(max(numbers))
    return least if least == largest else f"{least} … {largest}"


def escaped(label: str) -> str:
    r"""A label for Graphviz, which then draws exactly ``visible(label)``.

    ``&`` would begin an entity (``&lt;``), a backslash an escape (``\N`` is the name of the node), ``{|}<>`` divide a
    record into fields, and a space between them would be dropped.
    """
    return re.sub(r"[\\{|}<> ]", r"\\\g<0>", visible(label).replace("&", "&amp;"))


def tint(grad: float, largest: float) -> dict[str, str]:
    """The look of a box whose gradient is ``grad``, where ``largest`` is the largest finite one in the picture."""
    strength = (math.sqrt(abs(grad) / largest) if largest else 0.0) if math.isfinite(grad) else 1.0
    full = NEGATIVE if grad < 0.0 else POSITIVE
    red, green, blue = (round(255 - strength * (255 - channel)) for channel in full)
    return {"fillcolor": f"#{red:02x}{green:02x}{blue:02x}", "penwidth": f"{1 + 1.5 * strength:.2f}"}


def listing(boxes: Iterable[Box]) -> str:
    """The graph as text: a line for each box, operands before results."""
    lines = [box.line for box in boxes]
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    return "\n".join("  ".join([*map(str.ljust, line, widths), line[2]]) for line in lines)

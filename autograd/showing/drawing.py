r"""Drawings: the graph below a Value, written in Graphviz's language.

:func:`draw` is this library's own picture, :func:`draw_dot` and :func:`trace` are micrograd's. Ids depend on
:func:`autograd.graph.order` alone, so the same graph gives the same bytes in every run. What becomes of the text, a
file or a picture in a notebook, is :mod:`.rendering`'s; which nodes share a box where a picture is folded,
:mod:`.folding` says.

Labels are data. What Graphviz would read as markup (``{a|b}``, ``\N``, ``<b>``, ``&lt;``) is drawn as it stands;
what cannot be seen (a newline, an escape, a right-to-left override) is drawn as Python writes it: ``\n``, ``\x1b``,
``\u202e``; what is longer than 80 characters ends in ``…``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from autograd import rules
from autograd.graph import order
from autograd.readings.symbols import short
from autograd.value import Value

from .folding import FEW_BOXES, Folded, Folds, arrows, handed_on, members_of, names_to_open
from .labels import names as names_of
from .labels import visible
from .rendering import blank

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from typing import TypeVar

    from graphviz import Digraph

    from .folding import Parametrised

    Key = TypeVar("Key", bound=Hashable)

MOST_NODES = 500
MOST_PASSED = 100  # boxes that arrows pass on their way, in all, before arrows from far away begin at copies
NEAR, FAR = 1, 8  # boxes between the first use of a box and one that has a copy: of a leaf, and of what was computed
VERY_MANY = 5000  # boxes passed by arrows from what was computed, from where that is copied as leaves are
MANY = 300  # arrows, and boxes that they pass, in all, before the search for the best places is cut short
QUICK = {"nslimit": "2", "nslimit1": "2", "mclimit": "0.1"}  # limits to Graphviz's search for the best places
POSITIVE, NEGATIVE = (255, 208, 140), (160, 205, 255)  # light orange, light blue: black text on them has 13:1 and more
GREY = "#505050"
CONSTANT_LOOK = {"color": GREY, "fontcolor": GREY, "style": "filled,dashed"}
COPY = {"shape": "oval", "style": "filled,dotted", "height": "0.2", "margin": "0.05"}


class Box(NamedTuple):
    """What a picture, or a line of text, shows of one node, or of several that are folded into one."""

    name: str
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
    expand: bool | str | Iterable[str] = False,
    collapse: bool | Parametrised = False,
    depth: int | None = None,
) -> Digraph:
    """The graph below ``root`` as a picture: forward along the arrows, backward in the numbers that they carry.

    One box for each value: the operation that made it, its label, ``data``, and ``grad`` = d root / d this (``-``
    before any ``root.backward()``). Each arrow leads from an operand to a result and shows the local partial
    ∂ = d result / d operand, so ``grad`` of an operand is the sum of ∂ times ``grad`` over the arrows that leave it.
    A number that stands in the formula itself is a constant: grey and dashed, without ``grad``.

    The gradient is also seen: orange above zero, blue below, and the larger next to the largest in the picture, the
    deeper the tint and the thicker the frame. Numbers are rounded to four digits; whole ones below a million are not.

    In a notebook the picture displays itself. Elsewhere ``draw(y).save("graph.svg")`` writes a file (also ``.png`` and
    ``.pdf``, and ``.gv`` for Graphviz's source); in a terminal it prints itself as text:

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

    A large graph is drawn folded, in boxes with round corners that tell what they hold. ``data`` and ``grad`` are then
    of what a box hands on, between their least and their greatest where that is several nodes. ∂ is the derivative
    through a box, where that hands on one node and the arrow one node to it; ``× 30`` stands on what was 30 arrows:

    >>> draw(y, collapse=True)
    w            data -3      grad 0.9738
    x            data 2       grad -1.461
    v3: 4 nodes  data 0.7163  grad 1

    Where many arrows would lead far, such as from a weight to every step of a recurrence, they begin at copies of their
    box that stand near: dotted ovals with its name.

    Parameters
    ----------
    root: the Value at the end.
    rankdir: ``"LR"`` draws from left to right, ``"TB"`` from top to bottom.
    format: what ``render`` and ``pipe`` write unless told otherwise: ``"svg"``, ``"png"``, ``"pdf"``, ...
    max_nodes: how many boxes the picture may have, 500 unless told otherwise.
    expand:
        True draws a weighted sum (``dot``) op by op, as products and sums. The name of a module or list, or several,
        opens those boxes of a folded picture: ``expand="layers.0.neurons.3"``.
    collapse:
        True folds the graph by its labels: into modules, which the labels of their parameters tell, lists (``x[0]``,
        ``x[1]``, ...), and for other labelled nodes what was computed only for them. A module, such as
        ``collapse=model``, is folded whatever labels its parameters have. Each call of a module is a box, the second
        being ``layers.0 (2)``; parameters that several share are another, ``layers.0``. Neurons become layers, these a
        network, and the calls one box, until there are at most ``max_nodes`` boxes, or 24 unless told otherwise.
    depth: which modules are boxes: 0 is the whole network, 1 its layers, 2 their neurons, ...

    Raises TypeError if ``root`` is not a Value, ``collapse`` neither a truth value nor a module, or ``expand`` neither
    a truth value nor names; ValueError for another ``rankdir``, for a ``format`` that Graphviz does not know, for a
    name to ``expand`` that no box has, for a negative ``depth``, and for more than ``max_nodes`` boxes.
    """
    nodes, edges = trace(root)
    picture = blank(rankdir, format)
    opened = names_to_open(expand)
    if expand is True:
        root = spelled_out(root)
        nodes, edges = trace(root)
    numbered = {node: f"n{number}" for number, node in enumerate(nodes)}
    names = names_of(root)
    nodes = [node for node in names if node in numbered]  # left operands first, which Graphviz draws above right ones
    most = MOST_NODES if max_nodes is None else max_nodes
    folds = collapse is not False or bool(opened) or depth is not None
    shown = Folded(dict(zip(nodes, nodes, strict=True)), set())
    if folds:
        ways = Folds(nodes, True if collapse is False else collapse, opened)
        shown = ways.best(FEW_BOXES if max_nodes is None else max_nodes, depth)
    members = members_of(shown.home)
    if len(members) > most:
        count, kind, advice = len(members), "nodes", "Fold it with draw(..., collapse=True), draw"
        if folds:
            kind, advice = "boxes", "Label what belongs together, draw"
        raise ValueError(
            f"draw: expected a graph of at most {most} {kind}, got {count}: nobody could read it. {advice} an inner "
            f"node, or say draw(..., max_nodes={count}) to see it all the same"
        )
    boxes = boxes_of(members, shown, names, swept=root.grad != 0.0)
    picture.text = listing(boxes.values())
    ids = {key: numbered[inside[-1]] for key, inside in members.items()}
    widest = len(members) if folds else max(len(node._prev) for node in nodes)
    picture.graph_attr.update(ranksep=f"{min(max(0.25, 0.1 * widest), 10.0):.2f}")  # many arrows need room to meet
    a_tree = len(edges) < len(nodes)  # where operands can stand in the order of the formula everywhere
    if a_tree:
        picture.graph_attr.update(ordering="in")
    picture.node_attr.update(
        shape="record", style="filled", fillcolor="white", fontsize="13", width="0.3", height="0.3"
    )
    picture.edge_attr.update(arrowsize="0.7", color=GREY, fontsize="11")
    drawn = list(arrows(members, shown.home))
    copies, hints = spread(list(boxes), [(start, end) for start, end, _ in drawn])
    picture.graph_attr.update(hints)
    copied = {start for (start, _, _), copy in zip(drawn, copies, strict=True) if copy}
    for key, box in boxes.items():
        operation = bool(box.made) and key not in shown.modules
        ordering = {"ordering": "in" if operation else "out"} if folds and not a_tree else {}  # neurons in their order
        picture.node(ids[key], record_of(box, named=key in copied), **box.look, **ordering)
    for (start, end, text), copy in zip(drawn, copies, strict=True):
        constant = all(node.rule is rules.CONSTANT for node in members[start])
        source = f"{ids[start]}copy{copy}" if copy else ids[start]
        if copy:  # said again with each of its arrows, which changes nothing
            picture.node(source, escaped(boxes[start].name), **{**boxes[start].look, **COPY})
        picture.edge(source, ids[end], text, **({"style": "dashed", "fontcolor": GREY} if constant else {}))
    return picture


def record_of(box: Box, *, named: bool) -> str:
    """What stands in a box, in Graphviz's language for records; its name too where it must be ``named``."""
    fields = [field for field in box.fields if field]
    if named and box.made and box.name not in (box.made, *fields):
        fields.insert(0, box.name)
    stack = "{" + "|".join(map(escaped, fields)) + "}"
    return f"{{{escaped(box.made)}|{stack}}}" if box.made else f"{{{stack}}}"


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR") -> Digraph:
    """The graph below ``root`` as micrograd draws it: a box ``label | data | grad`` and an ellipse for its operation.

    Any number of nodes. Raises as :func:`draw`.
    """
    nodes, _ = trace(root)
    picture = blank(rankdir, format)
    ids = {node: f"n{number}" for number, node in enumerate(nodes)}
    names = names_of(root)
    nodes = [node for node in names if node in ids]
    alone = Folded(dict(zip(nodes, nodes, strict=True)), set())
    boxes = boxes_of({node: [node] for node in nodes}, alone, names, swept=True)
    picture.text = listing(boxes.values())
    for node in nodes:
        fields = escaped(node.label), f"data {node.data:.4f}", f"grad {node.grad:.4f}"
        picture.node(ids[node], f"{{{'|'.join(fields)}}}", shape="record")
        if node._op or node._prev:
            picture.node(f"{ids[node]}op", escaped(node._op))
            picture.edge(f"{ids[node]}op", ids[node])
    for node in nodes:
        for operand in node._prev:
            picture.edge(ids[operand], f"{ids[node]}op")
    return picture


# Weighted sums, op by op ----------------------------------------------------------------------------------------


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
    kept = tuple(partials) if partials else node.partials  # unknown of a node that was made by hand
    copied.grad, copied.rule, copied.parents, copied.partials = node.grad, rule, tuple(operands), kept
    copied.label = node.label if rule is node.rule else ""
    return copied


# Where boxes stand --------------------------------------------------------------------------------------------


def spread(keys: Sequence[Key], links: Sequence[tuple[Key, Key]]) -> tuple[list[int], dict[str, str]]:
    """For each arrow the copy of its box at which it begins, 0 being the box itself; and attributes of the picture.

    A box stands just before the first that uses it. Arrows to uses far away cross all that lies between, which nobody
    can follow, and which takes Graphviz minutes: in a picture with many of them, the uses near each other have a copy.
    ``keys`` has operands before results.
    """
    height = heights(keys, links)
    computed = {end for _, end in links}
    passed = [max(height[start] - height[end] - 1, 0) for start, end in links]
    dense = sum([n for n, (start, _) in zip(passed, links, strict=True) if start in computed]) > VERY_MANY
    copies = [0] * len(links)
    if sum(passed) > MOST_PASSED:
        latest: dict[Key, tuple[int, int]] = {}  # of each box the last copy so far, and the height of its first use
        for i in sorted(range(len(links)), key=lambda i: -height[links[i][1]]):
            start, end = links[i]
            copy, first = latest.setdefault(start, (0, height[end]))
            if first - height[end] > (FAR if start in computed and not dense else NEAR):
                latest[start] = copy, _ = copy + 1, height[end]
            copies[i] = copy
    return copies, QUICK if sum(passed) + len(links) > MANY else {}


def heights(keys: Sequence[Key], links: Iterable[tuple[Key, Key]]) -> dict[Key, int]:
    """How many arrows the root is away from each box, on the longest way; arrows backward do not count."""
    place = {key: i for i, key in enumerate(keys)}
    forward = [(start, end) for start, end in links if place[start] < place[end]]
    height = dict.fromkeys(keys, 0)
    for start, end in sorted(forward, key=lambda link: -place[link[1]]):
        height[start] = max(height[start], height[end] + 1)
    return height


# How boxes, numbers, labels and gradients look ---------------------------------------------------------------------


class Shared(NamedTuple):
    """What all boxes of a picture have in common."""

    called: Mapping[Hashable, str]
    """The name of each box."""
    home: Mapping[Value, Hashable]
    """The box of each node."""
    swept: bool
    """Whether there are gradients to show."""
    largest: float
    """The largest gradient, next to which the others are tinted."""

    def grad(self, numbers: Sequence[float]) -> str:
        """Gradients as a box tells them."""
        return f"grad {span(numbers) if self.swept else '-'}"

    def look(self, grad: float) -> dict[str, str]:
        """The look of a box that hands on one node, which has this gradient."""
        return tint(grad, self.largest) if self.swept else {}


def boxes_of(
    members: Mapping[Hashable, Sequence[Value]], shown: Folded, names: Mapping[Value, str], *, swept: bool
) -> dict[Hashable, Box]:
    """What stands in each box, given the nodes in it."""
    faces = {key: None if key in shown.modules else face(key, inside) for key, inside in members.items()}
    handed = handed_on(members, shown.home)
    single = [face or handed[key][0] for key, face in faces.items() if face or len(handed[key]) == 1]
    finite = [abs(x.grad) for x in single if x.rule is not rules.CONSTANT and math.isfinite(x.grad)]
    called = {key: title(key, node, names) for key, node in faces.items()}
    shared = Shared(called, shown.home, swept, max(finite, default=0.0))
    boxes: dict[Hashable, Box] = {}
    for key, inside in members.items():
        node = faces[key]
        if node is None:
            noun = "parameter" if key in shown.modules else "variable"
            boxes[key] = box_of_several(called[key], inside, handed[key], noun, shared)
        elif node.rule is rules.CONSTANT:
            boxes[key] = box_of_constant(called[key], node)
        elif len(inside) > 1:
            boxes[key] = box_of_labelled(called[key], node, len(inside), shared)
        else:
            boxes[key] = box_of_node(called[key], node, shared)
    return boxes


def title(key: Hashable, node: Value | None, names: Mapping[Value, str]) -> str:
    """What a box is called: as the module or list, or as the ``node`` that it shows."""
    if isinstance(key, str):
        return visible(key)
    return "inputs" if node is None else names[node]


def box_of_constant(name: str, node: Value) -> Box:
    """A number of the formula."""
    data = short(node.data)
    return Box(name, "", [node.label, data], {**CONSTANT_LOOK}, (name, f"data {data}", "constant"))


def box_of_node(name: str, node: Value, shared: Shared) -> Box:
    """A leaf, or an operation and its result."""
    data, grad = f"data {short(node.data)}", shared.grad([node.grad])
    operands = [shared.called[shared.home[operand]] for operand in node._prev[:4]]
    if len(node._prev) > 4:
        operands.append(f"... {len(node._prev)} operands")
    told = f"{name} = {node._symbol}({', '.join(operands)})" if node._symbol else name
    return Box(name, node._symbol, [node.label, data, grad], shared.look(node.grad), (told, data, grad))


def box_of_labelled(name: str, node: Value, count: int, shared: Shared) -> Box:
    """A node and all that was computed for it alone, ``count`` nodes."""
    made, data, grad = f"{count} nodes", f"data {short(node.data)}", shared.grad([node.grad])
    look = {**shared.look(node.grad), "shape": "Mrecord"}
    return Box(name, made, [node.label, data, grad], look, (f"{name}: {made}", data, grad))


def box_of_several(name: str, inside: Sequence[Value], handed: Sequence[Value], noun: str, shared: Shared) -> Box:
    """A module, a list, or nameless inputs: what is in it, and what of that it hands on. A leaf is a ``noun``."""
    kinds = contents(inside, noun)
    told, data = f"{name}: {', '.join(kinds)}", f"data {span([x.data for x in handed])}"
    within = [x.grad for x in inside if x.rule is rules.LEAF]
    if shared.swept and within and len(kinds) > 1:
        kinds = [f"{kinds[0]}, grad {span(within)}", *kinds[1:]]
    grads = [x.grad for x in handed if x.rule is not rules.CONSTANT]
    if not grads:
        grad, look = "constant", CONSTANT_LOOK
    else:
        grad, look = shared.grad(grads), shared.look(grads[0]) if len(grads) == 1 else {}
    return Box(name, name, [*kinds, data, grad], {**look, "shape": "Mrecord"}, (told, data, grad))


def face(key: Hashable, inside: Sequence[Value]) -> Value | None:
    """The node that a box shows: its only one, or that for which the others were computed."""
    if len(inside) == 1:
        return inside[0]
    return key if isinstance(key, Value) else None


def contents(inside: Sequence[Value], kind: str) -> list[str]:
    """How many nodes of each kind are in a box: its leaves, and its operations, the most frequent first."""
    computed = Counter([node._symbol for node in inside if node._prev])
    constants = sum(node.rule is rules.CONSTANT for node in inside)
    counted = [(len(inside) - constants - computed.total(), kind), (constants, "constant")]
    leaves = [f"{count} {noun}{'s' if count > 1 else ''}" for count, noun in counted if count]
    kinds = [f"{count} {made}" if count > 1 else made for made, count in computed.most_common()]
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

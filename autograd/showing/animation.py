"""The page: forward, then backward, node by node, in a browser without a network.

:func:`animate` puts the picture of a graph, the records of :mod:`.stepping` and the lines of
:mod:`.explanation` into ``animation.html``, which lies beside this file and does the showing. :func:`quiz` is
the same page with some gradients to find, in the order of backward.

The page is given the numbers, and the texts around them with a gap for each: when the reader changes a leaf, it
computes the rest with the rows of the table in JavaScript (:mod:`autograd.readings.scripting`) and fills the gaps anew.
Constants cannot be changed: they belong to the formula, and no gradient is asked for them.

A page is one file that asks for no other, and says so to the browser (Content-Security-Policy). Labels go in as data,
shown as drawings show them (:func:`autograd.showing.labels.visible`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from autograd import functions, rules
from autograd.readings.formulas import ROWS, arguments, derivative, formula, namer, vector
from autograd.readings.symbols import Symbol, Vector, product, short
from autograd.readings.trees import Gap
from autograd.value import Value

from . import drawing, rendering, saving
from .explanation import Derivation
from .labels import visible
from .placing import Arrow, Box, picture
from .stepping import sweep

if TYPE_CHECKING:
    import os
    from collections import Counter
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from xml.etree.ElementTree import Element

    from .stepping import Step

DIGITS = 4
GAP = "\U000f0000"  # a character that no name has: labels show it as Python writes it
MOST_HIDDEN = 8  # gradients that a quiz asks for
SVG = "{http://www.w3.org/2000/svg}"


def animate(root: Value, *, max_nodes: int = 500) -> Animation:
    """The graph below ``root`` as a page that steps through it: forward, then backward, node by node.

    What if a leaf had another value? The reader changes it in the page, and forward and backward are computed anew by
    the same operations; constants stay, and so does the side that a ``where`` or an ``if`` took. A graph with
    operations that are not of the table (by ``primitive``, or a function under ``jit``) can be stepped through only.

    In a notebook it shows itself, and where the notebook is not trusted to run scripts, as a picture. Elsewhere
    ``animate(y).save("steps.html")`` writes a file for any browser. No ``grad`` is read or written: gradients start
    from 0, as in :func:`autograd.steps`. The same graph gives the same bytes.

    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> animate((w * x + 6.9).tanh())
    <Animation 'Backpropagation from v3, step by step': 9 frames>

    Where no program can draw it (:func:`autograd.draw`), as in a browser's Python, the boxes are placed without one.

    Raises TypeError if ``root`` is not a Value; ValueError where the picture has more than ``max_nodes`` nodes.
    """
    return Animation(Stage(root, max_nodes, "animate"))


def quiz(root: Value, seed: int = 0, *, max_nodes: int = 500) -> Animation:
    """The page of :func:`animate` with gradients hidden, half of them but at most 8, that the learner fills in.

    An answer is right to half a percent, or if it is the gradient rounded to two or more significant digits; it may be
    a fraction. Of the first wrong one the page shows how it comes about. Backward can be stepped through when all are
    right, or the learner asks for the answers. ``seed`` chooses which are hidden. (Who reads the file's text finds the
    answers: it is an exercise, not an examination.)

    Raises as :func:`animate`; also TypeError if ``seed`` is not an int, ValueError if there is no gradient to ask for.
    """
    from random import Random

    if not isinstance(seed, int):
        raise TypeError(f"expected an int as the seed, got {type(seed).__name__}")
    stage = Stage(root, max_nodes, "quiz")
    open_to_question = [node for node in stage.variables if node is not root]
    if not open_to_question:
        raise ValueError("quiz: expected a graph with at least one variable below its root, got none")
    many = min((len(open_to_question) + 1) // 2, MOST_HIDDEN)
    chosen = set(Random(seed).sample(range(len(open_to_question)), many))
    return Animation(stage, [node for i, node in enumerate(open_to_question) if i in chosen])


class Animation:
    """A page that steps through a graph.

    Attributes: ``title``; ``frames``, their number; ``svg``, the picture with the final gradients; ``html``, the page.
    """

    __slots__ = ("frames", "html", "svg", "title")

    def __init__(self, stage: Stage, hidden: Sequence[Value] = ()) -> None:
        from html import escape
        from pathlib import Path

        from autograd.readings import scripting

        name = stage.names[stage.root]
        self.title = f"Quiz: backpropagation from {name}" if hidden else f"Backpropagation from {name}, step by step"
        self.svg = stage.picture(hidden)
        frames = stage.frames()
        self.frames = len(frames)
        obstacle = "" if hidden else stage.obstacle()
        data = {
            "digits": DIGITS,
            "nodes": stage.boxes(),
            "arrows": [[stage.place[node], position] for node, position in stage.edge],
            "product": template(lambda naming: product([naming(0), naming(1)]).text),
            "complaints": {} if hidden or obstacle else stage.complaints(),
            "frames": frames,
            "hidden": [stage.place[node] for node in reversed(hidden)],
            "obstacle": obstacle,
        }
        contents = {
            "TITLE": escape(self.title),
            "DATA": script_text(data),
            "ROWS": "null" if hidden or obstacle else scripting.script(stage.used),
            "SVG": self.svg,
        }
        page = Path(__file__).with_name("animation.html").read_text(encoding="utf-8")
        for mark, content in contents.items():
            page = page.replace(f"<!--{mark}-->", content)
        self.html = page

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the page to a file whose name ends in ``.html`` or ``.htm``, and return its path.

        Raises ValueError for another name, OSError where the file cannot be written.
        """
        return saving.save(
            path, dict.fromkeys(("html", "htm"), lambda _: self.html), "; draw(y).save() writes pictures"
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.title!r}: {self.frames} frames>"

    def _repr_html_(self) -> str:
        """The picture, and a script that puts the page in its place, in a frame that can touch nothing around it."""
        from base64 import b64encode
        from hashlib import sha256
        from html import escape

        mark = f"steps-{sha256(self.html.encode()).hexdigest()[:12]}"
        picture = b64encode(self.svg.encode()).decode()
        return (
            f'<img id="{mark}" alt="{escape(self.title)}: the graph with its gradients" '
            f'style="max-width: 100%; background: white" src="data:image/svg+xml;base64,{picture}">\n'
            f"<script>(() => {{\nconst page = {script_text(self.html)}, title = {script_text(self.title)};\n"
            f"for (const image of document.querySelectorAll('[id=\"{mark}\"]')) {{\n"
            'const frame = document.createElement("iframe");\n'
            'frame.setAttribute("sandbox", "allow-scripts");\n'
            'frame.style.cssText = "width: 100%; height: 640px; border: 0";\n'
            "frame.title = title;\nframe.srcdoc = page;\nimage.replaceWith(frame);\n}\n})();</script>"
        )

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None
    ) -> dict[str, str]:
        """What a notebook shows."""
        kinds = {"text/plain", "text/html"}
        kinds = (kinds if include is None else kinds & set(include)) - set(exclude or ())
        made = {"text/plain": repr(self), "text/html": self._repr_html_() if "text/html" in kinds else ""}
        return {kind: shown for kind, shown in made.items() if kind in kinds}


class Stage:
    """What a page is made of: the nodes of the picture, the frames, and the picture itself."""

    def __init__(self, root: Value, most: int, asked: str) -> None:
        if not isinstance(root, Value):
            raise TypeError(f"expected a Value to {asked}, got {type(root).__name__}")
        self.nodes, _ = drawing.trace(root)
        if len(self.nodes) > most:
            raise ValueError(
                f"{asked}: expected a graph of at most {most} nodes, got {len(self.nodes)}: nobody could follow it. "
                f"Take an inner node, or say {asked}(..., max_nodes={len(self.nodes)}) to see it all the same"
            )
        for node in self.nodes:
            node.rule.expect_formula()
        self.root = root
        self.derivation = Derivation(root, DIGITS)
        self.names = self.derivation.names
        self.gradient = self.derivation.gradient
        self.place = {node: i for i, node in enumerate(self.nodes)}
        self.variables = [node for node in self.nodes if node.rule is not rules.CONSTANT]
        self.computed = [node for node in self.names if node.parents and node in self.place]
        edges = [(node, position) for node in self.nodes for position in range(len(node._prev))]
        self.edge = {edge: i for i, edge in enumerate(edges)}
        self.taken = [
            step
            for step in sweep(self.derivation.nodes, self.names)
            if step.operand in self.place and step.operand.rule is not rules.CONSTANT
        ]
        self.used = list(dict.fromkeys(node.rule for node in self.nodes if node.parents))

    # The data.

    def obstacle(self) -> str:
        """Why the page cannot compute the graph anew, as a sentence; nothing if it can."""
        for node in self.computed:
            rule, operands = node.rule, [x.data for x in node.parents]
            if rule not in ROWS:
                made = visible(rule.symbol)
                return f"{self.names[node]} was computed by {made}, which is not an operation of the table."
            given = rule.arguments(operands)
            try:
                out = rule.value(*given)
                now = [out, *rule.spread(rule.partials(out, *given), operands)]
            except (ArithmeticError, ValueError):
                return f"{self.names[node]} is inf or nan where the table has no value, as ieee() allows."
            if repr([*map(float, now)]) != repr([*map(float, [node.data, *node.partials])]):
                return f"{self.names[node]} was computed before its operands got the values that they have now."
        return "" if len(self.variables) > len(self.computed) else "there is no leaf whose value could be changed."

    def complaints(self) -> dict[str, list[str]]:
        """What the page says where a row has no value, and where that is too large; with gaps for the operands."""
        told = {}
        for rule in self.used:
            if rule.layout == "fixed":  # the others have a value everywhere
                gaps: list[Any] = [Place(i) for i, _ in enumerate(rule.operand_names)]
                told[rule.symbol] = [rule.complaint(error, gaps) for error in (ValueError(), OverflowError())]
        return told

    def boxes(self) -> list[dict[str, object]]:
        """For each node its name, its numbers, what it is computed from, and the frame in which that is shown."""
        frame = {node: i for i, node in enumerate(self.computed, start=1)}
        return [
            {
                "name": self.names[node],
                "total": derivative(self.root, node, self.names).text,
                "constant": node.rule is rules.CONSTANT,
                "data": plain(node.data),
                "frame": frame.get(node, 0),
                "rule": node.rule.symbol,
                "selecting": node.rule.selecting,
                "operands": [self.place.get(x, str(x.data)) for x in node.parents],
                "partials": [*map(plain, node.partials)],
                "formula": formula(node, self.names).text if node.parents else "",
                "numbers": numbers(node),
            }
            for node in self.nodes
        ]

    def frames(self) -> list[dict[str, object]]:
        """The start, each node forward, the root's own gradient, each node backward, and the result."""
        from collections import Counter

        uses = Counter(step.operand for step in self.taken)
        root = self.names[self.root]
        made = [self.frame("start", None, f"Start: {root} is to be computed" if self.computed else "Start")]
        made += [self.frame("forward", node, f"Forward: compute {self.names[node]}") for node in self.computed]
        made.append(self.frame("seed", self.root, f"Backward begins at {root}"))
        for node in reversed(self.nodes):
            made += self.backward(node, uses)
        variables = [node for node in self.names if node in self.place and node.rule is not rules.CONSTANT]
        leaves = [self.place[node] for node in variables if not node.parents]
        return [*made, {**self.frame("end", None, "The gradients"), "leaves": leaves}]

    def backward(self, node: Value, uses: Counter[Value]) -> list[dict[str, object]]:
        """The frame in which a node hands its gradient to its operands, if it has any that are not constants."""
        here = [step for step in self.taken if step.node is node]
        if not here:
            return []
        steps = [[self.place[step.operand], step.position, self.chain(step), uses[step.operand]] for step in here]
        edges = [self.edge[node, step.position] for step in here if step.position is not None]
        frame = self.frame("backward", node, f"Backward: from {self.names[node]} to its operands")
        return [{**frame, "steps": steps, "edges": edges}]

    def chain(self, step: Step) -> list[str]:
        """The chain rule of a step in symbols, with gaps for the number of operands that are the largest."""
        node, partial = step.node, step.symbolic
        if node.rule in ROWS and node.rule.layout == "sequence" and node.rule.selecting:
            (xs,) = arguments(node, namer(self.names), step.position or 0)
            if isinstance(xs, Vector):
                xs.ties = Symbol(Gap(GAP))
            partial = rules.symbolic(node.rule, xs)[1][0]
        return product([derivative(self.root, node, self.names), partial]).text.split(GAP)

    def frame(self, kind: str, node: Value | None, caption: str) -> dict[str, object]:
        """One state of the page."""
        operands = list(dict.fromkeys(node._prev)) if node is not None and kind in {"forward", "backward"} else []
        return {
            "kind": kind,
            "node": None if node is None else self.place[node],
            "caption": caption,
            "edges": [] if node is None else [self.edge[node, i] for i in range(len(node._prev))],
            "operands": [self.place[x] for x in operands],
        }

    # The picture.

    def picture(self, hidden: Collection[Value]) -> str:
        """The graph as SVG, every box as wide as its widest gradient, with ids that say which box and arrow it is."""
        widest = dict.fromkeys(self.variables, "grad -0.1234")
        for node, grad in [*((step.operand, step.after) for step in self.taken), *self.gradient.items()]:
            text = f"grad {short(grad, DIGITS)}"
            if node in widest and len(text) > len(widest[node]):
                widest[node] = text
        links = [(node._prev[position], node) for node, position in self.edge]
        copies, hints = drawing.spread([node for node in self.names if node in self.place], links)
        boxes = [self.box(node, widest) for node in self.place]
        arrows: list[Arrow] = []
        for ((node, position), i), copy in zip(self.edge.items(), copies, strict=True):
            operand, start = node._prev[position], f"n{self.place[node._prev[position]]}"
            if copy:
                start = f"{start}copy{copy}"
                boxes.append(Box(start, "copy", "", [self.names[operand]]))
            text = f"∂ {short(node.partials[position], DIGITS)}"
            arrows.append(Arrow(f"e{i}", start, f"n{self.place[node]}", text, operand.rule is rules.CONSTANT))
        texts = {f"n{self.place[node]}": f"grad {short(self.gradient[node], DIGITS)}" for node in self.variables}
        texts.update((f"n{self.place[node]}", "grad ?") for node in hidden)
        return tidied(placed([*{box.id: box for box in boxes}.values()], arrows, hints), texts)

    def box(self, node: Value, widest: Mapping[Value, str]) -> Box:
        """What stands in the box of a node."""
        name, data = f"n{self.place[node]}", short(node.data, DIGITS)
        if node in widest:
            return Box(name, "variable", node._symbol, [self.names[node], f"data {data}", widest[node]])
        fields = [self.names[node] if node.label else "", data]
        return Box(name, "constant", node._symbol, [field for field in fields if field])


def placed(boxes: Sequence[Box], arrows: Sequence[Arrow], hints: Mapping[str, str]) -> Element:
    """The picture as SVG: by Graphviz, or by :mod:`.placing` where it cannot be had."""
    from xml.etree import ElementTree as ET

    try:
        svg = rendering.rendered(described(boxes, arrows, hints), "svg", "dot")
    except (ImportError, RuntimeError):
        return picture(boxes, arrows, SVG)
    return ET.fromstring(svg)  # noqa: S314 - Graphviz's own, from above


def described(boxes: Sequence[Box], arrows: Sequence[Arrow], hints: Mapping[str, str]) -> str:
    """The picture in Graphviz's language, with ids and classes that say which box and arrow is which."""
    import graphviz

    font = {"fontname": rendering.FONT}
    dot = graphviz.Digraph(
        graph_attr={"rankdir": "LR", "ranksep": "0.4", **font, **hints},
        node_attr={"shape": "record", "fontsize": "13", "style": "filled", "fillcolor": "white", **font},
        edge_attr={"fontsize": "11", "arrowsize": "0.7", "color": drawing.GREY, **font},
    )
    for box in boxes:
        if box.kind == "copy":
            look = {**drawing.COPY, "class": "copy", "style": "dotted", "color": "#808080"}
            dot.node(box.id, drawing.escaped(box.fields[0]), **look)
            continue
        look = drawing.CONSTANT_LOOK if box.kind == "constant" else {}
        stack = "{" + "|".join(map(drawing.escaped, box.fields)) + "}"
        label = f"{{{drawing.escaped(box.made)}|{stack}}}" if box.made else f"{{{stack}}}"
        dot.node(box.id, label, id=box.id, **{"class": box.kind, **look})
    for arrow in arrows:
        look = {"class": "constant", "style": "dashed"} if arrow.dashed else {}
        dot.edge(arrow.start, arrow.end, arrow.text, id=arrow.id, **look)
    return str(dot.source)


class Place:
    """A place in a message where the page writes a number."""

    def __init__(self, position: int) -> None:
        self.position = position

    def __repr__(self) -> str:
        return f"{{{self.position}}}"


def numbers(node: Value) -> list[object]:
    """The formula of a node over the numbers of its operands (:mod:`autograd.readings.formulas`), as a template.

    >>> x = Value(3.0)
    >>> numbers(x * x)  # with x = -2: -2 * (-2)
    [0, ' * ', ['(', 1, '-'], 1, [')', 1, '-']]
    >>> numbers(x.tanh())
    ['tanh(', 0, ')']
    """
    rule = node.rule
    if not node.parents:
        return []
    operands = [Value(x.data) for x in node.parents]  # x * x has two gaps
    position = {x: i for i, x in enumerate(operands)}
    copy = drawing.twin(node, rule, operands, node.data, node.partials)

    def written(naming: Callable[[int], Symbol]) -> str:
        def by_operand(x: Value) -> Symbol:
            return naming(position[x])

        if rule in ROWS and (rule.layout == "pairs" or not hasattr(functions, rule.symbol)):
            return str(rules.symbolic(rule, *arguments(copy, by_operand))[0])
        return f"{rule.symbol}({vector(operands, by_operand)})"

    return template(written)


def template(written: Callable[[Callable[[int], Symbol]], str]) -> list[object]:
    """A formula over numbers that are not known yet, in pieces; ``written`` gets the function that names each.

    A piece is a text, or the position of a number; or a parenthesis with a position and one or both of the signs
    ``-e``, which stands only where the number there is of that kind: negative, or else in powers of ten.

    How they are found: the formula is written once with a mark in place of each number, and again with each number of
    each kind; what is there then and was not before, are the parentheses of that kind.

    >>> template(lambda naming: f"2 * {product([naming(0), naming(1)]).text}")
    ['2 * ', 0, ' * ', ['(', 1, '-'], 1, [')', 1, '-']]
    """
    gaps: dict[int, str] = {}

    def gap(i: int) -> str:
        return gaps.setdefault(i, chr(ord(GAP) + len(gaps)))

    def with_one(i: int, number: Symbol) -> str:
        return written(lambda j: number if j == i else Symbol(Gap(gap(j))))

    base = written(lambda i: Symbol(Gap(gap(i))))
    around: dict[tuple[int, str, int], str] = {}  # place in the base, parenthesis, position: for which kinds
    for i, mark in gaps.items():
        for kind, number in (("-", Symbol(Gap(mark, minus=True))), ("e", Symbol(Gap(mark, exponent=True)))):
            at = 0
            for c in with_one(i, number).replace(number.text, mark):
                if base[at : at + 1] == c:
                    at += 1
                else:
                    around[at, c, i] = around.get((at, c, i), "") + kind
    positions = {mark: i for i, mark in gaps.items()}
    pieces: list[object] = []
    for at in range(len(base) + 1):
        pieces += [[parenthesis, i, kinds] for (place, parenthesis, i), kinds in around.items() if place == at]
        for c in base[at : at + 1]:
            piece = positions.get(c, c)
            if isinstance(piece, str) and pieces and isinstance(pieces[-1], str):
                pieces[-1] += piece
            else:
                pieces.append(piece)
    return pieces


def plain(x: float) -> float | str:
    """A number as JSON has it, or its name, where JSON has none for it."""
    return x if math.isfinite(x) else str(x)


def tidied(tree: Element, gradients: dict[str, str]) -> str:
    """Graphviz's SVG without what the page does not use, and the last text in each of some boxes replaced."""
    from xml.etree import ElementTree as ET

    for parent in [*tree.iter()]:
        for title in parent.findall(f"{SVG}title"):
            parent.remove(title)
    for group in tree.iter(f"{SVG}g"):
        texts = [*group.iter(f"{SVG}text")]
        if texts and group.get("class") != "graph":
            group.set("font-size", texts[0].get("font-size", "13").removesuffix(".00"))
        if str(group.get("id")) in gradients:
            texts[-1].text = gradients[str(group.get("id"))]
    for element in tree.iter():
        element.tag = element.tag.removeprefix(SVG)
        if element.tag == "text":
            for name in ("font-family", "font-size", "{http://www.w3.org/XML/1998/namespace}space"):
                element.attrib.pop(name, None)
    for name in ("width", "height"):
        del tree.attrib[name]
    width, height = tree.attrib["viewBox"].split()[2:]
    tree.attrib.update({"xmlns": SVG[1:-1], "font-family": "Arial, sans-serif", "xml:space": "preserve"})
    tree.attrib.update({"role": "group", "aria-label": "The graph", "width": width, "height": height})
    return ET.tostring(tree, encoding="unicode")


def script_text(data: object) -> str:
    """Data as JSON in ASCII that neither ends a script element nor begins a tag, a comment or an entity."""
    import json

    text = json.dumps(data, separators=(",", ":"))
    return text.replace("&", r"\u0026").replace("<", r"\u003c").replace(">", r"\u003e")

"""The page: forward, then backward, node by node, in a browser without a network.

:func:`animate` puts the picture of a graph, the records of :mod:`autograd.stepping` and the lines of
:mod:`autograd.explanation` into ``animation.html``, which lies beside this file and does the showing. :func:`quiz` is
the same page with some gradients to find, in the order of backward. Nothing is computed in the page: its texts are made
here.

A page is one file that asks for no other, and says so to the browser (Content-Security-Policy). Labels go in as data,
shown as drawings show them (:func:`autograd.labels.visible`).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from . import drawing, rendering, rules
from .explanation import Derivation
from .formulas import derivative, formula
from .stepping import sweep
from .symbols import number, short
from .typesetting import Line
from .value import Value

if TYPE_CHECKING:
    import os
    from collections import Counter
    from collections.abc import Collection, Iterable, Sequence
    from xml.etree.ElementTree import Element

DIGITS = 4
MOST_HIDDEN = 8  # gradients that a quiz asks for
SVG = "{http://www.w3.org/2000/svg}"


def animate(root: Value, *, max_nodes: int = 500) -> Animation:
    """The graph below ``root`` as a page that steps through it: forward, then backward, node by node.

    In a notebook it shows itself, and where the notebook is not trusted to run scripts, as a picture. Elsewhere
    ``animate(y).save("steps.html")`` writes a file for any browser. No ``grad`` is read or written: gradients start
    from 0, as in :func:`autograd.steps`. The same graph gives the same bytes.

    >>> x, w = Value(2.0, label="x"), Value(-3.0, label="w")
    >>> animate((w * x + 6.9).tanh())
    <Animation 'Backpropagation from v3, step by step': 9 frames>

    Raises TypeError if ``root`` is not a Value; ValueError where the picture has more than ``max_nodes`` nodes;
    RuntimeError where there is no program to draw it (:func:`autograd.draw`).
    """
    return Animation(Stage(root, max_nodes, "animate"))


def quiz(root: Value, seed: int = 0, *, max_nodes: int = 500) -> Animation:
    """The page of :func:`animate` with gradients hidden, half of them but at most 8, that the learner fills in.

    An answer is right to half a percent; it may be a fraction. Of the first wrong one the page shows how it comes
    about. Backward can be stepped through when all are right, or the learner asks for the answers. ``seed`` chooses
    which are hidden. (Who reads the file's text finds the answers: it is an exercise, not an examination.)

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

        name = stage.names[stage.root]
        self.title = f"Quiz: backpropagation from {name}" if hidden else f"Backpropagation from {name}, step by step"
        self.svg = stage.picture(hidden)
        frames = stage.frames()
        self.frames = len(frames)
        data = {"nodes": stage.boxes(), "frames": frames, "hidden": [stage.place[node] for node in reversed(hidden)]}
        page = Path(__file__).with_name("animation.html").read_text(encoding="utf-8")
        for mark, content in (("TITLE", escape(self.title)), ("DATA", script_text(data)), ("SVG", self.svg)):
            page = page.replace(f"<!--{mark}-->", content)
        self.html = page

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file. Raises OSError where that fails."""
        from pathlib import Path

        Path(path).write_text(self.html, encoding="utf-8", newline="\n")

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
        self.root = root
        self.derivation = Derivation(root, DIGITS)
        self.names = self.derivation.names
        self.gradient = self.derivation.gradient
        self.place = {node: i for i, node in enumerate(self.nodes)}
        self.variables = [node for node in self.nodes if node.rule is not rules.CONSTANT]
        self.computed = [node for node in self.names if node.parents and node in self.place]
        edges = [(node, position) for node in self.nodes for position in range(len(node._prev))]
        self.edge = {edge: i for i, edge in enumerate(edges)}
        self.taken = [step for step in sweep(self.derivation.nodes, self.names) if step.operand in self.place]
        self.taken = [step for step in self.taken if step.operand.rule is not rules.CONSTANT]
        self.largest = max(
            (abs(x) for x in map(self.gradient.get, self.variables) if x and math.isfinite(x)), default=0.0
        )

    # The data.

    def tint(self, x: float) -> float:
        """From -1 to 1: the sign of a gradient, and how large it is beside the largest."""
        if not x:
            return 0.0
        size = math.sqrt(min(abs(x) / self.largest, 1.0)) if self.largest and math.isfinite(x) else 1.0
        return round(math.copysign(size, x), 3)

    def boxes(self) -> list[dict[str, object]]:
        """For each node its name, its numbers, and the frame in which it is computed."""
        frame = {node: i for i, node in enumerate(self.computed, start=1)}
        return [
            {
                "name": self.names[node],
                "data": short(node.data, DIGITS),
                "exact": repr(node.data),
                "frame": frame.get(node, 0),
                "constant": node.rule is rules.CONSTANT,
                "asked": derivative(self.root, node, self.names).text,
                "grad": repr(self.gradient[node]),
                "text": short(self.gradient[node], DIGITS),
                "tint": self.tint(self.gradient[node]),
            }
            for node in self.nodes
        ]

    def frames(self) -> list[dict[str, object]]:
        """The start, each node forward, the root's own gradient, each node backward, and the result."""
        from collections import Counter

        uses = Counter(step.operand for step in self.taken)
        start = f"Start: {self.names[self.root]} is to be computed" if self.computed else "Start"
        made = [self.frame("start", None, start, [])]
        for node in self.computed:
            sides = [formula(node, self.names), formula(node, self.names, DIGITS), number(short(node.data, DIGITS))]
            lines = [told(Line(self.derivation.name(node), sides))]
            made.append(self.frame("forward", node, f"Forward: compute {self.names[node]}", lines))
        total = self.derivation.total
        one = told(Line(total(self.root), [number("1")]), self.place[self.root])
        made.append(
            self.frame("seed", self.root, f"Backward begins at {self.names[self.root]}", [one], [], [(self.root, 1.0)])
        )
        for node in reversed(self.nodes):
            made += self.backward(node, uses)
        leaves = [
            node for node in self.names if not node.parents and node in self.place and node.rule is not rules.CONSTANT
        ]
        results = [told(Line(total(leaf), [number(short(self.gradient[leaf], DIGITS))])) for leaf in leaves]
        final = [(node, self.gradient[node]) for node in self.variables]
        made.append(self.frame("end", None, "The gradients", results, [], final))
        return made

    def backward(self, node: Value, uses: Counter[Value]) -> list[dict[str, object]]:
        """The frame in which a node hands its gradient to its operands, if it has any that are not constants."""
        here = [step for step in self.taken if step.node is node]
        if not here:
            return []
        lines = [told(self.derivation.step_line(step, uses[step.operand]), self.place[step.operand]) for step in here]
        edges = [self.edge[node, step.position] for step in here if step.position is not None]
        after = [(step.operand, step.after) for step in here]
        return [self.frame("backward", node, f"Backward: from {self.names[node]} to its operands", lines, edges, after)]

    def frame(
        self,
        kind: str,
        node: Value | None,
        caption: str,
        lines: list[dict[str, object]],
        edges: list[int] | None = None,
        after: Iterable[tuple[Value, float]] = (),
    ) -> dict[str, object]:
        """One state of the page; ``after`` has the gradients that are new in it."""
        operands = list(dict.fromkeys(node._prev)) if node is not None and kind in {"forward", "backward"} else []
        if edges is None:
            edges = [self.edge[node, i] for i in range(len(node._prev))] if node is not None else []
        return {
            "kind": kind,
            "node": None if node is None else self.place[node],
            "caption": caption,
            "lines": lines,
            "edges": edges,
            "operands": [self.place[x] for x in operands],
            "set": [[self.place[x], short(g, DIGITS), self.tint(g)] for x, g in after],
        }

    # The picture.

    def picture(self, hidden: Collection[Value]) -> str:
        """The graph as SVG, every box as wide as its widest gradient, with ids that say which box and arrow it is."""
        from xml.etree import ElementTree as ET

        import graphviz

        widest = dict.fromkeys(self.variables, "grad -")
        for node, grad in [*((step.operand, step.after) for step in self.taken), *self.gradient.items()]:
            text = f"grad {short(grad, DIGITS)}"
            if node in widest and len(text) > len(widest[node]):
                widest[node] = text
        dot = graphviz.Digraph(
            graph_attr={"rankdir": "LR", "ranksep": "0.4", "fontname": rendering.FONT},
            node_attr={
                "shape": "record",
                "fontname": rendering.FONT,
                "fontsize": "13",
                "style": "filled",
                "fillcolor": "white",
            },
            edge_attr={"fontname": rendering.FONT, "fontsize": "11", "arrowsize": "0.7", "color": drawing.GREY},
        )
        for node, i in self.place.items():
            if node in widest:
                fields, look = (
                    [self.names[node], f"data {short(node.data, DIGITS)}", widest[node]],
                    {"class": "variable"},
                )
            else:
                fields = [self.names[node] if node.label else "", short(node.data, DIGITS)]
                look = {"class": "constant", "color": drawing.GREY, "fontcolor": drawing.GREY, "style": "filled,dashed"}
            stack = "{" + "|".join(drawing.escaped(field) for field in fields if field) + "}"
            op = drawing.escaped(node._op)
            dot.node(f"n{i}", f"{{{op}|{stack}}}" if op else f"{{{stack}}}", id=f"n{i}", **look)
        for (node, position), i in self.edge.items():
            operand, partial = node._prev[position], short(node.partials[position], DIGITS)
            look = {"class": "constant", "style": "dashed"} if operand.rule is rules.CONSTANT else {}
            dot.edge(f"n{self.place[operand]}", f"n{self.place[node]}", f"∂ {partial}", id=f"e{i}", **look)
        tree = ET.fromstring(rendering.rendered(dot.source, "svg", "dot"))  # noqa: S314 - Graphviz's own, from above
        texts = {f"n{self.place[node]}": f"grad {short(self.gradient[node], DIGITS)}" for node in self.variables}
        texts.update((f"n{self.place[node]}", "grad ?") for node in hidden)
        return tidied(tree, texts)


def told(line: Line, of: int | None = None) -> dict[str, object]:
    """A line of a derivation in pieces, between which it may be broken; ``of`` is the node whose gradient it tells."""
    signs = [line.sign, *"=" * len(line.sides)]
    sides = [f"{sign} {side.text}" for sign, side in zip(signs, line.told(), strict=False)]
    return {"of": of, "sides": [line.left.text, *sides], "note": line.note}


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

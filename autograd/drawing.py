r"""Drawings: the graph below a Value as a picture, by Graphviz.

:func:`draw` is this library's own picture, :func:`draw_dot` and :func:`trace` are micrograd's. The graph is written in
Graphviz's language, with ids that depend on :func:`autograd.graph.order` alone, so the same graph gives the same bytes
in every run. The interface is the ``graphviz`` package's; :class:`Renderable` replaces how it finds the program that
does the layout: the system's ``dot`` if there is one on PATH, else ``graphviz-pure``, which comes with this library.

Labels are data. What Graphviz would read as markup (``{a|b}``, ``\N``, ``<b>``, ``&lt;``) is drawn as it stands;
what cannot be seen (a newline, an escape, a right-to-left override) is drawn as Python writes it: ``\n``, ``\x1b``,
``\u202e``; what is longer than 80 characters ends in ``…``.
"""

from __future__ import annotations

import math
import os
import re
import sys
from functools import cache
from typing import TYPE_CHECKING

from . import rules
from .graph import order
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

    from graphviz import Digraph

FONT = "Arial"
LONGEST_LABEL = 80
POSITIVE, NEGATIVE = (255, 208, 140), (160, 205, 255)  # light orange, light blue: black text on them has 13:1 and more
GREY = "#505050"


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


def draw(root: Value, *, rankdir: str = "LR", format: str = "svg", max_nodes: int = 500) -> Digraph:
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
    6.9              data 6.9     constant
    w                data -3      grad 0.9738
    x                data 2       grad -1.461
    n3 = *(w, x)     data -6      grad 0.4869
    n4 = +(n3, 6.9)  data 0.9     grad 0.4869
    n5 = tanh(n4)    data 0.7163  grad 1

    Parameters
    ----------
    root: the Value at the end.
    rankdir: ``"LR"`` draws from left to right, ``"TB"`` from top to bottom.
    format: what ``render`` and ``pipe`` write unless told otherwise: ``"svg"``, ``"png"``, ``"pdf"``, ...
    max_nodes: how many boxes the picture may have.

    Raises TypeError if ``root`` is not a Value; ValueError for another ``rankdir``, for a ``format`` that Graphviz does
    not know, and where the graph has more than ``max_nodes`` nodes.
    """
    nodes, _ = trace(root)
    if len(nodes) > max_nodes:
        raise ValueError(
            f"draw: expected a graph of at most {max_nodes} nodes, got {len(nodes)}: nobody could read it. "
            f"Draw an inner node, or say draw(..., max_nodes={len(nodes)}) to see it all the same"
        )
    swept = root.grad != 0.0
    sizes = [abs(node.grad) for node in nodes if node.rule is not rules.CONSTANT and math.isfinite(node.grad)]
    largest = max(sizes, default=0.0)
    picture = blank(nodes, rankdir, format, swept=swept)
    widest = max(len(node._prev) for node in nodes)
    picture.graph_attr.update(ranksep=f"{min(max(0.25, 0.1 * widest), 10.0):.2f}")  # many arrows need room to meet
    picture.node_attr.update(
        shape="record", style="filled", fillcolor="white", fontsize="13", width="0.3", height="0.3"
    )
    picture.edge_attr.update(arrowsize="0.7", color=GREY, fontsize="11")
    names = {node: f"n{number}" for number, node in enumerate(nodes)}
    for node in nodes:
        if node.rule is rules.CONSTANT:
            fields = [node.label, short(node.data)]
            look = {"color": GREY, "fontcolor": GREY, "style": "filled,dashed"}
        else:
            fields = [node.label, f"data {short(node.data)}", f"grad {short(node.grad) if swept else '-'}"]
            look = tint(node.grad, largest) if swept else {}
        stack = "{" + "|".join(escaped(field) for field in fields if field) + "}"
        picture.node(names[node], f"{{{escaped(node._op)}|{stack}}}" if node._op else f"{{{stack}}}", **look)
    for node in nodes:
        for operand, partial in zip(node._prev, node.partials):  # noqa: B905 - not the partial by a constant exponent
            look = {"style": "dashed", "fontcolor": GREY} if operand.rule is rules.CONSTANT else {}
            picture.edge(names[operand], names[node], f"∂ {short(partial)}", **look)
    return picture


def draw_dot(root: Value, format: str = "svg", rankdir: str = "LR") -> Digraph:
    """The graph below ``root`` as micrograd draws it: a box ``label | data | grad`` and an ellipse for its operation.

    Any number of nodes. Raises as :func:`draw`.
    """
    nodes, edges = trace(root)
    picture = blank(nodes, rankdir, format, swept=True)
    names = {node: f"n{number}" for number, node in enumerate(nodes)}
    for node, name in names.items():
        fields = escaped(node.label), f"data {node.data:.4f}", f"grad {node.grad:.4f}"
        picture.node(name, f"{{{'|'.join(fields)}}}", shape="record")
        if node._op:
            picture.node(f"{name}op", escaped(node._op))
            picture.edge(f"{name}op", name)
    for operand, result in edges:
        picture.edge(names[operand], f"{names[result]}op")
    return picture


# How numbers, labels and gradients look ----------------------------------------------------------------------


def short(x: float) -> str:
    """A number for a picture: four significant digits; whole numbers below a million in full; nan and inf as such."""
    x = float(x)
    return f"{x:.0f}" if x.is_integer() and abs(x) < 1e6 else f"{x:.4g}"


def visible(label: str) -> str:
    """A label of at most 80 characters, those that cannot be seen as Python writes them, without spaces before it."""
    start = label.lstrip(" ")[: LONGEST_LABEL + 1]
    text = "".join([c if c.isprintable() else repr(c)[1:-1] for c in start])
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


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


def listing(nodes: Iterable[Value], *, swept: bool) -> str:
    """The graph as text: a line for each node, operands before results."""
    names: dict[Value, str] = {}
    lines = []
    for number, node in enumerate(nodes):
        constant = node.rule is rules.CONSTANT
        names[node] = name = visible(node.label) or (short(node.data) if constant else f"n{number}")
        operands = [names[operand] for operand in node._prev[:4]]
        if len(node._prev) > 4:
            operands.append(f"... {len(node._prev)} operands")
        made = f" = {node._op}({', '.join(operands)})" if node._op else ""
        grad = "constant" if constant else f"grad {short(node.grad) if swept else '-'}"
        lines.append((name + made, f"data {short(node.data)}", grad))
    widths = [max(len(line[column]) for line in lines) for column in range(2)]
    return "\n".join("  ".join([*map(str.ljust, line, widths), line[2]]) for line in lines)


# From Graphviz's language to a picture -------------------------------------------------------------------------


class Renderable:
    """What a drawing does with itself; mixed into ``graphviz.Digraph``, which has the same methods for ``dot`` only."""

    source: str
    format: str
    engine: str
    filename: str
    directory: str
    text = ""

    def __repr__(self) -> str:
        return self.text or super().__repr__()

    def pipe(self, format: str | None = None, *, engine: str | None = None, encoding: str | None = None) -> bytes | str:
        """The picture as bytes, or as text where an ``encoding`` is given.

        Raises ValueError for a format that Graphviz does not know; RuntimeError where there is no program to render it,
        or where that program does not write this format.
        """
        picture = rendered(self.source, format or self.format, engine or self.engine)
        return picture if encoding is None else picture.decode(encoding)

    def render(
        self,
        filename: str | os.PathLike[str] | None = None,
        directory: str | os.PathLike[str] | None = None,
        view: bool = False,
        cleanup: bool = True,
        format: str | None = None,
        *,
        outfile: str | os.PathLike[str] | None = None,
        engine: str | None = None,
    ) -> str:
        """Write the picture to a file and return its path.

        ``render("graph")`` writes ``graph.svg`` (or whatever ``format`` says), ``render("graph.pdf")`` a PDF; nothing
        else is left behind, unless ``cleanup=False`` asks for Graphviz's source in ``graph.gv``. ``outfile`` is another
        word for ``filename``; ``view=True`` opens the file. Missing directories are made. Raises as :meth:`pipe`.
        """
        import graphviz

        path = os.path.join(directory or self.directory, outfile or filename or self.filename)
        stem, dot, suffix = path.rpartition(".")
        if not dot or suffix not in ({format} if format else graphviz.FORMATS):
            stem, suffix = path, format or self.format
        picture = rendered(self.source, suffix, engine or self.engine)
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if not cleanup:
            with open(f"{stem}.gv", "w", encoding="utf-8") as file:
                file.write(self.source)
        with open(f"{stem}.{suffix}", "wb") as file:
            file.write(picture)
        if view:
            graphviz.view(f"{stem}.{suffix}")
        return f"{stem}.{suffix}"

    def view(
        self, filename: str | os.PathLike[str] | None = None, directory: str | os.PathLike[str] | None = None
    ) -> str:
        """Write the picture to a file, open it with the program that the system has for it, and return its path."""
        return self.render(filename, directory, view=True)

    def _repr_mimebundle_(
        self, include: Iterable[str] | None = None, exclude: Iterable[str] | None = None, **_: object
    ) -> dict[str, bytes | str]:
        """What a notebook shows: the picture; where nothing can render it, the graph as text and the reason."""
        bundle: dict[str, bytes | str] = {"text/plain": repr(self)}
        try:
            if include is None or "image/svg+xml" in include:
                bundle["image/svg+xml"] = self.pipe("svg", encoding="utf-8")
            if include is not None and "image/png" in include:
                bundle["image/png"] = self.pipe("png")
        except RuntimeError as error:
            bundle["text/plain"] = f"{self!r}\n\n({error})"
        return {kind: shown for kind, shown in bundle.items() if kind not in (exclude or ())}


@cache
def drawing_class() -> type[Digraph]:
    """``graphviz.Digraph`` with the methods above; made at the first drawing, since the package is slow to import."""
    import graphviz

    return type("Drawing", (Renderable, graphviz.Digraph), {"__module__": __name__, "__doc__": Renderable.__doc__})


def blank(nodes: Iterable[Value], rankdir: str, format: str, *, swept: bool) -> Digraph:
    """A drawing without nodes yet, which already prints itself as their listing."""
    if rankdir not in {"LR", "TB"}:
        raise ValueError(f"expected the rankdir 'LR' (left to right) or 'TB' (top to bottom), got {rankdir!r}")
    font = {"fontname": FONT}
    drawing = drawing_class()(
        filename="graph", format=format, graph_attr={"rankdir": rankdir, **font}, node_attr=font, edge_attr=font
    )
    drawing.text = listing(nodes, swept=swept)
    return drawing


def renderer() -> str:
    """The path of the system's ``dot``, or else of ``graphviz-pure``. Raises RuntimeError where there is neither."""
    import shutil
    import sysconfig

    schemes = sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")
    folders = [os.path.dirname(sys.executable), *[sysconfig.get_path("scripts", scheme) for scheme in schemes]]
    found = (
        shutil.which("dot")
        or shutil.which("graphviz-pure", path=os.pathsep.join(folders))
        or shutil.which("graphviz-pure")
    )
    if found is None:
        raise RuntimeError(
            "no picture: expected `dot` on PATH or `graphviz-pure` beside this Python, got neither; "
            "to install the latter: python -m pip install graphviz-pure"
        )
    return found


def rendered(source: str, format: str, engine: str) -> bytes:
    """Graphviz's source as a picture in ``format``.

    Pixels are as fine as the picture's size allows: 192 to the inch, but not more than 40 million in all.

    ``graphviz-pure`` writes no PDF. There it is a page that holds the picture in pixels, up to 288 to the inch: as
    good in print, but without text to search or select, which the PDF of ``dot`` has. For pixels it brings its own
    fonts, with Latin, Greek, Cyrillic and Hebrew letters and the usual signs of mathematics; other characters are
    empty boxes in its PNG and PDF. Its SVG leaves the letters to the browser, which has them all.
    """
    from graphviz import FORMATS

    if format not in FORMATS:
        raise ValueError(f"expected a format of Graphviz such as svg, png or pdf, got {format!r}")
    program = renderer()
    command = [program, f"-K{engine}"]
    paged = format == "pdf" and os.path.basename(program).startswith("graphviz-pure")
    if not paged and format not in {"png", "jpg", "jpeg", "jpe", "gif", "bmp", "webp"}:
        return run([*command, f"-T{format}"], source)
    _, _, width, height, *_ = run([*command, "-Tplain"], source).split(maxsplit=4)
    inches = float(width) + 8 / 72, float(height) + 8 / 72  # with Graphviz's margin of 4 points on every side
    finest = min(math.sqrt(40e6 / (inches[0] * inches[1])), 32000 / max(inches))
    command.append(f"-Gdpi={min(288.0 if paged else 192.0, finest):.4f}")
    if paged:
        return page(run([*command, "-Tjpeg"], source), *inches)
    return run([*command, f"-T{format}"], source)


def run(command: list[str], source: str) -> bytes:
    """What the program answers to the source. Raises RuntimeError with its complaint where it fails."""
    import subprocess

    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # Windows would open a console
    try:
        done = subprocess.run(  # noqa: S603 - the program is Graphviz, the source is only its input
            command, input=source.encode(), capture_output=True, check=False, creationflags=hidden
        )
    except OSError as error:
        raise RuntimeError(f"no picture: {command[0]} does not run: {error}") from error
    if done.returncode:
        raise RuntimeError(f"no picture: {command[0]}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def page(jpeg: bytes, width: float, height: float) -> bytes:
    """A PDF (ISO 32000) of one page, ``width`` x ``height`` inches, that shows the picture.

    A JPEG stands in a PDF as it is; only its size in pixels must be known, from its frame header (ISO 10918, B.2.2).
    """
    start = 2
    while jpeg[start + 1] not in {0xC0, 0xC1, 0xC2}:
        start += 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big")
    rows, columns = (int.from_bytes(jpeg[at : at + 2], "big") for at in (start + 5, start + 7))
    scale = 72 * min(1.0, 200 / max(width, height))  # a page is at most 200 inches long
    size = f"{scale * width:.3f}", f"{scale * height:.3f}"
    drawn = f"{size[0]} 0 0 {size[1]} 0 0 cm /Picture Do"
    image = f"/Width {columns} /Height {rows} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {size[0]} {size[1]}] /Contents 4 0 R "
        "/Resources << /XObject << /Picture 5 0 R >> >> >>".encode(),
        f"<< /Length {len(drawn)} >> stream\n{drawn}\nendstream".encode(),
        f"<< /Type /XObject /Subtype /Image {image} /Length {len(jpeg)} >> stream\n".encode() + jpeg + b"\nendstream",
    ]
    pdf, offsets = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        offsets.append(len(pdf))
        pdf += b"%d 0 obj %b\nendobj\n" % (number, content)
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (
        pdf
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{len(pdf)}\n%%EOF\n"
        ).encode()
    )

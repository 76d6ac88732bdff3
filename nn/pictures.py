"""Pictures of networks: neurons in columns, a line for each weight, as the textbooks draw them.

A drawing of :func:`autograd.draw` shows one computation; this one shows the network itself, whatever it was fed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from autograd import Value, draw

from .modules import MLP, Layer, Module, Neuron

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphviz import Digraph

FONT = "DejaVu Sans"  # as in drawings of Values
LONGEST = 80  # letters of a name
ACROSS, DOWN = 2.2, 0.75  # inches from column to column, and from neuron to neuron
POSITIVE, NEGATIVE = "#b34700", "#1f5fbf"  # both dark enough for a projector: 5.5:1 and more on white
WIDEST = 3.5  # points
NARROW, USUAL, WIDE = 0.072, 0.118, 0.18  # inches that a letter takes at most
WORD = {"shape": "plaintext", "fixedsize": "false", "width": "0", "height": "0", "margin": "0.04"}


def draw_network(
    network: Module,
    *,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
    most: int = 8,
    format: str = "svg",
) -> Digraph:
    """A network as the textbooks draw it: inputs on the left, a column of neurons for each layer, outputs on the right.

    A line is a weight: the thicker, the larger next to the largest of its layer; solid and orange above zero, dashed
    and blue below, dotted if it is not finite. Where a layer has one neuron, its weights and its bias stand there as
    numbers. Of a layer with more than ``most`` neurons the first and the last are drawn, with dots between.

    In a notebook the picture displays itself; ``draw_network(model).save("network.png")`` writes a file.

    Parameters
    ----------
    network: an MLP, a Layer or a Neuron.
    inputs, outputs: their names, one for each; x1, x2, ... and y1, y2, ... unless told otherwise.
    most: how many neurons of a layer are drawn, at least 2.
    format: what ``render`` and ``pipe`` write unless told otherwise.

    Raises TypeError for another network; ValueError for another number of names, and for ``most`` below 2.
    """
    layers = layers_of(network)
    if most < 2:
        raise ValueError(f"most: expected at least 2 neurons of a layer, got {most}")
    sizes = [len(layers[0][0].w), *map(len, layers)]
    names = names_of(inputs, "x", sizes[0]), names_of(outputs, "y", sizes[-1])
    picture = draw(Value(0.0), format=format)
    picture.clear()
    picture.text = repr(network)
    picture.engine = "neato"
    picture.graph_attr.update(outputorder="edgesfirst", fontname=FONT)
    picture.node_attr.update(
        shape="circle", fixedsize="true", width="0.5", style="filled", fillcolor="white", fontname=FONT, fontsize="13"
    )
    picture.edge_attr.update(arrowhead="none")
    columns = [heights(size, most) for size in sizes]
    bottom = min([min(column.values()) for column in columns]) - DOWN
    for place, (size, column) in enumerate(zip(sizes, columns, strict=True)):
        neuron = layers[place - 1][0] if place else None
        for row, height in column.items():
            bias = {"label": f"b {neuron.b.data:.2g}", "width": "0.85"} if neuron and size == 1 else {"label": ""}
            dot = {} if neuron else {"width": "0.1", "fillcolor": "black"}
            picture.node(f"{place}.{row}", pos=at(place, height), **bias, **dot)
        for third in (-0.15, 0.0, 0.15) if size > most else ():
            gap = min(column.values()) + DOWN + third
            picture.node(f"{place}.gap{third:+}", "", pos=at(place, gap), width="0.06", fillcolor="black")
        picture.node(f"{place}.size", f"{size} {kind(neuron)}", pos=at(place, bottom), **WORD)
    room = max([width_of(names[0][row]) for row in columns[0]])  # names are in boxes of one size, beside their dots
    for row, height in columns[0].items():
        middle = at(-0.08 - room / 2 / ACROSS, height)
        picture.node(f"in.{row}", rf"{text(names[0][row])}\r", pos=middle, **{**WORD, "width": f"{room:.3f}"})
    room = max([width_of(names[1][row]) for row in columns[-1]])
    for row, height in columns[-1].items():
        middle = at(len(layers) + 0.4 + room / 2 / ACROSS, height)
        picture.node(f"out.{row}", rf"{text(names[1][row])}\l", pos=middle, **{**WORD, "width": f"{room:.3f}"})
        picture.edge(f"{len(layers)}.{row}", f"out.{row}", arrowhead="normal")
    for place, layer in enumerate(layers):
        largest = max([abs(w.data) for neuron in layer for w in neuron.w if math.isfinite(w.data)], default=0.0)
        for row, end in columns[place + 1].items():
            for source, start in columns[place].items():
                weight = layer[row].w[source].data
                picture.edge(f"{place}.{source}", f"{place + 1}.{row}", **line(weight, largest))
                if len(layer) == 1:
                    middle = at(place + 0.4, start + 0.4 * (end - start))
                    picture.node(f"{place}.{source} weight", f"{weight:.2g}", pos=middle, **WORD)
    return picture


def layers_of(network: Module) -> list[list[Neuron]]:
    """The neurons, layer by layer."""
    if isinstance(network, MLP):
        return [layer.neurons for layer in network.layers]
    if isinstance(network, Layer):
        return [network.neurons]
    if isinstance(network, Neuron):
        return [[network]]
    raise TypeError(f"draw_network: expected an MLP, a Layer or a Neuron, got {type(network).__name__}")


def names_of(given: Sequence[str] | None, letter: str, size: int) -> Sequence[str]:
    """The names of the inputs or outputs."""
    if given is None:
        return [letter] if size == 1 else [f"{letter}{i}" for i in range(1, size + 1)]
    if len(given) != size:
        raise ValueError(f"draw_network: expected {size} names of {letter}, got {len(given)}")
    return given


def width_of(name: str) -> float:
    """The width of a name in inches, with its margins: no less than it takes, so that its box need not grow."""
    letters = [
        NARROW if c in " .,:;'|!Iijlt" else USUAL if c.isascii() and c not in "mw" and not c.isupper() else WIDE
        for c in seen(name)
    ]
    return 0.08 + sum(letters)


def heights(size: int, most: int) -> dict[int, float]:
    """The neurons of a layer that are drawn, and how high above the middle: the first, and the last below a gap."""
    rows = list(range(size)) if size <= most else [*range(most - 1), size - 1]
    places = [float(place) for place in range(len(rows))]
    if size > most:
        places[-1] += 1.0
    return {row: DOWN * (places[-1] / 2 - place) for row, place in zip(rows, places, strict=True)}


def at(column: float, height: float) -> str:
    """A position that Graphviz leaves as it is, in inches."""
    return f"{ACROSS * column:.3f},{height:.3f}!"


def kind(neuron: Neuron | None) -> str:
    """What the neurons of a layer are called after: their activation; None stands for the inputs."""
    if neuron is None:
        return "inputs"
    chosen = neuron.activation
    return chosen if isinstance(chosen, str) else text(getattr(chosen, "__name__", "neurons"))


def line(weight: float, largest: float) -> dict[str, str]:
    """The look of a weight, where ``largest`` is the largest absolute one of its layer."""
    if not math.isfinite(weight):
        return {"style": "dotted", "penwidth": f"{WIDEST}"}
    width = 0.3 + (WIDEST - 0.3) * (abs(weight) / largest if largest else 0.0)
    colour, style = (NEGATIVE, "dashed") if weight < 0.0 else (POSITIVE, "solid")
    return {"color": colour, "style": style, "penwidth": f"{width:.2f}"}


def seen(label: str) -> str:
    """A label as drawings show it: what cannot be seen as Python writes it, and at most 80 letters."""
    shown = "".join([c if c.isprintable() else repr(c)[1:-1] for c in label[: LONGEST + 1]])
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 1]}…"


def text(label: str) -> str:
    """A label for Graphviz, which draws it as ``seen`` gives it."""
    return seen(label).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

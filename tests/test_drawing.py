"""The specification of drawings: what a picture shows, that labels are only labels, and who renders it."""

from __future__ import annotations

import json
import math
import os
import random
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import graphviz
import pytest

import autograd as ag
import nn
from autograd import Value, rules
from autograd.graph import order
from autograd.readings.symbols import short
from autograd.showing import drawing, rendering
from autograd.showing.drawing import draw, draw_dot, trace
from autograd.showing.labels import visible
from autograd.value import leaf, record

ROOT = Path(__file__).resolve().parents[1]
HOSTILE: list[str] = json.loads((ROOT / "tests" / "hostile_labels.json").read_text(encoding="utf-8"))
SVG = "{http://www.w3.org/2000/svg}"
DRAWERS: list[Callable[..., Any]] = [draw, draw_dot]
SYSTEM_DOT = shutil.which("dot")


@pytest.fixture(autouse=True, params=["graphviz-pure", *(["dot"] if SYSTEM_DOT else [])])
def program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: Any) -> str:
    """The program that renders: graphviz-pure in any case, and the system's dot where there is one."""
    path = tmp_path_factory.mktemp("bin") if request.param == "graphviz-pure" else Path(str(SYSTEM_DOT)).parent
    monkeypatch.setenv("PATH", str(path))
    return str(request.param)


# --- Helpers --------------------------------------------------------------------------------------------


def neuron() -> Value:
    """The running example: y = tanh(w x + b)."""
    x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(6.9, label="b")
    y = ag.tanh(w * x + b)
    y.label = "y"
    return y


def readme() -> Value:
    """The expression of micrograd's README; g = 24.7041, dg/da = 138.8338, dg/db = 645.5773."""
    a, b = Value(-4.0, label="a"), Value(2.0, label="b")
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.label = "g"
    return g


def svg(picture: Any) -> ET.Element:
    """The picture as a tree of SVG."""
    return ET.fromstring(picture.pipe("svg"))  # noqa: S314 - what was rendered here


def groups(picture: Any, kind: str) -> dict[str, ET.Element]:
    """The nodes or edges of the picture by their titles (``n0``, ``n0->n2``, and ``n0->n2 (2)`` for a second)."""
    found: dict[str, ET.Element] = {}
    for group in svg(picture).iter(f"{SVG}g"):
        if group.get("class") == kind:
            title = str(group.findtext(f"{SVG}title"))
            found[title if title not in found else f"{title} (2)"] = group
    return found


def written(group: ET.Element) -> list[str]:
    """The texts in a part of the picture, as they are read."""
    return ["".join(text.itertext()).replace("\xa0", " ") for text in group.iter(f"{SVG}text")]


def boxes(picture: Any) -> dict[str, list[str]]:
    """What stands in each box."""
    return {title: written(group) for title, group in groups(picture, "node").items()}


def arrows(picture: Any) -> dict[str, list[str]]:
    """What stands on each arrow."""
    return {title: written(group) for title, group in groups(picture, "edge").items()}


def skeleton(picture: Any) -> list[tuple[str, list[str], str | None]]:
    """All that a label may not change: elements, their attributes, and the names of nodes and edges."""
    return [
        (element.tag, sorted(element.attrib), element.text if element.tag == f"{SVG}title" else None)
        for element in svg(picture).iter()
    ]


def fill(group: ET.Element) -> tuple[int, ...]:
    """The colour in a box, as red, green, blue from 0 to 255."""
    colour = next(str(shape.get("fill")) for shape in group.iter() if shape.get("fill"))
    return (255, 255, 255) if colour == "white" else tuple(bytes.fromhex(colour[1:]))


def contrast(background: tuple[int, ...], ink: int = 0) -> float:
    """The contrast of a grey ``ink`` on a colour, from 1 to 21 (WCAG 2.2)."""

    def luminance(colour: tuple[int, ...]) -> float:
        parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    return (luminance(background) + 0.05) / (luminance((ink,) * 3) + 0.05)


def chain(length: int) -> Value:
    """A graph of ``length`` nodes in a row."""
    node = Value(1.0)
    for _ in range(length - 1):
        node = -node
    return node


def script(path: Path, body: str) -> None:
    """A program named ``dot`` that does what the shell does with ``body``."""
    path.joinpath("dot").write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.joinpath("dot").chmod(0o755)


# --- The graph as data ------------------------------------------------------------------------------------


def test_trace_lists_nodes_and_edges() -> None:
    """Nodes come operands before results; an edge is a pair (operand, result)."""
    a, b = Value(2.0), Value(3.0)
    c = a * b
    nodes, edges = trace(c)
    assert list(map(id, nodes)) == list(map(id, order(c)))
    assert [(id(p), id(q)) for p, q in edges] == [(id(a), id(c)), (id(b), id(c))]


def test_trace_lists_both_edges_of_a_square() -> None:
    """x * x has two operands, so two edges."""
    x = Value(3.0)
    nodes, edges = trace(x * x)
    assert (len(nodes), len(edges)) == (2, 2)


def test_trace_keeps_a_constant_exponent_in_the_operation() -> None:
    """As in micrograd, x**3 has one operand; an exponent that is a Value is a node, even an equal one."""
    x, n = Value(3.0), Value(3.0)
    assert [len(part) for part in trace(x**3)] == [2, 1]
    assert [len(part) for part in trace(x**n)] == [3, 2]


@pytest.mark.parametrize("function", [trace, *DRAWERS])
@pytest.mark.parametrize("root", [[1.0], 2.0, None, "x"])
def test_only_values_are_drawn(function: Any, root: Any) -> None:
    """A root that is not a Value is a TypeError that names its type."""
    with pytest.raises(TypeError, match=f"expected a Value to draw, got {type(root).__name__}"):
        function(root)


# --- What a box and an arrow show -------------------------------------------------------------------------


def test_boxes_after_backward() -> None:
    """A box shows its operation, its label, its value and its gradient, in the order of the graph."""
    y = neuron()
    y.backward()
    assert boxes(draw(y)) == {
        "n0": ["b", "data 6.9", "grad 0.4869"],
        "n1": ["w", "data -3", "grad 0.9738"],
        "n2": ["x", "data 2", "grad -1.461"],
        "n3": ["*", "data -6", "grad 0.4869"],
        "n4": ["+", "data 0.9", "grad 0.4869"],
        "n5": ["tanh", "y", "data 0.7163", "grad 1"],
    }


def test_boxes_before_backward() -> None:
    """Before any backward a gradient is not 0 but unknown: a dash, and no colour."""
    picture = draw(neuron())
    assert {texts[-1] for texts in boxes(picture).values()} == {"grad -"}
    assert {fill(group) for group in groups(picture, "node").values()} == {(255, 255, 255)}


def test_gradients_left_from_another_root_are_not_shown() -> None:
    """The leaves of one root may hold the gradients of another; a picture of the first does not claim them."""
    x = Value(2.0, label="x")
    y, z = x * 3.0, x.exp()
    z.backward()
    assert boxes(draw(y))["n0"] == ["x", "data 2", "grad -"]


def test_arrows_carry_local_partials() -> None:
    """On each arrow, from operand to result, stands the derivative of the one by the other."""
    assert arrows(draw(neuron())) == {
        "n1->n3": ["∂ 2"],
        "n2->n3": ["∂ -3"],
        "n3->n4": ["∂ 1"],
        "n0->n4": ["∂ 1"],
        "n4->n5": ["∂ 0.4869"],
    }


@pytest.mark.parametrize("rule", rules.TABLE, ids=lambda rule: rule.symbol)
def test_every_operation_is_drawn(rule: rules.Rule) -> None:
    """Any row of the table gives a box with its symbol and an arrow with a partial for each operand."""
    count = {"sequence": 3, "pairs": 5}.get(rule.layout) or len(rule.operand_names)
    start = 1.25 if rule.domain == "x >= 1" else 0.25
    node = record(rule, tuple([Value(start + 0.125 * i) for i in range(count)]))
    picture = draw(node)
    assert boxes(picture)[f"n{count}"] == [rule.symbol, f"data {short(node.data)}", "grad -"]
    assert [texts for _, texts in sorted(arrows(picture).items())] == [[f"∂ {short(p)}"] for p in node.partials]


def test_a_square_has_two_arrows() -> None:
    """x * x: each operand is an arrow, and the gradient is the sum over both."""
    x = Value(3.0, label="x")
    y = x * x
    y.backward()
    picture = draw(y)
    assert arrows(picture) == {"n0->n1": ["∂ 3"], "n0->n1 (2)": ["∂ 3"]}
    assert boxes(picture)["n0"] == ["x", "data 3", "grad 6"]


def test_constants_are_drawn_apart() -> None:
    """A number in the formula is dashed and has no gradient, though it equals a variable that has one."""
    x = Value(2.0, label="x")
    y = x * 2.0
    y.backward()
    picture = draw(y)
    assert boxes(picture) == {
        "n0": ["x", "data 2", "grad 2"],
        "n1": ["2"],
        "n2": ["*", "data 4", "grad 1"],
    }
    dashed = [
        title
        for kind in ("node", "edge")
        for title, group in groups(picture, kind).items()
        if any(element.get("stroke-dasharray") for element in group.iter())
    ]
    assert dashed == ["n1", "n1->n2"]


def test_a_constant_may_have_a_label() -> None:
    """A constant with a label shows both."""
    c = leaf(3.0, 0.0, "c", True)
    assert boxes(draw(c + Value(2.0)))["n0"] == ["c", "3"]


def test_a_constant_exponent_is_part_of_the_operation() -> None:
    """(-2)**3 is one box ``**3`` with one arrow; d/dy, which is nan there, was not asked for."""
    picture = draw(Value(-2.0, label="x") ** 3)
    assert boxes(picture) == {"n0": ["x", "data -2", "grad -"], "n1": ["**3", "data -8", "grad -"]}
    assert arrows(picture) == {"n0->n1": ["∂ 12"]}


def test_the_readme_of_micrograd() -> None:
    """The published gradients stand in the boxes."""
    g = readme()
    g.backward()
    shown = {texts[-3]: texts[-2:] for texts in boxes(draw(g)).values() if len(texts) >= 3}
    assert shown["a"] == ["data -4", "grad 138.8"]
    assert shown["b"] == ["data 2", "grad 645.6"]
    assert shown["g"] == ["data 24.7", "grad 1"]


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.71630, "0.7163"),
        (-1.46075, "-1.461"),
        (3.0, "3"),
        (60000.0, "60000"),
        (999999.0, "999999"),
        (1000000.0, "1e+06"),
        (12345.6, "1.235e+04"),
        (1e-300, "1e-300"),
        (0.0, "0"),
        (-0.0, "-0"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (7, "7"),
    ],
)
def test_short_numbers(x: float, text: str) -> None:
    """Four significant digits; whole numbers below a million in full; nan and inf by name."""
    assert short(x) == text


def test_numbers_that_are_not_finite() -> None:
    """inf and nan are drawn like other numbers, in a value, a gradient and a partial."""
    x = Value(0.0, label="x")
    y = ag.sqrt(x * x)
    y.backward()
    picture = draw(y)
    assert boxes(picture)["n0"] == ["x", "data 0", "grad nan"]
    assert arrows(picture)["n1->n2"] == ["∂ inf"]
    z = Value(math.nan) * math.inf
    z.backward()
    assert boxes(draw(z))["n2"] == ["*", "data nan", "grad 1"]


@pytest.mark.parametrize("rankdir", ["LR", "TB"])
def test_direction(rankdir: str) -> None:
    """LR draws operands to the left of results, TB above them."""
    centres = []
    for group in groups(draw(Value(1.0).exp(), rankdir=rankdir), "node").values():
        x, y = next(str(shape.get("points")) for shape in group.iter(f"{SVG}polygon")).split()[0].split(",")
        centres.append((float(x), float(y)))
    (x0, y0), (x1, y1) = centres
    assert (x0 < x1) if rankdir == "LR" else (y0 < y1)


def test_one_font() -> None:
    """Every text is measured in one font, the widest of the usual ones; a browser is asked for a usual one."""
    y = neuron() + 1.0
    for picture in (*(drawer(y) for drawer in DRAWERS), nn.draw_network(nn.MLP(2, [2, 1]))):
        assert picture.source.count("fontname=") == picture.source.count('fontname="DejaVu Sans"') > 1
        asked = {text.get("font-family") for text in svg(picture).iter(f"{SVG}text")}
        assert asked == {"Arial, DejaVu Sans, sans-serif"}


def overflowing(group: ET.Element, width: Callable[[str, float], float]) -> list[str]:
    """The texts of a box that reach beyond the lines on their left and right, if they are as wide as ``width`` says."""
    lines = [
        [
            [float(x) for x in pair.split(",")]
            for pair in re.findall(r"-?[\d.]+,-?[\d.]+", str(shape.get("points") or shape.get("d")))
        ]
        for shape in group
        if shape.tag.split("}")[1] in {"polygon", "path", "polyline"}
    ]
    upright = {x for line in lines for (x, y), (x1, y1) in pairwise(line) if abs(x - x1) < 0.01 < abs(y - y1)}
    cut = []
    for text in group.iter(f"{SVG}text"):
        middle, shown = float(text.get("x", "")), "".join(text.itertext()).replace("\xa0", " ")
        room = 2.0 * min(abs(middle - x) for x in upright)
        if width(shown, float(text.get("font-size", ""))) > room:
            cut.append(shown)
    return cut


def in_dejavu(text: str, size: float) -> float:
    """The width of a text in DejaVu Sans, of which matplotlib has a copy."""
    from matplotlib import get_data_path
    from matplotlib.ft2font import FT2Font

    font = FT2Font(f"{get_data_path()}/fonts/ttf/DejaVuSans.ttf")
    font.set_size(100.0, 72.0)
    font.set_text(text)
    return float(font.get_width_height()[0]) / 64.0 / 100.0 * size


def has_dejavu() -> bool:
    """Whether the machine has DejaVu Sans."""
    lister = shutil.which("fc-list")
    return lister is not None and b"DejaVu Sans" in subprocess.run([lister], capture_output=True, check=True).stdout


@pytest.mark.parametrize("collapse", [False, True])
def test_texts_fit_their_boxes(program: str, collapse: bool) -> None:
    """Whole or folded, each text stands between the lines of its box also where DejaVu Sans has to do for Arial."""
    if program == "dot" and not has_dejavu():
        pytest.skip("dot measures in another font, and so shows it")
    random.seed(0)
    model = nn.MLP(3, [4, 4, 1])
    label = "WWWWMMMM and a longer one, of the kind that people write (0.1234567890)"
    loss = ag.sum([(model(x) - y) ** 2 for x, y in zip([[2.0, 3.0, -1.0], [3.0, -1.0, 0.5]], [1.0, -1.0], strict=True)])
    loss = loss * Value(-1234.5678, label=label)
    loss.backward()
    for picture in (draw(loss, collapse=collapse), draw_dot(loss)):
        found = groups(picture, "node")
        assert len(found) > 5
        cut = {title: overflowing(g, in_dejavu) for title, g in found.items() if g.find(f"{SVG}ellipse") is None}
        assert not {title: texts for title, texts in cut.items() if texts}


def test_a_box_that_is_too_small_is_seen() -> None:
    """The check itself: letters half as wide again as the widest do not fit."""
    cut = [
        overflowing(g, lambda text, size: 1.5 * in_dejavu(text, size)) for g in groups(draw(neuron()), "node").values()
    ]
    assert any(cut)


# --- Gradient as colour -----------------------------------------------------------------------------------


def test_colour_tells_the_sign() -> None:
    """Positive gradients are warm (more red than blue), negative ones cold, zero is white."""
    x, w, r = Value(2.0, label="x"), Value(-3.0, label="w"), Value(-1.0, label="r")
    y = x * w + r.relu()
    y.backward()
    colours = {texts[0]: fill(group) for group in groups(draw(y), "node").values() if (texts := written(group))}
    assert colours["w"][0] > colours["w"][2]
    assert colours["x"][0] < colours["x"][2]
    assert colours["r"] == (255, 255, 255)


def test_size_is_seen_without_colour() -> None:
    """The larger the gradient, the darker the box and the thicker its frame."""
    parts = [Value(0.0, label=str(factor)) for factor in (0, 1, 4, 10)]
    y = ag.dot(parts, [0.0, 1.0, 4.0, 10.0])
    y.backward()
    chosen = [group for group in groups(draw(y), "node").values() if written(group)[0] in {"0", "1", "4", "10"}]
    chosen = [group for group in chosen if len(written(group)) == 3]
    darkness = [765 - sum(fill(group)) for group in chosen]
    widths = [float(next(shape.get("stroke-width", "1") for shape in group.iter(f"{SVG}polygon"))) for group in chosen]
    assert len(set(darkness)) == len(set(widths)) == 4
    assert darkness == sorted(darkness)
    assert widths == sorted(widths)


@pytest.mark.parametrize("grad", [1.0, -1.0, math.inf, -math.inf, math.nan])
def test_contrast(grad: float) -> None:
    """Black on the deepest tint has a contrast of 12:1 and more, and 4.5:1 through any coloured glass."""
    deepest = tuple(bytes.fromhex(drawing.tint(grad, 1.0)["fillcolor"][1:]))
    assert contrast(deepest) > 12.0
    assert all(contrast((channel,) * 3) > 4.5 for channel in deepest)
    assert contrast((255, 255, 255), int(drawing.GREY[1:3], 16)) > 7.0


@pytest.mark.parametrize(
    "grads", [(5e-324, 0.0), (1.7e308, -1e-300), (math.inf, 1.0), (math.nan, 0.0), (math.nan, math.inf)]
)
def test_extreme_gradients_have_a_colour(grads: tuple[float, float]) -> None:
    """The smallest, the largest and the infinite gradient can be drawn."""
    x, y = Value(1.0), Value(2.0)
    z = x + y
    z.backward()
    (x.grad, y.grad) = grads
    assert {len(fill(group)) for group in groups(draw(z), "node").values()} == {3}
    z.grad = math.nan
    assert boxes(draw(z))["n2"] == ["+", "data 3", "grad nan"]


# --- micrograd's own picture ------------------------------------------------------------------------------


def test_draw_dot_looks_as_in_micrograd() -> None:
    """A record ``label | data | grad`` with four decimals for each value, and a node for each operation."""
    x = Value(-2.0, label="x")
    y = x**3
    y.label = "y"
    y.backward()
    picture = draw_dot(y)
    assert boxes(picture) == {
        "n0": ["x", "data -2.0000", "grad 12.0000"],
        "n1": ["y", "data -8.0000", "grad 1.0000"],
        "n1op": ["**3"],
    }
    assert arrows(picture) == {"n1op->n1": [], "n0->n1op": []}


def test_draw_dot_before_backward_and_without_labels() -> None:
    """As in micrograd, a gradient begins as 0.0000, and a box without a label has an empty field for it."""
    fields = [text.strip() for text in boxes(draw_dot(Value(1.0) * Value(2.0)))["n2"]]
    assert fields == ["", "data 2.0000", "grad 0.0000"]


def test_draw_dot_takes_its_arguments_in_order() -> None:
    """draw_dot(root, format, rankdir), as micrograd's notebooks call it."""
    picture = draw_dot(neuron(), "png", "TB")
    assert (picture.format, picture.graph_attr["rankdir"]) == ("png", "TB")


# --- Labels are data --------------------------------------------------------------------------------------


@pytest.mark.parametrize("drawer", DRAWERS)
@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels(label: str, drawer: Any) -> None:
    """A label appears as it is, what cannot be seen as Python writes it, and changes nothing else in the picture."""

    def picture(label: str) -> Any:
        x = Value(1.0, label=label)
        y = x * 2.0
        y.label = label
        return drawer(y)

    expected = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in label)
    found = [text for texts in boxes(picture(label)).values() for text in texts]
    assert found.count(expected) == 2
    assert skeleton(picture(label)) == skeleton(picture("harmless"))


@pytest.mark.parametrize("drawer", DRAWERS)
def test_hostile_symbols(drawer: Any) -> None:
    """The symbol of an operation of one's own is as harmless as a label."""
    x = Value(1.0)
    harmless = skeleton(drawer(record(rules.Rule("cube", lambda x: x, lambda out, x: (1.0,)), (x,))))
    for label in HOSTILE:
        picture = drawer(record(rules.Rule(label, lambda x: x, lambda out, x: (1.0,)), (x,)))
        assert visible(label) in [text for texts in boxes(picture).values() for text in texts]
        assert skeleton(picture) == harmless


def test_pictures_hold_nothing_active() -> None:
    """No link, no script, no handler, no markup from a label."""
    root = svg(draw(ag.sum([Value(1.0, label=label) for label in HOSTILE])))
    tags = {element.tag.removeprefix(SVG) for element in root.iter()}
    assert tags <= {"svg", "g", "title", "polygon", "polyline", "path", "text"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in names if "href" in name or name.startswith("on")]


@pytest.mark.parametrize(
    "label",
    ["two  spaces  ", "\\", "\\\\", '\\"', "\\{", "a\\", "\\n", "<", ">", "|", "&#65;", "\\l\\r\\G\\L\\E\\T\\H"],
)
def test_spaces_and_backslashes_survive(label: str) -> None:
    """What a record would drop or take as an escape stands there as it is."""
    assert boxes(draw(Value(1.0, label=label)))["n0"] == [label, "data 1", "grad -"]


@pytest.mark.parametrize("label", ["\ud800", "\u200b", "\u2066", "\ufeff", "\x7f", "\x85", "\u2028"])
def test_what_cannot_be_seen_is_seen(label: str) -> None:
    """Half a surrogate pair, zero-width and bidirectional controls, and separators are written out."""
    assert boxes(draw(Value(1.0, label=label)))["n0"][0] == ascii(label)[1:-1]


@pytest.mark.parametrize("label", ["δ¹ = ∂C/∂z", "вес", "משקל", "وزن", "学习率", "x₁", "é", "🙂"])
def test_letters_of_all_scripts(label: str) -> None:
    """Letters stay letters, whatever the script."""
    assert boxes(draw(Value(1.0, label=label)))["n0"][0] == label


@pytest.mark.parametrize("drawer", DRAWERS)
@pytest.mark.parametrize("unit", ["x", "\0", "\\", "{", "&", "界"])
def test_long_labels_are_cut_visibly(drawer: Any, unit: str) -> None:
    """A label of 20,000 characters ends in three dots after 80, whatever it consists of."""
    text = boxes(drawer(Value(1.0, label=unit * 20000)))["n0"][0]
    assert text == (visible(unit) * 80)[:79] + "…"


def test_labels_that_fit_are_whole() -> None:
    """80 characters are not cut, 81 are."""
    assert visible("x" * 80) == "x" * 80
    assert visible("x" * 81) == "x" * 79 + "…"


# --- Size and order ---------------------------------------------------------------------------------------


def test_too_many_nodes() -> None:
    """Above max_nodes the message names the count and says what to do; at max_nodes the picture is drawn."""
    with pytest.raises(ValueError, match=r"at most 500 nodes, got 501.*max_nodes=501"):
        draw(chain(501))
    with pytest.raises(ValueError, match=r"at most 2 nodes, got 3.*max_nodes=3"):
        draw(chain(3), max_nodes=2)
    assert len(boxes(draw(chain(3), max_nodes=3))) == 3


def test_depth_is_no_obstacle() -> None:
    """A graph deeper than Python's stack gets the same message."""
    with pytest.raises(ValueError, match="got 100000"):
        draw(chain(100_000))


def test_a_dot_product_of_64_pairs() -> None:
    """A box with 129 operands is drawn whole."""
    z = ag.dot([Value(float(i), label=f"w{i}") for i in range(64)], [Value(1.0) for _ in range(64)], Value(0.5))
    z.backward()
    picture = draw(z)
    assert len(boxes(picture)) == 130
    assert len(arrows(picture)) == 129


def test_same_graph_same_bytes() -> None:
    """The source does not depend on the hash seed, nor on where objects lie in memory."""
    code = (
        "import sys; from autograd import Value, tanh; from autograd.showing.drawing import draw, draw_dot\n"
        "x = Value(2.0, label='x'); y = tanh(x * Value(-3.0, label='w') + x**2) / 3; y.backward()\n"
        "print(draw(y).source, draw_dot(y).source, draw(y).pipe(encoding='utf-8'))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1


def test_pictures_do_not_depend_on_those_before() -> None:
    """A picture is the same before and after the graph was drawn folded, constants and all."""
    x, two = Value(3.0, label="x"), ag.constant(2.0)
    p, q = two * x, two + x
    p.label, q.label = "p", "q"
    plain, folded = draw(p * q).source, draw(p * q, collapse=True).source
    assert "dashed" in plain
    assert "ordering" not in plain
    assert 'ordering=out style="filled,dashed"' in folded
    assert (draw(p * q).source, draw(p * q, collapse=True).source) == (plain, folded)


@pytest.mark.parametrize("drawer", DRAWERS)
def test_unknown_direction(drawer: Any) -> None:
    """A direction that is neither LR nor TB is a ValueError."""
    with pytest.raises(ValueError, match="expected the rankdir 'LR' .* or 'TB' .*, got 'up'"):
        drawer(neuron(), rankdir="up")


@pytest.mark.parametrize("drawer", DRAWERS)
def test_unknown_format(drawer: Any) -> None:
    """A format that Graphviz does not know is a ValueError, at the drawing and at the rendering."""
    with pytest.raises(ValueError, match="expected a format of Graphviz such as svg, png or pdf, got 'xyz'"):
        drawer(neuron(), format="xyz")
    with pytest.raises(ValueError, match="expected a format of Graphviz such as svg, png or pdf, got 'xyz'"):
        drawer(neuron()).pipe("xyz")


# --- Weighted sums op by op, derivative graphs, order ---------------------------------------------------------


def weighted() -> Value:
    """y = tanh(w1 x1 + w2 x2 + b), the weighted sum being one node; gradients as in the well-known lecture."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2 = Value(-3.0, label="w1"), Value(1.0, label="w2")
    y = ag.dot([w1, w2], [x1, x2], Value(6.8813735870195432, label="b")).tanh()
    y.label = "y"
    y.backward()
    return y


def test_a_weighted_sum_is_whole_or_spelled_out() -> None:
    """One box ``dot``, or with expand=True products and sums with their gradients, as micrograd has them."""
    y = weighted()
    assert sorted(texts[0] for texts in boxes(draw(y)).values()) == ["b", "dot", "tanh", "w1", "w2", "x1", "x2"]
    spelled = boxes(draw(y, expand=True)).values()
    assert sorted(texts for texts in spelled if texts[0] in {"*", "+"}) == [
        ["*", "data -6", "grad 0.5"],
        ["*", "data 0", "grad 0.5"],
        ["+", "data -6", "grad 0.5"],
        ["+", "data 0.8814", "grad 0.5"],
    ]
    assert {tuple(texts[1:]) for texts in spelled if len(texts) == 3 and texts[0] in {"x1", "w1", "x2", "w2", "b"}} == {
        ("data 2", "grad -1.5"),
        ("data -3", "grad 1"),
        ("data 0", "grad 0.5"),
        ("data 1", "grad 0"),
        ("data 6.881", "grad 0.5"),
    }


def test_a_spelled_out_sum_keeps_its_label_and_value() -> None:
    """The last sum has the label and the exactly rounded value of the node; a single product needs no sum."""
    z = ag.dot([Value(1e16), Value(1.0), Value(1.0)], [1.0, 1.0, 1.0])
    z.label = "z"
    assert ["+", "z", "data 1e+16", "grad -"] in boxes(draw(z, expand=True)).values()
    assert drawing.spelled_out(z).data == z.data == 1e16 + 2.0 != 1e16 + 1.0 + 1.0
    product = draw(ag.dot([Value(2.0)], [Value(3.0)]), expand=True)
    assert sorted(texts[0] for texts in boxes(product).values()) == ["*", "data 2", "data 3"]


def test_spelling_out_leaves_the_graph_alone() -> None:
    """Drawing makes no node of the graph another one."""
    y = weighted()
    before = [(node, node.parents, node.partials, node.data, node.grad, node.label) for node in order(y)]
    draw(y, expand=True)
    for node, *rest in before:
        assert [node.parents, node.partials, node.data, node.grad, node.label] == rest
    assert [id(node) for node in order(y)] == [id(node) for node, *_ in before]


def test_a_derivative_graph_is_drawn() -> None:
    """d sin(x**2) / dx = 2 x cos(x**2) is a graph like others, and its gradient at x is the second derivative."""
    x = Value(0.5, label="x")
    (slope,) = ag.gradients(ag.sin(x * x), [x], create_graph=True)
    slope.label = "df/dx"
    slope.backward()
    second = 2 * math.cos(0.25) - 4 * 0.25 * math.sin(0.25)
    for expand in (False, True):
        shown = boxes(draw(slope, expand=expand))
        assert ["x", "data 0.5", f"grad {short(second)}"] in shown.values()
        assert ["df/dx", f"data {short(2 * 0.5 * math.cos(0.25))}", "grad 1"] in [row[-3:] for row in shown.values()]


@pytest.mark.parametrize("root", ["formula", "dot", "expanded"])
def test_left_operands_stand_above_right_ones(root: str) -> None:
    """In a tree the leaves stand from top to bottom as the formula reads from left to right."""
    if root == "formula":
        x1, w1, x2, w2, b = (Value(float(i), label=name) for i, name in enumerate(("x1", "w1", "x2", "w2", "b")))
        picture, expected = draw((x1 * w1 + x2 * w2 + b).tanh()), ["x1", "w1", "x2", "w2"]
    elif root == "dot":
        picture, expected = draw(weighted()), ["w1", "w2", "x1", "x2", "b"]
    else:
        picture, expected = draw(weighted(), expand=True), ["w1", "x1", "w2", "x2"]
    tops = {
        written(group)[0]: float(next(iter(group.iter(f"{SVG}text"))).get("y", "nan"))
        for group in groups(picture, "node").values()
    }
    assert sorted(expected, key=tops.__getitem__) == expected


# --- Folded pictures ------------------------------------------------------------------------------------------


def network(sizes: list[int], seed: int = 1) -> nn.MLP:
    """A network with reproducible weights."""
    return nn.MLP(sizes[0], sizes[1:], activation="tanh", rng=random.Random(seed))


def test_what_was_computed_for_a_label_is_one_box() -> None:
    """Nodes without a label are in the box of the labelled node that alone uses them, ∂ being the derivative."""
    x1, x2 = Value(2.0, label="x1"), Value(0.0, label="x2")
    w1, w2, b = Value(-3.0, label="w1"), Value(1.0, label="w2"), Value(6.8813735870195432, label="b")
    o = ag.tanh(x1 * w1 + x2 * w2 + b)
    o.label = "o"
    o.backward()
    picture = draw(o, collapse=True)
    shown = boxes(picture)
    assert ["5 nodes", "o", "data 0.7071", "grad 1"] in shown.values()
    assert len(shown) == 6
    origin = {title: texts[0] for title, texts in shown.items()}
    partials = {origin[title.split("->")[0]]: texts for title, texts in arrows(picture).items()}
    assert partials == {"x1": ["∂ -1.5"], "w1": ["∂ 1"], "x2": ["∂ 0.5"], "w2": ["∂ 0"], "b": ["∂ 0.5"]}


def test_the_chain_rule_holds_between_folded_boxes() -> None:
    """The gradient of a box is the sum of ∂ times gradient over the arrows that leave it, folded or not."""
    x = Value(0.5, label="x")
    u = ag.exp(x * x + x)
    u.label = "u"
    y = u * u + ag.sin(u) + 3.0 * x
    y.label = "y"
    y.backward()
    picture = draw(y, collapse=True)
    names = {title: next(text for text in texts if text in "xuy") for title, texts in boxes(picture).items()}
    partials = {
        "".join(names[end] for end in title.split("->")): float(texts[0].removeprefix("∂ "))
        for title, texts in arrows(picture).items()
    }
    assert partials.keys() == {"xu", "xy", "uy"}
    assert u.grad == pytest.approx(partials["uy"], rel=1e-3)
    assert x.grad == pytest.approx(partials["xu"] * u.grad + partials["xy"], rel=1e-3)


def test_neurons_are_boxes() -> None:
    """A small network is drawn neuron by neuron: parameters, weighted sum and activation in one box, inputs in one."""
    model = network([3, 4, 4, 1])
    loss = (model([1.0, 2.0, -1.0]) - 1.0) ** 2
    loss.label = "loss"
    loss.backward()
    shown = list(boxes(draw(loss, collapse=model)).values())
    assert [texts[0] for texts in shown if "neurons" in texts[0]] == [
        *[f"layers.0.neurons.{i}" for i in range(4)],
        *[f"layers.1.neurons.{i}" for i in range(4)],
        "layers.2.neurons.0",
    ]
    assert [(texts[1].split(",")[0], texts[2]) for texts in shown if "neurons" in texts[0]] == [
        *[("4 parameters", "dot, tanh")] * 4,
        *[("5 parameters", "dot, tanh")] * 4,
        ("5 parameters", "dot"),
    ]
    assert ["inputs", "3 constants", "data -1 … 2", "constant"] in shown
    assert [texts[:2] for texts in shown][-1] == ["3 nodes", "loss"]
    assert len(shown) == 11


def test_max_nodes_folds_further() -> None:
    """Neurons become layers, and layers a network, until there are at most max_nodes boxes."""
    model = network([3, 4, 4, 1])
    y = model([1.0, 2.0, -1.0])
    titles = {
        most: [texts[0] for texts in boxes(draw(y, collapse=model, max_nodes=most)).values()] for most in (10, 9, 4, 2)
    }
    assert len(titles[10]) == 10
    assert titles[9] == titles[4] == ["inputs", "layers.0", "layers.1", "layers.2"]
    assert titles[2] == ["inputs", "MLP"]
    with pytest.raises(ValueError, match="at most 1 boxes, got 2.*Label what belongs together.*max_nodes=2"):
        draw(y, collapse=model, max_nodes=1)


def test_arrows_between_layers_are_counted() -> None:
    """Between boxes that hand on several nodes stands how many arrows there were."""
    model = network([3, 4, 4, 1])
    picture = draw(model([Value(1.0), Value(2.0), Value(-1.0)]), collapse=model, max_nodes=4)
    assert sorted(texts[0] for texts in arrows(picture).values()) == ["× 12", "× 16", "× 4"]


def test_an_arrow_of_one_node_carries_its_derivative() -> None:
    """Where one of several nodes that a box hands on reaches another box, ∂ is the derivative by that node."""
    x = [Value(2.0), Value(5.0)]
    u, v = (x[0] * x[0] + 1.0) * 3.0, x[0] * x[1]
    y = u * v
    ag.name_from({"x": x, "u": u, "v": v, "y": y})
    picture = draw(y, collapse=True)
    names = {title: texts[0] if ":" in texts[0] else " ".join(texts) for title, texts in boxes(picture).items()}
    told = {texts[0] for title, texts in arrows(picture).items() if names[title.split("->")[0]].startswith("x ")}
    assert told == {"∂ 12", "× 2"}


def test_labels_from_variables_fold_too() -> None:
    """What name_from has named needs no module: its neurons and its lists are boxes."""
    model, x = network([3, 30, 10]), [Value(0.1 * i) for i in range(3)]
    out = model(x)
    loss = nn.quadratic(out, [1.0] + [0.0] * 9)
    ag.name_from({"model": model, "x": x, "out": out, "loss": loss})
    loss.backward()
    titles = [texts[0] for texts in boxes(draw(loss, collapse=True)).values()]
    assert set(titles) == {"x", "model.layers.0", "model.layers.1", "out", "23 nodes"}


def test_spelled_out_and_folded() -> None:
    """expand and collapse together: a neuron's box holds its products and sums."""
    neuron = nn.Neuron(2, activation="tanh", rng=random.Random(1))
    picture = draw(neuron([1.0, 2.0]), collapse=neuron, expand=True)
    assert ["Neuron", "3 parameters", "2 *, 2 +, tanh"] in [texts[:3] for texts in boxes(picture).values()]


def test_ten_thousand_nodes() -> None:
    """A graph of 10,000 nodes and more gets a message that names the way out, and that way works."""
    model = network([64, 30, 10])
    rng = random.Random(2)
    rows = [[rng.random() for _ in range(64)] for _ in range(60)]
    loss = sum([nn.quadratic(model(row), [1.0] + [0.0] * 9) for row in rows], Value(0.0))
    count = len(trace(loss)[0])
    assert count > 10_000
    with pytest.raises(ValueError, match=f"at most 500 nodes, got {count}.*collapse=True"):
        draw(loss)
    titles = [texts[0] for texts in boxes(draw(loss, collapse=model)).values()]
    assert titles[:3] == ["inputs", "layers.0", "layers.1"]
    assert len(titles) == 4
    assert boxes(draw(chain(10_000), collapse=True)) == {"n9999": ["10000 nodes", "data -1", "grad -"]}


@pytest.mark.parametrize("collapse", [2, "neurons", [1.0]])
def test_what_cannot_be_folded(collapse: Any) -> None:
    """Neither a truth value nor a module is a TypeError."""
    with pytest.raises(TypeError, match=f"expected True, False or a module, got {type(collapse).__name__}"):
        draw(neuron(), collapse=collapse)


def test_a_folded_box_shows_what_it_hands_on() -> None:
    """data, grad and colour of a neuron are its output's; its parameters' gradients stand beside their number."""
    model = network([2, 2, 1])
    y = model([Value(1.0, label="x1"), Value(-2.0, label="x2")])
    assert isinstance(y, Value)
    y.backward()
    picture = draw(y, collapse=True)
    shown = {texts[0]: texts for texts in boxes(picture).values()}
    colours = {written(group)[0]: fill(group) for group in groups(picture, "node").values()}
    for neuron, output in zip(model.layers[0].neurons, y.parents[2:4], strict=True):
        name = neuron.b.label.removesuffix(".b")
        grads = [parameter.grad for parameter in neuron.parameters()]
        assert shown[name][1:] == [
            f"3 parameters, grad {short(min(grads))} … {short(max(grads))}",
            "dot, tanh",
            f"data {short(output.data)}",
            f"grad {short(output.grad)}",
        ]
        assert (colours[name][0] > colours[name][2]) == (output.grad > 0.0)


def test_neurons_stand_in_their_order() -> None:
    """In a folded picture the neurons of a layer, and the calls of a module, stand from the first to the last."""
    model = network([3, 4, 4, 1])
    x = [Value(float(i), label=f"x{i}") for i in range(3)]
    batch = ag.sum([model([1.0, float(i), 0.0]) for i in range(4)])
    neurons = draw(model(x), collapse=True)
    for picture, name in ((neurons, "layers.1.neurons."), (draw(batch, collapse=True, depth=0), "model (")):
        column = [
            (float(next(group.iter(f"{SVG}text")).get("y", "nan")), written(group)[0])
            for group in groups(picture, "node").values()
            if written(group)[0].startswith(name)
        ]
        assert len(column) == 4
        assert [title for _, title in sorted(column)] == sorted([title for _, title in column])


def test_folded_listing() -> None:
    """In a terminal a folded picture is a line for each box."""
    y = neuron()
    y.backward()
    assert repr(draw(y, collapse=True)).splitlines() == [
        "w           data -3      grad 0.9738",
        "x           data 2       grad -1.461",
        "b           data 6.9     grad 0.4869",
        "y: 3 nodes  data 0.7163  grad 1",
    ]


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_in_folded_pictures(label: str) -> None:
    """Folding changes nothing in how a label is shown."""
    y = Value(1.0) * 2.0 + 1.0
    y.label = label
    texts = boxes(draw(y, collapse=True)).values()
    assert visible(label) in [text for row in texts for text in row]


def test_boxes_are_opened_by_name() -> None:
    """expand names what is seen from inside: of a layer its neurons, of a neuron its nodes; expand and depth fold."""
    model = network([3, 4, 4, 1])
    y = model([1.0, 2.0, -1.0])
    assert isinstance(y, Value)
    opened = [texts[0] for texts in boxes(draw(y, depth=1, expand="layers.1")).values()]
    assert sorted(opened) == ["inputs", "layers.0", *[f"layers.1.neurons.{i}" for i in range(4)], "layers.2"]
    inside = [texts[0] for texts in boxes(draw(y, depth=1, expand=["layers.1.neurons.2"])).values()]
    neuron = [f"layers.1.neurons.2.{name}" for name in ("w[0]", "w[1]", "w[2]", "w[3]", "b")]
    others = [f"layers.1.neurons.{i}" for i in (0, 1, 3)]
    assert sorted(inside) == sorted(["inputs", "layers.0", *others, *neuron, "dot", "tanh", "layers.2"])


def test_what_cannot_be_opened() -> None:
    """A name that the graph does not know is a ValueError that lists some, and what is no name a TypeError."""
    y = network([3, 2])([1.0, 2.0, 3.0])[0]
    with pytest.raises(ValueError, match=r"a module or a list of the graph \(model, layers.0, .*\), got 'other'"):
        draw(y, expand="other")
    with pytest.raises(ValueError, match=r"expected a module or a list of the graph \(there are none\), got 'x'"):
        draw(Value(1.0), expand="x")
    with pytest.raises(TypeError, match="expected True, False or the names of boxes, got int"):
        draw(y, expand=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="expected True, False or the names of boxes, got float"):
        draw(y, expand=["layers.0", 1.0])  # type: ignore[list-item]
    with pytest.raises(ValueError, match=r"depth: expected 0 \(the whole network\) or more, got -1"):
        draw(y, depth=-1)


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_of_modules(label: str) -> None:
    """A module's name, which may be the key of a dict, is shown as a label is, in picture and listing."""

    class Net(nn.Module):
        def __init__(self) -> None:
            self.parts = {label: nn.Neuron(1), "other": nn.Neuron(1)}

        def __call__(self, x: Any) -> Any:
            return sum([part(x) for part in self.parts.values()], Value(0.0))

    net = Net()
    picture = draw(net([1.0]), collapse=net)
    assert len(repr(picture).splitlines()) == len(boxes(picture))
    assert all(text.isprintable() for texts in boxes(picture).values() for text in texts)


# --- Copies of boxes ------------------------------------------------------------------------------------------


def recurrence(steps: int) -> Value:
    """x = x * w + b, again and again: two leaves with many uses along a chain."""
    w, b, x = Value(0.5, label="w"), Value(0.25, label="b"), Value(1.0, label="x")
    for _ in range(steps):
        x = x * w + b
    return x


def test_far_uses_begin_at_copies() -> None:
    """A leaf that is used along a long chain stands again, as its name in a dotted oval, near where it is used."""
    y = recurrence(30)
    y.backward()
    picture = draw(y)
    shown = boxes(picture)
    names = [texts for title, texts in shown.items() if "copy" in title]
    assert {tuple(texts) for texts in names} == {("w",), ("b",)}
    ovals = [group for title, group in groups(picture, "node").items() if "copy" in title]
    assert all(next(group.iter(f"{SVG}ellipse")).get("stroke-dasharray") for group in ovals)
    ends = [title.split("->")[1] for title in arrows(picture)]
    assert [len(shown), len(ends)] == [63 + len(names), 120]  # each arrow is there, and none twice
    assert sorted(ends) == sorted([f"n{list(map(id, trace(y)[0])).index(id(q))}" for _, q in trace(y)[1]])


def test_copies_bear_the_colour_of_their_box() -> None:
    """A copy has the tint of the gradient that its box shows."""
    y = recurrence(30)
    y.backward()
    found: dict[str, set[str]] = {"w": set(), "b": set()}
    for group in groups(draw(y), "node").values():
        if written(group)[0] in found:
            shape = next(shape for shape in group.iter() if shape.tag in {f"{SVG}ellipse", f"{SVG}polygon"})
            found[written(group)[0]].add(str(shape.get("fill")))
    assert [len(colours) for colours in found.values()] == [1, 1]


def test_small_pictures_have_no_copies() -> None:
    """Where few arrows lead far every box stands once."""
    for root in (readme(), recurrence(5), ag.sum([Value(1.0, label="x")] * 100)):
        assert not [title for title in boxes(draw(root)) if "copy" in title]


def test_a_computed_node_that_is_copied_shows_its_name() -> None:
    """A box without a label that has copies bears the name that stands in them; a label stands once."""
    for label in ("", "rate"):
        rate = Value(2.0, label="k").exp()
        rate.label = label
        y = Value(1.0, label="x")
        for _ in range(30):
            y = y - 0.01 * rate * y
        shown = boxes(draw(y))
        name = label or next(texts[1] for texts in shown.values() if texts[0] == "exp")
        assert (texts := next(texts for texts in shown.values() if texts[0] == "exp"))[1] == name
        assert len(texts) == 4
        assert [name] in [texts for title, texts in shown.items() if "copy" in title]


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_of_copies(label: str) -> None:
    """A copy shows a label as its box does."""
    w, x = Value(0.5, label=label), Value(1.0)
    for _ in range(30):
        x = x * w
    shown = boxes(draw(x))
    copies = {text.strip() for title, texts in shown.items() if "copy" in title for text in texts}
    assert copies == {visible(label).strip()} - {""} or not label


@pytest.mark.parametrize("kind", ["recurrence", "from everywhere"])
def test_a_copy_serves_uses_near_each_other(kind: str) -> None:
    """The uses of one copy are one step apart at most; of a computed node eight, unless such arrows are very many."""
    root = recurrence(30)
    if kind == "from everywhere":
        xs = [Value(0.1)]
        for _ in range(40):
            xs.append(ag.sum(xs).tanh())
        root = xs[-1]
    nodes, links = trace(root)
    copies, _ = drawing.spread(nodes, links)
    height = drawing.heights(nodes, links)
    uses: dict[tuple[int, int], list[int]] = {}
    for (operand, result), copy in zip(links, copies, strict=True):
        uses.setdefault((id(operand), copy), []).append(height[result])
    widest = {bool(node.parents): 0 for node in nodes}
    for node in nodes:
        for copy in range(max(copies) + 1):
            found = uses.get((id(node), copy), [0])
            widest[bool(node.parents)] = max(widest[bool(node.parents)], max(found) - min(found))
    assert widest[False] <= drawing.NEAR
    assert widest[True] <= (drawing.NEAR if kind == "from everywhere" else drawing.FAR)
    assert len(uses) > len(nodes)


def test_pages_have_the_same_copies() -> None:
    """The picture in a page that steps through the graph has copies where a drawing has them, and every arrow once."""
    y = recurrence(30)
    root = ET.fromstring(ag.animate(y).svg)  # noqa: S314 - what was rendered here
    marks = [str(group.get("id")) for group in root.iter() if group.tag.endswith("g")]
    assert (
        len([mark for mark in marks if mark.startswith("e")]) == len(set(marks) & {f"e{i}" for i in range(120)}) == 120
    )
    ovals = [group for group in root.iter() if "copy" in str(group.get("class"))]
    assert {"".join(group.itertext()).strip() for group in ovals} == {"w", "b"}
    assert len(ovals) == len([title for title in boxes(draw(y)) if "copy" in title])


def test_long_chains_are_laid_out() -> None:
    """500 nodes whose leaves are used from end to end are drawn: the program does not search for hours."""
    assert len(boxes(draw(recurrence(248)))) > 500


# --- Networks -------------------------------------------------------------------------------------------------


def lines_of(picture: Any) -> dict[str, dict[str, str]]:
    """The look of each line of a picture of a network, without the arrows to the outputs."""
    found = {}
    for title, group in groups(picture, "edge").items():
        path = next(group.iter(f"{SVG}path"))
        if "out" not in title:
            found[title] = {name: path.get(name, "") for name in ("stroke", "stroke-width", "stroke-dasharray")}
    return found


def test_a_network_has_a_line_for_each_weight() -> None:
    """Solid and orange above zero, dashed and blue below; the larger, the thicker."""
    model = nn.MLP(2, [2, 1])
    for neuron, weights in zip(model.layers[0].neurons, ((1.0, -1.0), (0.25, 0.5)), strict=True):
        for w, value in zip(neuron.w, weights, strict=True):
            w.data = value
    lines = lines_of(nn.draw_network(model))
    assert len(lines) == 6
    assert {title: bool(look["stroke-dasharray"]) for title, look in lines.items() if title[0] == "0"} == {
        "0.0->1.0": False,
        "0.1->1.0": True,
        "0.0->1.1": False,
        "0.1->1.1": False,
    }
    assert lines["0.0->1.0"]["stroke"] != lines["0.1->1.0"]["stroke"]
    widths = [float(lines[title]["stroke-width"]) for title in ("0.0->1.1", "0.1->1.1", "0.0->1.0")]
    assert widths == sorted(widths)
    assert len(set(widths)) == 3


def test_a_single_neuron_shows_its_numbers() -> None:
    """The textbook's first figure: inputs, weights, bias and output of one neuron."""
    neuron = nn.Neuron(3, activation="sigmoid")
    for w, value in zip(neuron.w, (0.5, -2.0, 0.125), strict=True):
        w.data = value
    neuron.b.data = 0.25
    texts = [text for row in boxes(nn.draw_network(neuron)).values() for text in row]
    assert sorted(texts) == sorted(["x1", "x2", "x3", "0.5", "-2", "0.12", "b 0.25", "y", "3 inputs", "1 sigmoid"])


def test_large_layers_are_abbreviated() -> None:
    """The textbook's 784-30-10 network: of each layer the first seven and the last are drawn, and three dots."""
    shown = boxes(nn.draw_network(nn.MLP(784, [30, 10]), outputs=[f"is {i}" for i in range(10)]))
    rows = [*range(7), 783]
    assert [shown[f"in.{row}"] for row in rows] == [[f"x{row + 1}"] for row in rows]
    assert "in.7" not in shown
    assert [shown[f"out.{row}"] for row in (0, 6, 9)] == [["is 0"], ["is 6"], ["is 9"]]
    assert [shown[f"{column}.size"] for column in range(3)] == [["784 inputs"], ["30 relu"], ["10 linear"]]
    assert len([title for title in shown if "gap" in title]) == 9
    assert len(lines_of(nn.draw_network(nn.MLP(784, [30, 10]), most=3))) == 18


def test_a_layer_is_a_network() -> None:
    """A Layer is drawn as a network of one layer, and each picture tells in a terminal what it shows."""
    layer = nn.Layer(2, 3, activation="tanh")
    picture = nn.draw_network(layer, inputs=["height", "weight"])
    assert boxes(picture)["in.1"] == ["weight"]
    assert len(lines_of(picture)) == 6
    assert repr(picture) == repr(layer)
    assert picture.pipe("png").startswith(b"\x89PNG")


def test_names_stand_beside_their_dots() -> None:
    """Long names are cut as labels are; the names of inputs end at one place, those of outputs begin at one."""
    network = nn.Layer(3, 2)
    picture = nn.draw_network(network, inputs=["x" * 20_000, "y", "W & i"], outputs=["yes", "certainly not"])
    assert boxes(picture)["in.0"] == ["x" * 79 + "…"]
    shown = {title: list(group.iter(f"{SVG}text")) for title, group in groups(picture, "node").items()}
    places = {title: (texts[0].get("text-anchor"), texts[0].get("x")) for title, texts in shown.items() if texts}
    for side, rows, anchor in (("in", 3, "end"), ("out", 2, "start")):
        assert [places[f"{side}.{row}"] for row in range(rows)] == [(anchor, places[f"{side}.0"][1])] * rows
    assert float(ET.fromstring(picture.pipe("svg")).get("width", "").removesuffix("pt")) < 2000.0  # noqa: S314


@pytest.mark.parametrize("weight", [math.inf, -math.inf, math.nan])
def test_weights_that_are_not_finite(weight: float) -> None:
    """A weight that is not finite is dotted, and leaves the others as thick as they were."""
    layer = nn.Layer(2, 2)
    for parameter, value in zip(layer.neurons[0].w + layer.neurons[1].w, (weight, 1.0, -1.0, 0.5), strict=True):
        parameter.data = value
    lines = lines_of(nn.draw_network(layer))
    assert len({look["stroke-dasharray"] for look in lines.values()}) == 3
    assert lines["0.1->1.0"]["stroke-width"] == lines["0.0->1.1"]["stroke-width"] > lines["0.1->1.1"]["stroke-width"]


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_of_inputs(label: str) -> None:
    """Names of inputs and outputs are data as well."""
    neuron = nn.Neuron(1)
    shown = boxes(nn.draw_network(neuron, inputs=[label], outputs=[label]))
    expected = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in label).strip()
    assert [[text.strip() for text in shown[title]] for title in ("in.0", "out.0")] == [
        [expected] if expected else []
    ] * 2


def test_networks_that_cannot_be_drawn() -> None:
    """Another module, another number of names, and fewer than two neurons a layer are errors that say so."""
    with pytest.raises(TypeError, match="expected an MLP, a Layer or a Neuron, got Module"):
        nn.draw_network(nn.Module())
    with pytest.raises(ValueError, match="expected 2 names of x, got 1"):
        nn.draw_network(nn.Neuron(2), inputs=["only"])
    with pytest.raises(ValueError, match="expected at least 2 neurons of a layer, got 1"):
        nn.draw_network(nn.Neuron(2), most=1)


# --- Files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "names"),
    [
        (lambda picture: picture.render("graph"), ["graph.svg"]),
        (lambda picture: picture.render(), ["graph.svg"]),
        (lambda picture: picture.render("graph.svg"), ["graph.svg"]),
        (lambda picture: picture.render("graph.png"), ["graph.png"]),
        (lambda picture: picture.render(Path("graph"), format="pdf"), ["graph.pdf"]),
        (lambda picture: picture.render("graph.pdf", format="pdf"), ["graph.pdf"]),
        (lambda picture: picture.render("version 1.2"), ["version 1.2.svg"]),
        (lambda picture: picture.render(outfile="other.png"), ["other.png"]),
        (lambda picture: picture.render("graph", cleanup=False), ["graph.gv", "graph.svg"]),
    ],
    ids=range(9),
)
def test_render_writes_one_file(call: Any, names: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``render("graph")`` leaves graph.svg and nothing else, unless the source is asked for; it returns the path."""
    monkeypatch.chdir(tmp_path)
    assert call(draw(neuron())) == names[-1]
    assert sorted(path.name for path in tmp_path.iterdir()) == names


PNG, PDF = b"\x89PNG\r\n\x1a\n", b"%PDF-1."


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("graph.svg", b"<?xml"),
        ("graph.SVG", b"<?xml"),
        ("graph.png", PNG),
        ("a graph.of.y.png", PNG),
        ("graph.pdf", PDF),
        ("graph.gv", b"digraph {"),
        ("graph.dot", b"digraph {"),
        (Path("graph.svg"), b"<?xml"),
    ],
    ids=str,
)
@pytest.mark.parametrize(
    "drawer", [draw, draw_dot, lambda y: draw(y, format="png"), lambda _: nn.draw_network(nn.MLP(2, [3, 1]))]
)
def test_save_writes_what_the_name_says(
    drawer: Any, name: Any, start: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``save("x.svg")`` writes an SVG, whatever the drawing's own format, and nothing else; it returns the path."""
    monkeypatch.chdir(tmp_path)
    assert drawer(neuron()).save(name) == str(name)
    assert [path.name for path in tmp_path.iterdir()] == [str(name)]
    assert Path(name).read_bytes().startswith(start)


@pytest.mark.parametrize("name", ["x.jpg", "x.html", "x", "svg", "x.svgz", "x.gv.txt", ".svg", "x.svg/", "x.svg.bak"])
def test_save_refuses_other_names(name: str, tmp_path: Path) -> None:
    """The error lists the ends that there are, and nothing is written."""
    complaint = f"save: expected a name that ends in .svg, .png, .pdf, .gv or .dot, got {str(tmp_path / 'a')!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(complaint[:-2])}.*{re.escape(name)}'; render\\(\\) writes"):
        draw(neuron()).save(f"{tmp_path / 'a'}/{name}")
    assert list(tmp_path.iterdir()) == []


def test_save_as_graphviz_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a name, with a directory, and where the file is there, it does what Graphviz's own method does."""
    monkeypatch.chdir(tmp_path)
    picture = draw(neuron())
    assert picture.save() == "graph.gv"
    assert Path("graph.gv").read_text(encoding="utf-8") == picture.source
    for name in ("graph.gv", "graph.svg"):
        path = picture.save(name, "a/b")
        assert Path(path) == Path("a", "b", name)
        Path(path).write_text("mine", encoding="utf-8")
        assert picture.save(name, directory="a/b", skip_existing=True) == path
        assert Path(path).read_text(encoding="utf-8") == "mine"
        picture.save(name, directory="a/b")
        assert Path(path).read_text(encoding="utf-8") != "mine"


def test_the_source_needs_no_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can render, ``.gv`` is written as ever; for a picture there is the reason, and no file."""

    def nothing() -> str:
        raise RuntimeError("no picture: expected `dot`")

    monkeypatch.setattr("autograd.showing.rendering.renderer", nothing)
    for name in ("x.gv", "x.dot"):
        assert Path(draw(neuron()).save(tmp_path / name)).read_bytes().startswith(b"digraph")
    for name in ("x.svg", "new/x.png"):
        with pytest.raises(RuntimeError, match="^no picture: expected `dot`"):
            draw(neuron()).save(tmp_path / name)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x.dot", "x.gv"]


def test_render_makes_directories(tmp_path: Path) -> None:
    """Directories that are missing are made, in the name and in ``directory``."""
    path = draw(neuron()).render("b/graph", directory=tmp_path / "a")
    assert Path(path) == tmp_path / "a" / "b" / "graph.svg"
    assert Path(path).read_bytes().startswith(b"<?xml")


def test_view_opens_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``view()`` and ``render(view=True)`` hand the written file to the system's viewer."""
    opened: list[str] = []
    monkeypatch.setattr(graphviz, "view", opened.append)
    assert [draw(neuron()).view("a", tmp_path), draw(neuron()).render("b", tmp_path, view=True)] == opened
    assert [Path(path).name for path in opened] == ["a.svg", "b.svg"]


@pytest.mark.parametrize(
    ("format", "signature"),
    [("svg", b"<?xml"), ("png", b"\x89PNG\r\n\x1a\n"), ("jpeg", b"\xff\xd8\xff"), ("pdf", b"%PDF-1."), ("json", b"{")],
)
@pytest.mark.parametrize("drawer", DRAWERS)
def test_formats(drawer: Any, format: str, signature: bytes) -> None:
    """SVG, PNG, JPEG and PDF come out of either program, quietly, for any label."""
    y = neuron()
    y.label = "δ 界 🙂"
    assert drawer(y, format=format).pipe().startswith(signature)


def test_rendering_is_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    """A program's remarks on the widths of letters are kept from the reader."""
    draw(Value(1.0, label="δ 界")).pipe("png")
    assert capfd.readouterr() == ("", "")


def test_pixels_are_fine_and_bounded() -> None:
    """A small picture has 192 pixels to the inch; a row of 400 boxes, 25 metres long, stays within 32,000 pixels."""

    def pixels(picture: Any) -> tuple[int, int]:
        header = picture.pipe("png")[16:24]
        return int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")

    small = draw(neuron())
    inches = float(str(svg(small).get("width")).removesuffix("pt")) / 72
    assert pixels(small)[0] == pytest.approx(192 * inches, abs=8)
    width, height = pixels(draw(chain(400)))
    assert 20_000 < width < 32_100
    assert width * height < 41e6


def test_pdf_without_dot(program: str) -> None:
    """graphviz-pure's PDF is a sound file of one page: each object where the table says, as large as the SVG."""
    picture = draw(neuron())
    data = picture.pipe("pdf")
    if program == "dot":
        assert b"/Font" in data  # letters, not pixels
        return
    start = int(data.rstrip().splitlines()[-2])
    assert data[start : start + 4] == b"xref"
    offsets = [int(line[:10]) for line in data[start:].splitlines()[3:8]]
    assert [data[offset : offset + 7] for offset in offsets] == [b"%d 0 obj" % number for number in range(1, 6)]
    assert data.count(b"\nendobj\n") == 5
    width, height = map(float, re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", data).groups())  # type: ignore[union-attr]
    root = svg(picture)
    assert width == pytest.approx(float(str(root.get("width")).removesuffix("pt")), abs=2)
    assert height == pytest.approx(float(str(root.get("height")).removesuffix("pt")), abs=2)
    columns, rows, length = map(int, re.search(rb"/Width (\d+) /Height (\d+) .* /Length (\d+)", data).groups())  # type: ignore[union-attr]
    assert [columns, rows] == pytest.approx([4 * width, 4 * height], abs=8)
    begin = data.index(b"\xff\xd8\xff")
    assert data[begin + length - 2 : begin + length + 11] == b"\xff\xd9\nendstream\n"


def test_pdf_pages_have_a_largest_size() -> None:
    """A page is at most 200 inches long, and keeps its proportions."""
    jpeg = draw(Value(1.0)).pipe("jpeg")
    page = rendering.page(jpeg, 400.0, 100.0)
    assert b"/MediaBox [0 0 14400.000 3600.000]" in page


# --- Programs ---------------------------------------------------------------------------------------------


def test_the_program_is_found(program: str) -> None:
    """The system's dot is taken where there is one, else graphviz-pure beside this Python."""
    assert os.path.basename(rendering.renderer()).split(".")[0] == program


def test_graphviz_pure_is_found_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python's own folders have no graphviz-pure, PATH may."""
    found = Path(rendering.renderer())
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setenv("PATH", str(found.parent))
    assert Path(rendering.renderer()) == found


@pytest.fixture
def nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without any program to render."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("nothing")
def test_no_program_is_an_error_that_helps(tmp_path: Path) -> None:
    """Drawing works without a program; rendering says what to install, and writes nothing."""
    picture = draw(neuron())
    assert "digraph" in picture.source
    with pytest.raises(
        RuntimeError, match="expected `dot` .* or `graphviz-pure` .*: python -m pip install graphviz-pure"
    ):
        picture.pipe("svg")
    with pytest.raises(RuntimeError, match="python -m pip install graphviz-pure"):
        picture.render(tmp_path / "graph")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("nothing")
def test_no_program_is_text_in_a_notebook() -> None:
    """Where nothing can render, a notebook shows the graph as text and the reason, not a traceback."""
    bundle = draw(neuron())._repr_mimebundle_()
    assert list(bundle) == ["text/plain"]
    assert "v3 = tanh" not in bundle["text/plain"]  # it has the label y
    assert "y = tanh(v2)   data 0.7163  grad -" in bundle["text/plain"]
    assert "python -m pip install graphviz-pure" in bundle["text/plain"]


def test_a_program_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The complaint of the program is the message; a notebook shows it with the text."""
    script(tmp_path, "echo no plugins >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin{os.pathsep}/usr/bin")
    with pytest.raises(RuntimeError, match="dot: no plugins"):
        draw(neuron()).pipe("svg")
    assert "dot: no plugins" in draw(neuron())._repr_mimebundle_()["text/plain"]


def test_a_program_that_does_not_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file named dot that is no program is an error like the others."""
    tmp_path.joinpath("dot").write_bytes(b"\x7fELF, but not really")
    tmp_path.joinpath("dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeError, match="dot does not run"):
        draw(neuron()).pipe("svg")


def test_a_format_that_the_program_lacks(program: str) -> None:
    """Graphviz knows more formats than graphviz-pure writes; its message lists those."""
    if program == "dot":
        assert draw(neuron()).pipe("ps").startswith(b"%!PS")
    else:
        with pytest.raises(RuntimeError, match='"ps" not recognized. Use one of: .* svg'):
            draw(neuron()).pipe("ps")


# --- Notebooks and terminals ------------------------------------------------------------------------------


def test_notebooks_show_the_picture() -> None:
    """A notebook gets SVG, and the listing for readers without pictures; PNG on request."""
    picture = draw(neuron())
    assert isinstance(picture, graphviz.Digraph)
    bundle = picture._repr_mimebundle_()
    assert bundle == {"text/plain": repr(picture), "image/svg+xml": picture.pipe("svg", encoding="utf-8")}
    assert picture._repr_mimebundle_(include={"image/png"})["image/png"].startswith(b"\x89PNG")
    assert list(picture._repr_mimebundle_(exclude={"image/svg+xml"})) == ["text/plain"]


def test_terminals_show_the_graph_as_text() -> None:
    """A line for each node: how it was made, its value, its gradient; at most four operands are named."""
    y = ag.dot([Value(1.0, label="w\n1"), Value(2.0)], [3.0, Value(4.0)], 0.5)
    y.backward()
    assert repr(draw(y)).splitlines() == [
        r"w\n1                                       data 1     grad 3",
        "v1                                         data 2     grad 4",
        "3                                          data 3     constant",
        "v2                                         data 4     grad 2",
        "0.5                                        data 0.5   constant",
        r"v3 = dot(w\n1, v1, 3, v2, ... 5 operands)  data 11.5  grad 1",
    ]


def test_a_copy_is_a_drawing() -> None:
    """The methods of graphviz.Digraph remain: a copy renders to the same picture, and more may be added."""
    picture = draw(neuron())
    copied = picture.copy()
    assert copied.pipe("svg") == picture.pipe("svg")
    copied.node("extra", "a note")
    assert boxes(copied)["extra"] == ["a note"]
    assert "Drawing object at" in repr(copied)
    assert str(copied) == copied.source


def test_print_shows_the_graph_as_text() -> None:
    """print(draw(y)) is what a terminal shows; Graphviz's language is in ``source``."""
    picture = draw(neuron())
    assert str(picture) == repr(picture)
    assert picture.source.startswith("digraph {")


def test_import_is_lean() -> None:
    """Importing this file loads neither the graphviz package nor what only rendering needs."""
    code = (
        "import sys; before = set(sys.modules); import autograd.showing.drawing; "
        "print(*{'graphviz', 'subprocess', 'shutil', 'dataclasses'} & set(sys.modules) - before)"
    )
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == ""

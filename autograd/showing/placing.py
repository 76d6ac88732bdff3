"""Places: the picture of a page where no program runs that could lay it out, such as in a browser's Python.

The method is the usual one for layered graphs (Sugiyama, Tagawa and Toda 1981), in its plainest form: each box gets a
column by its distance from the root; boxes in a column are ordered by the mean place of what they are connected to;
then each moves as near to that as the order and its neighbours allow. An arrow over several columns passes each
between two boxes. :func:`picture` gives the same elements and classes as Graphviz's SVG, so that a page need not know
who drew it. Graphviz does it better, and draws wherever it can be found (:mod:`.rendering`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from .drawing import GREY, heights

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping, Sequence
    from xml.etree.ElementTree import Element

ROW, PADDING = 23.6, 16.0  # the height of a field, and what is beside its text, in points
APART, BETWEEN, PASSING = 16.0, 36.0, 6.0  # boxes in a column, columns without the texts between them, an arrow's room
MARGIN = 4.0
ROUNDS = 16  # of ordering and of moving; more changed nothing in the pictures of the tests
NARROW, WIDE = frozenset("ijlItfr.,:;'|!()[] -"), frozenset("mwMW@%&+=~<>")


class Box(NamedTuple):
    """A box of the page; a copy stands for another box, as a name with a dotted oval."""

    id: str
    kind: str
    """``variable``, ``constant`` or ``copy``."""
    made: str
    fields: Sequence[str]

    @property
    def left(self) -> float:
        """The width of the part that names the operation."""
        return width(self.made, 13.0) + PADDING if self.made else 0.0

    @property
    def size(self) -> tuple[float, float]:
        """Its width and height."""
        inner = max([width(field, 13.0) for field in self.fields], default=0.0) + PADDING
        return max(self.left + inner, 54.0), max(ROW * len(self.fields), 36.0 if self.kind != "copy" else ROW)


class Arrow(NamedTuple):
    """An arrow from box to box, by their ids."""

    id: str
    start: str
    end: str
    text: str
    dashed: bool


def width(text: str, size: float) -> float:
    """About how wide a text is in letters of this size: no less than in the widest of the usual fonts.

    >>> width("grad -0.1234", 13.0) < width("GRAD -0.1234", 13.0)
    True
    """
    shares = [
        0.45 if c in NARROW else 1.0 if c in WIDE or not c.isascii() else 0.72 if c.isupper() else 0.64 for c in text
    ]
    return size * sum(shares)


class Places:
    """Where boxes stand, and where arrows pass: x grows from left to right, y downward, both in points."""

    def __init__(self, boxes: Sequence[Box], arrows: Sequence[Arrow]) -> None:
        self.boxes = {box.id: box for box in sorted(boxes, key=lambda box: box.kind != "copy")}  # results come last
        self.arrows = arrows
        height = heights([*self.boxes], [(arrow.start, arrow.end) for arrow in arrows])
        last = max(height.values(), default=0)
        self.column: dict[Hashable, int] = {key: last - h for key, h in height.items()}
        self.links: list[list[Hashable]] = [self.way(i, arrow) for i, arrow in enumerate(arrows)]
        """Of each arrow its box, its place in each column between, and the box at its end."""
        self.columns: list[list[Hashable]] = [[] for _ in range(last + 1)]
        for key, column in self.column.items():
            self.columns[column].append(key)
        self.before: dict[Hashable, list[Hashable]] = {key: [] for key in self.column}
        self.after: dict[Hashable, list[Hashable]] = {key: [] for key in self.column}
        for way in self.links:
            for start, end in pairwise(way):
                self.before[end].append(start)
                self.after[start].append(end)
        self.sort()
        self.y = self.heights_of_middles()
        self.edges = self.sides()

    def way(self, i: int, arrow: Arrow) -> list[Hashable]:
        """The box, a place for the arrow in each column between, and the other box."""
        start, end = self.column[arrow.start], self.column[arrow.end]
        passed: list[Hashable] = [(i, column) for column in range(start + 1, end)]
        self.column.update({key: start + 1 + k for k, key in enumerate(passed)})
        return [arrow.start, *passed, arrow.end]

    def tall(self, key: Hashable) -> float:
        """The height of a box, or what an arrow needs to pass."""
        return self.boxes[key].size[1] if isinstance(key, str) else PASSING

    def sort(self) -> None:
        """Order each column by the mean place of the neighbours, from the left and from the right in turns."""
        for turn in range(ROUNDS):
            sides, columns = (self.before, self.columns) if turn % 2 == 0 else (self.after, self.columns[::-1])
            place = {key: k for column in self.columns for k, key in enumerate(column)}
            for column in columns:
                wish = {key: mean([place[other] for other in sides[key]], float(place[key])) for key in column}
                column.sort(key=wish.__getitem__)
                place.update({key: k for k, key in enumerate(column)})

    def heights_of_middles(self) -> dict[Hashable, float]:
        """The middle of each box: near the mean of its neighbours', and apart from the next in its column."""
        y: dict[Hashable, float] = dict.fromkeys(self.column, 0.0)
        for turn in range(ROUNDS):
            for column in self.columns if turn % 2 else self.columns[::-1]:
                beside = [[*self.before[key], *self.after[key]] for key in column]
                wishes = [
                    mean([y[other] for other in others], y[key]) for key, others in zip(column, beside, strict=True)
                ]
                apart = [(self.tall(a) + self.tall(b)) / 2 + APART for a, b in pairwise(column)]
                y.update(zip(column, settled(wishes, apart), strict=True))
        top = min([y[key] - self.tall(key) / 2 for key in y], default=0.0)
        return {key: middle - top for key, middle in y.items()}

    def sides(self) -> list[tuple[float, float]]:
        """The left and the right side of each column."""
        room = [BETWEEN] * len(self.columns)
        for arrow, way in zip(self.arrows, self.links, strict=True):
            place = self.column[way[(len(way) - 1) // 2]]
            room[place] = max(room[place], BETWEEN + width(arrow.text, 11.0))
        edges, x = [], 0.0
        for column, gap in zip(self.columns, room, strict=True):
            right = x + max([self.boxes[key].size[0] for key in column if isinstance(key, str)], default=0.0)
            edges.append((x, right))
            x = right + gap
        return edges

    def middle(self, key: Hashable) -> float:
        """The middle of a column, where its boxes stand one above the other."""
        return sum(self.edges[self.column[key]]) / 2

    def ends(self) -> list[tuple[float, float]]:
        """How far above or below the middle of its box each arrow begins and ends: in the order of what it leads to."""
        offsets = [[0.0, 0.0] for _ in self.arrows]
        for side, other in ((0, 1), (-1, -2)):
            at: dict[Hashable, list[int]] = {}
            for i, way in enumerate(self.links):
                at.setdefault(way[side], []).append(i)
            for key, several in at.items():
                step = min(12.0, self.tall(key) / (len(several) + 1))
                several.sort(key=lambda i: self.y[self.links[i][other]])
                for k, i in enumerate(several):
                    offsets[i][side] = step * (k - (len(several) - 1) / 2)
        return [(start, end) for start, end in offsets]


def mean(numbers: Sequence[float], otherwise: float) -> float:
    """Their mean; another number where there are none."""
    return sum(numbers) / len(numbers) if numbers else otherwise


def settled(wishes: Sequence[float], apart: Sequence[float]) -> list[float]:
    """The places nearest to the wishes, by least squares, at which each is so far ``apart`` from the one before.

    With the distances taken off, what is asked for is the nearest ascending sequence: where a wish is below the one
    before, both get their mean, together with what they are already tied to (pool adjacent violators).

    >>> settled([0.0, 0.0, 5.0], [2.0, 2.0])
    [-1.0, 1.0, 5.0]
    """
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    pools: list[tuple[float, int]] = []
    for wish, offset in zip(wishes, offsets, strict=False):
        pools.append((wish - offset, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [((a * m + b * n) / (m + n), m + n)]
    places = [place for place, count in pools for _ in range(count)]
    return [place + offset for place, offset in zip(places, offsets, strict=False)]


# The picture --------------------------------------------------------------------------------------------------------


def picture(boxes: Sequence[Box], arrows: Sequence[Arrow], namespace: str) -> Element:
    """The boxes, given operands before results, and their arrows as SVG; tags begin with the ``namespace``."""
    from xml.etree import ElementTree as ET

    places = Places(boxes, arrows)
    right = places.edges[-1][1]
    bottom = max([places.y[key] + places.tall(key) / 2 for key in places.y])
    across, down = right + 2 * MARGIN, bottom + 2 * MARGIN
    size = {"width": f"{across:.2f}", "height": f"{down:.2f}", "viewBox": f"0.00 0.00 {across:.2f} {down:.2f}"}
    tree = ET.Element(f"{namespace}svg", size)
    shift = {"id": "graph0", "class": "graph", "transform": f"translate({MARGIN:g} {MARGIN:g})"}
    graph = ET.SubElement(tree, f"{namespace}g", shift)
    whole = corners(-MARGIN, -MARGIN, right + MARGIN, bottom + MARGIN)
    ET.SubElement(graph, f"{namespace}polygon", {"fill": "white", "stroke": "none", "points": whole})
    for arrow, way, offsets in zip(arrows, places.links, places.ends(), strict=True):
        group = ET.SubElement(
            graph, f"{namespace}g", {"id": arrow.id, "class": "edge constant" if arrow.dashed else "edge"}
        )
        drawn_arrow(group, arrow, way, offsets, places, namespace)
    for box in boxes:
        group = ET.SubElement(graph, f"{namespace}g", {"id": box.id, "class": f"node {box.kind}"})
        drawn_box(group, box, places.middle(box.id), places.y[box.id], namespace)
    return tree


def corners(left: float, top: float, right: float, bottom: float) -> str:
    """A rectangle as Graphviz writes it."""
    ring = (left, top), (left, bottom), (right, bottom), (right, top), (left, top)
    return " ".join([f"{x:.2f},{y:.2f}" for x, y in ring])


def look(kind: str) -> dict[str, str]:
    """The line around a box."""
    return {
        "variable": {"stroke": "black"},
        "constant": {"stroke": GREY, "stroke-dasharray": "5,2"},
        "copy": {"stroke": "#808080", "stroke-dasharray": "1,5"},
    }[kind]


def written(group: Element, x: float, y: float, text: str, size: float, namespace: str) -> None:
    """A text with its middle at (x, y)."""
    from xml.etree import ElementTree as ET

    at = {"text-anchor": "middle", "x": f"{x:.2f}", "y": f"{y + 0.32 * size:.2f}", "font-size": f"{size:g}"}
    ET.SubElement(group, f"{namespace}text", at).text = text


def drawn_box(group: Element, box: Box, x: float, y: float, namespace: str) -> None:
    """A record: the operation on the left, the fields one above the other on the right; a copy is an oval."""
    from xml.etree import ElementTree as ET

    wide, high = box.size
    line = look(box.kind)
    if box.kind == "copy":
        oval = {"fill": "white", "cx": f"{x:.2f}", "cy": f"{y:.2f}", "rx": f"{wide / 2:.2f}", "ry": f"{high / 2:.2f}"}
        ET.SubElement(group, f"{namespace}ellipse", {**oval, **line})
        written(group, x, y, box.fields[0], 13.0, namespace)
        return
    left, top, right, bottom = x - wide / 2, y - high / 2, x + wide / 2, y + high / 2
    ET.SubElement(group, f"{namespace}polygon", {"fill": "white", **line, "points": corners(left, top, right, bottom)})
    inner = left + box.left
    if box.made:
        written(group, (left + inner) / 2, y, box.made, 13.0, namespace)
        points = f"{inner:.2f},{top:.2f} {inner:.2f},{bottom:.2f}"
        ET.SubElement(group, f"{namespace}polyline", {"fill": "none", **line, "points": points})
    each = high / len(box.fields)
    for k, field in enumerate(box.fields):
        if k:
            points = f"{inner:.2f},{top + k * each:.2f} {right:.2f},{top + k * each:.2f}"
            ET.SubElement(group, f"{namespace}polyline", {"fill": "none", **line, "points": points})
        written(group, (inner + right) / 2, top + (k + 0.5) * each, field, 13.0, namespace)


def drawn_arrow(
    group: Element, arrow: Arrow, way: Sequence[Hashable], offsets: tuple[float, float], places: Places, namespace: str
) -> None:
    """A curve that leaves and arrives level, straight where it passes a column, with its head and its text."""
    from xml.etree import ElementTree as ET

    boxes: Mapping[str, Box] = places.boxes
    x, y = places.middle(way[0]) + boxes[arrow.start].size[0] / 2, places.y[way[0]] + offsets[0]
    d = f"M{x:.2f},{y:.2f}"
    text = (x, y)
    for k, key in enumerate(way[1:]):
        left, right = places.edges[places.column[key]]
        last = k == len(way) - 2
        goal = places.middle(key) - boxes[arrow.end].size[0] / 2 if last else left
        level = places.y[key] + (offsets[1] if last else 0.0)
        tip = goal - 7.0 if last else goal
        bend = places.edges[places.column[way[k]]][1]  # level as far as other boxes of this column may reach
        d += f"L{bend:.2f},{y:.2f}" if bend > x else ""
        x = max(x, bend)
        most = min(tip, left - 7.0)  # and again before the next ones begin
        d += f"C{(x + most) / 2:.2f},{y:.2f} {(x + most) / 2:.2f},{level:.2f} {most:.2f},{level:.2f}"
        d += f"L{tip if last else right:.2f},{level:.2f}"
        if k == (len(way) - 1) // 2:
            text = ((x + most) / 2, (y + level) / 2 - 7.0)
        x, y = tip if last else right, level
    line = {"stroke": GREY, **({"stroke-dasharray": "5,2"} if arrow.dashed else {})}
    ET.SubElement(group, f"{namespace}path", {"fill": "none", **line, "d": d})
    head = f"{x + 7:.2f},{y:.2f} {x:.2f},{y - 2.5:.2f} {x:.2f},{y + 2.5:.2f} {x + 7:.2f},{y:.2f}"
    ET.SubElement(group, f"{namespace}polygon", {"fill": GREY, "stroke": GREY, "points": head})
    written(group, *text, arrow.text, 11.0, namespace)

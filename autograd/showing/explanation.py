"""The derivation of a gradient, with symbols first and numbers under them: text, Markdown, LaTeX.

:func:`explain` writes out the chain rule for a graph that the user built: for one variable the product along every
path and their sum; without one, the backward pass step by step. It is a view of the records of
:mod:`.stepping`: here they are chosen, folded where there are too many, and made into equations, which
:mod:`autograd.readings.typesetting` sets.

What is too long to read is folded at the labelled nodes, or, if that is asked for, at the modules
(:mod:`.folding`): dL/dz then stands for all that lies between L and z. Where even so there are more paths than
anybody could read, the derivation goes node by node, as backward itself does, and adds up at each: this is why backward
needs one visit to each node where a sum over paths may have 2^50 terms.
"""

from __future__ import annotations

from collections import Counter
from math import isclose, isnan, log10, prod
from typing import TYPE_CHECKING

from autograd import graph, rules
from autograd.readings import typesetting
from autograd.readings.formulas import derivative, formula, symbol_of
from autograd.readings.symbols import Symbol, added, number, product, short
from autograd.readings.trees import Dots, Title
from autograd.readings.typesetting import Block, Line
from autograd.value import Value

from .folding import FEW_BOXES, Folds, handed_on, members_of, names_to_open
from .labels import names as names_of
from .labels import visible
from .saving import save
from .stepping import folded, sweep

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    from autograd.readings.typesetting import Piece

    from .folding import Parametrised
    from .stepping import Step

    T = TypeVar("T")

MOST_PATHS = 6  # that are written out
MOST_FACTORS = 8  # of a path that is written out
MOST_LINES = 40  # of a derivation that goes node by node or step by step
ENDS = 10  # of too many lines, the first and the last
MOST_TERMS = 4  # of a sum

FOLDED = "; folded at {}, so that a factor may stand for all that lies between two of them"


def explain(
    root: Value,
    wrt: Value | str | None = None,
    *,
    digits: int = 4,
    collapse: bool | Parametrised = False,
    expand: bool | str | Iterable[str] = (),
    depth: int | None = None,
) -> Explanation:
    """How d root / d wrt comes about, or, without ``wrt``, the whole backward pass from ``root``.

    It prints as text and shows itself as Markdown in a notebook; ``.text()``, ``.markdown()`` and ``.latex()`` give the
    strings. No ``grad`` is read or written.

    >>> x, w, b = Value(2.0, label="x"), Value(-3.0, label="w"), Value(6.5, label="b")
    >>> z = w * x + b
    >>> L = z * z
    >>> z.label, L.label = "z", "L"
    >>> explain(L, wrt=w)
    dL/dw = 2, the sum over 2 paths from L to w; backward visits each of the 6 nodes once
    <BLANKLINE>
    Forward
      v1 = w * x  = -3 * 2    = -6
      z  = v1 + b = -6 + 6.5  = 0.5
      L  = z * z  = 0.5 * 0.5 = 0.25
    <BLANKLINE>
    Backward
      path 1: dL/d(1st z) * dz/dv1 * dv1/dw
            = z * 1 * x
            = 0.5 * 1 * 2
            = 1
      path 2: dL/d(2nd z) * dz/dv1 * dv1/dw
            = z * 1 * x
            = 0.5 * 1 * 2
            = 1
      dL/dw = 1 + 1
            = 2

    Parameters
    ----------
    root: the Value at the end.
    wrt: the Value to differentiate by, or its label (any name that the derivation uses).
    digits: significant digits of the numbers.
    collapse, expand, depth:
        Fold the derivation into modules, as :func:`autograd.draw` does a picture: of a neuron or a layer only what it
        hands on is told, under the name of the module, and a factor is the derivative through it.

    Raises TypeError if ``root`` or ``wrt`` is something else; ValueError if no node is called ``wrt``, or ``digits`` is
    not from 1 to 17, or ``expand`` is True; and as :func:`autograd.draw` for what cannot be folded.
    """
    if not isinstance(root, Value):
        raise TypeError(f"expected a Value to explain, got {type(root).__name__}")
    if wrt is not None and not isinstance(wrt, (Value, str)):
        raise TypeError(f"expected a Value or its label to differentiate by, got {type(wrt).__name__}")
    if not 1 <= digits <= 17:
        raise ValueError(f"expected digits from 1 to 17, got {digits}")
    if expand is True:
        raise ValueError("expand: expected the names of boxes, got True, which only drawings take")
    derivation = Derivation(root, digits)
    opened = names_to_open(expand)
    if collapse is not False or opened or depth is not None:
        derivation.fold(True if collapse is False else collapse, opened, depth)
    if wrt is None:
        return derivation.by_steps()
    return derivation.by(derivation.called(wrt) if isinstance(wrt, str) else wrt)


class Explanation:
    """A derivation, which prints itself.

    Attributes: ``paths``, the number of paths from the root to the variable (None for a whole backward pass), exact
    however large; ``visited``, the number of nodes that backward visits.
    """

    __slots__ = ("blocks", "paths", "visited")

    def __init__(self, blocks: Iterable[Block], visited: int, paths: int | None = None) -> None:
        self.blocks = tuple(blocks)
        self.visited = visited
        self.paths = paths

    def text(self) -> str:
        """The derivation as plain text, for a terminal; ASCII where the labels are."""
        return typesetting.text(self.blocks)

    def markdown(self) -> str:
        """The derivation as Markdown with LaTeX between dollar signs, for notebooks."""
        return typesetting.markdown(self.blocks)

    def latex(self) -> str:
        """The derivation as LaTeX, for a document that uses the package amsmath."""
        return typesetting.latex(self.blocks)

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the derivation to a file and return its path: ``.txt`` is text, ``.md`` Markdown, ``.tex`` LaTeX.

        Raises ValueError for a name that ends otherwise, OSError where the file cannot be written.
        """
        ways = {"txt": lambda: f"{self}\n", "md": self.markdown, "tex": self.latex}
        return save(path, dict.fromkeys(ways, lambda end: ways[end]()))

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()

    def _repr_markdown_(self) -> str:
        return self.markdown()


class Derivation:
    """A graph with its names and gradients, and the derivations that can be made of it."""

    def __init__(self, root: Value, digits: int) -> None:
        self.root = root
        self.digits = digits
        self.nodes = graph.order(root)
        self.names = names_of(root)
        self.gradient = dict(zip(self.nodes, graph.gradients([root], [1.0], self.nodes), strict=True))
        self.ends: set[Value] = set()
        """What boxes hand on, where it was asked for a derivation that is folded as a picture is."""
        self.folded_at = "labelled nodes"
        many = len(self.nodes)
        self.visits = f"backward visits each of the {many:,} nodes once" if many > 1 else "backward visits 1 node"

    def fold(self, collapse: bool | Parametrised, opened: Sequence[str], depth: int | None) -> None:
        """Fold as a picture is folded: of each box only what it hands on is told, in modules under their name."""
        shown = Folds(list(self.names), collapse, opened).best(FEW_BOXES, depth)
        taken = set(self.names.values())
        self.folded_at = "modules" if shown.modules else "labelled nodes"
        for key, ends in handed_on(members_of(shown.home), shown.home).items():
            computed = [node for node in ends if node.parents]
            self.ends.update(computed)
            for i, node in enumerate(computed):
                title = visible(str(key) if len(computed) == 1 else f"{key}[{i}]")
                if key in shown.modules and not node.label and title not in taken:
                    self.names[node] = title

    def called(self, wanted: str) -> Value:
        """The node of that name. ValueError if there is none."""
        known = {name: node for node, name in self.names.items() if node.label or node.rule is not rules.CONSTANT}
        if visible(wanted) in known:
            return known[visible(wanted)]
        labelled = [name for name, node in known.items() if node.label] or list(known)
        some = ", ".join(labelled if len(labelled) <= 8 else [*labelled[:8], "..."])
        others = [name for name in known if name not in labelled]
        hint = f" or another name of the derivation, such as {others[0]}," if others else ""
        raise ValueError(f"expected the name of a node, one of {some},{hint} got {visible(wanted)!r}")

    def name(self, node: Value) -> Symbol:
        """A node as formulas have it."""
        return symbol_of(node, self.names)

    def number(self, x: float) -> Symbol:
        """A number as it is printed."""
        return number(short(x, self.digits))

    def total(self, node: Value) -> Symbol:
        """d root / d node, the symbol."""
        return derivative(self.root, node, self.names)

    # The whole backward pass, step by step.

    def by_steps(self) -> Explanation:
        """The forward pass, the steps of backward, and the gradients that result."""
        variables = [node for node in self.nodes if node.rule is not rules.CONSTANT]
        leaves = [node for node in self.names if not node.parents and node.rule is not rules.CONSTANT]
        kept = {self.root, *leaves, *self.ends, *[node for node in variables if node.label]}
        many = sum(len(node.parents) for node in variables)
        marked = any(node.label for node in variables if node.parents and node is not self.root)
        folding = bool(self.ends) or (many > MOST_LINES and marked and len(kept) < len(variables))
        if folding:
            taken = list(folded(variables, kept, self.gradient, self.names))
        else:
            taken = [step for step in sweep(self.nodes, self.names) if step.operand.rule is not rules.CONSTANT]
        uses = Counter(step.operand for step in taken)
        backward = elided(taken, lambda step: self.step_line(step, uses[step.operand]), "step")
        results = elided(leaves, lambda leaf: Line(self.total(leaf), [self.number(self.gradient[leaf])]), "variable")
        said: list[Piece] = [self.name(self.root), " = ", self.number(self.root.data), f"; {self.visits}"]
        blocks = [Block([*said, FOLDED.format(self.folded_at) * folding])]
        if taken:
            blocks += [
                self.forward(kept if folding else variables, folding),
                Block(["Backward, from ", self.total(self.root), " = 1"], backward),
            ]
        return Explanation([*blocks, Block(["Gradients"], results)] if leaves else blocks, len(self.nodes))

    def step_line(self, step: Step, uses: int) -> Line:
        """What one step adds to the gradient of its operand, which has so many uses."""
        left, *sides = step.equation(self.digits)
        notes = [f"now {short(step.after, self.digits)}"] * (uses > 1) + ["carries nothing"] * (not step.carries)
        return Line(left, sides, "+=" if uses > 1 else "=", ", ".join(notes))

    # The derivative by one node, path by path or node by node.

    def by(self, wrt: Value) -> Explanation:
        """How d root / d wrt comes about."""
        if wrt not in self.names:
            self.names = names_of(self.root, wrt)
            said: list[Piece] = [
                self.total(wrt),
                " = 0: ",
                self.name(self.root),
                " does not depend on ",
                self.name(wrt),
            ]
            return Explanation([Block(said)], len(self.nodes), paths=0)
        between = self.between(wrt)
        paths = self.count(between, wrt)
        if wrt is self.root:
            said = [self.total(wrt), " = 1: the derivative of a number by itself"]
            return Explanation([Block(said)], len(self.nodes), paths)
        if wrt.rule is rules.CONSTANT:
            said = [self.name(wrt), " is a constant: nothing is differentiated by it"]
            return Explanation([Block(said)], len(self.nodes), paths)
        shown = set(between)
        taken = [step for step in sweep(self.nodes, self.names) if step.operand in shown]
        ways = self.ways(taken, wrt)
        kept = {self.root, wrt, *[node for node in between if node.label or node in self.ends]}
        folding = (ways is None or bool(self.ends)) and 2 < len(kept) < len(between)
        if folding:
            shown = kept
            taken = list(folded(between, kept, self.gradient, self.names))
            ways = self.ways(taken, wrt)
        said = [self.total(wrt), " = ", self.number(self.gradient[wrt])]
        said += [", along 1 path" if paths == 1 else f", the sum over {counted(paths, 'path')}"]
        if ways is None:
            backward = self.node_by_node(taken)
        elif len(ways) == paths:
            backward = self.products(ways, taken, wrt, "path")
        else:
            said += [f", in {counted(len(ways), 'product')},"]
            backward = self.products(ways, taken, wrt, "product")
        said += [" from ", self.name(self.root), " to ", self.name(wrt), f"; {self.visits}"]
        said += [FOLDED.format(self.folded_at) * folding]
        blocks = [Block(said), self.forward(shown, folding), backward]
        return Explanation(blocks, len(self.nodes), paths)

    def ways(self, taken: Sequence[Step], wrt: Value) -> list[list[Step]] | None:
        """Every way from the root to ``wrt``, step by step; None if there are too many, or too many steps."""
        below: dict[Value, list[Step]] = {}
        length, paths = {self.root: 0}, Counter({self.root: 1})
        for step in taken:
            below.setdefault(step.node, []).append(step)
            length[step.operand] = max(length.get(step.operand, 0), length[step.node] + 1)
            paths[step.operand] = min(paths[step.operand] + paths[step.node], MOST_PATHS + 1)
        if paths[wrt] > MOST_PATHS or length[wrt] > MOST_FACTORS:
            return None
        found: list[list[Step]] = []
        waiting = [[step] for step in reversed(below[self.root])]
        while waiting:
            path = waiting.pop()
            if path[-1].operand is wrt:
                found.append(path)
            else:
                waiting += [[*path, step] for step in reversed(below[path[-1].operand])]
        return found

    def products(self, ways: Sequence[Sequence[Step]], taken: Sequence[Step], wrt: Value, noun: str) -> Block:
        """Each way of those ``taken`` as a product, under that ``noun`` and its number, and their sum."""
        lines: list[Line] = []
        results: list[float] = []
        for path in ways:
            carries = all(step.carries for step in path)
            results.append(prod([step.partial for step in path]) if carries else 0.0)
            sides = [
                product([self.factor(step, [x for x in taken if x.node is step.node]) for step in path]),
                product([step.symbolic for step in path]),
                product([self.number(step.partial) for step in path], crossed=True),
                self.number(results[-1]),
            ]
            left = f"{noun} {len(lines) + 1}"
            note = "" if carries else "carries nothing"
            lines.append(Line(Symbol(Title(left)), sides, ":", note))
        if len(lines) == 1:
            lines = [lines[0]._replace(left=self.total(wrt), sign="=")]
        else:
            lines.append(self.sum_line(wrt, [added([self.number(x) for x in results])], sum(results)))
        return Block(["Backward"], lines, stacked=True)

    def factor(self, step: Step, beside: Sequence[Step]) -> Symbol:
        """d node / d operand, the symbol; it says which, where the operand stands in several places."""
        alike = [other.index for other in beside if other.operand is step.operand]
        ordinal = nth(alike.index(step.index) + 1) if len(alike) > 1 else ""
        return derivative(step.node, step.operand, self.names, ordinal)

    def node_by_node(self, taken: Sequence[Step]) -> Block:
        """For each node below the root its gradient, as the sum over its uses."""
        uses: dict[Value, list[Step]] = {}
        for step in taken:
            uses.setdefault(step.operand, []).append(step)
        below = [node for node in reversed(self.nodes) if node in uses]
        lines = elided(below, lambda node: self.node_line(node, uses[node]), "node")
        return Block(["Backward, node by node, from ", self.total(self.root), " = 1"], lines)

    def node_line(self, node: Value, uses: Sequence[Step]) -> Line:
        """The gradient of a node as the sum over its uses, in symbols and in numbers."""
        shown = [*uses] if len(uses) <= MOST_TERMS else [*uses[: MOST_TERMS - 1], None, uses[-1]]
        equations = [None if step is None else step.equation(self.digits) for step in shown]
        sides = [added([None if x is None else x[side] for x in equations]) for side in (1, 2)]
        line = self.sum_line(node, sides, sum(step.contribution for step in uses))
        idle = sum(not step.carries for step in uses)
        return line._replace(note=f"{idle} of {counted(len(uses), 'use')} carry nothing") if idle else line

    def sum_line(self, node: Value, sides: Sequence[Symbol], expected: float) -> Line:
        """The gradient of a node as the sum that makes it."""
        gradient = self.gradient[node]
        same = isclose(expected, gradient, rel_tol=1e-6, abs_tol=1e-300) or (isnan(expected) and isnan(gradient))
        note = "" if same else "rounded otherwise: backward adds up before it multiplies"
        return Line(self.total(node), [*sides, self.number(gradient)], note=note)

    # The graph.

    def forward(self, nodes: Iterable[Value], folding: bool) -> Block:
        """How the nodes were computed: formula, formula with numbers, value; where it is folded the value alone."""

        def line(node: Value) -> Line:
            made = () if folding else [formula(node, self.names), formula(node, self.names, self.digits)]
            return Line(self.name(node), [*made, self.number(node.data)])

        shown = set(nodes)
        computed = [node for node in self.names if node.parents and (node in self.ends or not self.ends)]
        if len(computed) > MOST_LINES // 2:
            computed = [node for node in computed if node in shown]
        return Block(["Forward"], elided(computed, line, "node"))

    def between(self, wrt: Value) -> list[Value]:
        """The nodes that depend on ``wrt``, itself included, in order."""
        reached = {wrt}
        for node in self.nodes:
            if any([parent in reached for parent in node.parents]):
                reached.add(node)
        return [node for node in self.nodes if node in reached]

    def count(self, between: Sequence[Value], wrt: Value) -> int:
        """The number of paths from the root to ``wrt``. Each count is dropped when used: it may have many digits."""
        paths = Counter({self.root: 1})
        inside = set(between) - {wrt}
        for node in reversed(between):
            if node in inside:
                here = paths.pop(node)
                for parent in node.parents:
                    if parent in inside or parent is wrt:
                        paths[parent] += here
        return paths[wrt]


def counted(n: int, noun: str) -> str:
    """A number with its noun: all its digits up to a quintillion, beyond that about how many."""
    if n >= 10**18:
        return f"about 10^{log10(n):.1f} {noun}s"
    return f"{n:,} {noun}{'s' * (n != 1)}"


def nth(n: int) -> str:
    """1st, 2nd, 3rd, 4th, ..., 11th, ..., 21st, ..."""
    suffixes = {1: "st", 2: "nd", 3: "rd"}
    return f"{n}th" if n % 100 in {11, 12, 13} else f"{n}{suffixes.get(n % 10, 'th')}"


def elided(items: Sequence[T], line_of: Callable[[T], Line], noun: str) -> list[Line]:
    """A line for each item; of too many, for the first and the last ones, and how many are left out between them."""
    if len(items) <= MOST_LINES:
        return [line_of(item) for item in items]
    gap = Line(Symbol(Dots()), note=f"{counted(len(items) - 2 * ENDS, noun)} more")
    return [*map(line_of, items[:ENDS]), gap, *map(line_of, items[-ENDS:])]

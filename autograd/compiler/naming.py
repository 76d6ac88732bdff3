"""Naming: what the variables of an emitted program are called, and what its comments say of labels.

The text of a program is executed, so a name in it is made of ASCII letters, digits and ``_``, is no keyword and no
built-in's, and is taken once; ``d`` before it is the derivative by it and is taken too. A label of the user's becomes a
name where it is one, its indices left off (``w[3]`` is an element of ``w``); any other stands in comments only, as
``ascii`` shows it.
"""

from __future__ import annotations

import builtins
import keyword
import re
from typing import TYPE_CHECKING

from autograd.compiler.arrays import Array, Role, View
from autograd.compiler.blocks import Block, Kernel, Let, Loop, Tape, Total
from autograd.compiler.expressions import Contract, Expr, Read, Row, terms, walk

from .linearise import ordered

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LONGEST = 24
"""How many characters a name or a label in a comment may have."""

OWN = ("P", "dP", "C", "I", "g", "program", "value", "gradient", "holds")
"""What every program itself is made of."""


class Names:
    """The names of one program: none is given out twice, and none of them is reserved."""

    def __init__(self, reserved: Collection[str]) -> None:
        self._taken = {*reserved, *OWN, *vars(builtins)}
        self._numbers: dict[str, int] = {}

    def free(self, name: str) -> bool:
        """Whether a name can still be given, to an array and with a ``d`` before it to the derivative by it."""
        related = [name, f"d{name}", name[1:] if name[0] == "d" else name]
        taken = [x for x in related if x in self._taken]
        return not taken and not keyword.iskeyword(name) and re.fullmatch(r"own\d+(_by_\d+)?", name) is None

    def fresh(self, wish: str) -> str:
        """The wish, with a number behind it if it is taken: ``a1``, ``a1_2``, ``a1_3``."""
        if self.free(wish):
            self._taken.add(wish)
            return wish
        self._numbers.setdefault(f"{wish}_", 1)
        return self.numbered(f"{wish}_")

    def numbered(self, start: str) -> str:
        """The next of ``v1``, ``v2``, ``v3``, ... for ``v``."""
        number = self._numbers.get(start, 0) + 1
        while not self.free(f"{start}{number}"):
            number += 1
        self._numbers[start] = number
        self._taken.add(f"{start}{number}")
        return f"{start}{number}"


def stem(labels: Collection[str]) -> str:
    """The name that all labels are indices of, or are themselves; "" if there is none.

    >>> stem(["w[0]", "w[1]"]), stem(["loss"]), stem(["a", "b"]), stem(["if"]), stem(["w 1"])
    ('w', 'loss', '', '', '')
    """
    found = {re.sub(r"(\[\d+\])+$", "", label) for label in labels}
    if len(found) != 1:
        return ""
    (name,) = found
    ordinary = re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII) and not keyword.iskeyword(name)
    return name if ordinary and len(name) <= LONGEST else ""


def quoted(labels: Collection[str]) -> str:
    r"""The first and the last label, for a comment: printable ASCII, on one line.

    >>> quoted(["w[0]", "w[1]", "w[2]"]), quoted(["two\\nlines"]), quoted([])
    ('w[0] .. w[2]', 'two\\\\nlines', '')
    """
    each = [label if len(label) <= LONGEST else f"{label[: LONGEST - 3]}..." for label in labels]
    shown = [ascii(label)[1:-1] for label in each]
    return " .. ".join(dict.fromkeys([shown[0], shown[-1]])) if shown else ""


class Naming:
    """The names of a program's variables, chosen in the order in which they are asked for."""

    def __init__(self, kernel: Kernel, reserved: Collection[str]) -> None:
        self.fresh = Names(reserved)
        self.labels = kernel.labels
        self.named: dict[Array | Tape | Total | Loop, str] = {
            kernel.captured: "P",
            kernel.gradient: "dP",
            kernel.constants: "C",
        }
        self.layers: dict[Array, int] = {}
        self.numbered_layers: dict[Array, str] = {}
        """What stands behind the z of a layer that has no label, and behind the a of its activation."""
        self.hints: dict[View, str] = {}
        """What a part of what is captured is called if it has no labels: the weights and biases of a layer."""
        self.bases: dict[View, str] = {}
        self.prepared: dict[tuple[View, tuple[bool, ...]], str] = {}
        """The views that are the same in every call, with the new axes between theirs."""
        for array, wish in kernel.wishes.items():
            self.named[array] = self.fresh.fresh(wish) if wish else self.fresh.numbered("x")
        self.define(kernel.forward, [f.result for f in kernel.functions[:1]])

    def define(self, block: Block, results: Iterable[Read | None]) -> None:
        """Name what the statements of a block define."""
        first = ordered(block, [x.view.array for x in results if x is not None])
        for s in dict.fromkeys([*first, *block.statements]):
            if isinstance(s, Let):
                self.layer(s)
                self.named[s.array] = self.result(s)
            elif isinstance(s, Loop):
                self.named[s.array] = self.fresh.numbered("v")

    def layer(self, s: Let) -> None:
        """Count a layer of a network: weights that are captured, times what is not."""
        products = [x for x in terms(s.value) if isinstance(x, Contract)]
        k = len(self.layers) + 1
        if any([is_captured(x.left) != is_captured(x.right) for x in products]):
            self.layers[s.array] = k
        for term in terms(s.value):
            letter = "W" if isinstance(term, Contract) else "b"
            for x in walk(term):
                if isinstance(x, Read) and is_captured(x):
                    self.hints.setdefault(x.view, f"{letter}{k}" if s.array in self.layers else "")

    def result(self, s: Let) -> str:
        """A name for a statement's result: of its labels, of its layer, or just the next one."""
        label = stem(self.labels_of(s.array))
        if label:
            return self.fresh.fresh(label)
        if s.array in self.layers:
            name = self.fresh.fresh(f"z{self.layers[s.array]}")
            self.numbered_layers[s.array] = name[1:]
            return name
        if isinstance(s.value, Row) and s.value.row.layout == "fixed" and len(s.value.operands) == 1:
            x = s.value.operands[0]
            if isinstance(x, Read) and x.view.array in self.numbered_layers:
                return self.fresh.fresh(f"a{self.numbered_layers[x.view.array]}")
        return self.fresh.numbered("s" if s.origin is not None and s.origin.is_sum else "v")

    def labels_of(self, array: Array, view: View | None = None, all_of_them: bool = True) -> list[str]:
        """The labels of an array's elements, or of those of a view; none if not all are labelled."""
        known = self.labels.get(array, {})
        if not known:
            return []
        flat = range(array.size) if view is None or view.flat is None else view.flat.numbers.reshape(-1).tolist()
        found = [known[i] for i in flat if i in known]
        return found if not all_of_them or len(found) == len(flat) else []

    def of(self, holder: Array | Tape | Total | Loop, start: str = "v") -> str:
        """The name of a variable: that of a derivative is d and the name of what it is by."""
        if holder not in self.named:
            self.named[holder] = self.choice(holder, start)
        return self.named[holder]

    def choice(self, holder: Array | Tape | Total | Loop, start: str) -> str:
        """A name for something that has none yet."""
        if isinstance(holder, (Array, Tape)) and holder.derivative_of is not None:
            return f"d{self.of(holder.derivative_of)}"
        if isinstance(holder, Array) and holder.terms_of is not None:
            return self.fresh.fresh(f"{self.of(holder.terms_of)}_terms")
        if isinstance(holder, Array) and holder.role is Role.SHARED:
            start = "e"
        return self.fresh.numbered(start)

    def part(self, view: View, stretched: tuple[bool, ...] = ()) -> str:
        """A name for a part of what is captured, of the derivatives by it, or of the constants."""
        key = view, stretched
        if key not in self.prepared:
            array = view.array
            if array.derivative_of is not None:
                self.prepared[key] = f"d{self.base(view.of(array.derivative_of))}"
            else:
                captured = is_captured(Read(view, ""))
                wish = stem(self.labels_of(array, view)) or self.hints.get(view, "") * captured
                name = self.fresh.fresh(wish) if wish else self.fresh.numbered("p" if captured else "c")
                self.prepared[key] = name
        return self.prepared[key]

    def has_part(self, view: View) -> bool:
        """Whether a part has a name."""
        return any([known == view for known, _ in self.prepared]) or view in self.bases

    def base(self, view: View) -> str:
        """The first name that a part has; one of its own if it has none."""
        name = next((name for (known, _), name in self.prepared.items() if known == view), "")
        return name or self.bases.setdefault(view, self.fresh.numbered("p"))


def is_captured(x: Expr) -> bool:
    """Whether this is a part of what is captured."""
    return isinstance(x, Read) and x.view.array.role is Role.CAPTURED

"""Naming: what the variables of an emitted program are called, and what its comments say of labels.

The text of a program is executed, so a name in it is made of ASCII letters, digits and ``_``, is no keyword, and is
taken once; ``d`` before it is the derivative by it and is taken too. A label of the user's becomes a name where it is
one, its indices left off (``w[3]`` is an element of ``w``); any other stands in comments only, as ``ascii`` shows it.
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST = 24
"""How many characters a name or a label in a comment may have."""

OWN = ("P", "dP", "C", "I", "g", "program", "value", "gradient", "holds")
"""What every program itself is made of."""


class Names:
    """The names of one program: none is given out twice, and none of them is reserved."""

    def __init__(self, reserved: Collection[str]) -> None:
        self._taken = {*reserved, *OWN}
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

"""Labels: what the nodes of a graph are called, in drawings, derivations and messages alike.

A label is whatever text the user gave. :func:`visible` makes it fit to be shown, :func:`names` gives every node of a
graph a name of its own, and :func:`name_from` labels Values after the variables that hold them.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import TYPE_CHECKING

from autograd import rules
from autograd.readings.symbols import short
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_LABEL = 80


def visible(label: str) -> str:
    r"""A label of at most 80 characters, those that cannot be seen as Python writes them, without spaces before it.

    >>> print(visible("two\nlines"), len(visible("x" * 20_000)), visible("x" * 20_000)[-2:])
    two\nlines 80 x…
    """
    start = label.lstrip(" ")[: LONGEST_LABEL + 1]
    text = "".join([c if c.isprintable() else repr(c)[1:-1] for c in start])
    return text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"


def names(*roots: Value) -> dict[Value, str]:
    """A name for each node that the roots depend on: its label; its number, if it is a constant; else v1, v2, ...

    The nodes are named, and listed, in the order in which the formula is worked out: operands before results, left
    before right. No two share a name, except that a constant without a label is called by its number, whatever else
    is called so, and constants of one number and label are one. A label that several nodes bear is numbered from the
    second on (``x``, ``x_2``), and what is taken is passed over. The same graph has the same names in every run.

    >>> x, other = Value(3.0, label="x"), Value(4.0, label="x")
    >>> list(names(2.0 * x + other * other).values())
    ['2', 'x', 'v1', 'x_2', 'v2', 'v3']
    """
    listed = list(worked_out(roots))
    labels = [visible(node.label) for node in listed]
    taken = set(labels)
    numbered = (name for i in count(1) if (name := f"v{i}") not in taken)
    named: dict[Value, str] = {}
    constants: dict[tuple[str, float], str] = {}
    seen: dict[str, count[int]] = {}
    for node, label in zip(listed, labels, strict=True):
        if (label, node.data) in constants and node.rule is rules.CONSTANT:
            named[node] = constants[label, node.data]
        elif not label:
            named[node] = short(node.data, 6) if node.rule is rules.CONSTANT else next(numbered)
        elif label not in seen:
            seen[label] = count(2)
            named[node] = label
        else:
            named[node] = next(name for i in seen[label] if (name := f"{label}_{i}") not in taken)
        if label and node.rule is rules.CONSTANT:
            constants.setdefault((label, node.data), named[node])
    return named


def worked_out(roots: Iterable[Value]) -> dict[Value, None]:
    """The nodes that the roots depend on, operands before results and left before right."""
    listed: dict[Value, None] = {}
    for root in roots:
        open_nodes = [(root, iter(root.parents))] if root not in listed else []
        while open_nodes:
            node, operands = open_nodes[-1]
            operand = next((x for x in operands if x not in listed), None)
            if operand is None:
                listed[node] = None
                open_nodes.pop()
            else:
                open_nodes.append((operand, iter(operand.parents)))
    return listed


def name_from(variables: Mapping[str, object]) -> None:
    """Label Values after the variables that hold them: ``name_from(locals())`` at the end of a cell or a function.

    A Value gets the name of its variable; the Values of a list or tuple are ``w[0]``, ``w[1]``, ..., those of nested
    ones ``W[0][2]``; the parameters of a module (an object with ``named_parameters()``) are called as it calls them,
    ``model.layers.0.neurons.3.w[5]``. Only plain lists and tuples are looked into, not named tuples, such as the
    records of :func:`autograd.steps`. Values that have a label keep it, so the first name given stays, but for
    parameters that only their module has named, ``layers.0.neurons.3.w[5]``; names that begin with an underscore name
    nothing.

    >>> w, x = [Value(-3.0), Value(1.0)], Value(2.0, label="input")
    >>> y = w[0] * x + w[1]
    >>> name_from({"w": w, "x": x, "y": y})
    >>> w[1].label, x.label, y.label
    ('w[1]', 'input', 'y')

    Raises TypeError if ``variables`` is not a mapping.
    """
    if not isinstance(variables, Mapping):
        raise TypeError(f"expected the variables by name, as locals() gives them, got {type(variables).__name__}")
    seen: set[int] = set()
    stack = [(name, content) for name, content in variables.items() if not str(name).startswith("_")]
    stack.reverse()
    while stack:
        name, content = stack.pop()
        if isinstance(content, Value):
            content.label = content.label or name
        elif id(content) in seen:
            continue
        elif isinstance(content, (list, tuple)) and type(content) in (list, tuple):
            seen.add(id(content))
            stack.extend((f"{name}[{i}]", content[i]) for i in reversed(range(len(content))))
        elif callable(getattr(type(content), "named_parameters", None)):
            seen.add(id(content))
            parameters = list(content.named_parameters())  # type: ignore[attr-defined]
            for inner, parameter in parameters:
                if parameter.label in {"", inner}:
                    parameter.label = f"{name}.{inner}"

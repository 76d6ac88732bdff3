"""From text to graph: a typed formula becomes Values, and nothing in it is ever run as Python.

Python's parser makes a tree of the text (:mod:`ast`); the tree is walked against a short list of what a formula is
made of: numbers, names that were given a value, ``+ - * / ** % //``, and calls of the operations in the table
(:mod:`autograd.rules`). Anything else is a ValueError. The functions called are those of :mod:`autograd.functions`,
so values, corners and messages are the library's own. The command line (``python -m autograd``) is the one user.
"""

from __future__ import annotations

import ast
import math
import operator
import re
import warnings
from inspect import signature
from itertools import count
from keyword import iskeyword
from typing import TYPE_CHECKING, Any

from autograd import functions, rules
from autograd.graph import order
from autograd.value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST = 10_000  # characters
DEEPEST = 1_000  # operators, commas and parentheses: the tree cannot be deeper, and Python's parser is safe with it

TOKEN = re.compile(r"[A-Za-z_0-9.]+|\*\*|//|[<>=!]=|[-+*/%<>(),]|(?P<stranger>\S)")

OPERATORS = {
    ast.Add: rules.ADD,
    ast.Sub: rules.SUB,
    ast.Mult: rules.MUL,
    ast.Div: rules.DIV,
    ast.Pow: rules.POW,
    ast.Mod: rules.MOD,
    ast.FloorDiv: rules.FLOOR_DIVIDE,
    ast.UAdd: rules.POS,
    ast.USub: rules.NEG,
}
"""What Python's syntax calls the rows that are written as signs."""

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

CALLABLE = {rule.symbol: rule for rule in rules.TABLE if hasattr(functions, rule.symbol) and rule.layout != "pairs"}
"""The rows that are written as calls, by name: all that take numbers, and not two sequences as dot does."""


def is_name(text: str) -> bool:
    """Whether the text can name a variable: ASCII letters, digits and _, not a keyword of Python."""
    return text.isascii() and text.isidentifier() and not iskeyword(text)


def shown(text: str) -> str:
    """A piece of what was typed, in quotes, fit for a message: short and printable."""
    return ascii(text if len(text) <= 40 else text[:37] + "...")


def tidy(text: str) -> str:
    """The expression on one line. ValueError if it holds what no formula needs, or too much of what it does."""
    text = " ".join(text.split())
    if not text:
        raise ValueError("expected an expression, got nothing")
    if len(text) >= LONGEST:
        raise ValueError(f"expected an expression of fewer than {LONGEST:,} characters, got {len(text):,}")
    signs = 0
    for token in TOKEN.finditer(text):
        if token["stranger"] or iskeyword(token[0]):
            hint = ": a power is written **" if token[0] == "^" else ""
            raise ValueError(f"unexpected {shown(token[0])} at character {token.start() + 1} of the expression{hint}")
        signs += not (token[0][0].isalnum() or token[0][0] in "_.")
    if signs >= DEEPEST:
        raise ValueError(
            f"expected an expression of fewer than {DEEPEST:,} operators, commas and parentheses, got {signs:,}"
        )
    return text


def parse(text: str) -> ast.expr:
    """The tree of a tidy expression. ValueError, with Python's reason and the place, if it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice on style (`1or 2`): such text is refused anyway
            return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        place = f" at character {error.offset}" if error.offset else ""
        raise ValueError(f"cannot read the expression: {error.msg}{place}") from None
    except (RecursionError, MemoryError):
        raise ValueError("cannot read the expression: nested too deeply") from None


def evaluate(text: str, variables: Mapping[str, Value]) -> list[Value]:
    """The graph of an expression: its operations in the order of evaluation, the result last.

    Operations are labelled v1, v2, ... (without the names of variables). Operations on numbers alone are carried out,
    as Python would: ``2*3*x`` is ``6*x``. pi and e have their values unless a variable bears the name. An expression
    that is only a name or a number gives the list of that one leaf.

    Raises ValueError for text that is not such an expression, and what the operations raise outside their domain
    (ValueError, ZeroDivisionError, OverflowError).
    """
    text = tidy(text)
    done: list[Value | float] = []
    made: list[Value] = []
    todo: list[ast.expr | tuple[Callable[..., Value | float], int]] = [parse(text)]
    while todo:
        item = todo.pop()
        if isinstance(item, ast.expr):
            function, operands = operation(item, text, variables)
            todo.append((function, len(operands)))
            todo.extend(reversed(operands))
        else:
            function, taken = item
            first = len(done) - taken
            result = function(*done[first:])
            done[first:] = [result]
            if isinstance(result, Value) and result.parents:
                made.append(result)
    root = done[0] if isinstance(done[0], Value) else functions.constant(done[0])
    reached = set(order(root))  # not the condition of a where, nor the side it did not take
    nodes = [node for node in made if node in reached]
    labels = (label for i in count(1) if (label := f"v{i}") not in variables)
    for node in nodes:
        node.label = next(labels)
    return nodes or [root]


def operation(
    tree: ast.expr, text: str, variables: Mapping[str, Value]
) -> tuple[Callable[..., Value | float], list[ast.expr]]:
    """What stands at the top of a tree: a function of the library, and the trees of its operands."""
    match tree:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            value = functions.constant(number).data  # an int beyond the floats is an OverflowError that says so
            return lambda: value, []
        case ast.Name(id=name) if name in variables:
            return lambda: variables[name], []
        case ast.Name(id="pi" | "e" as name):
            return lambda: functions.constant(getattr(math, name), name), []
        case ast.Name(id=name) if name in CALLABLE:
            raise ValueError(f"{name} is an operation: expected its operands in parentheses, as in {name}(...)")
        case ast.Name(id=name):
            meant = rules.did_you_mean(name[:40], [x for x in variables if len(x) > 2])
            raise ValueError(f"unknown name {shown(name)}: give it a value, as in {name[:40]}=1.5{meant}")
        case ast.UnaryOp(op=sign, operand=operand) if type(sign) in OPERATORS:
            return calling(OPERATORS[type(sign)]), [operand]
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in OPERATORS:
            return calling(OPERATORS[type(sign)]), [left, right]
        case ast.Call(func=ast.Name(id=rules.WHERE.symbol), args=args, keywords=[]):
            return choosing(args)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in CALLABLE:
            return named(name, args), args
        case ast.Call(func=ast.Name(id=name), keywords=[]):
            meant = rules.did_you_mean(name[:40], CALLABLE)
            raise ValueError(f"cannot call {shown(name)}: expected an operation that takes and gives numbers{meant}")
    piece = shown(text[tree.col_offset : tree.end_col_offset])
    raise ValueError(f"unexpected {piece}: expected numbers, names, + - * / ** % // and calls of operations")


def calling(rule: rules.Rule) -> Callable[..., Value | float]:
    """A row as a function of numbers."""
    return lambda *operands: functions.apply(rule, operands)


def named(name: str, args: list[ast.expr]) -> Callable[..., Value | float]:
    """The function of that name, once it is clear that it takes so many operands."""
    if CALLABLE[name].layout == "sequence":
        return lambda *operands: getattr(functions, name)(operands)
    function: Callable[..., Value | float] = getattr(functions, name)
    parameters = signature(function).parameters.values()
    fewest = sum(parameter.default is parameter.empty for parameter in parameters)
    if not fewest <= len(args) <= len(parameters):
        span = f"{fewest}" if fewest == len(parameters) else f"{fewest} to {len(parameters)}"
        raise ValueError(f"{name}: expected {span} operand{'s' * (span != '1')}, got {len(args)}")
    return function


def choosing(args: list[ast.expr]) -> tuple[Callable[..., Value | float], list[ast.expr]]:
    """where(left < right, x, y), the one place for a comparison, as a function of left, right, x and y."""
    match args:
        case [ast.Compare(left=left, ops=[sign], comparators=[right]), x, y] if type(sign) in COMPARISONS:
            compare = COMPARISONS[type(sign)]
            return lambda a, b, x, y: functions.where(compare(a, b), x, y), [left, right, x, y]
    raise ValueError("where: expected a comparison and two operands, as in where(x > 0, x, 0)")

r"""The JavaScript reading of a row: its formulas, so that a page can compute what the table computes.

A guard of the table decides by comparing its operands: a symbol cannot pass through it and leave a tree behind. Nor can
the branch-free versions stand in, which no comparison stops: they round otherwise (cbrt, tail, the slope of a power),
answer with nan where floats raise, and a tree knows no variable that is used twice, no loop and no sequence. So what is
read here is the source, of rows and of guards alike. :func:`script` translates the rows that it is asked for,
and whatever they name, down to what Python itself supplies; ``scripting.js``, which lies beside this file, has that.
Python's arithmetic raises where JavaScript's answers inf or nan; therefore ``/``, ``**``, ``%``, ``//`` and those of
``math`` become calls that raise in the same places.

>>> print(script([rules.MUL, rules.TANH]).partition("function tanh_")[2])
slope(x) {
  let e, q;
  e = exp((x >= 0) ? ((-2) * x) : (2 * x));
  q = 1 + e;
  return divided(4 * e, q * q);
}
return {
  "*": fixed((x, y) => x * y, (out, x, y) => [y, x]),
  "tanh": fixed((x) => tanh(x), (out, x) => [tanh_slope(x)]),
};
})()
"""

from __future__ import annotations

import ast
import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from autograd import guards, rules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.UAdd: "+", ast.USub: "-", ast.Not: "!",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "===", ast.NotEq: "!==",
    ast.And: "&&", ast.Or: "||",
}  # fmt: skip
CALLS: dict[type[ast.AST], str] = {
    ast.Div: "divided",
    ast.Pow: "raised",
    ast.Mod: "remainder",
    ast.FloorDiv: "quotient",
}


def script(table: Iterable[rules.Rule]) -> str:
    """The rows as one expression of JavaScript: an object with, for each symbol, ``value`` and ``partials``.

    ``rows["*"].value([2, 3])`` is 6 and ``rows["*"].partials(6, [2, 3])`` is [3, 2]: operands come flat, as a node has
    them, and so do partials. Where Python raises, so does the function; ``error.kind`` names the exception.

    Raises ValueError if a row is not of the table, or is written in what is not translated.
    """
    names = {row: name for name, row in vars(rules).items() if row in rules.TABLE}
    needed: dict[str, str] = {}
    written = []
    for row in table:
        if row not in names:
            raise ValueError(f"expected rows of the table, got {row!r}")
        value, partials = map(expression, formulas()[names[row]])
        written.append(f"  {json.dumps(row.symbol)}: {row.layout}({value}, {partials}),")
        require(written[-1], needed)
    return "\n".join(["(() => {", *needed.values(), "return {", *written, "};", "})()"])


def require(text: str, needed: dict[str, str]) -> None:
    """Put the definition of each name in a text, and of the names in that, before it."""
    for name in re.findall(r"(?:(?<![.\w])|(?<=\.\.\.))[A-Za-z]\w*", text):
        if name not in needed:
            definition = definition_of(name)
            if definition:
                needed[name] = definition  # a function may name itself
                require(definition, needed)
                needed[name] = needed.pop(name)  # behind what it names


def definition_of(name: str) -> str:
    """A name of the table in JavaScript; nothing for one that the table does not know, such as an operand's."""
    if name in vocabulary():
        return vocabulary()[name]
    if name in on_floats():
        return function(on_floats()[name])
    known: Any = {**vars(rules), **vars(guards)}.get(name)
    if isinstance(known, float):
        return f"const {name} = {literal(known)};"
    if getattr(known, "__module__", "") == "math":
        return f"const {name} = checked(Math.{name});"
    return ""


@lru_cache(maxsize=1)
def vocabulary() -> dict[str, str]:
    """The definitions in ``scripting.js``, by name."""
    from pathlib import Path

    paragraphs = Path(__file__).with_suffix(".js").read_text(encoding="utf-8").strip().split("\n\n")
    found = [(re.match(r"(?:const|function) (\w+)", paragraph), paragraph) for paragraph in paragraphs]
    return {match[1]: paragraph for match, paragraph in found if match}


# The source of the table -----------------------------------------------------------------------------------------


def source(module: ModuleType) -> list[ast.stmt]:
    """The text of the table or of the guards, parsed. Raises OSError where Python runs without its sources."""
    import inspect

    return ast.parse(inspect.getsource(module)).body


@lru_cache(maxsize=1)
def formulas() -> dict[str, tuple[ast.expr, ast.expr]]:
    """The formulas of value and partials for each row, by the name of the row."""
    found = {}
    for statement in source(rules):
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="Rule"), args=[_, *given])):
                found[name] = given[0], given[1]
    return found


@lru_cache(maxsize=1)
def on_floats() -> dict[str, ast.FunctionDef]:
    """The guards, in their versions on floats."""
    functions = [statement for statement in source(guards) if isinstance(statement, ast.FunctionDef)]
    return {function.name: function for function in functions if function.name in guards.VERSIONS[guards.FLOATS]}


# Statements and expressions --------------------------------------------------------------------------------------


def function(node: ast.FunctionDef) -> str:
    """A function, with its variables declared at its beginning."""
    inner = [x for statement in node.body for x in ast.walk(statement)]
    kept = {x.arg for x in node.args.args} | {
        name for loop in inner if isinstance(loop, ast.For | ast.comprehension) for name in names_in(loop.target)
    }
    stored = [x.id for x in inner if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)]
    variables = [name for name in dict.fromkeys(stored) if name not in kept]
    lines = [f"function {node.name}({parameters(node.args)}) {{"]
    lines += [f"  let {', '.join(variables)};"] * bool(variables)
    return "\n".join([*lines, block(node.body, "  "), "}"])


def names_in(target: ast.expr) -> list[str]:
    """The variables that a target binds."""
    return [x.id for x in ast.walk(target) if isinstance(x, ast.Name)]


def parameters(arguments: ast.arguments) -> str:
    """The parameters of a function."""
    return ", ".join(argument.arg for argument in arguments.args)


def block(statements: Iterable[ast.stmt], indent: str) -> str:
    """Statements one below the other; docstrings are left out."""
    return "\n".join([indent + line for line in map(statement, statements) for line in line.split("\n") if line])


def statement(node: ast.stmt) -> str:
    """A statement of Python in JavaScript."""
    match node:
        case ast.Return(value=ast.expr() as value):
            return f"return {bare(value)};"
        case ast.Assign(targets=[target], value=value) | ast.AnnAssign(target=target, value=ast.expr() as value):
            return f"{expression(target)} = {bare(value)};"
        case ast.AugAssign(target=target, op=op, value=value) if type(op) in OPERATORS:
            return f"{expression(target)} {OPERATORS[type(op)]}= {bare(value)};"
        case ast.If(test=test, body=body, orelse=[]):
            return f"if ({bare(test)}) {{\n{block(body, '  ')}\n}}"
        case ast.For(target=target, iter=items, body=body, orelse=[]):
            return f"for (const {expression(target)} of {bare(items)}) {{\n{block(body, '  ')}\n}}"
        case ast.Raise(exc=ast.expr() as error):
            return f"throw {expression(error)};"
        case ast.Try(body=body, handlers=[ast.ExceptHandler(body=handler)], orelse=[], finalbody=[]):
            return f"try {{\n{block(body, '  ')}\n}} catch {{\n{block(handler, '  ')}\n}}"
        case ast.Expr(value=ast.Constant(value=str())):
            return ""
        case ast.Expr(value=value):
            return f"{expression(value)};"
    raise ValueError(f"expected a statement that JavaScript has too, got {ast.unparse(node)}")


def bare(node: ast.expr) -> str:
    """An expression where nothing stands beside it: without the parentheses around the whole."""
    text = expression(node)
    enclosed = isinstance(node, ast.BinOp | ast.UnaryOp | ast.IfExp | ast.BoolOp | ast.Compare) and text[0] == "("
    return text[1:-1] if enclosed else text


def expression(node: ast.expr) -> str:
    """An expression of Python in JavaScript, in parentheses unless it is a single piece."""
    match node:
        case ast.Constant(value=int() | float() as x):
            return literal(x)
        case ast.Constant(value=str() as text):
            return json.dumps(text)
        case ast.Name(id=name):
            return name
        case ast.Lambda(args=arguments, body=body):
            return f"({parameters(arguments)}) => {bare(body)}"
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return f"[{', '.join(map(bare, elements))}]"
        case ast.Starred(value=value):
            return f"...{expression(value)}"
        case ast.Call(func=ast.Attribute(value=owner, attr=method), args=operands, keywords=[]):
            return f"{method}({', '.join(map(bare, [owner, *operands]))})"
        case ast.Call(func=ast.Name(id=name), args=operands, keywords=[]):
            return f"{name}({', '.join(map(bare, operands))})"
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            return f"({OPERATORS[type(op)]}{expression(operand)})"
        case ast.BinOp(left=ast.Tuple() as items, op=ast.Mult(), right=right):
            return f"repeated({expression(items)}, {bare(right)})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in CALLS:
            return f"{CALLS[type(op)]}({bare(left)}, {bare(right)})"
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            return f"({expression(left)} {OPERATORS[type(op)]} {expression(right)})"
        case ast.BoolOp(op=op, values=values):
            return f"({f' {OPERATORS[type(op)]} '.join(map(expression, values))})"
        case ast.Compare(left=left, ops=ops, comparators=right) if all(type(op) in OPERATORS for op in ops):
            sides = [*map(expression, [left, *right])]
            pairs = [f"{x} {OPERATORS[type(op)]} {y}" for x, op, y in zip(sides, ops, sides[1:], strict=False)]
            return f"({' && '.join(pairs)})"
        case ast.IfExp(test=test, body=yes, orelse=no):
            return f"({expression(test)} ? {expression(yes)} : {expression(no)})"
        case ast.ListComp(elt=element, generators=[ast.comprehension(target=target, iter=items, ifs=[])]) | (
            ast.GeneratorExp(elt=element, generators=[ast.comprehension(target=target, iter=items, ifs=[])])
        ):
            return f"{expression(items)}.map({expression(target)} => {expression(element)})"
    raise ValueError(f"expected an expression that JavaScript has too, got {ast.unparse(node)}")


def literal(x: float) -> str:
    """A number as JavaScript writes it."""
    return repr(x).removesuffix(".0").replace("inf", "Infinity").replace("nan", "NaN")

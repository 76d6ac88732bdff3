"""What can be changed in a file: from its syntax tree, each change as a piece of text to be replaced.

Left alone are docstrings, messages, annotations, imports, overloads, protocols and what only a type checker reads.
"""

from __future__ import annotations

import ast
import copy
import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "floor": "ceil", "ceil": "floor"}

Change = tuple[str, ast.AST, ast.AST]
"""Its kind, what it replaces, and by what."""


@dataclass(frozen=True)
class Mutant:
    """One change of a file: the text from ``start`` to ``end`` becomes ``new``."""

    file: str
    kind: str
    function: str
    """The dotted name of the function or class that it lies in; empty at the top of the file."""
    first: int
    last: int
    """The lines of what is changed."""
    start: int
    end: int
    old: str
    new: str

    @property
    def place(self) -> str:
        """``autograd/graph.py:123, sweep``."""
        return f"{self.file}:{self.first}" + (f", {self.function}" if self.function else "")

    def applied(self, source: str) -> str:
        """The changed text, with parentheses around the change where it would be read otherwise without."""
        before, after = source[: self.start], source[self.end :]
        plain = before + self.new + after
        bracketed = f"{before}({self.new}){after}"
        meant = meaning(bracketed)
        return plain if meant is None or meaning(plain) == meant else bracketed

    def diff(self, source: str) -> str:
        """The lines that change, each with a sign before it."""
        lines = difflib.ndiff(source.splitlines(), self.applied(source).splitlines())
        return "\n".join([line for line in lines if line[:2] in ("- ", "+ ")])


def meaning(source: str) -> str | None:
    """What a text is read as; None where brackets stand around a statement."""
    try:
        return ast.dump(ast.parse(source))
    except SyntaxError:
        return None


def mutants(file: str, source: str) -> list[Mutant]:
    """All mutants of a file, in the order of its text."""
    lines = source.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def offset(line: int, column: int) -> int:
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found = []
    for function, (kind, old, new) in changes(ast.parse(source)):
        start = offset(old.lineno, old.col_offset)  # type: ignore[attr-defined]
        end = offset(old.end_lineno, old.end_col_offset)  # type: ignore[attr-defined]
        text = ast.unparse(new)
        first, last = old.lineno, old.end_lineno  # type: ignore[attr-defined]
        found.append(Mutant(file, kind, function, first, last, start, end, source[start:end], text))
    return sorted(found, key=lambda each: (each.start, each.end))


def changes(tree: ast.AST, function: str = "") -> Iterator[tuple[str, Change]]:
    """The changes in a tree and in what is below it, each with the name of the function that it lies in."""
    for node in read_at_run_time(tree):
        named = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        inner = f"{function}.{node.name}".lstrip(".") if named else function  # type: ignore[attr-defined]
        for change in changes_of(node):
            yield inner, change
        yield from changes(node, inner)


def read_at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """The children of a node that Python runs, and that mean more than a text for people."""
    for name, field in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params", "type_comment"):
            continue
        for child in field if isinstance(field, list) else [field]:
            if isinstance(child, ast.AST) and not passed_over(child):
                yield child


def passed_over(node: ast.AST) -> bool:
    """Whether nothing is changed in a node: texts, imports, and what only a type checker reads."""
    match node:
        case ast.JoinedStr() | ast.Import() | ast.ImportFrom() | ast.Global() | ast.Nonlocal():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.ClassDef():
            return "Protocol" in [ast.unparse(base).split("[")[0] for base in node.bases]
        case ast.FunctionDef():
            return "overload" in [ast.unparse(each) for each in node.decorator_list]
        case ast.Assign(targets=[ast.Name(id="__all__" | "__slots__")]):
            return True
        case ast.Call(func=ast.Name(id="TypeVar" | "cast")):
            return True
    return False


def changes_of(node: ast.AST) -> Iterable[Change]:
    """The changes of one node."""
    match node:
        case ast.Compare():
            yield from comparisons(node)
        case ast.BinOp(left=left, op=op, right=right):
            if not isinstance(left, ast.Constant) or not isinstance(left.value, str):
                yield "arithmetic", node, ast.BinOp(left, OPERATORS[type(op)](), right)
        case ast.AugAssign(target=target, op=op, value=value):
            yield "arithmetic", node, ast.AugAssign(target, OPERATORS[type(op)](), value)
            yield "statement", node, ast.Pass()
        case ast.UnaryOp(op=ast.USub() | ast.Not() | ast.Invert(), operand=operand):
            yield "sign", node, operand
        case ast.Constant(value=value):
            if isinstance(value, (bool, int, float)):
                yield "constant", node, ast.Constant(not value if isinstance(value, bool) else value + 1)
        case ast.BoolOp(op=op, values=values):
            yield "boolean", node, ast.BoolOp(ast.Or() if isinstance(op, ast.And) else ast.And(), values)
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield from negated(test)
        case ast.comprehension(ifs=ifs):
            for test in ifs:
                yield from negated(test)
        case ast.Return(value=value):
            if value is not None and not (isinstance(value, ast.Constant) and value.value is None):
                yield "return", node, ast.Return(ast.Constant(None))
        case ast.Call():
            yield from calls(node)
        case ast.Subscript(slice=ast.Constant(value=str(key)) as index):
            yield "key", index, ast.Constant(key + "x")
        case ast.ExceptHandler(type=ast.Tuple(elts=kinds) as caught):
            for kind in kinds:
                yield "exception", caught, ast.Tuple([x for x in kinds if x is not kind], ast.Load())
        case ast.Break():
            yield "jump", node, ast.Continue()
        case ast.Continue():
            yield "jump", node, ast.Break()
        case ast.Raise() | ast.Delete() | ast.Assert():
            yield "statement", node, ast.Pass()
        case ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield "statement", node, ast.Pass()
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "statement", node, ast.Pass()


def negated(test: ast.expr) -> Iterable[Change]:
    """The opposite of a condition, where no other change gives it."""
    match test:
        case ast.Compare(ops=[_]) | ast.UnaryOp(op=ast.Not()) | ast.Constant():
            return
    yield "condition", test, ast.UnaryOp(ast.Not(), test)


def comparisons(node: ast.Compare) -> Iterable[Change]:
    """Another comparison in the place of each: the bound moved, and the opposite; other texts to compare with."""
    for i, op in enumerate(node.ops):
        for other in COMPARISONS[type(op)]:
            changed = copy.copy(node)
            changed.ops = [*node.ops[:i], other(), *node.ops[i + 1 :]]
            yield "comparison", node, changed
    for side in (node.left, *node.comparators):
        if isinstance(side, ast.Constant) and isinstance(side.value, str):
            yield "key", side, ast.Constant(side.value + "x")


def calls(node: ast.Call) -> Iterable[Change]:
    """Neighbouring arguments exchanged, a keyword left out, another function of the kind."""
    if isinstance(node.func, ast.Name) and node.func.id in NAMES:
        yield "function", node.func, ast.Name(NAMES[node.func.id], ast.Load())
    if ast.unparse(node.func) in ("isinstance", "issubclass", "getattr", "hasattr", "setattr"):
        return  # which cannot pass
    for i, (one, two) in enumerate(zip(node.args, node.args[1:], strict=False)):
        starred = isinstance(one, ast.Starred) or isinstance(two, ast.Starred)
        if not starred and is_text(one) == is_text(two) and ast.dump(one) != ast.dump(two):
            changed = copy.copy(node)
            changed.args = [*node.args[:i], two, one, *node.args[i + 2 :]]
            yield "argument order", node, changed
    for i, keyword in enumerate(node.keywords):
        if keyword.arg is not None:
            changed = copy.copy(node)
            changed.keywords = [*node.keywords[:i], *node.keywords[i + 1 :]]
            yield "keyword", node, changed


def is_text(node: ast.expr) -> bool:
    """Whether an argument is a text: in the place of anything else it could not pass."""
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))

"""The command line: ``python -m autograd "tanh(w*x + b)" w=-3 x=2 b=6.9`` differentiates an expression.

It prints the value, the gradient of each variable, and every step with its local partial derivatives; on request the
derivation (:mod:`.showing.explanation`). Reading the expression is the business of :mod:`.showing.expressions`; here
are the options, the page that is printed, and what becomes of errors: one line on stderr, exit status 2.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, NoReturn

from . import rules
from .graph import order
from .readings.formulas import formula, partial_of
from .readings.typesetting import latex
from .readings.typesetting import text as plain
from .showing.animation import animate
from .showing.explanation import explain, nth
from .showing.expressions import CALLABLE, evaluate, is_name, shown, tidy
from .showing.labels import names as names_of
from .value import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .readings.typesetting import Block
    from .showing.explanation import Explanation

PROGRAM = "python -m autograd"
OPTION = re.compile(r"-h|--[a-z]+(=.*)?", re.DOTALL)
EPILOG = f"""\
examples:
  {PROGRAM} "tanh(w*x + b)" w=-3 x=2 b=6.9
  {PROGRAM} "where(x > 0, x**2, -x)" x=1.5 --explain --svg graph.svg

operations:
{fill("+ - * / ** % // " + " ".join(sorted(CALLABLE)), 78, initial_indent="  ", subsequent_indent="  ")}

A variable is any name that gets a number; pi and e need none. A comparison may be the condition of where.
"""


# The command ------------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are exceptions, to be told like every other error."""

    def error(self, message: str) -> NoReturn:
        """Raise ValueError."""
        raise ValueError(message)


def parser() -> Parser:
    """The options, and the help that explains them."""
    made = Parser(
        prog=PROGRAM,
        usage=f'{PROGRAM} "EXPRESSION" [NAME=NUMBER ...] [--wrt NAME] [--explain] [--latex]\n'
        f"{' ' * len(PROGRAM)}        [--svg FILE] [--html FILE]\n"
        f"       {PROGRAM} --table",
        description="Differentiate an expression: its value, its gradient, and every step with its local partials.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    made.add_argument("expression", metavar="EXPRESSION", nargs="?", help="a formula as Python writes it")
    made.add_argument("bindings", metavar="NAME=NUMBER", nargs="*", help="the value of a variable")
    made.add_argument("--wrt", metavar="NAME", help="print the gradient with respect to this variable only")
    made.add_argument("--explain", action="store_true", help="print the derivation of the gradient as well")
    made.add_argument("--latex", action="store_true", help="print the derivation as LaTeX, and nothing else")
    made.add_argument("--svg", metavar="FILE", help="draw the graph into this file")
    made.add_argument("--html", metavar="FILE", help="write a page that steps through the graph into this file")
    made.add_argument("--table", action="store_true", help="print the table of all operations and their derivatives")
    made.add_argument("-h", "--help", action="store_true", help="print this text")
    return made


def output(arguments: Sequence[str]) -> str:
    """What the command prints, given its arguments; ``--svg`` and ``--html`` also write their files.

    Raises ValueError, ArithmeticError, OSError or RuntimeError with a message for the user.
    """
    options = parser().parse_intermixed_args(guarded(arguments))
    if options.help:
        return parser().format_help().rstrip()
    if options.table:
        if options.expression is not None:
            raise ValueError("--table: expected no expression beside it")
        return rules.table()
    if options.expression is None:
        raise ValueError('expected an expression, as in "x*x" x=3 (--help tells more)')
    variables = bind(options.bindings)
    if options.wrt is not None and options.wrt not in variables:
        raise ValueError(f"--wrt: expected one of {', '.join(variables) or 'the variables'}, got {shown(options.wrt)}")
    text = tidy(options.expression)
    nodes = evaluate(text, variables)
    root = nodes[-1]
    root.backward()
    if options.svg is not None:
        from .showing.drawing import draw

        Path(options.svg).write_bytes(draw(root).pipe(format="svg"))
    if options.html is not None:
        Path(options.html).write_bytes(animate(root).html.encode())
    asked = variables if options.wrt is None else {options.wrt: variables[options.wrt]}
    derivations = [explain(root, x) for x in asked.values()] if options.explain or options.latex else []
    if options.latex:
        return "\n\n".join(told(derivations or [explain(root)], latex))
    parts = [f"{text} = {root.data:.10g}", gradient(root, asked), steps_table(root, nodes)]
    parts += told(derivations, plain)
    return "\n\n".join(part for part in parts if part)


def told(derivations: Iterable[Explanation], typeset: Callable[[Iterable[Block]], str]) -> list[str]:
    """The blocks of derivations, each once: the forward pass is the same for each variable."""
    return list(dict.fromkeys([typeset([block]) for derivation in derivations for block in derivation.blocks]))


def guarded(arguments: Sequence[str]) -> list[str]:
    """The words for argparse: a leading minus is arithmetic, unless an option's name follows and no ``--`` precedes.

    Behind a space argparse takes a minus for what it is.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    before = [f" {x}" if x.startswith("-") and not OPTION.fullmatch(x) else x for x in arguments[:end]]
    return before + [f" {x}" if x.startswith("-") else x for x in arguments[end + 1 :]]


def bind(bindings: Iterable[str]) -> dict[str, Value]:
    """Variables by name, from words like ``w=-3``."""
    variables: dict[str, Value] = {}
    for binding in bindings:
        name, equals, number = binding.strip().partition("=")
        if not equals or not is_name(name):
            raise ValueError(f"expected NAME=NUMBER, as in x=1.5, got {shown(binding.strip())}")
        if name in variables:
            raise ValueError(f"expected one number for {shown(name)}, got two")
        try:
            variables[name] = Value(float(number), name)
        except ValueError:
            raise ValueError(f"expected a number for {shown(name)}, as in x=1.5, got {shown(number)}") from None
    return variables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command. Returns the exit status: 0, 2 after an error, 130 after an interrupt."""
    try:
        say(output(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, | head say, has seen enough
        return 0
    except (ArithmeticError, OSError, RuntimeError, ValueError) as error:
        message = "".join(c if c.isprintable() else " " for c in complaint(error))
        print(f"{PROGRAM}: {message if len(message) <= 500 else message[:497] + '...'}", file=sys.stderr)
        return 2
    return 0


def complaint(error: Exception) -> str:
    """What went wrong; of a file that cannot be written, its name and the reason."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def say(text: str) -> None:
    """Print. Where that fails (a closed pipe, a full disk), leave nothing on which Python's last flush fails again."""
    try:
        print(text, flush=True)
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise


# The page ---------------------------------------------------------------------------------------------------------


def gradient(root: Value, variables: Mapping[str, Value]) -> str:
    """The gradient by each variable, one line each."""
    reached = set(order(root))
    width = max(map(len, variables), default=0)
    lines = []
    for (name, x), grad in zip(variables.items(), numbers(x.grad for x in variables.values()), strict=True):
        note = "" if x in reached else "  (the result does not depend on it)"
        lines.append(f"d/d{name:{width}} = {grad}{note}")
    return "\n".join(lines)


def steps_table(root: Value, nodes: Iterable[Value]) -> str:
    """The operations, one line each: name, formula, value, gradient from above, local partials."""
    computed = [node for node in nodes if node.parents]
    if not computed:
        return ""
    names = names_of(root)
    values, gradients = numbers(node.data for node in computed), numbers(node.grad for node in computed)
    lines = [
        (names[node], str(formula(node, names)), value, upstream, *local_partials(node, names))
        for node, value, upstream in zip(computed, values, gradients, strict=True)
    ]
    return aligned([("step", "formula", "value", "upstream", "local partials"), *lines])


def local_partials(node: Value, names: Mapping[Value, str]) -> list[str]:
    """``d/dw = x = 2`` for each operand that is not a constant: the formula of the row, and its number here.

    An operand that stands in several places is the 1st, the 2nd, ...: ``d/d(2nd x) = x = 3``.
    """
    uses, seen = Counter(node.parents), Counter[Value]()
    told = []
    for place, (x, partial) in enumerate(zip(node.parents, node.partials, strict=True)):
        seen[x] += 1
        if x.rule is not rules.CONSTANT:
            name = f"({nth(seen[x])} {names[x]})" if uses[x] > 1 else names[x]
            sides = f"d/d{name}", str(partial_of(node, place, names)), f"{partial:.10g}"
            told.append(" = ".join(dict.fromkeys(sides)))
    return told


def numbers(data: Iterable[float]) -> list[str]:
    """Numbers for one column, in ten digits: where one has a minus, the others have a space for it."""
    texts = [f"{x:.10g}" for x in data]
    gap = " " if any(text.startswith("-") for text in texts) else ""
    return [text if text.startswith("-") else gap + text for text in texts]


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns side by side, each as wide as its widest entry."""
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


if __name__ == "__main__":
    sys.exit(main())

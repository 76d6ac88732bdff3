"""Programs as Python over NumPy: a function of P, dP, C and I that returns the functions of the program.

The text is executed, so it is made of our own words only: names are chosen in naming.py, and no text of the user's is
in it but in comments, where it is printable ASCII.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from autograd.compiler.arrays import Array, Role, View
from autograd.compiler.blocks import Add, Block, Function, Kernel, Test
from autograd.compiler.expressions import Expr
from autograd.compiler.naming import Naming

from .loops import Loops

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Python(Loops):
    """Prints a kernel."""

    def __init__(self, kernel: Kernel, reserved: Collection[str]) -> None:
        super().__init__(Naming(kernel, reserved), kernel.tables)
        self.kernel, self.gradient = kernel, kernel.gradient
        self.examples = next((self.naming.of(x) for x in kernel.functions[0].arguments if x.examples), "")

    # The whole.

    def source(self) -> str:
        """The program."""
        functions = [(f, self.body(f)) for f in self.kernel.functions]
        text = self.layout(functions)
        names = [f.name for f in self.kernel.functions]
        if self.on_floats:
            names = [f"{'holding' if name == 'holds' else 'floats'}({name})" for name in names]
        return "\n".join([*text, "", f"    return {', '.join(names)}"]) + "\n"

    def arguments(self, function: Function) -> str:
        """The arguments of a function."""
        return ", ".join([self.argument(x) for x in function.arguments])

    def argument(self, array: Array) -> str:
        """An argument: the last of a gradient is g."""
        if array.role is Role.SEED:
            self.naming.named.setdefault(array, "g")
        return self.naming.of(array)

    def layout(self, functions: Sequence[tuple[Function, list[str]]]) -> list[str]:
        """The lines of the program: what is the same in every call, then the functions."""
        text = ["def program(P, dP, C, I):", *[f"    {line}" for line in self.heads()]]
        for function, body in functions:
            text += ["", f"    def {function.name}({self.arguments(function)}):", *[f"        {line}" for line in body]]
        return text

    def heads(self) -> list[str]:
        """The parts that are the same in every call; that of a derivative stands beside that of its array."""
        lines, parts = [], {name: self.head(*key) for key, name in self.naming.prepared.items()}
        for name, source in parts.items():
            if f"d{name}" in parts:
                lines.append(f"{name}, d{name} = {source}, {parts[f'd{name}']}")
            elif name[0] != "d" or name[1:] not in parts:
                lines.append(f"{name} = {source}")
        return lines

    def head(self, view: View, missing: tuple[bool, ...]) -> str:
        """A part that is the same in every call."""
        source = self.viewed(view)
        return f"{source}[{', '.join([':' if kept else 'None' for kept in missing])}]" if missing else source

    def body(self, function: Function) -> list[str]:
        """The lines of a function."""
        self.arguments(function)
        lines = self.lines(function.block)
        tests = [self.condition(x) for x in function.tests]
        if function.result is None:
            return [*lines, f"return {', '.join(tests)}"]
        returned = [self.text(function.result).text]
        if function.by_inputs is not None:
            returned.append(self.derivatives(function.by_inputs))
        return [*self.opening(function.block), *lines, f"return {', '.join([*returned, *tests])}"]

    def derivatives(self, by_inputs: Sequence[Expr]) -> str:
        """The derivatives by the arguments, as a tuple."""
        each = [self.text(x).text for x in by_inputs]
        return f"({', '.join(each)}{',' * (len(each) == 1)})"

    def opening(self, block: Block) -> list[str]:
        """What a function says first: which of the names that it adds to are not its own."""
        added = {self.place(s.view) for s in block if isinstance(s, Add) and not s.fresh and self.is_part(s.view)}
        return [f"nonlocal {', '.join(sorted(added))}"] if added else []

    def condition(self, tests: Sequence[Test]) -> str:
        """Whether all of these come out as they did."""
        each = [
            f"({self.text(x.read).text} {'!=' if x.holds else '=='} 0.0)" + ".all(0)" * len(x.read.view.shape)
            for x in tests
        ]
        return " & ".join(each) or "True"

"""Backends: the same array program over another library than NumPy, jax or torch.

The rows are read, the program is reversed and written as ever; neither library differentiates anything. What differs
is that its text is functional, as XLA wants it. Nothing is written to: ``gradient`` returns the derivatives by what is
captured, and where NumPy's text adds to a part of an array this one makes another array,

    dx[0:5] += dv        dx = at(dx)[0:5].add(dv)

And it stands on its own. NumPy's program hands over to the function itself where an operation leaves its domain, so
its formulas may be the plain ones; here each row comes with its guards (:mod:`autograd.arrays`), and what is still
infinite or not a number is the result.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd.symbols import Symbol

from .emission import Emitter, Reading, text, vocabulary
from .iterations import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from autograd import rules

    from .emission import Contribution
    from .rolling import Access, Argument, Loop, Rolled, Tape

    Program = Callable[..., tuple[Callable[..., Any], ...]]


class At:
    """A view of an array as a place in it: ``at(x)[1:5].reshape(2, 2).add(v)`` is x with v added there.

    ``x`` itself stays as it is. An element that the view shows more than once receives each of its summands.
    """

    def __init__(
        self,
        library: Library,
        part: Any,
        add: Callable[[Any], Any] | None = None,
        put: Callable[[Any], Any] | None = None,
    ) -> None:
        self._library, self._part = library, part
        self._put = put or (lambda values: values)
        self.add = add or (lambda values: part + values)

    def __getitem__(self, index: Any) -> At:
        library, part, put = self._library, self._part, self._put
        return At(
            library,
            part[index],
            lambda values: put(library.added(part, index, values)),
            lambda values: put(library.replaced(part, index, values)),
        )

    def _arranged(self, part: Any, undo: Callable[[Any], Any]) -> At:
        """The same elements in another arrangement."""
        shape, add, put = part.shape, self.add, self._put
        spread = self._library.np.broadcast_to
        return At(
            self._library, part, lambda values: add(undo(spread(values, shape))), lambda values: put(undo(values))
        )

    def reshape(self, *shape: int) -> At:
        """The elements in another shape."""
        before = self._part.shape
        return self._arranged(self._part.reshape(*shape), lambda values: values.reshape(before))

    def swapaxes(self, i: int, j: int) -> At:
        """The elements with two axes exchanged."""
        return self._arranged(self._part.swapaxes(i, j), lambda values: values.swapaxes(i, j))

    @property
    def T(self) -> At:  # noqa: N802 - as arrays call it
        """The transposed matrix."""
        return self.swapaxes(0, 1)


class Guarded(Reading):
    """Rows over names, each with its guards: the text does not rely on anybody who computes it again."""

    def __init__(self, library: Library) -> None:
        super().__init__(plain=False)
        self._library = library

    def comparison(self, sign: str, x: Any, y: Any) -> Symbol:
        """1.0 or 0.0."""
        return Symbol(f"where({text(x)} {sign} {text(y)}, 1.0, 0.0)")

    def elementwise(self, rule: rules.Rule, count: int, index: int) -> Callable[..., Any]:
        """The value of a row that a user has made, or one of its partials, over the library's arrays."""
        function = super().elementwise(rule, count, index)

        def quiet(*xs: Any) -> Any:
            with np.errstate(all="ignore"):
                return function(*xs)

        return self._library.called_back(quiet)

    def undefined(self, error: Exception) -> float:  # noqa: ARG002 - it is not raised here
        """What an element is where such a row raises."""
        return np.nan


class Repetitions(Writer):
    """The text of a loop whose iterations are a function: of the number, and of the tapes, which are arrays here.

    h1 = tape((101,), x[0])
    def loop1(i1, h1):
        x1 = h1[i1]
        return (put(h1, i1 + 1, sin(x1)),)
    (h1,) = repeat(range(100), loop1, h1)
    """

    def shape(self, sizes: Sequence[int], batched: bool) -> str:
        """A shape as text, with the axis for examples if there is one."""
        columns = [self.outer.names[x.index] for x in self.outer.rolled.inputs if self.outer.is_batched(x)]
        axes = [*map(str, sizes), *[f"{columns[0]}.shape[-1]"] * batched] if batched else [*map(str, sizes)]
        return f"({', '.join(axes)}{',' * (len(axes) == 1)})"

    def opened(self, tape: Tape) -> str:
        """A tape before the first iteration, as long as it will be."""
        sizes = [self.before + self.loop.count, *tape.result.positions.shape]
        return f"tape({', '.join([self.shape(sizes, self.is_batched), *[self.first(x) for x in tape.first]])})"

    def kept(self, name: str, source: str) -> str:
        """The line that adds to a tape."""
        return f"{name} = put({name}, {self.index(self.before)}, {source})"

    def returned(self, part: str) -> str:
        """The tape of the derivatives, ``part`` being those by what comes after the loop."""
        return f"after({self.before}, {part})"

    def added(self, name: str, index: str, source: str) -> str:
        """The line that adds to a row of an array."""
        return f"{name} = plus({name}, {index}, {source})"

    def nothing(self, argument: Argument) -> str:
        """The derivative by an argument before anything was added to it."""
        batched = argument.operand is not None and self.outer.is_batched(argument.operand.array)
        return f"zeros({self.shape([self.loop.count] * argument.steps + [*argument.array.shape], batched)})"

    def repeated(self, numbers: str, inside: Sequence[str], changed: Sequence[str]) -> list[str]:
        """The loop itself: a function of what changes, and its repetition."""
        step = self.outer.fresh.numbered("loop")
        names, together = ", ".join(changed), f"({', '.join(changed)}{',' * (len(changed) == 1)})"
        head = f"def {step}({self.i}, {names}):"
        body = [f"    {line}" for line in [*inside, f"return {together}"]]
        return [head, *body, f"{together} = repeat({numbers}, {step}, {names})"]


class Functional(Emitter):
    """The emitter of text that writes to no array: P comes as the first argument, and dP is a result."""

    def __init__(self, library: Library, rolled: Rolled, batched: bool, wanted: Sequence[bool]) -> None:
        super().__init__(rolled, batched, wanted, Guarded(library), library.words)

    def view(self, name: str, access: Access) -> str:
        """The elements of an operand, by what all libraries have: no slice runs backwards, axes change in pairs."""
        text = super().view(name, access)
        if ":-" in text:
            shape = f"{access.array.size}, -1" if self.is_batched(access.array) else "-1"
            return f"{name}.reshape({shape})[{self.gather(access.used)}]"
        return re.sub(r"\.transpose\(([\d, ]+)\)", lambda found: exchanges([*map(int, found[1].split(","))]), text)

    def added(self, target: str, given: Contribution, sign: str = "+=") -> str:  # noqa: ARG002 - all begin with zeros
        """The statement that adds a contribution to its elements of the target."""
        place = self.view(target, given.access).removeprefix(target)
        if not place:
            return f"{target} = {target} + {given.source}"
        return f"{target} = at({target}){place}.add({given.source})"

    def writer_of(self, loop: Loop) -> Writer:
        """What writes a loop."""
        return Repetitions(self, loop)

    def _settle(self) -> list[str]:
        lines = ["dP = zeros(P.shape)"]
        for line in self.lines:
            if isinstance(line, str):
                lines.append(line)
                continue
            name = self.prepared_names.get(self.view("P", line.access))
            if name is not None:
                lines.append(f"d{name} = {line.source}")
                line.source = f"d{name}"
            lines.append(self.added("dP", line))
        return lines

    def answer(self, result: str, by_inputs: str) -> str:
        """The last line of ``gradient``."""
        return f"return {result}, dP, {by_inputs}{self.tests}"

    def layout(self, functions: Sequence[tuple[str, list[str], list[str]]]) -> list[str]:
        """The lines of the program: each function begins with the views of P and C that it needs."""
        text = ["def program(C, I):"]
        for name, arguments, body in functions:
            words = set(re.findall(r"\w+", " ".join(line.partition("  # ")[0] for line in body)))
            views = [line for line in self._prepared_lines() if line.partition(" = ")[0] in words]
            text += ["", f"    def {name}({', '.join(['P', *arguments])}):"]
            text += [f"        {line}" for line in [*views, *body]]
        return text


def exchanges(order: Sequence[int]) -> str:
    """``.transpose(*order)`` as exchanges of two axes each, which all libraries call alike.

    >>> exchanges([1, 0, 2]), exchanges([2, 0, 1])
    ('.swapaxes(0, 1)', '.swapaxes(0, 2).swapaxes(1, 2)')
    """
    text, now = "", sorted(order)
    for i, axis in enumerate(order):
        j = now.index(axis)
        if j != i:
            text += f".swapaxes({i}, {j})"
            now[i], now[j] = now[j], now[i]
    return text


class Library:
    """A library of arrays: what the text may name, and how a program is run there from NumPy's arrays.

    ``np`` has NumPy's functions over the library's arrays, of 64-bit floats.
    """

    def __init__(self, np: Any, **special: Any) -> None:
        self.np = np

        def tape(shape: Sequence[int], *first: Any) -> Any:
            """An array for what iterations keep, its first rows being what was there before."""
            h = np.zeros(shape)
            for i, values in enumerate(first):
                h = self.put(h, i, values)
            return h

        def after(count: int, part: Any) -> Any:
            """So many rows of zeros, and the part after them."""
            return np.concatenate([np.zeros((count, *part.shape[1:])), part])

        def rows(*tapes: Any) -> Any:
            """What iterations have kept; several tapes beside each other."""
            return tapes[0] if len(tapes) == 1 else np.stack(tapes, 1)

        loops = {"tape": tape, "after": after, "rows": rows, "put": self.put, "plus": self.plus, "repeat": self.repeat}
        self.words = vocabulary(np, at=lambda x: At(self, x), **loops, **special)

    def emitter(self, rolled: Rolled, batched: bool, wanted: Sequence[bool]) -> Emitter:
        """The emitter of a program for this library."""
        return Functional(self, rolled, batched, wanted)

    def hosted(self, program: Program, constants: Any, gathers: Sequence[Any]) -> Program:
        """The program as those who run NumPy's know it: arrays of NumPy in and out, and dP is written to."""
        functions = self.prepared(program, constants, gathers)

        def of_buffers(P: Any, dP: Any, *_: Any) -> tuple[Callable[..., Any], ...]:
            value, gradient, *holds = [functools.partial(f, P) for f in functions]

            def both(*inputs: Any) -> Any:
                out, dP[:], *rest = gradient(*inputs)
                return out, *rest

            return value, both, *holds

        return of_buffers

    def prepared(self, program: Program, constants: Any, gathers: Sequence[Any]) -> list[Callable[..., Any]]:
        """The functions of the program, from NumPy's arrays to NumPy's arrays."""
        raise NotImplementedError

    def added(self, x: Any, index: Any, values: Any) -> Any:
        """x with values added to x[index], every occurrence of an index counted."""
        raise NotImplementedError

    def replaced(self, x: Any, index: Any, values: Any) -> Any:
        """x with values in the place of x[index]."""
        raise NotImplementedError

    def called_back(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of NumPy's arrays, element by element, as one of the library's."""
        raise NotImplementedError

    # In loops the array that is changed is handed on, and nobody looks at it as it was.

    def put(self, x: Any, i: int, values: Any) -> Any:
        """x with values as its row i; x may be changed."""
        return self.replaced(x, i, values)

    def plus(self, x: Any, i: int, values: Any) -> Any:
        """x with values added to its row i; x may be changed."""
        return self.added(x, i, values)

    def repeat(self, numbers: Iterable[int], step: Callable[..., Any], *state: Any) -> Any:
        """``state = step(i, *state)`` for each of the numbers."""
        for i in numbers:
            state = step(i, *state)
        return state


class Jax(Library):
    """jax.numpy: each function of the program goes through ``jax.jit``, once for each length of a batch.

    64-bit floats are enabled around what is done here, and nowhere else.
    """

    def __init__(self) -> None:
        import jax
        import jax.experimental
        from jax.scipy import special

        self.jax: Any = jax
        home: Any = jax if hasattr(jax, "enable_x64") else jax.experimental  # where older releases have it
        self.enable_x64 = home.enable_x64
        super().__init__(jax.numpy, erf=special.erf, erfc=special.erfc)

    def prepared(self, program: Program, constants: Any, gathers: Sequence[Any]) -> list[Callable[..., Any]]:
        """The functions of the program, from NumPy's arrays to NumPy's arrays."""
        jax = self.jax

        def hosted(function: Callable[..., Any]) -> Callable[..., Any]:
            fast = jax.jit(function)

            def of_arrays(*xs: Any) -> Any:
                with self.enable_x64(True):
                    return jax.device_get(fast(*[np.asarray(x, np.float64) for x in xs]))

            return of_arrays

        return [*map(hosted, program(constants, gathers))]

    def added(self, x: Any, index: Any, values: Any) -> Any:
        """x with values added to x[index], every occurrence of an index counted."""
        return x.at[index].add(values)

    def replaced(self, x: Any, index: Any, values: Any) -> Any:
        """x with values in the place of x[index]."""
        return x.at[index].set(values)

    def called_back(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of NumPy's arrays, element by element, as one of jax's.

        It may be called in a thread of jax's own, where 64-bit floats are not enabled: it takes and gives their bits.
        """
        lax, jnp = self.jax.lax, self.jax.numpy

        def of_bits(*bits: Any) -> Any:
            out = function(*[np.asarray(x).view(np.float64)[..., 0] for x in bits])
            return np.array(out, order="C")[..., None].view(np.uint32)

        def of_arrays(*xs: Any) -> Any:
            given = jnp.broadcast_arrays(*[jnp.asarray(x, jnp.float64) for x in xs])
            out = self.jax.ShapeDtypeStruct((*given[0].shape, 2), np.uint32)
            bits = self.jax.pure_callback(of_bits, out, *[lax.bitcast_convert_type(x, jnp.uint32) for x in given])
            return lax.bitcast_convert_type(bits, jnp.float64)

        return of_arrays

    def repeat(self, numbers: Iterable[int], step: Callable[..., Any], *state: Any) -> Any:
        """``state = step(i, *state)`` for each of the numbers: a loop of XLA's."""
        return self.jax.lax.scan(lambda state, i: (step(i, *state), None), state, np.array([*numbers]))[0]


class Torch(Library):
    """torch: the program is run operation by operation, on the CPU."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        super().__init__(TorchNumPy(torch), erf=torch.erf, erfc=torch.erfc)

    def prepared(self, program: Program, constants: Any, gathers: Sequence[Any]) -> list[Callable[..., Any]]:
        """The functions of the program, from NumPy's arrays to NumPy's arrays."""
        torch = self.torch

        def tensor(x: Any) -> Any:
            return torch.tensor(x, dtype=torch.float64)

        def numbers(x: Any) -> Any:
            if isinstance(x, tuple):
                return tuple(map(numbers, x))
            return x if isinstance(x, bool) else x.numpy()

        def hosted(function: Callable[..., Any]) -> Callable[..., Any]:
            def of_arrays(*xs: Any) -> Any:
                with torch.inference_mode():
                    return numbers(function(*map(tensor, xs)))

            return of_arrays

        return [*map(hosted, program(tensor(constants), [*map(torch.tensor, gathers)]))]

    def added(self, x: Any, index: Any, values: Any) -> Any:
        """x with values added to x[index], every occurrence of an index counted."""
        index = index if isinstance(index, tuple) else (index,)
        if any([isinstance(i, self.torch.Tensor) for i in index]):
            places = [None if isinstance(i, slice) else i for i in index]
            return self.torch.ops.aten.index_put(x, places, values, True)
        out = x.clone()
        out[index].add_(values)
        return out

    def replaced(self, x: Any, index: Any, values: Any) -> Any:
        """x with values in the place of x[index]."""
        out = x.clone()
        out[index] = values
        return out

    def called_back(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of NumPy's arrays, element by element, as one of torch's."""

        def of_tensors(*xs: Any) -> Any:
            given = [x.numpy() if isinstance(x, self.torch.Tensor) else x for x in xs]
            with self.torch.inference_mode(False):  # it may well differentiate something with torch itself
                out = function(*given)
            return self.torch.tensor(out)

        return of_tensors

    def put(self, x: Any, i: int, values: Any) -> Any:
        """x with values as its row i; x is changed."""
        x[i] = values
        return x

    def plus(self, x: Any, i: int, values: Any) -> Any:
        """x with values added to its row i; x is changed."""
        x[i].add_(values)
        return x


class TorchNumPy:
    """torch under the names that NumPy has for the same functions, with 64-bit floats whatever the default is."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def tensor(self, x: Any) -> Any:
        """A number, a boolean tensor or a tensor of numbers as a tensor of 64-bit floats."""
        return self._torch.as_tensor(x, dtype=self._torch.float64)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A function that both have, with its operands as tensors: torch's own take no numbers."""
        function, tensor = getattr(self._torch, name), self._torch.Tensor
        return lambda *xs: function(*[x if isinstance(x, tensor) else self.tensor(x) for x in xs])

    def asarray(self, x: Any, kind: type = float) -> Any:
        """The tensor itself, or its whole numbers as indices."""
        return self._torch.as_tensor(x).to(self._torch.int64) if kind is int else x

    def take_along_axis(self, x: Any, index: Any, axis: int) -> Any:
        """The elements of x with these indices along an axis, broadcast along the others."""
        shape = list(x.shape)
        shape[axis] = index.shape[axis]
        return self._torch.gather(x, axis, index.expand(shape))

    def lexsort(self, keys: Sequence[Any], axis: int) -> Any:
        """Where along an axis the elements are in order: equals keep theirs, and nan comes last."""
        return self._torch.argsort(keys[-1], dim=axis, stable=True)

    def ndim(self, x: Any) -> int:
        """The number of axes."""
        return int(x.dim())

    def shape(self, x: Any) -> tuple[int, ...]:
        """The length of each axis."""
        return tuple(x.shape)

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Zeros."""
        return self._torch.zeros(shape, dtype=self._torch.float64)

    def full(self, shape: tuple[int, ...], x: Any) -> Any:
        """A number everywhere."""
        return self.broadcast_to(self.tensor(x), shape)

    def full_like(self, like: Any, x: Any) -> Any:
        """Numbers repeated to the shape of another tensor."""
        return self.broadcast_to(self.tensor(x), like.shape)

    def broadcast_to(self, x: Any, shape: tuple[int, ...]) -> Any:
        """A tensor repeated along new axes and those of length 1."""
        return x.expand(shape)

    def concatenate(self, parts: list[Any]) -> Any:
        """Tensors one after the other along the first axis."""
        return self._torch.cat(parts)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        """Tensors beside each other along a new axis."""
        return self._torch.stack(parts, axis)

    def arange(self, n: int) -> Any:
        """0, 1, ..., n-1."""
        return self._torch.arange(n)

    def einsum(self, letters: str, *xs: Any) -> Any:
        """A sum of products, as the letters of the axes say."""
        return self._torch.einsum(letters, *xs)

    def sum(self, xs: Any, axis: int) -> Any:
        """The sum along an axis, of booleans too."""
        return self.tensor(xs).sum(axis)

    def max(self, xs: Any, axis: int) -> Any:
        """The largest along an axis, nan where one is."""
        return self._torch.amax(xs, axis)

    def min(self, xs: Any, axis: int) -> Any:
        """The smallest along an axis, nan where one is."""
        return self._torch.amin(xs, axis)

    def argmax(self, xs: Any, axis: int) -> Any:
        """Where along an axis the largest is."""
        return self._torch.argmax(xs, axis)

    def any(self, xs: Any, axis: int) -> Any:
        """Whether anything along an axis is true."""
        return self._torch.any(xs, axis)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """x where the condition holds, else y."""
        torch = self._torch
        if not isinstance(x, torch.Tensor) and not isinstance(y, torch.Tensor):
            x = self.tensor(x)  # of two numbers it would make 32-bit floats
        return torch.where(torch.as_tensor(condition), x, y)

    def power(self, x: Any, y: Any) -> Any:
        """x to the power y, one of them a tensor."""
        return self._torch.pow(x, y)

    def sign(self, x: Any) -> Any:
        """1, 0 or -1; nan for nan, where torch's own is 0."""
        return self.where(x == x, self._torch.sign(x), x)

    def cbrt(self, x: Any) -> Any:
        """The real cube root, of which torch has none, to a few parts in 10^16."""
        return self._torch.sign(x) * self._torch.pow(abs(x), 1.0 / 3.0)


LIBRARIES: dict[str, Callable[[], Library]] = {"jax": Jax, "torch": Torch}


def library(xp: str) -> Library:
    """The library of this name; ValueError for another one, ImportError where it is not installed."""
    if xp not in tuple(LIBRARIES):  # an unhashable one too
        raise ValueError(f'jit: expected xp to be "numpy", "jax" or "torch", got {xp!r}')
    try:
        return LIBRARIES[xp]()
    except ImportError as error:
        raise ImportError(f"jit: xp={xp!r} needs {xp}, which is not installed here: pip install {xp}") from error

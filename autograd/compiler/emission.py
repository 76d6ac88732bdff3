"""Emission: an array program, and its reverse, as readable Python over NumPy.

The forward statements are written as they were rolled. The backward ones follow from them by the adjoints of the few
forms there are, d standing for the derivative of the result by an array:

    out = rule(x)      dx = dout * partial          the partial is the row of the table, read over symbols
    Z = W @ A          dW = dZ @ A.T, dA = W.T @ dZ
    s = x.sum()        dx = ds for each element
    y = x[slice]       dx[slice] += dy              a gather scatters
    y broadcast of x   dx = the sum of dy along the axes that x does not have

What all examples of a batch share (captured parameters) has no axis for them, so its derivative is a sum over them.

The text is executed, so it is made of our own words only: names are chosen here, and no text of the user's is in it.
"""

from __future__ import annotations

import functools
import math
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from autograd import arrays, rules
from autograd.symbols import Symbol, call

from .failing import Failing
from .iterations import FLOATS, Writer, finite, floats, holding
from .naming import Names, quoted, stem
from .rolling import Access, Array, Elementwise, Join, Linear, Loop, Reduction
from .views import view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .rolling import Rolled, Segment, Statement

COMPARISONS = {
    "less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "unequal": "!="
}  # fmt: skip
"""The names that comparisons have in the rows, and their signs."""

READ = frozenset((*rules.TABLE, *rules.RECORDED))
"""The rows that are read; of others, which users have made, the functions are called."""

ENDLESS = ("inf", "(-inf)", "(nan)")
"""The texts of numbers that are not finite."""

BATCH = "n"
"""The letter of the last axis, where there are examples."""


def scatter(into: Any, index: Any, values: Any) -> None:
    """into[index] += values, every occurrence of an index counted, much sooner than by ``np.add.at``."""
    flat, values = index.reshape(-1), np.broadcast_to(values, index.shape + into.shape[1:])
    if into.ndim == 1:
        into += np.bincount(flat, values.reshape(-1), len(into))
        return
    order = np.argsort(flat, kind="stable")
    each, starts = np.unique(flat[order], return_index=True)
    into[each] += np.add.reduceat(values.reshape(len(flat), -1)[order], starts)


def vocabulary(np: Any, **special: Any) -> dict[str, Any]:
    """What the emitted text may name: the functions of the table over arrays, a few of ``np``'s, and those given."""

    def join(*parts: Any) -> Any:
        """The parts one after the other; those that all examples share are repeated for each of them."""
        columns = max([part.shape[1:] for part in parts])
        return np.concatenate(
            [x if x.shape[1:] == columns else np.broadcast_to(x[:, None], (len(x), *columns)) for x in parts]
        )

    def rows(*tapes: Any) -> Any:
        """What iterations have kept, an array of all: one row for each; several tapes beside each other."""
        columns = [np.asarray(tape) if isinstance(tape[0], float) else np.stack(tape) for tape in tapes]
        if len(columns) == 1:
            return columns[0]
        axes = max([x.ndim for x in columns])
        shape = max([x.shape for x in columns], key=len)
        return np.stack([np.broadcast_to(x.reshape(x.shape + (1,) * (axes - x.ndim)), shape) for x in columns], 1)

    names = arrays.namespace(np, special.pop("erf", None), special.pop("erfc", None))
    names |= {
        name: getattr(np, name)
        for name in ("einsum", "full_like", "matmul", "maximum", "minimum", "where", "zeros", "asarray")
    }
    return {**names, "join": join, "rows": rows, "inf": math.inf, "nan": math.nan, **special}


def literal(x: float) -> Symbol:
    """A number, so that it is read back exactly."""
    return Symbol(repr(x) if x >= 0.0 else f"({x!r})")


class Reading:
    """Rows over names: the text of values and partials, with what they share computed once.

    ``plain``: whether what a row guards against on floats may be left to the caller, who sees to it where an operation
    overflows; the formulas are the plain ones then.
    """

    def __init__(self, plain: bool = True) -> None:
        self.plain = plain
        self.calls: list[str] = []
        self.own: dict[rules.Rule, str] = {}
        self.made: dict[str, Callable[..., Any]] = {}
        """The functions of rows that users have made, by the names that they have in the text."""
        self.names: dict[str, Any] = {name: self._call(name) for name in rules.NAMES}
        self.names |= {
            "pi": literal(math.pi),
            "larger": self._call("maximum"),
            "smaller": self._call("minimum"),
        }
        if plain:
            exp = self.names["exp"]
            self.names |= {
                "above": lambda x, y: Symbol(f"({text(x)} > {text(y)})"),
                "wins": lambda x, y: Symbol(f"(0.5 * ({text(x)} > {text(y)}) + 0.5 * ({text(x)} >= {text(y)}))"),
                "sigmoid": lambda x: 1.0 / (1.0 + exp(-x)),
                "sigmoid_slope": lambda x: exp(-x) / ((1.0 + exp(-x)) * (1.0 + exp(-x))),
                "tanh_slope": lambda x: 4.0 / (exp(x) + 1.0 / exp(x)) ** 2,
            }
        self.names |= {
            name: functools.partial(self.comparison, sign) for name, sign in COMPARISONS.items()
        }  # fmt: skip
        self.names["select"] = self.selection
        self.names["math"] = SimpleNamespace(**self.names)

    def comparison(self, sign: str, x: Any, y: Any) -> Symbol:
        """1.0 or 0.0."""
        return Symbol(f"({text(x)} {sign} {text(y)}) * 1.0")

    def selection(self, condition: Any, x: Any, y: Any) -> Symbol:
        """x where the condition is not 0, else y."""
        return Symbol(f"where({text(condition)} != 0.0, {text(x)}, {text(y)})")

    def of_floats(self) -> Reading:
        """The rows over single floats, each with its guards."""
        return FloatReading(self.made)

    def _call(self, name: str) -> Callable[..., Symbol]:
        write = call(name)

        def function(*operands: Any) -> Symbol:
            written = write(*[x if isinstance(x, Symbol) else literal(float(x)) for x in operands])
            self.calls.append(written.text)
            return written

        return function

    def value(self, rule: rules.Rule, operands: Sequence[Symbol]) -> str:
        """The text of a row's value."""
        if rule not in READ:
            return self._own(rule, operands)[0].text
        return text(rules.read(rule.value, self.names)(*operands))

    def partials(self, rule: rules.Rule, out: Symbol, operands: Sequence[Symbol]) -> list[Symbol | float]:
        """The texts of a row's partials; numbers where they are."""
        if rule.flat:
            return [0.0] * len(operands)
        if rule is rules.SIGMOID and self.plain:
            return [self.names["exp"](-operands[0]) * out * out]
        if rule is rules.POW and re.fullmatch(r"\(?-?[\d.e+-]+\)?", operands[1].text):
            below = literal(float(operands[1].text.strip("()")) - 1.0)
            return [operands[1] * self.names["power"](operands[0], below), 0.0]
        if rule not in READ:
            return list(self._own(rule, operands)[1:])
        found = rules.read(rule.partials, self.names)(out, *operands)
        return list(found) if isinstance(found, tuple) else [found]

    def _own(self, rule: rules.Rule, operands: Sequence[Symbol]) -> list[Symbol]:
        """The calls for value and partials of a row that a user has made: its float functions, element by element."""
        count = len(operands)
        first = self.own.setdefault(rule, f"own{len(self.made)}")
        if first not in self.made:
            self.made |= {first: self.elementwise(rule, count, -1)}
            self.made |= {f"{first}_by_{i}": self.elementwise(rule, count, i) for i in range(count)}
        names = [first, *[f"{first}_by_{i}" for i in range(count)]]
        return [Symbol(f"{name}({', '.join(map(str, operands))})") for name in names]

    def elementwise(self, rule: rules.Rule, count: int, index: int) -> Callable[..., Any]:
        """The value of a row (index -1) or one of its partials, as a function that applies it to each element."""
        if isinstance(rule, Failing):
            return rule.over_arrays(np)

        def of_numbers(*xs: float) -> float:
            try:
                out = float(rule.value(*xs))
                partials = rule.partials(out, *xs)  # which may raise where the value does not, as when a node is made
                return out if index < 0 else float(partials[index])
            except (ArithmeticError, ValueError) as error:
                return self.undefined(error)

        def of_arrays(*xs: Any) -> Any:
            return np.asarray(np.frompyfunc(of_numbers, count, 1)(*xs), float)

        return of_arrays

    def undefined(self, error: Exception) -> float:
        """What an element is where a row that a user has made raises."""
        raise FloatingPointError(str(error)) from error


class FloatReading(Reading):
    """Rows over the names of single floats, as the table has them."""

    def __init__(self, made: dict[str, Callable[..., Any]]) -> None:
        super().__init__(plain=False)
        self.made = made
        self.names |= {"larger": self._call("larger"), "smaller": self._call("smaller")}

    def _call(self, name: str) -> Callable[..., Symbol]:
        return super()._call(f"float_{name}")

    def elementwise(self, rule: rules.Rule, count: int, index: int) -> Callable[..., Any]:  # noqa: ARG002
        """The value of a row that a user has made (index -1), or one of its partials."""

        def of_numbers(*xs: float) -> float:
            out = float(rule.value(*xs))
            partials = rule.partials(out, *xs)
            return out if index < 0 else float(partials[index])

        return rule.value if isinstance(rule, Failing) else of_numbers

    def value(self, rule: rules.Rule, operands: Sequence[Symbol]) -> str:
        """The text of a row's value; Python's own ``**`` where the exponent is 2."""
        if rule is rules.POW and operands[1].text == "2.0":
            return f"{operands[0]} ** 2.0"
        return super().value(rule, operands)

    def partials(self, rule: rules.Rule, out: Symbol, operands: Sequence[Symbol]) -> list[Symbol | float]:
        """The texts of a row's partials; numbers where they are."""
        if rule is rules.POW and operands[1].text == "2.0":
            return [2.0 * operands[0], 0.0]
        return super().partials(rule, out, operands)

    def selection(self, condition: Any, x: Any, y: Any) -> Symbol:
        """x where the condition is not 0, else y."""
        return Symbol(f"{text(x)} if {text(condition)} != 0.0 else {text(y)}")


def text(x: Any) -> str:
    """The text of a formula, or of a number in one."""
    return x.text if isinstance(x, Symbol) else literal(float(x)).text


def atom(source: str) -> str:
    """A text as an operand of anything."""
    return source if re.fullmatch(r"[\w.]+(\[[^\[\]]*\])?(\.T)?", source) else f"({source})"


def aligned(source: str, have: str, want: str) -> str:
    """A view whose axes are the letters ``have``, indexed so that it broadcasts against the letters ``want``."""
    index = [":" if letter in have else "None" for letter in want]
    while index and index[0] == "None":
        del index[0]
    if "None" not in index:
        return source
    return f"{atom(source)}[{', '.join(index)}]"


def summed(source: str, have: str, keep: str) -> str:
    """The sum over the axes that are not kept."""
    axes = [i for i, letter in enumerate(have) if letter not in keep]
    if not axes:
        return source
    if len(axes) == len(have):
        return f"{atom(source)}.sum()"
    return f"{atom(source)}.sum({axes[0] if len(axes) == 1 else tuple(axes)})"


def contract(left: str, a: str, right: str, b: str, out: str) -> str:
    """The product of two arrays, summed over the letters that ``out`` does not have: by ``@`` where it can be."""
    shared = [letter for letter in a if letter in b and letter not in out]
    if not a or not b:
        source, letters, factor = (right, b, left) if not a else (left, a, right)
        if factor in ENDLESS:  # a factor must not go past the sum then: 0 * inf is lost
            return summed(f"({atom(factor)} * {atom(source)})", letters, out)
        return f"{atom(factor)} * {atom(summed(source, letters, out))}"
    if set(out) == set(a) | set(b):
        return f"{atom(aligned(left, a, out))} * {atom(aligned(right, b, out))}"
    if len(shared) == 1 and set(out) == set(a) ^ set(b) and len(a) <= 2 and len(b) <= 2:
        k = shared[0]
        if len(a) == len(b) == 2 and out and out[0] in b:
            left, a, right, b = right, b, left, a
        left, right = atom(left), atom(right)
        if len(a) == 2 and a[0] == k:
            if len(b) == 1:
                return f"{right} @ {left}"
            left = f"{left}.T"
        if len(b) == 2 and b[1] == k:
            if len(a) == 1:
                return f"{right} @ {left}"
            right = f"{right}.T"
        return f"{left} @ {right}"
    return f"einsum('{a},{b}->{out}', {left}, {right})"


class Emitter:
    """One array program as the source of three functions: ``value``, ``gradient`` and ``holds`` (its guards).

    ``batched``: whether inputs have a last axis for examples. ``wanted``: for each input, whether the derivative by it
    is asked for. ``reading`` and ``words`` are how rows are written, and what the text may name.
    """

    def __init__(
        self,
        rolled: Rolled,
        batched: bool,
        wanted: Sequence[bool],
        reading: Reading | None = None,
        words: Mapping[str, Any] | None = None,
    ) -> None:
        self.rolled = rolled
        self.columns = batched
        self.reading = reading or Reading()
        self.batched: dict[int, bool] = {}
        self.names: dict[int, str] = {0: "P", 1: "C"}
        self.prepared: dict[str, str] = {}
        self.prepared_names: dict[str, str] = {}
        self.gathers: list[Any] = []
        self.namespace = {**(words or vocabulary(np, scatter=scatter))}
        self.fresh = Names(self.namespace)
        self.wanted = [array for array, is_wanted in zip(rolled.inputs, wanted, strict=True) if is_wanted]
        self.needs: set[int] = {array.index for array in self.wanted}
        if rolled.captured.size:
            self.needs.add(0)
        for array, wish in zip(rolled.inputs, rolled.input_names, strict=True):
            self.batched[array.index] = batched
            self.names[array.index] = self.fresh.fresh(wish) if wish else self.fresh.numbered("x")
        self.examples = self.names[rolled.inputs[0].index] if batched else ""
        """An argument, whose last axis is that of the examples."""
        self.factored = False
        """Whether somewhere a factor was moved past a sum, as it may if it is finite."""
        self.layers: dict[int, int] = {}
        self.writers: dict[int, Writer] = {}
        self.define([rolled.outputs])

    def define(self, results: Sequence[Access]) -> None:
        """Find out which arrays have an axis for examples and which a derivative, and name them."""
        for statement in self.rolled.statements:
            self.batched[statement.out.index] = any(
                [self.batched.get(x.array.index, False) for x in operands(statement)]
            )
            if any([x.array.index in self.needs for x in operands(statement)]):
                self.needs.add(statement.out.index)
        first = self.needed(results)
        for statement in dict.fromkeys([*first, *self.rolled.statements]):
            if is_layer(statement):
                self.layers[statement.out.index] = len(self.layers) + 1
            self.names[statement.out.index] = self._name(statement)

    def _name(self, statement: Statement) -> str:
        """A name for a statement's result: of its labels, of its layer, or just the next one."""
        if isinstance(statement, Loop):
            return self.fresh.numbered("v")
        label = stem(self.rolled.labels_of(statement.out, all_of_them=True))
        if label:
            return self.fresh.fresh(label)
        if statement.out.index in self.layers:
            return self.fresh.fresh(f"z{self.layers[statement.out.index]}")
        if isinstance(statement, Elementwise) and len(statement.operands) == 1:
            source = self.names[statement.operands[0].array.index]
            if re.fullmatch(r"z[\d_]+", source):
                return self.fresh.fresh(f"a{source[1:]}")
        return self.fresh.numbered("s" if isinstance(statement, Linear) else "v")

    # Views.

    def letters(self, access: Access, axes: str) -> str:
        """The letters of an operand's view: those of its axes that it depends on, and the batch's."""
        return "".join([axes[i] for i in access.kept]) + (BATCH if self.is_batched(access.array) else "")

    def is_batched(self, array: Array) -> bool:
        """Whether an array has a last axis for examples."""
        return self.batched.get(array.index, False)

    def view(self, name: str, access: Access) -> str:
        """The elements that an operand consists of, as a view of the named array (or, of a gather, as a copy)."""
        return view(name, access, self.is_batched(access.array), self.gather)

    def gather(self, index: Any) -> str:
        """The name of an index array."""
        for i, known in enumerate(self.gathers):
            if known.shape == index.shape and (known == index).all():
                return f"I[{i}]"
        self.gathers.append(index)
        return f"I[{len(self.gathers) - 1}]"

    def operand(self, access: Access, axes: str, want: str = "", hint: str = "") -> tuple[str, str]:
        """The text of an operand and its letters; aligned to ``want`` if that is given."""
        letters = self.letters(access, axes)
        if access.literal is not None:
            return literal(access.literal).text, ""
        base = source = self.view(self.names[access.array.index], access)
        if want and letters:
            source = aligned(source, letters, want)
        if access.array.kind in ("captured", "constant") and "I[" not in source:
            source = self._prepare(source, base, access, hint)
        return source, letters

    def _prepare(self, source: str, base: str, access: Access, hint: str) -> str:
        """A name for a view that is the same in every call."""
        if source in ("P", "C"):
            return source
        if source not in self.prepared:
            captured = access.array.kind == "captured"
            wish = stem(self.rolled.labels_of(access.array, access.used, all_of_them=True)) or hint * captured
            letter = "p" if captured else "c"
            self.prepared[source] = self.fresh.fresh(wish) if wish else self.fresh.numbered(letter)
            self.prepared_names.setdefault(base, self.prepared[source])
        return self.prepared[source]

    # Forward.

    def axes(self, statement: Statement) -> str:
        """The letters of a statement's result, the batch's last."""
        letters = statement.letters if isinstance(statement, Linear) else "abcd"[: len(statement.out.shape)]
        return letters + BATCH * self.is_batched(statement.out)

    def writer(self, loop: Loop) -> Writer:
        """What writes a loop."""
        if loop.out.index not in self.writers:
            self.writers[loop.out.index] = writer = self.writer_of(loop)
            if writer.floats:
                self.namespace |= {**FLOATS, "finite": finite, "floats": floats, "holding": holding}
        return self.writers[loop.out.index]

    def writer_of(self, loop: Loop) -> Writer:
        """A new writer for a loop."""
        return Writer(self, loop)

    def forward(self, statement: Statement) -> str:
        """The right-hand side of a statement."""
        if isinstance(statement, Elementwise):
            return self.reading.value(statement.rule, self.symbols(statement))
        if isinstance(statement, Reduction):
            return self.reading.value(statement.rule, [Symbol(self.sequence(statement))])
        if isinstance(statement, Join):
            return f"join({', '.join([self._part(part) for part in statement.parts])})"
        if isinstance(statement, Loop):  # in a table; its lines are its writer's
            return f"for i in range({statement.count}): {len(statement.body.statements)} statements"
        return " + ".join([self._term(segment, statement) for segment in statement.segments])

    def symbols(self, statement: Elementwise) -> list[Symbol]:
        """The operands of a row, aligned to its result."""
        want = self.axes(statement)
        return [Symbol(atom(self.operand(x, want.replace(BATCH, ""), want)[0])) for x in statement.operands]

    def sequence(self, statement: Reduction) -> str:
        """The operand of a row over a sequence, which runs along its first axis."""
        want = "k" + self.axes(statement)
        return atom(self.operand(statement.operand, want.replace(BATCH, ""), want)[0])

    def _part(self, part: Access) -> str:
        source = self.view(self.names[part.array.index], part)
        return source if part.kept else f"asarray({source}).reshape(1{', -1' * self.is_batched(part.array)})"

    def sides(self, segment: Segment, statement: Linear) -> tuple[tuple[str, str], tuple[str, str]]:
        """Text and letters of both operands of a segment."""
        assert segment.right is not None  # noqa: S101
        layer = self.layers.get(statement.out.index)
        hint = f"W{layer}" if layer else ""
        return (
            self.operand(segment.left, segment.left_axes, "", hint),
            self.operand(segment.right, segment.right_axes, "", hint),
        )

    def _term(self, segment: Segment, statement: Linear) -> str:
        want, layer = self.axes(statement), self.layers.get(statement.out.index)
        if segment.right is None:
            if "k" not in segment.left_axes:
                return atom(self.operand(segment.left, segment.left_axes, want, f"b{layer}" if layer else "")[0])
            source, own = self.operand(segment.left, segment.left_axes)
            if not own:
                return f"{segment.left.positions.shape[0]} * {source}"
            return aligned(summed(source, own, own.replace("k", "")), own.replace("k", ""), want)
        (left, a), (right, b) = self.sides(segment, statement)
        if "k" in segment.left_axes and not (a + b).count("k"):
            left = f"{segment.left.positions.shape[-1]} * {left}"
        out = "".join([x for x in want if x in a or x in b])
        self.moves(a, b, out)
        return aligned(contract(left, a, right, b, out), out, want)

    # Backward.

    def give(self, access: Access, axes: str, source: str, have: str) -> None:
        """Add to the derivative by an operand: ``source`` has the axes ``have``, the operand's are ``axes``."""
        if access.array.index not in self.needs:
            return
        want = self.letters(access, axes)
        source = summed(source, have, want)
        have = "".join([letter for letter in have if letter in want])
        given = Contribution(access, aligned(source, have, want), have != want)
        if access.array.kind == "captured":
            self.lines.append(given)
        else:
            self.contributions.setdefault(access.array.index, []).append(given)

    def collect(self, array: Array, may_be_lazy: bool) -> str:
        """Define the derivative by an array from what its uses have given; its name."""
        given = self.contributions.pop(array.index)
        name = self.names[array.index]
        target = f"d{name}"
        reshaped = [g.reshaped(array, self.is_batched(array)) for g in given]
        if len(given) == 1 and (reshaped[0] or "").isidentifier() and (may_be_lazy or not given[0].lazy):
            return given[0].source  # it is that of another array
        if all(reshaped):
            lazy = all([g.lazy for g in given])
            source = " + ".join(reshaped)  # type: ignore[arg-type]
            self.lines.append(f"{target} = {source if not lazy or may_be_lazy else f'full_like({name}, {source})'}")
            return target
        self.lines.append(f"{target} = zeros({name}.shape)")
        for g in given:
            self.lines.append(self.added(target, g))
        return target

    def added(self, target: str, given: Contribution, sign: str = "+=") -> str:
        """The statement that adds a contribution to its elements of the target."""
        access = given.access
        flat = target if len(access.array.shape) == 1 else f"{target}.reshape({access.array.size}, -1)"
        if len(access.array.shape) != 1 and not self.is_batched(access.array):
            flat = f"{target}.reshape(-1)"
        if not access.injective:
            return f"scatter({flat}, {self.gather(access.used)}, {given.source})"
        place = self.view(target, access)
        if "I[" in place and not re.search(r"I\[\d+\]\]$", place):  # a view of a copy
            place = f"{flat}[{self.gather(access.used)}]"
        return f"{place if place.endswith(']') else place + '[...]'} {sign} {given.source}"

    def backward(self, statement: Statement) -> None:
        """The statements that hand the derivative by a result on to its operands."""
        if statement.out.index not in self.contributions:
            return
        have = self.axes(statement)
        one = isinstance(statement, Elementwise) and len(statement.operands) == 1 and (
            len(statement.operands[0].kept) == len(statement.out.shape)
        )  # fmt: skip
        if isinstance(statement, Loop):
            self.writer(statement).backward(self.collect(statement.out, False))
            return
        partials = self.partials.get(statement.out.index, [])
        g = self.collect(statement.out, one and isinstance(partials[0], Symbol))
        if isinstance(statement, Elementwise):
            for access, partial in zip(statement.operands, partials, strict=True):
                if isinstance(partial, Symbol):
                    source = text(Symbol(g) * partial)
                elif partial == 0.0:
                    continue
                else:
                    source = g if partial == 1.0 else f"-{g}" if partial == -1.0 else f"{partial!r} * {g}"
                self.give(access, have.replace(BATCH, ""), source, have)
        elif isinstance(statement, Reduction):
            if isinstance(partials[0], Symbol):  # else it is flat
                self.give(statement.operand, "k" + have.replace(BATCH, ""), text(Symbol(g) * partials[0]), "k" + have)
        elif isinstance(statement, Join):
            start = 0
            for part in statement.parts:
                stop = start + len(part.positions)
                index = f"{start}:{stop}" if part.kept else f"{start}"
                self.give(part, "a", f"{g}[{index}]", have if part.kept else have.replace("a", ""))
                start = stop
        else:
            for segment in statement.segments:
                self._give_segment(statement, segment, g, have)

    def _give_segment(self, statement: Linear, segment: Segment, g: str, have: str) -> None:
        if segment.right is None:
            self.give(segment.left, segment.left_axes, g, have)
            return
        (left, a), (right, b) = self.sides(segment, statement)
        twice = left == right and a == b and segment.left_axes == segment.right_axes
        for access, axes, other, letters in (
            (segment.left, segment.left_axes, right, b),
            (segment.right, segment.right_axes, left, a),
        ):
            if access.array.index not in self.needs:
                continue
            want = "".join([x for x in self.letters(access, axes) if x in have or x in letters])
            self.moves(have, letters, want)
            source = contract(g, have, other, letters, want)
            if twice:
                self.give(access, axes, f"2.0 * {source}", want)
                return
            self.give(access, axes, source, want)

    def moves(self, a: str, b: str, out: str) -> None:
        """Note if a product of these axes has a factor that is moved past a sum."""
        self.factored |= (not a and set(b) > set(out)) or (not b and set(a) > set(out))

    def remark(self, statement: Statement) -> str:
        """The comment behind a statement: its row of the table, for how many numbers, and what labels they have."""
        if isinstance(statement, Linear):
            what = "weighted sum" if any([segment.right is not None for segment in statement.segments]) else "sum"
        elif isinstance(statement, Join):
            what = "one array of several"
        elif isinstance(statement, Loop):
            what = "loop"
        else:
            known = statement.rule in READ or isinstance(statement.rule, Failing)
            what = statement.rule.symbol if known else "a row of your own"
        shape = " x ".join(map(str, statement.out.shape))
        labels = self.rolled.labels_of(statement.out)
        known = stem(labels) == self.names[statement.out.index]
        return f"  # {what}{f', {shape}' if shape else ''}" + (f": {quoted(labels)}" if labels and not known else "")

    # The whole.

    def source(self) -> str:
        """The program as text: a function of P, dP, C and I that returns ``value``, ``gradient`` and ``holds``."""
        rolled = self.rolled
        inputs = [self.names[array.index] for array in rolled.inputs]
        result = self.view(self.names[rolled.outputs.array.index], rolled.outputs)
        self.tested = [access for access, _ in (*rolled.guards, *rolled.watched)]
        """What is computed beside the result: the conditions under which it is that of the function."""
        self.tests = ""
        if self.tested:
            self.tests = f", {self.condition(rolled.guards)}, {self.condition(rolled.watched)}"
        value = [*self.forward_lines([rolled.outputs, *self.tested]), f"return {result}{self.tests}"]
        gradient = self._gradient(result)
        functions = [("value", inputs, value), ("gradient", [*inputs, "g"], gradient)]
        if rolled.guards:
            lines = self.forward_lines([access for access, _ in rolled.guards])
            functions.append(("holds", inputs, [*lines, f"return {self.condition(rolled.guards)}"]))
        self.namespace |= self.reading.made
        text = self.layout(functions)
        names = [name for name, _, _ in functions]
        if "floats" in self.namespace:
            names = [f"{'holding' if name == 'holds' else 'floats'}({name})" for name in names]
        return "\n".join([*text, "", f"    return {', '.join(names)}"]) + "\n"

    def condition(self, tests: Sequence[tuple[Access, bool]]) -> str:
        """Whether all of these come out as they did."""
        each = [
            f"({self.view(self.names[access.array.index], access)} {'!=' if holds else '=='} 0.0)"
            + ".all(0)" * len(access.used.shape)
            for access, holds in tests
        ]
        return " & ".join(each) or "True"

    def layout(self, functions: Sequence[tuple[str, list[str], list[str]]]) -> list[str]:
        """The lines of the program: what is the same in every call, then the functions (name, arguments, body)."""
        text = ["def program(P, dP, C, I):", *[f"    {line}" for line in self._prepared_lines()]]
        for name, arguments, body in functions:
            text += ["", f"    def {name}({', '.join(arguments)}):", *[f"        {line}" for line in body]]
        return text

    def _prepared_lines(self) -> list[str]:
        """The views that are the same in every call; that of a derivative stands beside that of its array."""
        lines, views = [], {name: source for source, name in self.prepared.items()}
        for name, source in views.items():
            if f"d{name}" in views:
                lines.append(f"{name}, d{name} = {source}, {views[f'd{name}']}")
            elif name[0] != "d" or name[1:] not in views:
                lines.append(f"{name} = {source}")
        return lines

    def needed(self, accesses: Iterable[Access]) -> list[Statement]:
        """What the accesses depend on, each statement as late as it can be: so its derivative comes early."""
        distance = {access.array.index: 0 for access in accesses}
        found = []
        for statement in reversed(self.rolled.statements):
            far = distance.get(statement.out.index)
            if far is not None:
                found.append((far, statement))
                for x in operands(statement):
                    distance[x.array.index] = max(distance.get(x.array.index, 0), far + 1)
        found.sort(key=lambda item: item[0])
        return [statement for _, statement in reversed(found)]

    def forward_lines(self, accesses: Iterable[Access]) -> list[str]:
        """The statements that the accesses depend on."""
        return [line for statement in self.needed(accesses) for line in self.assigned(statement)]

    def assigned(self, statement: Statement) -> list[str]:
        """A statement as text: one line, but for a loop."""
        if isinstance(statement, Loop):
            return self.writer(statement).forward()
        return [f"{self.names[statement.out.index]} = {self.forward(statement)}{self.remark(statement)}"]

    def _gradient(self, result: str) -> list[str]:
        self.lines: list[str | Contribution] = []
        self.contributions: dict[int, list[Contribution]] = {}
        self.partials: dict[int, list[Symbol | float]] = {}
        statements = self.needed([self.rolled.outputs, *self.tested])
        differentiated = set(map(id, self.needed([self.rolled.outputs])))
        for statement in statements:
            if id(statement) in differentiated:
                self.forward_shared(statement)
            else:
                self.lines += self.assigned(statement)
        outputs = self.rolled.outputs
        axes = "a"[: outputs.positions.ndim]
        self.give(outputs, axes, "g", self.letters(outputs, axes).replace(BATCH, "") + BATCH * self.columns)
        for statement in reversed(statements):
            self.backward(statement)
        wanted = []
        for array in self.wanted:
            if array.index in self.contributions:
                wanted.append(self.collect(array, False))
            else:
                wanted.append(f"zeros({self.names[array.index]}.shape)")
        by_inputs = f"({', '.join(wanted)}{',' * (len(wanted) == 1)})"
        return [*self._settle(), self.answer(result, by_inputs)]

    def answer(self, result: str, by_inputs: str) -> str:
        """The last line of ``gradient``; the derivatives by what is captured are in dP."""
        return f"return {result}, {by_inputs}{self.tests}"

    def forward_shared(self, statement: Statement) -> None:
        """A forward statement; what its partials need as well is given a name."""
        name = self.names[statement.out.index]
        if statement.out.index not in self.needs or not isinstance(statement, (Elementwise, Reduction)):
            self.lines += self.assigned(statement)
            return
        if isinstance(statement, Reduction):
            sequence = self.sequence(statement)
            if not sequence.isidentifier():
                xs = self.fresh.fresh(f"{name}_terms")
                self.lines.append(f"{xs} = {sequence}")
                sequence = xs
            given = [Symbol(sequence)]
        else:
            given = self.symbols(statement)
        self.reading.calls.clear()
        value = self.reading.value(statement.rule, given)
        partials = self.reading.partials(statement.rule, Symbol(name), given)
        needed = [True] * len(partials)
        if isinstance(statement, Elementwise):
            needed = [x.array.index in self.needs for x in statement.operands]
        for source in dict.fromkeys(self.reading.calls):
            pattern = re.compile(rf"(?<![\w.]){re.escape(source)}")
            uses = [p for p, is_needed in zip(partials, needed, strict=True) if is_needed and isinstance(p, Symbol)]
            count = sum(len(pattern.findall(p.text)) for p in uses)
            if not count or count + len(pattern.findall(value)) < 2:
                continue
            shared = name
            if source != value:
                shared = self.fresh.numbered("e")
                self.lines.append(f"{shared} = {source}")
                value = pattern.sub(shared, value)
            for p in partials:
                if isinstance(p, Symbol):
                    p.text = pattern.sub(shared, p.text)
        self.lines.append(f"{name} = {value}{self.remark(statement)}")
        self.partials[statement.out.index] = partials

    def _settle(self) -> list[str]:
        """The lines, with the contributions to dP as assignments to parts of it that nothing was added to before."""
        written = np.zeros(self.rolled.captured.size, bool)
        first: list[bool] = []
        given = [line for line in self.lines if isinstance(line, Contribution)]
        for g in given:
            before = written[g.access.used]
            first.append(g.access.injective and not before.any())
            if not first[-1] and not before.all():  # neither new nor added to everywhere
                first = [False] * len(given)
                break
            written[g.access.used] = True
        fresh = iter(first)
        lines = [line if isinstance(line, str) else self._onto_captured(line, next(fresh)) for line in self.lines]
        if given and not any(first):
            lines.insert(0, "dP[...] = 0.0")
        added = sorted({line.partition(" += ")[0] for line in lines if re.match(r"\w+ \+= ", line)})
        return [f"nonlocal {', '.join(added)}", *lines] if added else lines

    def _onto_captured(self, given: Contribution, fresh: bool) -> str:
        place = self.view("dP", given.access)
        if not given.access.injective or "I[" in place:
            return self.added("dP", given, "=" if fresh else "+=")
        if place != "dP":
            base = self.view("P", given.access)
            if base not in self.prepared_names:
                self.prepared_names[base] = self.fresh.numbered("p")
            place = self.prepared.setdefault(place, f"d{self.prepared_names[base]}")
        if not fresh:
            return f"{place} += {given.source}"
        if given.source.count("@") == 1 and re.fullmatch(r"[\w.\[\]:, ]+ @ [\w.\[\]:, ]+", given.source):
            return f"matmul({given.source.replace(' @ ', ', ')}, out={place})"
        return f"{place}[...] = {given.source}"


class Contribution:
    """What one use adds to the derivative by its operand; ``lazy``: to be broadcast along some of its axes."""

    def __init__(self, access: Access, source: str, lazy: bool) -> None:
        self.access, self.source, self.lazy = access, source, lazy

    def reshaped(self, array: Array, batched: bool) -> str | None:
        """The text in the shape of the whole array, if it covers it."""
        if not self.access.whole:
            return None
        if self.access.used.shape == array.shape:
            return self.source
        if self.lazy or not self.access.used.shape:
            return None
        if not array.shape:
            return f"{atom(self.source)}[0]"
        return f"{atom(self.source)}.reshape({', '.join(map(str, array.shape))}{', -1' * batched})"


def is_layer(statement: Statement) -> bool:
    """Whether this is a layer of a network: weights that are captured, times what is not."""
    return isinstance(statement, Linear) and any(
        [x.right is not None and (x.left.array.kind == "captured") != (x.right.array.kind == "captured")
         for x in statement.segments]
    )  # fmt: skip


def operands(statement: Statement) -> list[Access]:
    """The operands of a statement."""
    if isinstance(statement, (Elementwise, Loop)):
        return statement.operands
    if isinstance(statement, Reduction):
        return [statement.operand]
    if isinstance(statement, Join):
        return statement.parts
    return [x for segment in statement.segments for x in (segment.left, segment.right) if x is not None]

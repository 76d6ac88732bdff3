"""The program of a jitted function as tables: what was recorded, what it was normalised and rolled to."""

from __future__ import annotations

import gc
import pickle
import random
import re
import weakref
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, cast

import pytest

import autograd as ag
import nn
from autograd import Value, jit
from autograd.compiler.listing import Listing


def neuron() -> Any:
    """A neuron written as products that are added up one by one, jitted and called."""
    weights = [Value(k + 0.5, label=f"w[{k}]") for k in range(3)]
    bias = Value(0.25, label="bias")

    def function(x: list[Any]) -> Any:
        z = bias
        for w_k, x_k in zip(weights, x, strict=True):
            z = z + w_k * x_k
        return ag.tanh(z)

    fast = jit(function)
    fast([Value(1.0), Value(2.0), Value(3.0)])
    return fast


def test_recorded_lists_every_scalar() -> None:
    """Four captured numbers, three inputs, three products, three sums, one tanh: operands before results."""
    table = neuron().program.recorded
    rows = [table[i] for i in range(len(table))]
    operations = [row[1] for row in rows]
    assert sorted(operations) == sorted(["captured"] * 4 + ["x[0]", "x[1]", "x[2]"] + ["*"] * 3 + ["+"] * 3 + ["tanh"])
    assert {row[4] for row in rows} == {"", "w[0]", "w[1]", "w[2]", "bias"}
    for node, _, operands, _, _, _ in rows:
        assert all(int(x) < int(node) for x in re.findall(r"\d+", operands))
    assert rows[-1][3] == "1"


def test_normalised_shows_the_weighted_sum() -> None:
    """The chain of sums has become one line with its three products."""
    table = neuron().program.normalised
    rows = {row[1]: row[2] for row in [table[i] for i in range(len(table))]}
    assert re.fullmatch(r"\d+( \+ \d+ \* \d+){3}", rows["weighted sum"])
    assert "*" not in rows


def test_rolled_shows_the_statements() -> None:
    """Two array statements, named, with their shapes and operations."""
    table = neuron().program.rolled
    assert [table[i][:4] for i in range(len(table))] == [
        ("z1", "1", "w @ x + bias", "weighted sum"),
        ("a1", "1", "tanh(z1)", "tanh"),
    ]


def test_a_batch_has_a_column_for_each_example() -> None:
    """Over a batch the shapes say so."""
    model = nn.MLP(3, [4], activation="tanh", output="tanh", rng=random.Random(0))
    fast = jit(lambda x: ag.sum(cast(Any, model(x))))
    fast.mean([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    assert fast.program.rolled[0][1] == "4 x examples"


def test_the_whole_says_how_many() -> None:
    """``print(f.program)`` begins with the counts of each stage; ``repr`` is one line."""
    program = neuron().program
    assert str(program).startswith("14 scalars recorded, 9 after normalising\nrolled: 2 array statements\n")
    assert repr(program) == "<program: 14 scalars in 2 array statements>"


def test_a_long_table_is_shortened() -> None:
    """Of 100 rows 30 are shown, and a line says how many are not; ``limit=None`` shows all, in columns."""
    table = Listing("numbers", ("i", "square"), 100, lambda i: (str(i), str(i * i)))
    lines = str(table).splitlines()
    assert len(lines) == 2 + 30 + 1
    assert lines[22] == "  ... 70 more"
    assert lines[-1] == "  99  9801"
    assert len(table.text(limit=None).splitlines()) == 102
    assert len(table.text(limit=3).splitlines()) == 6


def test_rows_are_counted_from_either_end() -> None:
    """A table is indexed like a list, and says what it expected where there is no such row."""
    table = Listing("numbers", ("i",), 3, lambda i: (str(i),))
    assert table[-1] == table[2] == ("2",)
    with pytest.raises(IndexError, match="expected a row below 3, got 3"):
        table[3]


class Texts(HTMLParser):
    """The tags and the texts of a piece of HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, _: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)


def test_labels_are_text_in_html() -> None:
    """A label that looks like markup is shown as it is, and is none."""
    w = Value(2.0, label="<script>&")
    fast = jit(lambda x: w * x)
    fast(Value(1.0))
    page = Texts()
    page.feed(fast.program.recorded._repr_html_() + fast.program._repr_html_())
    assert page.tags == {"table", "caption", "tr", "th", "td", "code", "p"}
    assert "<script>&" in page.texts


# --- The lines of the function ------------------------------------------------------------------------------------


def lines(table: Listing) -> list[str]:
    """The last column, in the words of the source: what stands in those lines of this file."""
    source = Path(__file__).read_text(encoding="utf-8").splitlines()
    found = []
    for i in range(len(table)):
        each = [x.rpartition(":") for x in table[i][-1].split(", ") if x]
        assert all(name == Path(__file__).name for name, _, _ in each)
        found.append(" | ".join([source[int(number) - 1].strip() for _, _, number in each]))
    return found


class Decay:
    """A rate, with a method that is jitted, and one with a static argument."""

    def __init__(self) -> None:
        self.rate = Value(0.5)

    @jit
    def step(self, x: Any) -> Any:
        """One step."""
        y = self.rate * x
        return ag.exp(-y)


@partial(jit, static_argnames="n")
def powers(x: Any, n: int) -> Any:
    """The sum of the first n powers of the sine."""
    y = ag.sin(x)
    return ag.sum([y**k for k in range(2, n)])


def test_each_statement_has_the_line_that_it_came_from() -> None:
    """Of a neuron, whose sum is made on one line, in whatever order it is asked for."""
    program = neuron().program
    assert lines(program.rolled) == ["z = z + w_k * x_k", "return ag.tanh(z)"]
    assert [x for x in lines(program.scalars) if x] == ["z = z + w_k * x_k"] * 6 + ["return ag.tanh(z)"]
    assert [x for x in lines(program.normalised) if x] == ["z = z + w_k * x_k", "return ag.tanh(z)"]
    assert program.rolled.text().splitlines()[1].split() == ["name", "shape", "formula", "operation", "line"]


def test_a_loop_has_the_line_of_what_it_hands_on() -> None:
    """And the condition of a branch has its own."""

    def function(x: Any) -> Any:
        for _ in range(100):
            x = ag.sin(x) + 0.1
        return x if x > 0.0 else -x

    fast = jit(function)
    fast(1.0)
    assert lines(fast.program.rolled) == ["x = ag.sin(x) + 0.1"]
    assert lines(fast.program.scalars)[-1] == "return x if x > 0.0 else -x"


def test_methods_and_static_arguments_have_lines() -> None:
    """Whatever the function was recorded with; an object is not kept alive."""
    decay = Decay()
    decay.step(2.0)
    assert lines(decay.step.program.rolled)[-1] == "return ag.exp(-y)"
    powers(2.0, n=5)
    assert set(lines(powers.program.rolled)) == {"y = ag.sin(x)", "return ag.sum([y**k for k in range(2, n)])"}
    alive = weakref.ref(decay)
    del decay
    gc.collect()
    assert alive() is None


def test_a_pickled_function_has_lines_where_it_is_called() -> None:
    """It is recorded there."""
    copied = pickle.loads(pickle.dumps(powers))
    copied(2.0, n=4)
    assert "y = ag.sin(x)" in lines(copied.program.rolled)


def test_a_function_that_goes_another_way_now_has_no_lines() -> None:
    """The table is that of what was recorded."""
    w = Value(1.0)
    fast = jit(lambda x: ag.sin(w * x) if w > 0.0 else ag.cos(x))
    fast(2.0)
    program = fast.program
    w.data = -1.0
    assert {row[-1] for row in [program.scalars[i] for i in range(len(program.scalars))]} == {""}


def test_there_is_no_program_before_a_call() -> None:
    """A function is recorded when it is called."""
    with pytest.raises(RuntimeError, match="call <lambda> first"):
        _ = jit(lambda x: x).program

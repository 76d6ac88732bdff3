"""Programs as files: tracebacks, debuggers and profilers find their lines, which go when the program does."""

from __future__ import annotations

import cProfile
import gc
import io
import linecache
import pstats
import traceback
from typing import Any

import pytest

from autograd import Value, jit
from autograd.compiler.targets.target import compiled


def file_of(fast: Any) -> str:
    """The name of the file of the program that ran last."""
    path, batched, wanted = fast.last
    return str(path._made(batched, wanted).program.__code__.co_filename)


def test_each_program_has_a_file_of_its_own() -> None:
    """Named after the function; its lines are the text of the program."""

    def area(x: Any) -> Any:
        return x * x

    first, second = jit(area), jit(area)
    first(Value(2.0))
    second(Value(2.0))
    assert file_of(first) != file_of(second)
    assert file_of(first).startswith("<jit area ")
    assert "".join(linecache.getlines(file_of(first))) == first.source


def test_a_traceback_shows_the_line() -> None:
    """Of an error in a program."""
    program = compiled("def program(x):\n    return x / 0  # a line\n", {}, "halved")
    with pytest.raises(ZeroDivisionError) as caught:
        program(1)
    shown = "".join(traceback.format_exception(caught.value))
    assert "<jit halved " in shown
    assert "return x / 0  # a line" in shown


def test_a_profiler_names_the_program() -> None:
    """The time that is spent in it stands under its file."""
    fast = jit(lambda x: x * x + 1.0)
    fast(Value(1.0))
    with cProfile.Profile() as profile:
        fast(Value(1.0))
    text = io.StringIO()
    pstats.Stats(profile, stream=text).print_stats()
    assert file_of(fast) in text.getvalue()


def test_the_lines_go_with_the_program() -> None:
    """A jitted function that is gone leaves nothing behind."""
    fast = jit(lambda x: x * x)
    fast(Value(1.0))
    file = file_of(fast)
    assert file in linecache.cache
    del fast
    gc.collect()
    assert file not in linecache.cache


def test_no_name_of_a_function_reaches_the_file_but_an_identifier() -> None:
    """What is called anything else is shown as a function."""
    assert compiled("def program(): pass\n", {}, "<lambda>").__code__.co_filename.startswith("<jit function ")

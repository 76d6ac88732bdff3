"""The specification of nn.storage: what a file looks like, that nothing is lost, and that no file can do harm."""

from __future__ import annotations

import json
import math
import os
import random
import re
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nn
from autograd import Value
from nn import MLP, Layer, Module, Neuron

HEAD = '{"format": "chainrule.nn", "version": 1, "parameters": '


class Everything(Module):
    """Parameters in all the places where a module may keep them."""

    def __init__(self, start: float = 0.0) -> None:
        self.gain = Value(start)
        self.row = [Value(start), Value(start)]
        self.grid = [[Value(start)], [Value(start), Value(start)]]
        self.mixed = (Value(start), Neuron(1), Value(start))
        self.table = {"bias": Value(start), "ключ \U0001f511 \"'\\\n": [Value(start)], 3: Value(start)}
        self.blocks = {"first": Layer(1, 2)}
        self.head = MLP(1, [1])


class Pair(Module):
    """The smallest model with a list and a single number: what most damages below are done to."""

    def __init__(self) -> None:
        self.w = [Value(1.0), Value(2.0)]
        self.b = Value(3.0)


def data(model: Module) -> list[float]:
    """The numbers of the parameters."""
    return [p.data for p in model.parameters()]


def fill(model: Module, rng: random.Random) -> None:
    """Give each parameter a number of its own."""
    for p in model.parameters():
        p.data = rng.gauss(0, 1)


def written(model: Module, path: Path) -> str:
    """What `save` writes for a model."""
    nn.save(model, path)
    return path.read_text(encoding="utf-8")


# --- What a file looks like -----------------------------------------------------------------------------


def test_a_file_can_be_read_by_people(tmp_path: Path) -> None:
    """One line for each list of weights and each bias, under its name, in plain JSON."""
    model = MLP(2, [2, 1])
    for index, p in enumerate(model.parameters()):
        p.data = index / 4
    assert written(model, tmp_path / "model.json") == (
        "{\n"
        '  "format": "chainrule.nn",\n'
        '  "version": 1,\n'
        '  "parameters": {\n'
        '    "layers.0.neurons.0.w": [0.0, 0.25],\n'
        '    "layers.0.neurons.0.b": 0.5,\n'
        '    "layers.0.neurons.1.w": [0.75, 1.0],\n'
        '    "layers.0.neurons.1.b": 1.25,\n'
        '    "layers.1.neurons.0.w": [1.5, 1.75],\n'
        '    "layers.1.neurons.0.b": 2.0\n'
        "  }\n"
        "}\n"
    )


def test_a_file_is_json_for_any_reader(tmp_path: Path) -> None:
    """Another program reads it with any JSON parser: header, and numbers by name."""
    document = json.loads(written(Pair(), tmp_path / "model.json"))
    assert document == {"format": "chainrule.nn", "version": 1, "parameters": {"w": [1.0, 2.0], "b": 3.0}}


def test_a_model_without_parameters_has_a_file_too(tmp_path: Path) -> None:
    """An empty module is saved and loaded like any other."""
    text = written(Module(), tmp_path / "model.json")
    assert json.loads(text)["parameters"] == {}
    nn.load(Module(), tmp_path / "model.json")


# --- Round trips ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: Neuron(3),
        lambda: Layer(2, 3),
        lambda: Layer(2, 1),
        lambda: MLP(2, [16, 16, 1]),
        lambda: MLP(64, [30, 10]),
        Everything,
        Pair,
    ],
    ids=["neuron", "layer", "layer of one", "moons", "digits", "everything", "pair"],
)
def test_what_is_saved_is_loaded(make: Callable[[], Module], tmp_path: Path) -> None:
    """Every kind of module, with parameters in lists, tuples, dicts and modules, comes back number by number."""
    model, other = make(), make()
    fill(model, random.Random(1))
    fill(other, random.Random(2))
    nn.save(model, tmp_path / "model.json")
    nn.load(other, tmp_path / "model.json")
    assert data(other) == data(model)


EXTREMES = [
    *(0.0, -0.0, 0.1, -1 / 3, 5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308),
    *(1.7976931348623157e308, -1.7976931348623157e308, 1e16, 123456789012345680.0, 2.0**53 + 2, 1e22, 1e23),
]


def test_extreme_floats_come_back_bit_by_bit(tmp_path: Path) -> None:
    """Signed zeros, subnormal numbers and the largest floats survive."""

    class Numbers(Module):
        def __init__(self, numbers: list[float]) -> None:
            self.w = [Value(x) for x in numbers]

    nn.save(Numbers(EXTREMES), tmp_path / "model.json")
    model = Numbers([7.0] * len(EXTREMES))
    nn.load(model, tmp_path / "model.json")
    assert [x.hex() for x in data(model)] == [x.hex() for x in EXTREMES]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3))
def test_any_float_comes_back_bit_by_bit(tmp_path: Path, numbers: list[float]) -> None:
    """Whatever the finite floats, a file holds them exactly."""
    model, other = Pair(), Pair()
    for p, x in zip(model.parameters(), numbers, strict=True):
        p.data = x
    nn.save(model, tmp_path / "model.json")
    nn.load(other, tmp_path / "model.json")
    assert [x.hex() for x in data(other)] == [x.hex() for x in numbers]


def test_a_loaded_model_answers_as_the_saved_one(tmp_path: Path) -> None:
    """The outputs agree exactly, and saving again gives the same text."""
    model, other = (MLP(2, [3, 1], "tanh", rng=random.Random(seed)) for seed in (1, 2))
    text = written(model, tmp_path / "model.json")
    nn.load(other, tmp_path / "model.json")
    assert other([0.5, -0.5]) == model([0.5, -0.5])
    assert written(other, tmp_path / "again.json") == text


def test_a_shared_parameter_is_stored_once(tmp_path: Path) -> None:
    """A neuron that stands at two places is written, and read, under its first name."""

    class Tied(Module):
        def __init__(self) -> None:
            self.first = self.second = Neuron(1)

    model, other = Tied(), Tied()
    assert list(json.loads(written(model, tmp_path / "model.json"))["parameters"]) == ["first.w", "first.b"]
    nn.load(other, tmp_path / "model.json")
    assert data(other.second) == data(model.first)


def test_numbers_of_other_types_are_stored_as_floats(tmp_path: Path) -> None:
    """A parameter that somebody set to an int or to a number of NumPy's is written as a float."""
    model: Any = Pair()
    model.w[0].data, model.w[1].data, model.b.data = 5, np.float32(0.1), np.float64(0.1)
    nn.save(model, tmp_path / "model.json")
    nn.load(model, tmp_path / "model.json")
    assert data(model) == [5.0, float(np.float32(0.1)), 0.1]
    assert {type(x) for x in data(model)} == {float}


def test_loading_leaves_gradients_and_identities_alone(tmp_path: Path) -> None:
    """Only `.data` changes: the parameters are the same Values, with the gradients they had."""
    nn.save(Pair(), tmp_path / "model.json")
    model = Pair()
    before = model.parameters()
    for p in before:
        p.data, p.grad = 9.0, 4.0
    nn.load(model, tmp_path / "model.json")
    assert list(map(id, model.parameters())) == list(map(id, before))
    assert [(p.data, p.grad) for p in before] == [(1.0, 4.0), (2.0, 4.0), (3.0, 4.0)]


def test_a_model_that_went_astray_can_be_restored(tmp_path: Path) -> None:
    """A file loads into a model whose parameters are nan or inf."""
    nn.save(Pair(), tmp_path / "model.json")
    model = Pair()
    for p, x in zip(model.parameters(), (math.nan, math.inf, -math.inf), strict=True):
        p.data = x
    nn.load(model, tmp_path / "model.json")
    assert data(model) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "text",
    [
        HEAD + '{"b": 3, "w": [1, 2e0]}}',
        HEAD + '\n{"w":[1.0,2.0],\n\t"b":0.3E+1}}\r\n',
        '{"parameters": {"b": 30e-1, "w": [1.0, 2]}, "version": 1, "format": "chainrule.nn"}',
        HEAD + '{"\\u0077": [1.00000000000000000000000000000000000000000001, 2], "b": 3.0}}',
    ],
    ids=["whole numbers", "other white space", "another order", "other spellings"],
)
def test_a_file_may_be_edited_by_hand(text: str, tmp_path: Path) -> None:
    """Order, white space and spelling of numbers are JSON's; they do not matter."""
    (tmp_path / "model.json").write_text(text, encoding="utf-8")
    model = Pair()
    fill(model, random.Random(1))
    nn.load(model, tmp_path / "model.json")
    assert data(model) == [1.0, 2.0, 3.0]
    assert {type(x) for x in data(model)} == {float}


def test_a_path_may_be_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are strings or path objects, absolute or relative."""
    monkeypatch.chdir(tmp_path)
    nn.save(Pair(), "model.json")
    model = Pair()
    fill(model, random.Random(1))
    nn.load(model, str(tmp_path / "model.json"))
    assert data(model) == [1.0, 2.0, 3.0]


# --- Saving is atomic -----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_not_saved(bad: float, tmp_path: Path) -> None:
    """A nan or inf is refused by the parameter's name, and the file that was there stays."""
    model = MLP(2, [3, 1])
    text = written(model, tmp_path / "model.json")
    model.layers[0].neurons[1].w[1].data = bad
    complaint = f"save: expected finite parameters, got layers.0.neurons.1.w[1] = {bad}"
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        nn.save(model, tmp_path / "model.json")
    assert (tmp_path / "model.json").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
def test_a_save_that_fails_leaves_the_old_file(
    step: str, error: BaseException, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where writing fails or is interrupted, the old file is whole and no temporary file stays behind."""

    def fail(*_: object) -> None:
        raise error

    model = Pair()
    text = written(model, tmp_path / "model.json")
    fill(model, random.Random(1))
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        nn.save(model, tmp_path / "model.json")
    assert (tmp_path / "model.json").read_text(encoding="utf-8") == text
    assert [path.name for path in tmp_path.iterdir()] == ["model.json"]


def test_a_new_file_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """Saving twice leaves one file with the newer numbers: whoever has the old one open still reads the old one."""
    path, model = tmp_path / "model.json", Pair()
    text = written(model, path)
    with open(path, encoding="utf-8") as old:
        fill(model, random.Random(1))
        nn.save(model, path)
        assert old.read() == text
    assert path.read_text(encoding="utf-8") != text
    assert [found.name for found in tmp_path.iterdir()] == ["model.json"]


@pytest.mark.skipif(os.name != "posix", reason="links and permissions are POSIX's")
def test_a_file_is_written_as_others_are(tmp_path: Path) -> None:
    """A symbolic link is followed, and the file has the permissions that the user's other new files have."""
    (tmp_path / "link.json").symlink_to(tmp_path / "model.json")
    nn.save(Pair(), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    (tmp_path / "other").touch()
    assert (tmp_path / "model.json").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize(
    "table",
    [
        {"3": Value(1.0), 3: Value(2.0)},
        {"a.b": Value(1.0), "a": {"b": Value(2.0)}},
        {"a": Value(1.0), "a[0]": Value(2.0)},
        {"a[0]": Value(1.0), "a": Value(2.0)},
    ],
    ids=["number and text", "dots", "single and list", "list and single"],
)
def test_names_that_a_file_could_not_tell_apart(table: dict[object, object], tmp_path: Path) -> None:
    """Where keys of a dict make two names equal, the model is refused by that name."""

    class Ambiguous(Module):
        def __init__(self) -> None:
            self.table = table

    for action in (nn.save, nn.load):
        (tmp_path / "model.json").write_text(HEAD + "{}}", encoding="utf-8")
        with pytest.raises(ValueError, match=r"expected each parameter to have a name of its own, .* for table\."):
            action(Ambiguous(), tmp_path / "model.json")
        assert (tmp_path / "model.json").read_text(encoding="utf-8") == HEAD + "{}}"


# --- Hostile files --------------------------------------------------------------------------------------

GOOD = HEAD + '{"w": [1, 2], "b": 3}}'


def parameters(text: str) -> str:
    """A file with these parameters, and the right header."""
    return HEAD + text + "}"


DAMAGES: dict[str, tuple[str | bytes, str]] = {
    # not JSON, or not only JSON
    "empty": ("", "expected JSON in UTF-8, got an error: Expecting value: line 1 column 1 (char 0)"),
    "blank": (" \n ", "expected JSON in UTF-8, got an error: "),
    "text": ("hello", "expected JSON in UTF-8, got an error: "),
    "half": (GOOD[:-5], "expected JSON in UTF-8, got an error: "),
    "twice": (GOOD + GOOD, "expected JSON in UTF-8, got an error: Extra data"),
    "trailing comma": (parameters('{"w": [1, 2], "b": 3,}'), "expected JSON in UTF-8, got an error: "),
    "single quotes": (GOOD.replace('"', "'"), "expected JSON in UTF-8, got an error: "),
    "comment": (GOOD + "// fine", "expected JSON in UTF-8, got an error: "),
    "control character": (GOOD.replace("w", "\0"), "expected JSON in UTF-8, got an error: Invalid control character"),
    "pickle": (b"\x80\x04N.", "expected JSON in UTF-8, got an error: 'utf-8' codec can't decode byte 0x80"),
    "python": ("__import__('os').getcwd()", "expected JSON in UTF-8, got an error: "),
    # other encodings
    "invalid UTF-8": (GOOD.encode() + b"\xff", "expected JSON in UTF-8, got an error: 'utf-8' codec can't decode"),
    "overlong UTF-8": (GOOD.encode().replace(b"w", b"\xc1\xb7"), "expected JSON in UTF-8, got an error: 'utf-8' codec"),
    "BOM": (b"\xef\xbb\xbf" + GOOD.encode(), "expected JSON in UTF-8, got an error: Unexpected UTF-8 BOM"),
    "UTF-16": (GOOD.encode("utf-16"), "expected JSON in UTF-8, got an error: "),
    "UTF-16 without BOM": (GOOD.encode("utf-16-le"), "expected JSON in UTF-8, got an error: "),
    # another document
    "null": ("null", "expected an object, got null"),
    "number": ("3.5", "expected an object, got 3.5"),
    "string": ('"chainrule.nn"', 'expected an object, got "chainrule.nn"'),
    "list": (f"[{GOOD}]", "expected an object, got a list of 1"),
    "foreign object": ('{"layers": []}', 'expected the format "chainrule.nn", got none'),
    "other format": (GOOD.replace("chainrule.nn", "pickle"), 'expected the format "chainrule.nn", got "pickle"'),
    "format of another type": (
        GOOD.replace('"chainrule.nn"', "{}"),
        'expected the format "chainrule.nn", got an object',
    ),
    "no version": (GOOD.replace('"version": 1, ', ""), "expected the version 1, got none"),
    "later version": (GOOD.replace(": 1,", ": 2,"), "expected the version 1, got 2"),
    "version as text": (GOOD.replace(": 1,", ': "1",'), 'expected the version 1, got "1"'),
    "version as truth": (GOOD.replace(": 1,", ": true,"), "expected the version 1, got true"),
    "no parameters": (GOOD.replace("parameters", "weights"), "got 3 keys and null as parameters"),
    "list of parameters": (parameters("[1, 2, 3]"), "got 3 keys and a list of 3 as parameters"),
    "no object of parameters": (parameters("null"), "got 3 keys and null as parameters"),
    "further key": (GOOD[:-1] + ', "run": "me"}', "got 4 keys and an object as parameters"),
    # names
    "missing list": (parameters('{"b": 3}'), 'expected the parameter "w", got none of this name'),
    "missing number": (parameters('{"w": [1, 2]}'), 'expected the parameter "b", got none of this name'),
    "missing all": (parameters("{}"), 'expected the parameter "w", got none of this name'),
    "extra": (
        parameters('{"w": [1, 2], "b": 3, "__class__": 4}'),
        'expected only parameters of the model, got "__class__"',
    ),
    "capital": (parameters('{"W": [1, 2], "b": 3}'), 'expected the parameter "w", got none of this name'),
    "duplicate parameter": (parameters('{"w": [1, 2], "b": 3, "b": 3}'), 'expected each key once, got "b" twice'),
    "duplicate by escape": (parameters('{"w": [1, 2], "b": 3, "\\u0062": 3}'), 'expected each key once, got "b" twice'),
    "duplicate header": ('{"format": "chainrule.nn", ' + GOOD[1:], 'expected each key once, got "format" twice'),
    "duplicate deep": (parameters('{"w": [{"x": 1, "x": 1}, 2], "b": 3}'), 'expected each key once, got "x" twice'),
    "surrogate": (
        parameters('{"w": [1, 2], "b": 3, "\\ud800": 4}'),
        'expected only parameters of the model, got "\\ud800"',
    ),
    # shapes
    "short list": (parameters('{"w": [1], "b": 3}'), 'expected 2 numbers for "w", got a list of 1'),
    "long list": (parameters('{"w": [1, 2, 3], "b": 3}'), 'expected 2 numbers for "w", got a list of 3'),
    "empty list": (parameters('{"w": [], "b": 3}'), 'expected 2 numbers for "w", got a list of 0'),
    "number for a list": (parameters('{"w": 1, "b": 3}'), 'expected 2 numbers for "w", got 1'),
    "object for a list": (
        parameters('{"w": {"0": 1, "1": 2}, "b": 3}'),
        'expected 2 numbers for "w", got an object',
    ),
    "list for a number": (parameters('{"w": [1, 2], "b": [3]}'), 'expected a number in "b", got a list of 1'),
    "nested list": (parameters('{"w": [[1], [2]], "b": 3}'), 'expected a number in "w", got a list of 1'),
    # what is no finite number
    "nan": (parameters('{"w": [1, NaN], "b": 3}'), "expected finite numbers, got NaN"),
    "infinity": (parameters('{"w": [1, Infinity], "b": 3}'), "expected finite numbers, got Infinity"),
    "minus infinity": (parameters('{"w": [1, 2], "b": -Infinity}'), "expected finite numbers, got -Infinity"),
    "overflow": (parameters('{"w": [1, 1e999], "b": 3}'), "expected finite numbers, got 1e999"),
    "negative overflow": (parameters('{"w": [1, 2], "b": -1e309}'), "expected finite numbers, got -1e309"),
    "nan elsewhere": (GOOD.replace(": 1,", ": NaN,"), "expected finite numbers, got NaN"),
    "large integer": (parameters(f'{{"w": [1, 2], "b": 1{"0" * 400}}}'), f"expected finite numbers, got 1{'0' * 29}"),
    "text for a number": (parameters('{"w": [1, "2"], "b": 3}'), 'expected a number in "w", got "2"'),
    "true": (parameters('{"w": [true, 2], "b": 3}'), 'expected a number in "w", got true'),
    "null for a number": (parameters('{"w": [1, 2], "b": null}'), 'expected a number in "b", got null'),
    "hexadecimal": (parameters('{"w": [1, 0x2], "b": 3}'), "expected JSON in UTF-8, got an error: "),
    "underscore": (parameters('{"w": [1, 2_0], "b": 3}'), "expected JSON in UTF-8, got an error: "),
    "no digit before the point": (parameters('{"w": [1, .5], "b": 3}'), "expected JSON in UTF-8, got an error: "),
    "plus": (parameters('{"w": [1, +2], "b": 3}'), "expected JSON in UTF-8, got an error: "),
    "other digits": (parameters('{"w": [1, ٢], "b": 3}'), "expected JSON in UTF-8, got an error: "),
}


def refused(model: Module, path: Path) -> str:
    """The message with which `load` refuses a file, after the file's name; the model must be as before."""
    fill(model, random.Random(3))
    for p in model.parameters():
        p.grad = 5.0
    before = data(model)
    with pytest.raises(ValueError, match=f"^{re.escape(str(path))}: expected .*got ") as error:
        nn.load(model, path)
    assert data(model) == before
    assert {p.grad for p in model.parameters()} == {5.0}
    message = str(error.value)
    assert message.isprintable()
    assert len(message) < len(str(path)) + 250
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused(damage: str, tmp_path: Path) -> None:
    """The error names the file, what was expected and what came, in one short line; the model stays as it was."""
    content, complaint = DAMAGES[damage]
    path = tmp_path / "model.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert complaint in refused(Pair(), path)


def test_the_undamaged_file_is_accepted(tmp_path: Path) -> None:
    """The text that the damages above start from is good."""
    (tmp_path / "model.json").write_text(GOOD, encoding="utf-8")
    model = Pair()
    fill(model, random.Random(3))
    nn.load(model, tmp_path / "model.json")
    assert data(model) == [1.0, 2.0, 3.0]


def test_every_cut_is_noticed(tmp_path: Path) -> None:
    """A file that ends early, wherever, is refused."""
    text = written(Pair(), tmp_path / "whole.json").rstrip()
    for end in range(len(text)):
        (tmp_path / "model.json").write_text(text[:end], encoding="utf-8")
        refused(Pair(), tmp_path / "model.json")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=3), st.integers(0, 3))
def test_a_random_change_is_harmless(tmp_path: Path, start: int, new: bytes, length: int) -> None:
    """Whatever bytes are changed, a file either loads finite floats or is refused with a ValueError."""
    content = GOOD.encode()
    path, model = tmp_path / "model.json", Pair()
    path.write_bytes(content[:start] + new + content[start + length :])
    try:
        nn.load(model, path)
    except ValueError as error:
        assert str(error).startswith(f"{path}: expected ")  # noqa: PT017 - either outcome is right
        assert data(model) == [1.0, 2.0, 3.0]
    assert all(type(x) is float and math.isfinite(x) for x in data(model))


BIG = MLP(64, [30, 10], rng=random.Random(0))  # room for files of a megabyte


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('[{"":', "}]")])
@pytest.mark.parametrize("start", ["", HEAD, HEAD + '{"layers.0.neurons.0.w": '], ids=["file", "parameters", "list"])
def test_deep_nesting_is_refused(opening: str, closing: str, start: str, tmp_path: Path) -> None:
    """Brackets nested 100,000 deep do not exhaust the stack, at whatever place they stand, closed or not."""
    depth = 100_000 // len(closing)
    for end in ("", "1" + closing * depth):
        (tmp_path / "model.json").write_text(start + opening * depth + end, encoding="utf-8")
        message = refused(BIG, tmp_path / "model.json")
        assert message == "expected lists in an object in an object, got deeper nesting"


@pytest.mark.parametrize("depth", [10, 300, 500, 900, 950, 990, 1000, 1500, 3000])
def test_nesting_of_any_depth_is_refused(depth: int, tmp_path: Path) -> None:
    """Lists that the parser can still follow are refused as well, without a RecursionError from the message."""
    for number in ("[" * depth + "]" * depth, '{"a": ' * depth + "1" + "}" * depth):
        (tmp_path / "model.json").write_text(parameters(f'{{"w": [{number}, 2], "b": 3}}'), encoding="utf-8")
        refused(BIG, tmp_path / "model.json")


@pytest.mark.parametrize("sign", ["", "-"])
def test_integers_of_any_length_are_refused(sign: str, tmp_path: Path) -> None:
    """Integers beyond a float, even of 500,000 digits (Python converts no more than 4,300), are not finite numbers."""
    for digits in (310, 4301, 500_000):
        (tmp_path / "model.json").write_text(parameters(f'{{"b": {sign}{"9" * digits}}}'), encoding="utf-8")
        assert refused(BIG, tmp_path / "model.json") == f"expected finite numbers, got {(sign + '9' * 30)[:30]}"


def test_long_names_are_cut_in_messages(tmp_path: Path) -> None:
    """A key of hundreds of kilobytes does not come back whole in the error."""
    (tmp_path / "model.json").write_text(parameters(f'{{"{"x" * 500_000}": 1}}'), encoding="utf-8")
    refused(BIG, tmp_path / "model.json")
    (tmp_path / "model.json").write_text(f'{{"{"x" * 300_000}": 1, "{"x" * 300_000}": 1}}', encoding="utf-8")
    assert refused(BIG, tmp_path / "model.json").startswith("expected each key once, got ")


def test_an_enormous_file_is_not_read(tmp_path: Path) -> None:
    """A file larger than such a model may need is refused after that many bytes: this one has a gigabyte."""
    path = tmp_path / "model.json"
    with open(path, "wb") as file:
        file.truncate(10**9)
    most = 1000 + sum(64 + 12 * len(name) for name in ("w[0]", "w[1]", "b"))
    tracemalloc.start()
    try:
        assert refused(Pair(), path) == f"expected at most {most} bytes for this model, got more"
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()
    path.write_text(GOOD.ljust(most), encoding="utf-8")
    nn.load(Pair(), path)
    path.write_text(GOOD.ljust(most + 1), encoding="utf-8")
    refused(Pair(), path)


@pytest.mark.parametrize("make", [Pair, Everything, lambda: Neuron(1), lambda: MLP(64, [30, 10])])
def test_every_saved_file_is_within_the_limit(make: Callable[[], Module], tmp_path: Path) -> None:
    """The longest floats, indented as generously as editors do, still load."""
    model = make()
    for p in model.parameters():
        p.data = -2.2250738585072014e-308
    document = json.loads(written(model, tmp_path / "model.json"))
    (tmp_path / "model.json").write_text(json.dumps(document, indent=8), encoding="utf-8")
    nn.load(model, tmp_path / "model.json")


def test_a_file_of_another_model_is_refused(tmp_path: Path) -> None:
    """Sizes that differ are seen in the names or in the lengths of the lists, before anything changes."""
    nn.save(MLP(2, [3, 1]), tmp_path / "model.json")
    for other, complaint in [
        (MLP(3, [3, 1]), 'expected 3 numbers for "layers.0.neurons.0.w", got a list of 2'),
        (MLP(2, [4, 1]), 'expected the parameter "layers.0.neurons.3.w", got none of this name'),
        (MLP(2, [2, 1]), 'expected only parameters of the model, got "layers.0.neurons.2.w"'),
        (Layer(2, 3), 'expected the parameter "neurons.0.w", got none of this name'),
    ]:
        assert refused(other, tmp_path / "model.json") == complaint


# --- Files that are not there ---------------------------------------------------------------------------


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that does not exist is a FileNotFoundError with its name."""
    with pytest.raises(FileNotFoundError, match=r"nowhere\.json"):
        nn.load(Pair(), tmp_path / "nowhere.json")


def test_a_folder(tmp_path: Path) -> None:
    """A folder can neither be loaded nor be replaced by a file."""
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"):
        nn.load(Pair(), folder)
    with pytest.raises(OSError, match="folder"):
        nn.save(Pair(), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
    assert list(folder.iterdir()) == []


def test_a_missing_folder(tmp_path: Path) -> None:
    """Saving makes no folders."""
    with pytest.raises(FileNotFoundError, match="nowhere"):
        nn.save(Pair(), tmp_path / "nowhere" / "model.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("action", [nn.save, nn.load])
def test_a_path_is_no_number(action: Callable[..., None]) -> None:
    """An int would mean an open file to Python: it is refused, so that nothing is read from or written to it."""
    with pytest.raises(TypeError, match="int"):
        action(Pair(), 0)

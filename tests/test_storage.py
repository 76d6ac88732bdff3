"""The specification of nn.storage: what a file looks like, that nothing is lost, and that no file can do harm."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import random
import re
import signal
import socket
import stat
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from safetensors.numpy import save as to_bytes

import autograd
import nn
from autograd import Value
from nn import MLP, Layer, Module, Neuron
from nn.replacing import is_leftover

METADATA = {"format": "chainrule.nn", "version": "1"}
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


@pytest.fixture(params=["json", "safetensors"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file in each of the formats."""
    return tmp_path / f"model.{request.param}"


def data(model: Module) -> list[float]:
    """The numbers of the parameters."""
    return [p.data for p in model.parameters()]


def fill(model: Module, rng: random.Random) -> None:
    """Give each parameter a number of its own."""
    for p in model.parameters():
        p.data = rng.gauss(0, 1)


def stored(path: Path) -> dict[str, Any]:
    """The numbers in a file, by their names, as another program reads them."""
    if path.suffix == ".safetensors":
        return {name: array.tolist() for name, array in load_file(path).items()}
    parameters: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["parameters"]
    return parameters


def as_version_1(model: Module, path: Path) -> None:
    """Write a file as the first version of this library did: the same parameters, and no architecture."""
    nn.save(model, path)
    if path.suffix == ".safetensors":
        save_file(load_file(path), path, METADATA)
    else:
        document = json.loads(path.read_text(encoding="utf-8"))
        del document["architecture"]
        path.write_text(json.dumps({**document, "version": 1}), encoding="utf-8")


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
        '  "version": 2,\n'
        '  "architecture": {"class": "MLP", "nin": 2, "nouts": [2, 1], "activations": ["relu", "linear"]},\n'
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
    assert document == {
        "format": "chainrule.nn",
        "version": 2,
        "architecture": {"class": "Pair"},
        "parameters": {"w": [1.0, 2.0], "b": 3.0},
    }


def test_a_safetensors_file_has_arrays_under_the_same_names(tmp_path: Path) -> None:
    """Another program finds a vector of 64-bit floats for each list, one without axes for each number, and a header."""
    nn.save(MLP(2, [1]), tmp_path / "mlp.safetensors")
    nn.save(Pair(), tmp_path / "model.safetensors")
    with safe_open(tmp_path / "mlp.safetensors", framework="np") as file:
        assert sorted(file.keys()) == ["layers.0.neurons.0.b", "layers.0.neurons.0.w"]
        metadata = file.metadata()
        assert json.loads(metadata.pop("architecture"))["nouts"] == [1]
        assert metadata == {"format": "chainrule.nn", "version": "2"}
    arrays = load_file(tmp_path / "model.safetensors")
    assert {name: (array.shape, str(array.dtype)) for name, array in arrays.items()} == {
        "w": ((2,), "float64"),
        "b": ((), "float64"),
    }
    assert arrays["w"].tolist() == [1.0, 2.0]
    assert arrays["b"] == 3.0


@pytest.mark.parametrize("make", [Pair, Everything])
def test_both_formats_hold_the_same(make: Callable[[], Module], tmp_path: Path) -> None:
    """The same names with the same numbers, in JSON and in safetensors."""
    model = make()
    fill(model, random.Random(1))
    for name in ("model.json", "model.safetensors"):
        nn.save(model, tmp_path / name)
    assert stored(tmp_path / "model.safetensors") == stored(tmp_path / "model.json")


@pytest.mark.parametrize(
    ("name", "binary"),
    [("a.safetensors", True), ("a.SafeTensors", True), ("a.json", False), ("a.JSON", False), ("a.pkl.json", False)],
)
def test_the_end_of_the_path_is_the_format(name: str, binary: bool, tmp_path: Path) -> None:
    """What ends in .safetensors is in this format, and what ends in .json is JSON, in capitals or not."""
    nn.save(Pair(), tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(b"{") is not binary
    model = Pair()
    fill(model, random.Random(1))
    nn.load(model, tmp_path / name)
    assert data(model) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "name", ["a.pkl", "a.npz", "a.pt", "a", "json", "safetensors", "a.json.gz", "a.json ", "a.jsn"]
)
def test_there_are_two_formats(name: str, tmp_path: Path) -> None:
    """A path that promises another one is refused: what it would hold is not what its name says."""
    complaint = f"save: expected a path that ends in .json or .safetensors, got {str(tmp_path / name)!r}"
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        nn.save(Pair(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_parameters_has_a_file_too(path: Path) -> None:
    """An empty module is saved and loaded like any other."""
    nn.save(Module(), path)
    assert stored(path) == {}
    nn.load(Module(), path)


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
def test_what_is_saved_is_loaded(make: Callable[[], Module], path: Path) -> None:
    """Every kind of module, with parameters in lists, tuples, dicts and modules, comes back number by number."""
    model, other = make(), make()
    fill(model, random.Random(1))
    fill(other, random.Random(2))
    nn.save(model, path)
    nn.load(other, path)
    assert data(other) == data(model)


EXTREMES = [
    *(0.0, -0.0, 0.1, -1 / 3, 5e-324, -5e-324, 2.2250738585072014e-308, 2.225073858507201e-308),
    *(1.7976931348623157e308, -1.7976931348623157e308, 1e16, 123456789012345680.0, 2.0**53 + 2, 1e22, 1e23),
]


def test_extreme_floats_come_back_bit_by_bit(path: Path) -> None:
    """Signed zeros, subnormal numbers and the largest floats survive."""

    class Numbers(Module):
        def __init__(self, numbers: list[float]) -> None:
            self.w = [Value(x) for x in numbers]

    nn.save(Numbers(EXTREMES), path)
    model = Numbers([7.0] * len(EXTREMES))
    nn.load(model, path)
    assert [x.hex() for x in data(model)] == [x.hex() for x in EXTREMES]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3))
def test_any_float_comes_back_bit_by_bit(path: Path, numbers: list[float]) -> None:
    """Whatever the finite floats, a file holds them exactly."""
    model, other = Pair(), Pair()
    for p, x in zip(model.parameters(), numbers, strict=True):
        p.data = x
    nn.save(model, path)
    nn.load(other, path)
    assert [x.hex() for x in data(other)] == [x.hex() for x in numbers]


def test_a_loaded_model_answers_as_the_saved_one(tmp_path: Path) -> None:
    """The outputs agree exactly, and saving again gives the same text."""
    model, other = (MLP(2, [3, 1], "tanh", rng=random.Random(seed)) for seed in (1, 2))
    text = written(model, tmp_path / "model.json")
    nn.load(other, tmp_path / "model.json")
    assert other([0.5, -0.5]) == model([0.5, -0.5])
    assert written(other, tmp_path / "again.json") == text


def test_a_shared_parameter_is_stored_once(path: Path) -> None:
    """A neuron that stands at two places is written, and read, under its first name."""

    class Tied(Module):
        def __init__(self) -> None:
            self.first = self.second = Neuron(1)

    model, other = Tied(), Tied()
    model.first.w[0].data, model.first.b.data = 0.25, 4.0
    nn.save(model, path)
    assert stored(path) == {"first.w": [0.25], "first.b": 4.0}
    nn.load(other, path)
    assert data(other.second) == data(model.first)


def test_numbers_of_other_types_are_stored_as_floats(path: Path) -> None:
    """A parameter that somebody set to an int or to a number of NumPy's is written as a float."""
    model: Any = Pair()
    model.w[0].data, model.w[1].data, model.b.data = 5, np.float32(0.1), np.float64(0.1)
    nn.save(model, path)
    nn.load(model, path)
    assert data(model) == [5.0, float(np.float32(0.1)), 0.1]
    assert {type(x) for x in data(model)} == {float}


def test_loading_leaves_gradients_and_identities_alone(path: Path) -> None:
    """Only `.data` changes: the parameters are the same Values, with the gradients they had."""
    nn.save(Pair(), path)
    model = Pair()
    before = model.parameters()
    for p in before:
        p.data, p.grad = 9.0, 4.0
    nn.load(model, path)
    assert list(map(id, model.parameters())) == list(map(id, before))
    assert [(p.data, p.grad) for p in before] == [(1.0, 4.0), (2.0, 4.0), (3.0, 4.0)]


def test_a_model_that_went_astray_can_be_restored(path: Path) -> None:
    """A file loads into a model whose parameters are nan or inf."""
    nn.save(Pair(), path)
    model = Pair()
    for p, x in zip(model.parameters(), (math.nan, math.inf, -math.inf), strict=True):
        p.data = x
    nn.load(model, path)
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


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16])
def test_arrays_of_shorter_floats_are_accepted(dtype: type, tmp_path: Path) -> None:
    """Another program may write 32-bit or 16-bit floats, each of which is a 64-bit float too."""
    arrays: dict[str, Any] = {"w": np.array([0.1, -1 / 3], dtype), "b": np.array(1e-5, dtype)}
    save_file(arrays, tmp_path / "model.safetensors", METADATA)
    model = Pair()
    nn.load(model, tmp_path / "model.safetensors")
    assert data(model) == [float(x) for x in (*arrays["w"], arrays["b"])]
    assert {type(x) for x in data(model)} == {float}


def test_a_path_may_be_text(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are strings or path objects, absolute or relative."""
    monkeypatch.chdir(tmp_path)
    nn.save(Pair(), path.name)
    model = Pair()
    fill(model, random.Random(1))
    nn.load(model, str(path))
    assert data(model) == [1.0, 2.0, 3.0]


# --- Saving is atomic -----------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_not_saved(bad: float, path: Path, tmp_path: Path) -> None:
    """A nan or inf is refused by the parameter's name, and the file that was there stays."""
    model = MLP(2, [3, 1])
    nn.save(model, path)
    content = path.read_bytes()
    model.layers[0].neurons[1].w[1].data = bad
    complaint = f"save: expected finite parameters, got layers.0.neurons.1.w[1] = {bad}"
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}$"):
        nn.save(model, path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()], ids=["full", "^C"])
def test_a_save_that_fails_leaves_the_old_file(
    step: str, error: BaseException, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where writing fails or is interrupted, the old file is whole and no temporary file stays behind."""

    def fail(*_: object) -> None:
        raise error

    model = Pair()
    nn.save(model, path)
    content = path.read_bytes()
    fill(model, random.Random(1))
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        nn.save(model, path)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_takes_the_place_of_the_old(path: Path) -> None:
    """Saving twice leaves one file with the newer numbers: whoever has the old one open still reads the old one."""
    model = Pair()
    nn.save(model, path)
    content = path.read_bytes()
    with open(path, "rb") as old:
        fill(model, random.Random(1))
        nn.save(model, path)
        assert old.read() == content
    assert path.read_bytes() != content
    assert list(path.parent.iterdir()) == [path]


posix = pytest.mark.skipif(os.name != "posix", reason="links, pipes and permissions are POSIX's")


@posix
def test_a_file_is_written_as_others_are(tmp_path: Path) -> None:
    """A symbolic link is followed, and the file has the permissions that the user's other new files have."""
    (tmp_path / "link.json").symlink_to(tmp_path / "model.json")
    nn.save(Pair(), tmp_path / "link.json")
    assert (tmp_path / "link.json").is_symlink()
    (tmp_path / "other").touch()
    assert (tmp_path / "model.json").stat().st_mode == (tmp_path / "other").stat().st_mode


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o644, 0o664, 0o400, 0o755])
@pytest.mark.parametrize("linked", [False, True], ids=["file", "link"])
def test_a_file_keeps_its_mode(mode: int, linked: bool, path: Path, tmp_path: Path) -> None:
    """What others must not read stays so, and what a group may write too, also where a link leads to the file."""
    nn.save(Pair(), path)
    path.chmod(mode)
    name = path
    if linked:
        name = tmp_path / f"link{path.suffix}"
        name.symlink_to(path)
    nn.save(MLP(1, [1]), name)
    assert stat.S_IMODE(path.stat().st_mode) == mode
    path.chmod(0o600)
    assert name.is_symlink() is linked
    assert len(nn.load(path).parameters()) == 2


@posix
def test_nobody_else_may_read_what_is_written_meanwhile(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A temporary file beside one with the mode 0600 has never another mode, from its first byte on."""
    nn.save(Pair(), path)
    path.chmod(0o600)
    seen: list[int] = []
    sync = os.fsync

    def look(descriptor: int) -> None:
        seen.extend([stat.S_IMODE(x.stat().st_mode) for x in path.parent.glob("*.tmp")])
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", look)
    nn.save(Pair(), path)
    assert seen == [0o600]


@posix
@pytest.mark.parametrize("suffix", [".json", ".safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "link to a pipe", "socket", "link to itself", "device"])
def test_what_is_no_file_is_not_replaced(kind: str, suffix: str, tmp_path: Path) -> None:
    """A pipe, a socket, a device and a link in a circle stay what they are; the error says so."""
    path = target = tmp_path / f"model{suffix}"
    if "link to a" in kind:
        target = tmp_path / "pipe"
        path.symlink_to(target)
    if "pipe" in kind:
        os.mkfifo(target)
    elif kind == "socket":
        listener = socket.socket(socket.AF_UNIX)
        with contextlib.chdir(tmp_path):  # the name of a socket must be short
            listener.bind(path.name)
        listener.close()
    elif kind == "link to itself":
        path.symlink_to(path)
    else:
        path.symlink_to("/dev/null")
        target = Path("/dev/null")
    before = os.lstat(target)
    with pytest.raises(
        OSError, match="expected a file, (which can be replaced, )?got a (pipe|socket|device|symbolic link)"
    ):
        nn.save(Pair(), path)
    after = os.lstat(target)
    assert (after.st_mode, after.st_ino) == (before.st_mode, before.st_ino)
    assert list(tmp_path.glob("*.tmp")) == []


KILLED = """
import os, signal, sys, nn
os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
nn.save(nn.MLP(2, [1]), sys.argv[1])
"""


@pytest.mark.parametrize("name", ["model.json", "a+b (1).json", ".tmp", "x.01234567.tmp", "é"])
def test_what_a_temporary_file_is_called(name: str) -> None:
    """As a pattern says it, whatever is in the name of the file."""
    pattern = re.compile(re.escape(name) + r"\.[0-9a-f]{8}\.tmp")
    middles = ["01234567", "89abcdef", "0123456", "012345678", "0123456g", "0123ABCD", "0123.567", "", "note"]
    found = [f"{start}{middle}{end}" for start in (f"{name}.", name, "", "model.json.") for middle in middles
             for end in (".tmp", "", ".tmp.tmp", ".01234567.tmp")]  # fmt: skip
    assert [is_leftover(x, name) for x in found] == [pattern.fullmatch(x) is not None for x in found]
    assert any([is_leftover(x, name) for x in found])


@posix
def test_what_a_kill_leaves_is_removed_by_the_next_save(path: Path, tmp_path: Path) -> None:
    """A process that is killed leaves a temporary file; the next save of the same file, and of no other, removes it."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert re.fullmatch(rf"{re.escape(path.name)}\.[0-9a-f]{{8}}\.tmp", left.name)
    stranger = tmp_path / f"{path.name}.note.tmp"
    stranger.touch()
    nn.save(Pair(), tmp_path / f"other{path.suffix}")
    assert left.exists()
    nn.save(Pair(), path)
    assert not left.exists()
    assert stranger.exists()


@posix
def test_what_another_process_is_writing_is_left_alone(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that save the same file at once: the second does not remove the temporary file of the first."""
    sync, depth = os.fsync, 0

    def meanwhile(descriptor: int) -> None:
        nonlocal depth
        depth += 1
        if depth == 1:
            (busy,) = tmp_path.glob("*.tmp")
            nn.save(MLP(1, [1]), path)
            assert busy.exists()
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", meanwhile)
    model = Pair()
    nn.save(model, path)
    assert depth == 2
    nn.load(model, path)  # the one that was ready last
    assert list(tmp_path.iterdir()) == [path]


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
def test_names_that_a_file_could_not_tell_apart(table: dict[object, object], path: Path) -> None:
    """Where keys of a dict make two names equal, the model is refused by that name."""

    class Ambiguous(Module):
        def __init__(self) -> None:
            self.table = table

    for action in (nn.save, nn.load):
        nn.save(Module(), path)
        content = path.read_bytes()
        with pytest.raises(ValueError, match=r"expected each parameter to have a name of its own, .* for table\."):
            action(Ambiguous(), path)
        assert path.read_bytes() == content


@pytest.mark.parametrize("key", ["__metadata__", "\ud800"])
def test_names_that_safetensors_cannot_hold(key: str, tmp_path: Path) -> None:
    """A name that has another meaning there, or is no text, is refused when saving, and can be saved as JSON."""
    model, other = Module(), Module()
    vars(model)[key], vars(other)[key] = Value(1.0), Value(2.0)
    with pytest.raises(ValueError, match="__metadata__|surrogates not allowed"):
        nn.save(model, tmp_path / "model.safetensors")
    assert list(tmp_path.iterdir()) == []
    nn.save(model, tmp_path / "model.json")
    nn.load(other, tmp_path / "model.json")
    assert data(other) == [1.0]


# --- The package safetensors ----------------------------------------------------------------------------


def test_safetensors_is_imported_for_its_files_only(tmp_path: Path) -> None:
    """Importing nn, and saving and loading JSON, do without it."""
    script = (
        "import sys, nn; model = nn.Neuron(1); nn.save(model, 'a.json'); nn.load(model, 'a.json'); "
        "print('safetensors' in sys.modules); nn.save(model, 'a.safetensors'); print('safetensors' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]


@pytest.mark.parametrize("action", [nn.save, nn.load])
def test_where_safetensors_is_missing(
    action: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says what to install; the file and the model stay as they are."""
    path, model = tmp_path / "model.safetensors", Pair()
    nn.save(Pair(), path)
    content = path.read_bytes()
    fill(model, random.Random(1))
    before = data(model)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    with pytest.raises(ImportError, match="pip install safetensors"):
        action(model, path)
    assert path.read_bytes() == content
    assert data(model) == before
    assert list(tmp_path.iterdir()) == [path]


# --- Hostile files --------------------------------------------------------------------------------------

GOOD = HEAD + '{"w": [1, 2], "b": 3}}'


def parameters(text: str) -> str:
    """A file with these parameters, and the right header."""
    return HEAD + text + "}"


def described(architecture: str) -> str:
    """A file of today's version with this architecture."""
    return GOOD.replace('"version": 1,', f'"version": 2, "architecture": {architecture},')


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
    "no version": (GOOD.replace('"version": 1, ', ""), "expected the version 2 or 1, got none"),
    "later version": (GOOD.replace(": 1,", ": 3,"), "expected the version 2 or 1, got 3"),
    "version as text": (GOOD.replace(": 1,", ': "1",'), 'expected the version 2 or 1, got "1"'),
    "version as truth": (GOOD.replace(": 1,", ": true,"), "expected the version 2 or 1, got true"),
    "no parameters": (GOOD.replace("parameters", "weights"), "got 3 keys and null as parameters"),
    "list of parameters": (parameters("[1, 2, 3]"), "got 3 keys and a list of 3 as parameters"),
    "no object of parameters": (parameters("null"), "got 3 keys and null as parameters"),
    "further key": (GOOD[:-1] + ', "run": "me"}', "got 4 keys and an object as parameters"),
    "no architecture": (
        GOOD.replace(": 1,", ": 2,"),
        "expected format, version, architecture, an object of parameters",
    ),
    "architecture of version 1": (GOOD[:-1] + ', "architecture": {}}', "got 4 keys and an object as parameters"),
    "architecture as text": (described('"Pair"'), "expected a description of the model as architecture, got 'Pair'"),
    "much architecture": (described('{"modules": {"a": ' * 90 + "1" + "}}" * 90), "bytes for this model, got more"),
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


W = '"w":{"dtype":"F64","shape":[2],"data_offsets":[0,16]}'
B = '"b":{"dtype":"F64","shape":[],"data_offsets":[16,24]}'
META = '"__metadata__":{"format":"chainrule.nn","version":"1"}'
NUMBERS = np.array([1.0, 2.0, 3.0], "<f8").tobytes()


def tensors(*entries: str, numbers: bytes = NUMBERS, claimed: int | None = None, padding: int = 0) -> bytes:
    """A safetensors file with these entries in its header, written byte by byte."""
    header = f"{{{','.join(entries)}}}{' ' * padding}".encode()
    return (len(header) if claimed is None else claimed).to_bytes(8, "little") + header + numbers


def arrays(metadata: dict[str, str] | None = METADATA, **changed: object) -> bytes:
    """A safetensors file with other arrays, or None of a name."""
    chosen = {"w": np.array([1.0, 2.0]), "b": np.array(3.0), **changed}
    return to_bytes({name: np.asarray(array) for name, array in chosen.items() if array is not None}, metadata)


UNREADABLE = "expected a safetensors file of floats, got an error: "
TENSOR_DAMAGES: dict[str, tuple[bytes, str]] = {
    # not safetensors, or not only safetensors
    "empty": (b"", UNREADABLE),
    "seven bytes": (b"\x02\0\0\0\0\0\0", UNREADABLE),
    "no header": (bytes(8), UNREADABLE),
    "JSON": (GOOD.encode(), UNREADABLE),
    "pickle": (b"\x80\x04N.", UNREADABLE),
    "zip": (b"PK\x03\x04" + bytes(100), UNREADABLE),
    "no JSON": (tensors(META, W, B).replace(b"{", b"<"), UNREADABLE),
    "invalid UTF-8": (tensors(META, W, B).replace(b'"w"', b'"\xff"'), UNREADABLE),
    "header is a list": ((2).to_bytes(8, "little") + b"[]", UNREADABLE),
    "header of 10 GB": (tensors(META, W, B, claimed=10**10), UNREADABLE),
    "header of 2**64": (tensors(META, W, B, claimed=2**64 - 1), UNREADABLE),
    "header beyond the end": (tensors(META, W, B, claimed=1000), UNREADABLE),
    "header too short": (tensors(META, W, B, claimed=50), UNREADABLE),
    "half": (tensors(META, W, B)[:-12], UNREADABLE),
    "one byte less": (tensors(META, W, B)[:-1], UNREADABLE),
    "one byte more": (tensors(META, W, B) + b"\0", UNREADABLE),
    "unused numbers": (tensors(META, W, B, numbers=NUMBERS * 2), UNREADABLE),
    "deep": (tensors(META, W, B, f'"x":{"[" * 200}{"]" * 200}'), UNREADABLE),
    # another document
    "no metadata": (arrays(None), 'expected the format "chainrule.nn", got none'),
    "null as metadata": (tensors('"__metadata__":null', W, B), 'expected the format "chainrule.nn", got none'),
    "other format": (arrays({"format": "pt"}), 'expected the format "chainrule.nn", got "pt"'),
    "no version": (arrays({"format": "chainrule.nn"}), "expected the version 2 or 1, got none"),
    "later version": (arrays({**METADATA, "version": "3"}), 'expected the version 2 or 1, got "3"'),
    "version as a number": (tensors(META.replace('"1"', "1"), W, B), UNREADABLE),
    "further metadata": (arrays({**METADATA, "run": "me"}), "got 4 keys and an object as parameters"),
    "metadata for parameters": (arrays({**METADATA, "parameters": ""}), 'each key once, got "parameters" twice'),
    # names
    "missing list": (arrays(w=None), 'expected the parameter "w", got none of this name'),
    "missing number": (arrays(b=None), 'expected the parameter "b", got none of this name'),
    "missing all": (arrays(w=None, b=None), 'expected the parameter "w", got none of this name'),
    "extra": (arrays(__class__=4.0), 'expected only parameters of the model, got "__class__"'),
    "capital": (tensors(META, W.upper(), B), UNREADABLE),
    "duplicate": (tensors(META, W, B, B), 'expected each key once, got "b" twice'),
    "duplicate by escape": (tensors(META, W, B, B.replace("b", "\\u0062", 1)), 'each key once, got "b" twice'),
    "duplicate elsewhere": (tensors(META, W, W.replace("0,16", "16,24").replace("[2]", "[]")), UNREADABLE),
    "duplicate metadata": (tensors(META.replace("{", '{"version":"2",'), W, B), 'each key once, got "version" twice'),
    # shapes and places
    "short list": (arrays(w=[1.0]), 'expected 2 numbers for "w", got a list of 1'),
    "long list": (arrays(w=[1.0, 2.0, 3.0]), 'expected 2 numbers for "w", got a list of 3'),
    "empty list": (arrays(w=np.zeros(0)), 'expected 2 numbers for "w", got a list of 0'),
    "number for a list": (arrays(w=1.0), 'expected 2 numbers for "w", got 1'),
    "list for a number": (arrays(b=[3.0]), 'expected a number in "b", got a list of 1'),
    "column": (arrays(w=[[1.0], [2.0]]), 'a list of floats for "w", got float64 of shape (2, 1)'),
    "10**12 empty rows": (
        tensors(META, W, B, '"x":{"dtype":"F64","shape":[1000000000000,0],"data_offsets":[24,24]}'),
        'a list of floats for "x", got float64 of shape (1000000000000, 0)',
    ),
    "30 axes": (arrays(b=np.ones((1,) * 30)), 'a list of floats for "b", got float64 of shape (1, 1, 1, '),
    "more axes than there may be": (tensors(META, W, B.replace("[]", f"[1{',1' * 100}]")), UNREADABLE),
    "more numbers than there are": (tensors(META, W.replace("[2]", "[1000000000000]"), B), UNREADABLE),
    "more than can be counted": (tensors(META, W.replace("[2]", f"[{2**32},{2**32},2]"), B), UNREADABLE),
    "negative length": (tensors(META, W.replace("[2]", "[-2]"), B), UNREADABLE),
    "overlap": (tensors(META, W, B.replace("16,24", "8,16")), UNREADABLE),
    "gap": (tensors(META, W, B.replace("16,24", "24,32"), numbers=NUMBERS + bytes(8)), UNREADABLE),
    "beyond the end": (tensors(META, W, B.replace("16,24", "800,808")), UNREADABLE),
    "backwards": (tensors(META, W, B.replace("16,24", "24,16")), UNREADABLE),
    # what is no finite float
    "nan": (arrays(w=[1.0, math.nan]), 'expected finite numbers for "w", got nan'),
    "infinity": (arrays(w=[math.inf, 2.0]), 'expected finite numbers for "w", got inf'),
    "minus infinity": (arrays(b=-math.inf), 'expected finite numbers for "b", got -inf'),
    "short infinity": (arrays(b=np.float32(math.inf)), 'expected finite numbers for "b", got inf'),
    "integers": (arrays(w=np.array([1, 2])), 'a list of floats for "w", got int64 of shape (2,)'),
    "bytes": (arrays(b=np.uint8(3)), 'a list of floats for "b", got uint8 of shape ()'),
    "truths": (arrays(w=[True, False]), 'a list of floats for "w", got bool of shape (2,)'),
    "complex": (tensors(META, W, B.replace("F64", "C64")), " floats"),  # known to newer versions of the library
    "bfloat16": (tensors(META, W.replace("F64", "BF16").replace("[2]", "[8]"), B), " floats"),
    "unknown type": (tensors(META, W.replace("F64", "F65"), B), UNREADABLE),
    "type of 500 letters": (tensors(META, W.replace("F64", "F" * 500), B), UNREADABLE),
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


@pytest.mark.parametrize("damage", TENSOR_DAMAGES)
def test_a_damaged_safetensors_file_is_refused(damage: str, tmp_path: Path) -> None:
    """As with JSON: one short line says what was expected and what came, and the model stays as it was."""
    content, complaint = TENSOR_DAMAGES[damage]
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    assert complaint in refused(Pair(), path)


@pytest.mark.parametrize(
    ("name", "content"),
    [("model.json", GOOD.encode()), ("model.safetensors", tensors(META, W, B)), ("model.safetensors", arrays())],
)
def test_the_undamaged_file_is_accepted(name: str, content: bytes, tmp_path: Path) -> None:
    """What the damages above start from is good."""
    (tmp_path / name).write_bytes(content)
    model = Pair()
    fill(model, random.Random(3))
    nn.load(model, tmp_path / name)
    assert data(model) == [1.0, 2.0, 3.0]


def test_every_cut_is_noticed(path: Path) -> None:
    """A file that ends early, wherever, is refused."""
    nn.save(Pair(), path)
    content = path.read_bytes().removesuffix(b"\n")
    for end in range(len(content)):
        path.write_bytes(content[:end])
        refused(Pair(), path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 250), st.binary(max_size=3), st.integers(0, 3))
def test_a_random_change_is_harmless(path: Path, start: int, new: bytes, length: int) -> None:
    """Whatever bytes are changed, a file either loads finite floats or is refused with a ValueError."""
    content = tensors(META, W, B) if path.suffix == ".safetensors" else GOOD.encode()
    start, model = start % len(content), Pair()
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


def test_an_enormous_file_is_not_read(path: Path) -> None:
    """A file larger than such a model may need is refused after that many bytes: this one has a gigabyte."""
    with open(path, "wb") as file:
        file.truncate(10**9)
    most = 1000 + sum(64 + 12 * len(name) for name in ("w[0]", "w[1]", "b")) + 12 * len('{"class": "Pair"}')
    tracemalloc.start()
    try:
        assert refused(Pair(), path) == f"expected at most {most} bytes for this model, got more"
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()
    size = len(tensors(META, W, B))
    for length in (most, most + 1):
        text, header = GOOD.ljust(length).encode(), tensors(META, W, B, padding=length - size)
        path.write_bytes(header if path.suffix == ".safetensors" else text)
        if length == most:
            nn.load(Pair(), path)
        else:
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


def test_every_safetensors_file_is_within_the_limit(tmp_path: Path) -> None:
    """Also where the header is long beside the numbers: thousands of single numbers with names of one letter."""
    model, other = Module(), Module()
    for letter in map(chr, range(0x4E00, 0x4E00 + 5000)):
        vars(model)[letter], vars(other)[letter] = Value(1.0), Value(2.0)
    nn.save(model, tmp_path / "model.safetensors")
    nn.load(other, tmp_path / "model.safetensors")
    assert set(data(other)) == {1.0}


def test_a_file_of_another_model_is_refused(path: Path) -> None:
    """Sizes that differ are seen in the names or in the lengths of the lists, before anything changes."""
    nn.save(MLP(2, [3, 1]), path)
    for other, complaint in [
        (MLP(3, [3, 1]), "expected a file of MLP 3-3-1, got one of MLP 2-3-1"),
        (MLP(2, [4, 1]), "expected a file of MLP 2-4-1, got one of MLP 2-3-1"),
        (MLP(2, [3, 1, 1]), "expected a file of MLP 2-3-1-1, got one of MLP 2-3-1"),
        (Layer(2, 3), "expected a file of Layer 2-3, got one of MLP 2-3-1"),
    ]:
        assert refused(other, path) == complaint


def test_an_old_file_of_another_model_is_refused(path: Path) -> None:
    """In a file of version 1, which has no architecture, sizes that differ are seen in names and lengths."""
    first = "b" if path.suffix == ".safetensors" else "w"  # which has its arrays in the order of the alphabet
    as_version_1(MLP(2, [3, 1]), path)
    for other, complaint in [
        (MLP(3, [3, 1]), 'expected 3 numbers for "layers.0.neurons.0.w", got a list of 2'),
        (MLP(2, [4, 1]), 'expected the parameter "layers.0.neurons.3.w", got none of this name'),
        (MLP(2, [2, 1]), f'expected only parameters of the model, got "layers.0.neurons.2.{first}"'),
        (Layer(2, 3), 'expected the parameter "neurons.0.w", got none of this name'),
    ]:
        assert refused(other, path) == complaint


# --- The architecture -----------------------------------------------------------------------------------


KNOWN: list[Callable[[], Module]] = [
    lambda: Neuron(3),
    lambda: Neuron(2, nonlin=False),
    lambda: Neuron(1, activation="silu"),
    lambda: Layer(2, 3, activation="tanh"),
    lambda: Layer(4, 1),
    lambda: MLP(1, [1]),
    lambda: MLP(2, [16, 16, 1], activation=["tanh", "gelu"], output="sigmoid"),
    lambda: MLP(3, [4, 2], activation=autograd.tanh, output=autograd.sin),
    lambda: MLP(64, [30, 10], activation="sigmoid", output="leaky_relu", init="xavier"),
]


@pytest.mark.parametrize("make", KNOWN)
def test_a_known_model_is_built_from_its_file(make: Callable[[], Module], path: Path) -> None:
    """`load` of a path alone gives the same class, sizes, activations and numbers, in floats of every size."""
    model = make()
    fill(model, random.Random(1))
    nn.save(model, path)
    again = nn.load(path)
    assert type(again) is type(model)
    assert repr(again).lower() == repr(model).lower()
    assert dict(again.named_parameters()).keys() == dict(model.named_parameters()).keys()
    assert data(again) == data(model)
    x = [0.3 * k - 0.5 for k in range(64)]
    nin = sum(name.split("neurons.0.")[-1].startswith("w") for name, _ in model.named_parameters()
              if "layers." not in name or name.startswith("layers.0.neurons.0."))  # fmt: skip
    nin = nin if isinstance(model, (MLP, Neuron)) else len(model.neurons[0].w)  # type: ignore[attr-defined]
    assert again.outputs(x[:nin]) == model.outputs(x[:nin])
    nn.save(again, path)
    assert data(nn.load(str(path))) == data(nn.load(path=path)) == data(model)


def changed(model: MLP, change: Callable[[MLP], object]) -> MLP:
    """The model after a change."""
    change(model)
    return model


@pytest.mark.parametrize(
    ("make", "whose"),
    [
        (Pair, "one of the class Pair"),
        (Everything, "one of the class Everything"),
        (lambda: type("Big", (MLP,), {})(2, [1]), "one of the class Big"),
        (
            lambda: changed(MLP(2, [2]), lambda m: setattr(m, "scale", Value(2.0))),
            "one of the class MLP, changed since it was built",
        ),
        (lambda: changed(MLP(2, [2, 2]), lambda m: m.layers.pop()), None),
        (
            lambda: changed(MLP(2, [2, 2]), lambda m: m.layers.append(m.layers[1])),
            "one of the class MLP, changed since it was built",
        ),
        (
            lambda: changed(MLP(2, [2, 2]), lambda m: m.layers[0].neurons.pop()),
            "one of the class MLP, changed since it was built",
        ),
        (
            lambda: changed(MLP(2, [2]), lambda m: setattr(m.layers[0].neurons[1], "_activate", autograd.tanh)),
            "one of the class MLP, changed since it was built",
        ),
        (
            lambda: changed(MLP(2, [2]), lambda m: setattr(m.layers[0].neurons[1], "b", autograd.constant(1.0))),
            "one of the class MLP, changed since it was built",
        ),
    ],
)
def test_a_model_that_the_file_cannot_describe(make: Callable[[], Module], whose: str | None, path: Path) -> None:
    """A class of one's own, and a known one that was changed, are refused with the way out, which works."""
    model = make()
    nn.save(model, path)
    if whose is None:  # changed, and regular still
        assert data(nn.load(path)) == data(model)
        return
    complaint = f"{path}: expected a file of an MLP, a Layer or a Neuron, got {whose}: build the same model again"
    with pytest.raises(ValueError, match=f"^{re.escape(complaint)}"):
        nn.load(path)
    twin = make()
    fill(twin, random.Random(2))
    nn.load(twin, path)
    assert data(twin) == data(model)


def test_activations_of_ones_own_are_in_the_code(path: Path) -> None:
    """A function is no data: its name is held against that of the model's, and nothing is built from it."""

    def bent(z: Value) -> Value:
        return z.tanh() + z

    def steep(z: Value) -> Value:
        return z.tanh() * 2.0

    nn.save(MLP(1, [2, 1], bent), path)
    with pytest.raises(
        ValueError, match=r"expected activations that are known by name, got 'bent\(\)': build the same"
    ):
        nn.load(path)
    nn.load(MLP(1, [2, 1], bent), path)
    assert refused(MLP(1, [2, 1], steep), path) == ("expected the activation steep() of layers.0.neurons.0, got bent()")


class Net(Module):
    """A network of one's own that contains known modules."""

    def __init__(self, activation: str = "tanh", output: str = "linear") -> None:
        self.body = MLP(2, [3, 2], activation)
        self.heads = {"a": [Neuron(2, activation=output), Layer(2, 2, activation=output)]}


@pytest.mark.parametrize(
    ("saved", "other", "complaint"),
    [
        (lambda: MLP(2, [3, 1], "tanh"), lambda: MLP(2, [3, 1]), "relu of layers.0.neurons.0, got tanh"),
        (lambda: MLP(2, [3, 1]), lambda: MLP(2, [3, 1], output="tanh"), "tanh of layers.1.neurons.0, got linear"),
        (lambda: Layer(2, 3), lambda: Layer(2, 3, nonlin=False), "linear of neurons.0, got relu"),
        (lambda: Neuron(2), lambda: Neuron(2, activation="sin"), "sin, got relu"),
        (Net, lambda: Net("relu"), "relu of body.layers.0.neurons.0, got tanh"),
        (Net, lambda: Net(output="relu"), "relu of heads.a.0, got linear"),
        (
            lambda: MLP(1, [2], output="tanh"),
            lambda: changed(
                MLP(1, [2], output="tanh"), lambda m: m.layers[0].neurons.__setitem__(1, Neuron(1, activation="sin"))
            ),
            "sin of layers.0.neurons.1, got tanh",
        ),
        (
            lambda: changed(
                MLP(1, [2], output="tanh"), lambda m: m.layers[0].neurons.__setitem__(1, Neuron(1, activation="sin"))
            ),
            lambda: MLP(1, [2], output="tanh"),
            "tanh of layers.0.neurons.1, got sin",
        ),
    ],
)
def test_other_activations_are_refused(
    saved: Callable[[], Module], other: Callable[[], Module], complaint: str, path: Path
) -> None:
    """Numbers that were learned with one activation mean nothing with another: the first that differs is named."""
    nn.save(saved(), path)
    nn.load(saved(), path)
    assert refused(other(), path) == f"expected the activation {complaint}"


def test_models_that_contain_themselves_or_much(path: Path) -> None:
    """A module that knows where it belongs, and one inside another a thousand deep, are described without end."""
    model, twin = MLP(2, [3, 1], "tanh"), MLP(2, [3, 1], "tanh")
    for each in (model, twin):
        each.layers[0].parent = each  # type: ignore[attr-defined]
    nn.save(model, path)
    nn.load(twin, path)
    assert data(twin) == data(model)
    assert "sin" in refused(MLP(2, [3, 1], "sin"), path)
    deep: Module = Neuron(1)
    for _ in range(1000):
        outer = Module()
        outer.x = deep  # type: ignore[attr-defined]
        deep = outer
    nn.save(deep, path)
    nn.load(deep, path)


def test_a_class_may_change_its_name(path: Path) -> None:
    """What a class of one's own is called does not matter, nor what it computes besides."""

    class Renamed(Net):
        pass

    nn.save(Net(), path)
    model = Renamed()
    nn.load(model, path)
    subclass = type("Big", (MLP,), {})
    nn.save(subclass(2, [2, 1]), path)
    nn.load(MLP(2, [2, 1]), path)
    assert "tanh" in refused(MLP(2, [2, 1], "tanh"), path)


@pytest.mark.parametrize("name", ["model.json", "model.pkl", "model", "model.safetensors"])
def test_old_files_can_be_loaded(name: str, tmp_path: Path) -> None:
    """Files of version 1 load into a model, under whatever name they have; a model cannot be built from them."""
    model, other = MLP(2, [3, 1], "tanh"), MLP(2, [3, 1], "relu")
    as_version_1(model, tmp_path / ("old.safetensors" if "safe" in name else "old.json"))
    (old,) = tmp_path.iterdir()
    old.rename(tmp_path / name)
    nn.load(other, tmp_path / name)
    assert data(other) == data(model)
    with pytest.raises(ValueError, match="got one that does not say of which: build the same model again"):
        nn.load(tmp_path / name)


LINE = '{"class": "Neuron", "nin": 2, "activation": "linear"}'


@pytest.mark.parametrize(
    ("architecture", "complaint"),
    [
        ("null", "expected a file of an MLP, a Layer or a Neuron, got one that does not say of which"),
        ('"MLP"', "got one that does not say of which"),
        ('{"class": 3}', "got one that does not say of which"),
        ('{"class": "os.system", "nin": 2}', "got one of the class os.system"),
        ('{"class": "__import__"}', "got one of the class __import__"),
        ('{"class": "MLP"}', "got one of the class MLP, changed since it was built"),
        ('{"class": "MLP", "nin": 2}', "expected the architecture of MLP with nin, nouts, activations, got ['class', "),
        (LINE.replace("}", ', "rng": 1}'), "expected the architecture of Neuron with nin, activation"),
        (LINE.replace("2", "-2"), "expected sizes that are whole numbers from 1 to a thousand million, got -2.0"),
        (LINE.replace("2", "2.5"), "expected sizes that are whole numbers from 1 to a thousand million, got 2.5"),
        (LINE.replace("2", "true"), "expected sizes that are whole numbers from 1 to a thousand million, got True"),
        (LINE.replace("2", "[2]"), "expected sizes that are whole numbers from 1 to a thousand million, got [2.0]"),
        (LINE.replace("2", "1e300"), "a thousand million, got 1e+300"),
        (LINE.replace("2", "3"), "expected 4 parameters for the sizes 3-1, got 3"),
        (LINE.replace('"linear"', '"Value"'), "expected activations that are known by name, got 'Value'"),
        (LINE.replace('"linear"', '"softmax"'), "expected activations that are known by name, got 'softmax'"),
        (LINE.replace('"linear"', '"__class__"'), "expected activations that are known by name, got '__class__'"),
        (LINE.replace('"linear"', "3"), "expected activations that are known by name, got 3.0"),
        (LINE.replace('"linear"', "[1]"), "expected activations that are known by name, got [1.0]"),
        (
            '{"class": "MLP", "nin": 2, "nouts": 1, "activations": ["linear"]}',
            "a size and an activation for each layer",
        ),
        ('{"class": "MLP", "nin": 2, "nouts": [], "activations": []}', "a size and an activation for each layer"),
        ('{"class": "MLP", "nin": 2, "nouts": [1], "activations": []}', "a size and an activation for each layer"),
        ('{"class": "Layer", "nin": 2, "nout": 1, "activation": "tanh"}', 'expected the parameter "neurons.0.w"'),
        (f'{{"class": "Net", "modules": {{"a": {LINE}}}}}', "got one of the class Net"),
    ],
)
def test_a_hostile_architecture_is_refused(architecture: str, complaint: str, tmp_path: Path) -> None:
    """Nothing is built from sizes that the numbers do not have, and a name is looked up in the table only."""
    path = tmp_path / "model.json"
    path.write_text(described(architecture), encoding="utf-8")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: ')}.*{re.escape(complaint)}") as error:
            nn.load(path)
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()
    assert len(str(error.value)) < len(str(path)) + 400


def test_deep_architectures_are_refused(tmp_path: Path) -> None:
    """Modules in modules, thousands deep, do not exhaust the stack."""
    for depth in (50, 200, 400, 900, 5000):
        deep = '{"modules": {"a": ' * depth + "{}" + "}}" * depth
        (tmp_path / "model.json").write_text(described(deep).replace('"w"', '"W"'), encoding="utf-8")
        refused(BIG, tmp_path / "model.json")


def test_an_enormous_file_is_not_built_from(path: Path) -> None:
    """Where no model says how much there may be, 128 MiB are the most."""
    with open(path, "wb") as file:
        file.truncate(10**9)
    with pytest.raises(ValueError, match="expected at most 134217728 bytes for a model to be built from it; build the"):
        nn.load(path)


@pytest.mark.parametrize(
    "given", [(), (Pair(),), ("a.json", "b.json"), (None, None), (Pair(), None), (nn.save, "a.json")]
)
def test_what_load_takes(given: tuple[Any, ...]) -> None:
    """A path, or a model and a path: anything else is a TypeError that says so."""
    with pytest.raises(TypeError, match="^load: expected a path, or a model and a path as in load"):
        nn.load(*given)


def test_what_save_takes() -> None:
    """The model comes first."""
    with pytest.raises(TypeError, match="^save: expected a model and a path, as in save.*, got str$"):
        nn.save("model.json", Pair())  # type: ignore[arg-type]


# --- Files that are not there ---------------------------------------------------------------------------


def test_a_missing_file(path: Path) -> None:
    """A file that does not exist is a FileNotFoundError with its name."""
    with pytest.raises(FileNotFoundError, match=r"model\.(json|safetensors)"):
        nn.load(Pair(), path)


def test_a_folder(tmp_path: Path) -> None:
    """A folder can neither be loaded nor be replaced by a file."""
    folder = tmp_path / "folder.json"
    folder.mkdir()
    with pytest.raises(OSError, match="folder"):
        nn.load(Pair(), folder)
    with pytest.raises(OSError, match="folder"):
        nn.save(Pair(), folder)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.json"]
    assert list(folder.iterdir()) == []


def test_a_file_is_whole_on_the_disk_before_it_takes_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it has left Python's buffers when the system is asked to write it out."""
    sizes: list[int] = []
    plain = os.fsync

    def fsync(file: int) -> None:
        sizes.append(os.fstat(file).st_size)
        plain(file)

    monkeypatch.setattr(os, "fsync", fsync)
    nn.save(Pair(), tmp_path / "model.json")
    assert (tmp_path / "model.json").stat().st_size in sizes


def test_what_came_is_shown_short(tmp_path: Path) -> None:
    """A long text in a file is quoted by its first 80 characters."""
    document = {"format": "x" * 500, "version": 1, "parameters": {"w": [1.0, 2.0], "b": 3.0}}
    (tmp_path / "model.json").write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(ValueError, match=r'expected the format "chainrule.nn", got "x{79}$'):
        nn.load(Pair(), tmp_path / "model.json")


def test_a_missing_folder(tmp_path: Path) -> None:
    """Saving makes no folders."""
    with pytest.raises(FileNotFoundError, match="nowhere") as caught:
        nn.save(Pair(), tmp_path / "nowhere" / "model.json")
    assert caught.value.filename == str(tmp_path / "nowhere" / "model.json")
    assert caught.value.strerror == os.strerror(errno.ENOENT)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("action", [nn.save, nn.load])
def test_a_path_is_no_number(action: Callable[..., None]) -> None:
    """An int would mean an open file to Python: it is refused, so that nothing is read from or written to it."""
    with pytest.raises(TypeError, match="int"):
        action(Pair(), 0)

"""Storage: the parameters of a model as a file, which programs can check and which runs nothing.

JSON can be read by people; safetensors, for paths that end so, by other frameworks, and it is smaller. A JSON file is

    {
      "format": "chainrule.nn",
      "version": 2,
      "architecture": {"class": "MLP", "nin": 2, "nouts": [1], "activations": ["linear"]},
      "parameters": {
        "layers.0.neurons.0.w": [0.2355, -0.4687],
        "layers.0.neurons.0.b": 0.0
      }
    }

with the names of :meth:`Module.named_parameters`, where the elements ``w[0]``, ``w[1]``, ... of a list stand together.
A safetensors file has the same names, each with an array of 64-bit floats, of shape (n,) for a list of n parameters and
() for a single one, and all else as its metadata (https://github.com/huggingface/safetensors). Both are data and
nothing that runs: the worst that a file from a stranger can do is to hold bad numbers.

The architecture (:mod:`nn.architecture`) says what the numbers belong to: :func:`load` builds an ``MLP``, a ``Layer``
or a ``Neuron`` from it. That of other models stands in your code: build the same model again, and load the numbers into
it. Files of version 1 have no architecture; their numbers can be loaded into a model.
"""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, overload

from autograd import Value

from .architecture import WAY_OUT, built, description, difference
from .modules import Module
from .replacing import replace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    Path = str | os.PathLike[str]
    Numbers = dict[str, list[float] | float]

FORMAT, VERSION = "chainrule.nn", 2

LAYOUT = """{
  "format": %s,
  "version": %s,
  "architecture": %s,
  "parameters": {
%s
  }
}
"""

MOST = 2**27
"""The bytes of the largest file from which a model is built: some millions of parameters."""


def save(model: Module, path: Path) -> None:
    """Write ``model``, parameters and architecture, to a file: each float can be read back bit for bit.

    The end of ``path`` is the format: ``.json`` or ``.safetensors``. ``path`` holds the old file or the new one, and
    never a part (:mod:`nn.replacing`); a file that is there keeps its mode.

    Raises ValueError for another end of the path, for a parameter that is inf or nan, for two parameters of one name,
    or for a name that a safetensors file cannot hold (``__metadata__``, half a surrogate pair); OSError if the file
    cannot be written, or is none that can be replaced (a pipe, a device); ImportError if it needs the package
    safetensors and that is missing; TypeError for what is no model.
    """
    if not isinstance(model, Module):
        raise TypeError(
            f"save: expected a model and a path, as in save(model, 'model.json'), got {type(model).__name__}"
        )
    expect_suffix(path)
    for name, p in model.named_parameters():
        if not math.isfinite(p.data):
            raise ValueError(f"save: expected finite parameters, got {name} = {p.data}")
    numbers: Numbers = {
        name: [float(p.data) for p in group] if isinstance(group, list) else float(group.data)
        for name, group in groups(model).items()
    }
    architecture = json.dumps(description(model))
    replace(path, (to_safetensors if is_safetensors(path) else to_json)(numbers, architecture))


def expect_suffix(path: Path) -> None:
    """ValueError unless a file of this name can be saved."""
    name = os.fsdecode(path)
    if not name.lower().endswith((".json", ".safetensors")):
        raise ValueError(f"save: expected a path that ends in .json or .safetensors, got {name!r}")


@overload
def load(model: Path) -> Module: ...
@overload
def load(*, path: Path) -> Module: ...
@overload
def load(model: Module, path: Path) -> None: ...
def load(model: Module | Path | None = None, path: Path | None = None) -> Module | None:
    """Read a file that :func:`save` has written: ``model = load("model.json")``, or ``load(model, "model.json")``.

    With a path alone the model is built anew, if it is an ``MLP``, a ``Layer`` or a ``Neuron`` with activations that
    are known by name. With a ``model``, which has the architecture of the one that was saved, the numbers are read into
    its parameters.

    A safetensors file if the path ends in ``.safetensors``, else JSON. Arrays of 32-bit and 16-bit floats, which other
    programs write, are accepted: their numbers are 64-bit floats too. All or nothing: everything is checked before the
    first parameter changes. Gradients stay as they are.

    Raises ValueError, which names the file, what was expected and what came, for a file that is not safetensors, or not
    JSON in UTF-8, or has another format or version, other sizes or activations, other names, other lengths, a key
    twice, anything but finite floats, or more bytes than such a model may need (64 for each parameter, 12 for each
    letter of its name and of its architecture, and 1,000; 128 MiB where it is built). Raises FileNotFoundError, or
    another OSError, if there is no such file or it cannot be read; ImportError if that needs the package safetensors
    and it is missing.
    """
    if isinstance(model, Module) and path is not None:
        checked(path, model)
        return None
    given = [x for x in (model, path) if x is not None]
    if len(given) != 1 or isinstance(given[0], Module):
        got = " and ".join([type(x).__name__ for x in given]) or "nothing"
        raise TypeError(f"load: expected a path, or a model and a path as in load(model, 'model.json'), got {got}")
    return checked(given[0], None)


def checked(path: Path, model: Module | None) -> Module:
    """The model with the numbers of a file; one that is built from it where none is given."""
    read = from_safetensors if is_safetensors(path) else from_json
    most = MOST if model is None else room_for(model)
    with open(os.fspath(path), "rb") as file:
        content = file.read(min(os.fstat(file.fileno()).st_size or most, most) + 1)
    try:
        if len(content) > most:
            whose = "this model" if model is not None else f"a model to be built from it; {WAY_OUT}"
            raise ValueError(f"expected at most {most} bytes for {whose}, got more")
        architecture, stored = opened(read(content))
        if model is None:
            model = built(architecture, sum([len(x) if isinstance(x, list) else 1 for x in stored.values()]))
        elif architecture is not None:
            found = difference(architecture, model)
            if found:
                raise ValueError(found)
        loaded = list(match(groups(model), stored))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: expected JSON in UTF-8, got an error: {error}") from None
    except RecursionError:
        raise ValueError(f"{path}: expected lists in an object in an object, got deeper nesting") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    for p, number in loaded:
        p.data = number
    return model


def room_for(model: Module) -> int:
    """The most bytes that a file of this model may have."""
    names = [name for name, _ in model.named_parameters()]
    return 1000 + sum([64 + 12 * len(name) for name in names]) + 12 * len(json.dumps(description(model)))


def is_safetensors(path: str | os.PathLike[str]) -> bool:
    """Whether a file of this name is one in safetensors format, in capitals or not."""
    return os.fsdecode(path).lower().endswith(".safetensors")


def to_json(numbers: Numbers, architecture: str) -> bytes:
    """A JSON file with a line for each name."""
    lines = [f"    {json.dumps(name)}: {json.dumps(content)}" for name, content in numbers.items()]
    return (LAYOUT % (json.dumps(FORMAT), VERSION, architecture, ",\n".join(lines))).encode("ascii")


def from_json(content: bytes) -> object:
    """The document in a JSON file, its numbers being finite floats."""
    return json.loads(
        content.decode(), object_pairs_hook=unique, parse_float=finite, parse_int=finite, parse_constant=finite
    )


def to_safetensors(numbers: Numbers, architecture: str) -> bytes:
    """A safetensors file with an array for each name. ValueError for a name that it cannot hold."""
    import numpy as np

    if "__metadata__" in numbers:
        raise ValueError("save: expected names that a safetensors file can hold, got __metadata__")
    arrays = {name: np.array(content, np.float64) for name, content in numbers.items()}
    metadata = {"format": FORMAT, "version": str(VERSION), "architecture": architecture}
    content: bytes = safetensors().numpy.save(arrays, metadata)
    return content


def from_safetensors(content: bytes) -> object:
    """What a JSON file would say instead: the metadata, and the arrays of finite floats as numbers and lists.

    The library checks the file. The header, which is JSON after its length in 8 bytes, is read once more for what the
    library leaves out: the metadata, and whether a name stands there twice.
    """
    import numpy as np

    library = safetensors()
    try:
        arrays = dict(sorted(library.numpy.load(content).items()))  # by name, as in the file
    except (library.SafetensorError, KeyError, ValueError) as error:  # KeyError: a type that NumPy does not have
        raise ValueError(f"expected a safetensors file of floats, got an error: {shown(str(error))}") from None
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")].decode(), object_pairs_hook=unique)
    for name, array in arrays.items():
        if array.dtype.kind != "f" or array.ndim > 1:
            got = f"{array.dtype} of shape {array.shape}"
            raise ValueError(f"expected a float or a list of floats for {shown(name)}, got {got:.80}")
        if not np.isfinite(array).all():
            raise ValueError(f"expected finite numbers for {shown(name)}, got {array[~np.isfinite(array)][0]}")
    numbers = {name: array.tolist() for name, array in arrays.items()}
    metadata = dict(header.get("__metadata__") or {})
    if metadata.get("version") in ("1", "2"):  # as texts, as all metadata of safetensors are
        metadata["version"] = float(metadata["version"])
    if "architecture" in metadata:
        metadata["architecture"] = from_json(metadata["architecture"].encode())
    return unique([*metadata.items(), ("parameters", numbers)])


def safetensors() -> ModuleType:
    """The package safetensors, which only files in its format need. ImportError if it is missing."""
    try:
        import safetensors.numpy
    except ImportError as error:
        raise ImportError(
            "files that end in .safetensors need the package safetensors: pip install safetensors"
        ) from error
    return safetensors


def groups(model: Module) -> dict[str, Value | list[Value]]:
    """The parameters as they stand in a file: a single one under its name, those of a list together.

    Raises ValueError for two parameters of one name.
    """
    grouped: dict[str, Value | list[Value]] = {}
    for name, p in model.named_parameters():
        before, bracket, _ = name.rpartition("[")  # layers.0.neurons.3.w[5]
        group = grouped.setdefault(before, []) if bracket else grouped.setdefault(name, p)
        if bracket and isinstance(group, list):
            group.append(p)
        elif group is not p:
            raise ValueError(f"expected each parameter to have a name of its own, got a second one for {name}")
    return grouped


def opened(document: object) -> tuple[object, dict[str, object]]:
    """The architecture in a document, None if it has none, and the parameters. ValueError for another document."""
    if not isinstance(document, dict):
        raise ValueError(f"expected an object, got {shown(document)}")
    got = shown(document["format"]) if "format" in document else "none"
    if got != shown(FORMAT):
        raise ValueError(f"expected the format {shown(FORMAT)}, got {got}")
    version = document.get("version")
    if not isinstance(version, float) or version not in (1.0, VERSION):
        raise ValueError(
            f"expected the version {VERSION} or 1, got {shown(version) if 'version' in document else 'none'}"
        )
    stored = document.get("parameters")
    keys = {"format", "version", "parameters", *(["architecture"] if version == VERSION else [])}
    if not isinstance(stored, dict) or document.keys() != keys:
        got = f"{len(document)} keys and {shown(stored)} as parameters"
        wanted = ", ".join([key for key in ("format", "version", "architecture") if key in keys])
        raise ValueError(f"expected {wanted}, an object of parameters and no other key, got {got}")
    return document.get("architecture"), stored


def match(expected: dict[str, Value | list[Value]], stored: dict[str, object]) -> Iterator[tuple[Value, float]]:
    """Each parameter with its number in a file. ValueError where the file does not fit the model."""
    for name in expected:
        if name not in stored:
            raise ValueError(f"expected the parameter {shown(name)}, got none of this name")
    for name in stored:
        if name not in expected:
            raise ValueError(f"expected only parameters of the model, got {shown(name)}")
    for name, group in expected.items():
        parameters, numbers = (group, stored[name]) if isinstance(group, list) else ([group], [stored[name]])
        if not isinstance(numbers, list) or len(numbers) != len(parameters):
            raise ValueError(f"expected {len(parameters)} numbers for {shown(name)}, got {shown(numbers)}")
        for p, number in zip(parameters, numbers, strict=True):
            if not isinstance(number, float):
                raise ValueError(f"expected a number in {shown(name)}, got {shown(number)}")
            yield p, number


def shown(x: object) -> str:
    """What came, for a message: in JSON's spelling, and short."""
    if isinstance(x, dict):
        return "an object"
    if isinstance(x, list):
        return f"a list of {len(x)}"
    return json.dumps(x).removesuffix(".0")[:80]


def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object, which has each key once."""
    found: dict[str, object] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"expected each key once, got {shown(key)} twice")
        found[key] = value
    return found


def finite(text: str) -> float:
    """A JSON number, which a float can hold."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"expected finite numbers, got {text:.30}")
    return number

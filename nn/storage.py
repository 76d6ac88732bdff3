"""Storage: the parameters of a model as a file, which programs can check and which runs nothing.

JSON can be read by people; safetensors, for paths that end so, by other frameworks, and it is smaller.

The architecture stays in your code: build the same model again and :func:`load` the numbers into it. A JSON file is

    {
      "format": "chainrule.nn",
      "version": 1,
      "parameters": {
        "layers.0.neurons.0.w": [0.2355, -0.4687],
        "layers.0.neurons.0.b": 0.0
      }
    }

with the names of :meth:`Module.named_parameters`, where the elements ``w[0]``, ``w[1]``, ... of a list stand together.
A safetensors file has the same names, each with an array of 64-bit floats, of shape (n,) for a list of n parameters and
() for a single one, and format and version as its metadata (https://github.com/huggingface/safetensors). Both are data
and nothing that runs: the worst that a file from a stranger can do is to hold bad numbers.
"""

from __future__ import annotations

import json
import math
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from autograd import Value

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from .modules import Module

    Numbers = dict[str, list[float] | float]

HEADER: Mapping[str, str | int] = {"format": "chainrule.nn", "version": 1}
METADATA = {"format": "chainrule.nn", "version": "1"}  # the same as texts, as metadata of safetensors are

LAYOUT = """{
  "format": %s,
  "version": %s,
  "parameters": {
%s
  }
}
"""


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the parameters of ``model`` to the file ``path``, so that each float can be read back bit for bit.

    In safetensors format if ``path`` ends in ``.safetensors``, else as JSON. Atomic: the content goes to a temporary
    file in the same folder, which takes the place of ``path`` once it is complete. So ``path`` holds the old file or
    the new one, and never a part.

    Raises ValueError for a parameter that is inf or nan, for two parameters of one name, or for a name that a
    safetensors file cannot hold (``__metadata__``, half a surrogate pair); OSError if the file cannot be written;
    ImportError if it needs the package safetensors and that is missing.
    """
    for name, p in model.named_parameters():
        if not math.isfinite(p.data):
            raise ValueError(f"save: expected finite parameters, got {name} = {p.data}")
    numbers: Numbers = {
        name: [float(p.data) for p in group] if isinstance(group, list) else float(group.data)
        for name, group in groups(model).items()
    }
    content = to_safetensors(numbers) if is_safetensors(path) else to_json(numbers)
    target = os.path.realpath(path)  # what a symbolic link points to
    temporary = f"{target}.{os.urandom(4).hex()}.tmp"
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise type(error)(error.errno, error.strerror, os.fspath(path)) from None
    finally:
        with suppress(OSError):
            os.remove(temporary)


def load(model: Module, path: str | os.PathLike[str]) -> None:
    """Read the file ``path`` into the parameters of ``model``, which has the architecture of the model that was saved.

    A safetensors file if ``path`` ends in ``.safetensors``, else JSON. Arrays of 32-bit and 16-bit floats, which other
    programs write, are accepted: their numbers are 64-bit floats too. All or nothing: everything is checked before the
    first parameter changes. Gradients stay as they are.

    Raises ValueError, which names the file, what was expected and what came, for a file that is not safetensors, or not
    JSON in UTF-8, or has another format or version, other names, other lengths, a key twice, anything but finite
    floats, or more bytes than such a model may need (64 for each parameter, 12 for each letter of its name, and 1,000).
    Raises FileNotFoundError, or another OSError, if there is no such file or it cannot be read; ImportError if that
    needs the package safetensors and it is missing.
    """
    read, header = (from_safetensors, METADATA) if is_safetensors(path) else (from_json, HEADER)
    most = 1000 + sum(64 + 12 * len(name) for name, _ in model.named_parameters())
    with open(os.fspath(path), "rb") as file:
        content = file.read(most + 1)
    try:
        if len(content) > most:
            raise ValueError(f"expected at most {most} bytes for this model, got more")
        loaded = list(match(groups(model), header, read(content)))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path}: expected JSON in UTF-8, got an error: {error}") from None
    except RecursionError:
        raise ValueError(f"{path}: expected lists in an object in an object, got deeper nesting") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    for p, number in loaded:
        p.data = number


def is_safetensors(path: str | os.PathLike[str]) -> bool:
    """Whether a file of this name is one in safetensors format, in capitals or not."""
    return os.fsdecode(path).lower().endswith(".safetensors")


def to_json(numbers: Numbers) -> bytes:
    """A JSON file with a line for each name."""
    lines = [f"    {json.dumps(name)}: {json.dumps(content)}" for name, content in numbers.items()]
    return (LAYOUT % (*map(json.dumps, HEADER.values()), ",\n".join(lines))).encode("ascii")


def from_json(content: bytes) -> object:
    """The document in a JSON file, its numbers being finite floats."""
    return json.loads(
        content.decode(), object_pairs_hook=unique, parse_float=finite, parse_int=finite, parse_constant=finite
    )


def to_safetensors(numbers: Numbers) -> bytes:
    """A safetensors file with an array for each name. ValueError for a name that it cannot hold."""
    import numpy as np

    if "__metadata__" in numbers:
        raise ValueError("save: expected names that a safetensors file can hold, got __metadata__")
    arrays = {name: np.array(content, np.float64) for name, content in numbers.items()}
    content: bytes = safetensors().numpy.save(arrays, METADATA)
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
    return unique([*(header.get("__metadata__") or {}).items(), ("parameters", numbers)])


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


def match(
    expected: dict[str, Value | list[Value]], header: Mapping[str, str | int], document: object
) -> Iterator[tuple[Value, float]]:
    """Each parameter with its number in the document. ValueError where the document does not fit header and model."""
    if not isinstance(document, dict):
        raise ValueError(f"expected an object, got {shown(document)}")
    for key, wanted in header.items():
        got = shown(document[key]) if key in document else "none"
        if got != shown(wanted):
            raise ValueError(f"expected the {key} {shown(wanted)}, got {got}")
    stored = document.get("parameters")
    if not isinstance(stored, dict) or len(document) != 3:
        got = f"{len(document)} keys and {shown(stored)} as parameters"
        raise ValueError(f"expected format, version, an object of parameters and no other key, got {got}")
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

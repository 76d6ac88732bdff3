"""Architecture: what a model is built of, as data that a file can hold - sizes and names, and nothing that runs.

An ``MLP``, a ``Layer`` and a ``Neuron`` are known: from their description the same module can be built again,

    {"class": "MLP", "nin": 2, "nouts": [16, 1], "activations": ["tanh", "sigmoid"]}

A class of your own is described by its name and by the known modules inside it, each under its name there; what else it
computes stands in your code only:

    {"class": "Net", "modules": {"encoder": {"class": "MLP", ...}, "heads.0": {"class": "Layer", ...}}}
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, cast

from .activations import known, name_of
from .modules import MLP, Layer, Module, Neuron

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


def description(module: Module) -> dict[str, object]:
    """What a module is built of."""
    own = known_description(module)
    if own is not None:
        return own
    inside = {name: found for name, inner in inner_modules(module) if (found := known_description(inner)) is not None}
    return {"class": type(module).__name__, **({"modules": inside} if inside else {})}


def known_description(module: Module) -> dict[str, object] | None:
    """The sizes and activations of a known module; None of another."""
    layers = regular_layers(module)
    if layers is None:
        return None
    name, nin, nouts = type(module).__name__, len(layers[0][0].w), [len(layer) for layer in layers]
    activations = [activation_of(layer[0]) for layer in layers]
    if name == "MLP":
        return {"class": name, "nin": nin, "nouts": nouts, "activations": activations}
    sizes = {"nin": nin, "nout": nouts[0]} if name == "Layer" else {"nin": nin}
    return {"class": name, **sizes, "activation": activations[0]}


def regular_layers(module: Module) -> list[list[Neuron]] | None:
    """The neurons of a known module, layer by layer; None where it is another, or has been changed since it was built.

    Nothing was added to it, no neuron is another class or has another number of inputs, those of a layer have the same
    activation, and no parameter is shared, taken away, or made a constant.
    """
    if type(module) is MLP and untouched(module, {"layers"}):
        inner = list(module.layers)
        if not all([type(layer) is Layer and untouched(layer, {"neurons"}) for layer in inner]):
            return None
        layers = [list(layer.neurons) for layer in inner]
    elif type(module) is Layer and untouched(module, {"neurons"}):
        layers = [list(module.neurons)]
    elif type(module) is Neuron:
        layers = [[module]]
    else:
        return None
    neurons = [neuron for layer in layers for neuron in layer]
    if not all(layers) or not all([type(n) is Neuron and untouched(n, set(NEURON)) for n in neurons]):
        return None
    sizes = [len(layers[0][0].w), *map(len, layers)]
    for nin, layer in zip(sizes, layers, strict=False):
        if any([len(neuron.w) != nin or activation_of(neuron) != activation_of(layer[0]) for neuron in layer]):
            return None
    return layers if len(module.parameters()) == count(sizes) else None


NEURON = ("w", "b", "activation", "nonlin", "_activate")


def untouched(module: Module, attributes: set[str]) -> bool:
    """Whether a module has the attributes that it was built with, and no other."""
    return vars(module).keys() - {"_predictor"} == attributes


def count(sizes: list[int]) -> int:
    """How many parameters layers of these sizes have, each fully connected to the one before."""
    return sum([(nin + 1) * nout for nin, nout in pairwise(sizes)])


def activation_of(neuron: Neuron) -> str:
    """The name of what a neuron computes with its weighted sum; of a function of the user's own, that with ()."""
    activate = neuron._activate
    name = name_of(activate)
    return name or f"{getattr(activate, '__name__', type(activate).__name__)}()"


def inner_modules(module: Module, *, deep: bool = False) -> Iterator[tuple[str, Module]]:
    """The modules inside a module, each once, with its name there; inside those that are known only if ``deep``."""
    seen: set[int] = {id(module)}
    stack: list[tuple[str, object]] = [("", vars(module))]
    while stack:
        name, content = stack.pop()
        if isinstance(content, Module):
            yield name, content
            if not deep and regular_layers(content) is not None:
                continue
            content = vars(content)
        items: Iterable[tuple[object, object]] = (
            content.items() if isinstance(content, dict) else enumerate(cast("Sequence[object]", content))
        )
        for key, item in reversed(list(items)):
            if isinstance(item, (Module, dict, list, tuple)) and id(item) not in seen:
                seen.add(id(item))
                stack.append((f"{name}.{key}" if name else str(key), item))


def built(described: object, numbers: int) -> Module:
    """The module that a description is of. ValueError for one that is not known, or whose sizes make no sense.

    ``numbers`` is how many numbers there are to fill it with: so many parameters it must have, before it is built.
    """
    name = described.get("class") if isinstance(described, dict) else None
    if not isinstance(described, dict) or name not in ("MLP", "Layer", "Neuron") or "nin" not in described:
        changed = ", changed since it was built" if name in ("MLP", "Layer", "Neuron") else ""
        whose = f"one of the class {name:.60}{changed}" if isinstance(name, str) else "one that does not say of which"
        raise ValueError(f"expected a file of an MLP, a Layer or a Neuron, got {whose}: {WAY_OUT}")
    keys = {"MLP": ("nouts", "activations"), "Layer": ("nout", "activation"), "Neuron": ("activation",)}[name]
    if described.keys() != {"class", "nin", *keys}:
        raise ValueError(
            f"expected the architecture of {name} with nin, {', '.join(keys)}, got {list(described)!s:.80}"
        )
    nouts = described.get("nouts", [described.get("nout", 1.0)])
    chosen = described["activations"] if name == "MLP" else [described["activation"]]
    if not isinstance(nouts, list) or not isinstance(chosen, list) or len(nouts) != len(chosen) or not nouts:
        raise ValueError(f"expected a size and an activation for each layer, got {nouts!s:.80} and {chosen!s:.80}")
    sizes = [as_size(size) for size in (described["nin"], *nouts)]
    if count(sizes) != numbers:
        shape = "-".join(map(str, sizes))
        raise ValueError(f"expected {count(sizes)} parameters for the sizes {shape:.80}, got {numbers}")
    for activation in chosen:
        if not isinstance(activation, str) or (activation != "linear" and activation not in known()):
            raise ValueError(f"expected activations that are known by name, got {activation!r:.80}: {WAY_OUT}")
    if name == "MLP":
        return MLP(sizes[0], sizes[1:], activation=chosen[:-1], output=chosen[-1])
    if name == "Layer":
        return Layer(sizes[0], sizes[1], activation=chosen[0])
    return Neuron(sizes[0], activation=chosen[0])


WAY_OUT = "build the same model again in your code, and say nn.load(model, path)"


def as_size(size: object) -> int:
    """A number of inputs or neurons, which JSON has as a float here."""
    if isinstance(size, bool) or not isinstance(size, (int, float)) or not 1 <= size < 1e9 or size != int(size):
        raise ValueError(f"expected sizes that are whole numbers from 1 to a thousand million, got {size!r:.80}")
    return int(size)


def difference(stored: object, module: Module) -> str | None:
    """What a stored description has otherwise than a module, as a message; None if that is nothing.

    Held against each other are the sizes of two known modules, and the activation of each neuron that has the same name
    in both. What a class is called does not matter: it may have another name by now.
    """
    if not isinstance(stored, dict):
        return f"expected a description of the model as architecture, got {stored!r:.80}"
    own = description(module)
    if "nin" in own and "nin" in stored and shape(own) != shape(stored):
        return f"expected a file of {shape(own)}, got one of {shape(stored)}"
    theirs, alone = activations(stored), {}
    for name, inner in [("", module), *inner_modules(module, deep=True)]:
        if isinstance(inner, Neuron):
            alone[name] = activation_of(inner)
    for name, activation in alone.items():
        got = theirs.get(name, theirs.get(name.rpartition(".")[0], activation))  # of the neuron, or of all in its layer
        if got != activation:
            place = f" of {name}" if name else ""
            return f"expected the activation {activation}{place}, got {got!s:.60}"
    return None


def activations(described: dict[str, object]) -> dict[str, object]:
    """The activations in a description, each under the name of a neuron, or of the list of neurons of a layer."""
    modules = described.get("modules")
    found: dict[str, object] = {}
    for name, inner in modules.items() if isinstance(modules, dict) else [("", described)]:
        if isinstance(inner, dict):
            dot, chosen = f"{name}." * bool(name), inner.get("activations")
            if isinstance(chosen, list):
                found.update({f"{dot}layers.{i}.neurons": activation for i, activation in enumerate(chosen)})
            elif "activation" in inner:
                found[f"{dot}neurons" if "nout" in inner else name] = inner["activation"]
    return found


def shape(described: dict[str, object]) -> str:
    """A known module in a few words: its class and its sizes."""
    nouts = described.get("nouts", [described["nout"]] if "nout" in described else [])
    sizes = [described["nin"], *(nouts if isinstance(nouts, list) else [nouts])]
    told = "-".join([f"{size:g}" if isinstance(size, (int, float)) else repr(size) for size in sizes])
    return f"{described.get('class')!s:.40} {told:.60}"

"""Modules: functions with parameters. A neuron, a layer of neurons, a network of layers.

A module is nothing but scalar code over :class:`autograd.Value`; backward knows nothing of it. The neuron computes

    z = w . a + b,   a' = activation(z)

as the textbooks write it, the weighted sum being one node of the graph.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Literal

import autograd
from autograd import Value, constant, dot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Activation = str | Callable[[Value], Value]
    Initialisation = Literal["uniform", "xavier", "he"] | Callable[[random.Random, int, int], float]

INITIALISATIONS: dict[str, Callable[[random.Random, int, int], float]] = {
    "uniform": lambda rng, _nin, _nout: rng.uniform(-1, 1),
    "xavier": lambda rng, nin, nout: rng.uniform(-1, 1) * (6 / (nin + nout)) ** 0.5,
    "he": lambda rng, nin, _nout: rng.gauss(0, (2 / nin) ** 0.5),
}
"""How a weight is drawn for a neuron with ``nin`` inputs in a layer of ``nout``.

uniform: U(-1, 1), as micrograd. xavier: U(-r, r) with r = sqrt(6 / (nin + nout)) (Glorot and Bengio 2010, eq. 16), for
tanh and sigmoid. he: N(0, 2 / nin) (He et al. 2015, eq. 10), for the relu family.
"""


class Module:
    """Something with parameters.

    They are the Values among its attributes, in lists, tuples and dicts of them, and in the modules it contains, in the
    order in which they were set.
    """

    def __call__(self, x: Iterable[Value | float]) -> Value | list[Value]:
        """The outputs for the inputs of one example; each kind of module defines it."""
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter with its name, such as ``layers.0.neurons.3.w[5]``."""
        yield from _named("", vars(self))

    def parameters(self) -> list[Value]:
        """The parameters, in the order of :meth:`named_parameters`."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.0: the start of a step, as gradients of leaves add up."""
        for parameter in self.parameters():
            parameter.grad = 0.0


def _named(prefix: str, content: object) -> Iterator[tuple[str, Value]]:
    if isinstance(content, Value):
        yield prefix, content
    elif isinstance(content, Module):
        for name, parameter in content.named_parameters():
            yield f"{prefix}.{name}", parameter
    elif isinstance(content, dict):
        for key, item in content.items():
            yield from _named(f"{prefix}.{key}" if prefix else str(key), item)
    elif isinstance(content, (list, tuple)):
        for index, item in enumerate(content):
            yield from _named(f"{prefix}[{index}]" if isinstance(item, Value) else f"{prefix}.{index}", item)


class Neuron(Module):
    """activation(w . x + b) of ``nin`` inputs.

    Parameters
    ----------
    nin:
        The number of inputs.
    nonlin:
        False for a linear neuron, whatever the activation (micrograd's flag).
    activation:
        ``"linear"``, the name of an operation of one number (``"relu"``, ``"tanh"``, ``"sigmoid"``, ...), or any
        function from a Value to a Value.
    init, rng, nout:
        How the weights are drawn (:data:`INITIALISATIONS`, or a function of (rng, nin, nout)), from which source
        (default: Python's ``random`` module), and the number of neurons in its layer. The bias starts at 0.

    Attributes: ``w``, a list of ``nin`` Values, and ``b``, a Value.

    Raises ValueError for an unknown activation or initialisation.
    """

    def __init__(
        self,
        nin: int,
        nonlin: bool = True,
        *,
        activation: Activation = "relu",
        init: Initialisation = "uniform",
        rng: random.Random | None = None,
        nout: int = 1,
    ) -> None:
        if nin < 1:
            raise ValueError(f"Neuron: expected at least one input, got nin = {nin}")
        if not callable(init) and init not in INITIALISATIONS:
            raise ValueError(f"init: expected one of {', '.join(INITIALISATIONS)}, or a function, got {init!r}")
        draw = init if callable(init) else INITIALISATIONS[init]
        source: Any = random if rng is None else rng
        self.w = [Value(draw(source, nin, nout)) for _ in range(nin)]
        self.b = Value(0)
        self.nonlin = nonlin
        self.activation: Activation = activation if nonlin else "linear"
        self._activate = activation_function(self.activation)

    def __call__(self, x: Iterable[Value | float]) -> Value:
        """The activation for the inputs x. ValueError if their number is not ``nin``."""
        return self._respond(inputs(x, len(self.w), "Neuron"))

    def _respond(self, x: list[Value]) -> Value:
        z = dot(self.w, x, self.b)
        return z if self._activate is None else self._activate(z)

    def __repr__(self) -> str:
        return f"{_title(self.activation)}Neuron({len(self.w)})"


class Layer(Module):
    """``nout`` neurons that see the same ``nin`` inputs: a' = activation(W a + b), row j of W being neuron j's weights.

    Keyword arguments are those of :class:`Neuron`. Attribute: ``neurons``.
    """

    def __init__(self, nin: int, nout: int, **kwargs: Any) -> None:  # noqa: ANN401 - Neuron's
        if nout < 1:
            raise ValueError(f"Layer: expected at least one neuron, got nout = {nout}")
        self.neurons = [Neuron(nin, nout=nout, **kwargs) for _ in range(nout)]

    def __call__(self, x: Iterable[Value | float]) -> Value | list[Value]:
        """The activations for the inputs x: a list, or a single Value where the layer has one neuron."""
        return single(self._respond(inputs(x, len(self.neurons[0].w), "Layer")))

    def _respond(self, x: list[Value]) -> list[Value]:
        return [neuron._respond(x) for neuron in self.neurons]

    def __repr__(self) -> str:
        return f"Layer of [{', '.join(map(repr, self.neurons))}]"


class MLP(Module):
    """A multilayer perceptron: layers one after the other, each fully connected to the one before.

    Parameters
    ----------
    nin, nouts:
        The number of inputs and of neurons in each layer: ``MLP(64, [30, 10])`` is the textbook's 64-30-10 network.
    activation, output:
        The activation of the hidden layers (one for all, or a list with one for each) and of the last layer.
    init, rng:
        As in :class:`Neuron`. ``MLP(2, [16, 16, 1])`` draws the same numbers as micrograd's.

    Attribute: ``layers``. Raises ValueError if ``nouts`` is empty or the list of activations has another length.
    """

    def __init__(
        self,
        nin: int,
        nouts: Sequence[int],
        activation: Activation | Sequence[Activation] = "relu",
        output: Activation = "linear",
        init: Initialisation = "uniform",
        rng: random.Random | None = None,
    ) -> None:
        sizes = [nin, *nouts]
        hidden = len(sizes) - 2
        if hidden < 0:
            raise ValueError("MLP: expected the size of at least one layer, got nouts = []")
        each = [activation] * hidden if isinstance(activation, str) or callable(activation) else list(activation)
        if len(each) != hidden:
            raise ValueError(f"MLP: expected {hidden} activations, one for each hidden layer, got {len(each)}")
        self.layers = [
            Layer(n, m, nonlin=chosen != "linear", activation=chosen, init=init, rng=rng)
            for n, m, chosen in zip(sizes[:-1], sizes[1:], [*each, output], strict=True)
        ]

    def __call__(self, x: Iterable[Value | float]) -> Value | list[Value]:
        """The activations of the last layer: a list, or a single Value where it has one neuron."""
        a = inputs(x, len(self.layers[0].neurons[0].w), "MLP")
        for layer in self.layers:
            a = layer._respond(a)
        return single(a)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def activation_function(activation: Activation) -> Callable[[Value], Value] | None:
    """The function that an activation's name means; None for "linear"."""
    if callable(activation):
        return activation
    if activation == "linear":
        return None
    if any(rule.symbol == activation and rule.operand_names[0] == "x" for rule in autograd.rules.TABLE):
        function: Callable[[Value], Value] = getattr(autograd, activation)
        return function
    expected = "'linear', an operation such as 'relu' or 'tanh', or a function"
    raise ValueError(f"activation: expected {expected}, got {activation!r}")


def inputs(x: Iterable[Value | float], expected: int, who: str) -> list[Value]:
    """The inputs as nodes, each number lifted once for the whole module. ValueError if their count is wrong."""
    given = [a if isinstance(a, Value) else constant(a) for a in x]
    if len(given) != expected:
        raise ValueError(f"{who}: expected {expected} inputs, got {len(given)}")
    return given


def single(a: list[Value]) -> Value | list[Value]:
    """The only element of a list of one; any other list as it is."""
    return a[0] if len(a) == 1 else a


def _title(activation: Activation) -> str:
    name = activation if isinstance(activation, str) else getattr(activation, "__name__", "Custom")
    return "ReLU" if name == "relu" else name.title().replace("_", "")

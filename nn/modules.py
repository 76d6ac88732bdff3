"""Modules: functions with parameters. A neuron, a layer of neurons, a network of layers.

A module is nothing but scalar code over :class:`autograd.Value`; backward knows nothing of it. The neuron computes

    z = w . a + b,   a' = activation(z)

as the textbooks write it, the weighted sum being one node of the graph.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Iterable
from contextvars import ContextVar
from functools import wraps
from itertools import product
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypedDict, cast

import autograd
from autograd import Value, constant, dot

from .activations import activation_function
from .inputs import no_inputs, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeGuard, Unpack

    import numpy as np
    from numpy.typing import NDArray

    from .activations import Activation

    Floats = NDArray[np.float64]
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

OTHER_INITIALISATIONS = {"glorot": "xavier", "kaiming": "he", "random": "uniform"}
"""What they are called elsewhere."""

LONGEST_NAME = 80  # characters, as many as are shown of a label

building: ContextVar[bool] = ContextVar("building", default=False)
"""Whether a module is being built: those inside it leave the names of parameters to it."""


class Module:
    """Something with parameters.

    They are the variables (Values that are neither computed nor constants) among its attributes, in lists, tuples,
    arrays and dicts of them, and in the modules it contains, in the order in which they were set. One that is reached
    on several ways counts once: two modules may share it.

    When the module has been built its parameters are labelled with their names, ``layers.0.neurons.3.w[5]``, unless
    they have other labels. Drawings and derivations tell from these which nodes a module computed
    (``draw(model(x), collapse=True)``).
    """

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "__init__" in vars(cls):
            setattr(cls, "__init__", naming(vars(cls)["__init__"]))  # noqa: B010 - a method that is known to the type checker

    def __call__(self, x: Any) -> Any:  # noqa: ANN401 - so that model(x).backward() type-checks; `outputs` is typed
        """The outputs for the inputs of one example; each kind of module defines it.

        A single Value or a list of them: which of the two it is, only the module knows. So type checkers are told
        nothing, and ``model(x).backward()`` passes; :meth:`outputs` is a list always.
        """
        raise NotImplementedError(f"{type(self).__name__} does not define __call__")

    def outputs(self, x: object) -> list[Value]:
        """The outputs for the inputs of one example as a list, also where it is a single one."""
        out = self(x)
        return [out] if isinstance(out, Value) else list(out)

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter with its name, such as ``layers.0.neurons.3.w[5]``."""
        return _named(self)

    def parameters(self) -> list[Value]:
        """The parameters, in the order of :meth:`named_parameters`."""
        leaf = autograd.rules.LEAF
        variables = [part for part in _parts(self) if isinstance(part, Value) and part.rule is leaf]
        return list(dict.fromkeys(variables))  # each once; a Value hashes by identity

    def zero_grad(self) -> None:
        """Set the gradient of every parameter to 0.0: the start of a step, as gradients of leaves add up."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    _predictor: Predictor | None = None

    def predict(self, X: Sequence[object]) -> Floats:
        """The outputs for all examples X[0], X[1], ... at once, as numbers in an array.

        ``X`` has a row for each of n examples (an n x nin array, or a list of lists). The result is n x k for k
        outputs, and n numbers where the model returns a single Value: row i is what ``model(X[i])`` gives.

        Computed by the array program that :func:`autograd.jit` makes of the model. It is kept for the next call, as
        long as the model consists of the same things; the numbers of the parameters are read anew each time. One of the
        examples, taken at random, is run through the model itself in each call: where the program gives another
        result, because something else has changed (an array, a setting, a class), it is made anew.

        Raises ValueError if X is empty, or if its examples are arranged unlike each other; TypeError if it is no list
        or array, or where it is one example instead of a list of them.
        """
        if self._predictor is None or not self._predictor.fits(self):
            self._predictor = Predictor(self)
        import numpy as np

        try:
            outputs = self._predictor.program.map(X, anew=True)
        except TypeError as error:
            if hasattr(X, "__len__") and all([isinstance(x, (Value, Real)) for x in X]):
                message = f"predict: expected a list of examples; for one, predict([x]); got {X!r}"
                raise TypeError(message) from error
            raise
        return np.moveaxis(np.asarray(outputs), -1, 0)

    def __getstate__(self) -> dict[str, object]:
        """What a copy is made from, or a model in another process: not the program, which it makes itself."""
        return {name: content for name, content in vars(self).items() if name != "_predictor"}


class Predictor:
    """The array program of a module, and all that the module consisted of when it was made."""

    def __init__(self, module: Module) -> None:
        self.program = autograd.jit(module.__call__)
        self._parts = _parts(module)

    def fits(self, module: Module) -> bool:
        """Whether the module still consists of the same things."""
        parts = _parts(module)
        return len(parts) == len(self._parts) and all(map(operator.is_, parts, self._parts))


def _parts(module: Module) -> list[object]:
    """A module, its attributes, what is in each before the next, and so on; what contains others is opened once."""
    parts: list[object] = []
    seen: set[int] = set()
    stack: list[Iterator[object]] = [iter([module])]
    while stack:
        for part in stack[-1]:
            if type(part) is Value:  # most are: the next test takes longer
                parts.append(part)
            elif not isinstance(part, Predictor):
                parts.append(part)
                if (isinstance(part, (Module, dict, list, tuple)) or holds_objects(part)) and id(part) not in seen:
                    seen.add(id(part))
                    stack.append(_contents(part))
                    break
        else:
            stack.pop()
    return parts


def naming(build: Callable[..., None]) -> Callable[..., None]:
    """The ``__init__`` of a module, which afterwards labels the parameters, where the module is not part of another.

    A label that is the end of the name (``w[5]``) was given when an inner module had been built for itself. Names that
    are too long to be read are not given.
    """

    @wraps(build)
    def build_and_name(self: Module, *args: object, **kwargs: object) -> None:
        if building.get():
            build(self, *args, **kwargs)
            return
        token = building.set(True)
        try:
            build(self, *args, **kwargs)
        finally:
            building.reset(token)
        for name, parameter in _named(self, LONGEST_NAME):
            if not parameter.label or f".{name}".endswith(f".{parameter.label}"):
                parameter.label = name

    return build_and_name


def _named(module: Module, longest: float = math.inf) -> Iterator[tuple[str, Value]]:
    """The parameters of a module with their names; what lies so deep that its name is too long is left out."""
    seen: set[int] = set()
    stack: list[tuple[str, object]] = [("", module)]
    while stack:
        name, content = stack.pop()
        known = isinstance(content, (Value, Module, dict, list, tuple)) or holds_objects(content)
        if known and id(content) not in seen:
            seen.add(id(content))
            if not isinstance(content, Value):
                stack.extend([member for member in reversed(_members(name, content)) if len(member[0]) <= longest])
            elif content.rule is autograd.rules.LEAF:
                yield name, content


class Objects(Protocol):
    """An array of NumPy's that holds objects."""

    shape: tuple[int, ...]
    flat: Iterable[object]


def _contents(part: object) -> Iterator[object]:
    """What is in a module, a container or an array."""
    content: object = vars(part) if isinstance(part, Module) else part
    if isinstance(content, dict):
        return iter(content.values())
    return iter(content.flat if holds_objects(content) else cast("Iterable[object]", content))


def holds_objects(x: object) -> TypeGuard[Objects]:
    """Whether this is an array of NumPy's that holds objects, Values perhaps."""
    return getattr(getattr(x, "dtype", None), "kind", "") == "O" and hasattr(x, "flat")


def _members(name: str, content: object) -> list[tuple[str, object]]:
    """What a module, dict, list or array contains, each item with its name."""
    if holds_objects(content):
        places = product(*map(range, content.shape))
        return [(name + "".join([f"[{i}]" for i in at]), x) for at, x in zip(places, content.flat, strict=True)]
    if isinstance(content, (Module, dict)):
        items = content.items() if isinstance(content, dict) else vars(content).items()
        return [(f"{name}.{key}" if name else str(key), item) for key, item in items]
    return [
        (f"{name}[{i}]" if isinstance(item, Value) else f"{name}.{i}", item)
        for i, item in enumerate(cast("Iterable[object]", content))
    ]


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
        if whole("Neuron", "nin", nin) < 1:
            raise ValueError(f"Neuron: expected at least one input, got nin = {nin}")
        if not callable(init) and init not in INITIALISATIONS:
            hint = autograd.rules.did_you_mean(str(init), INITIALISATIONS, OTHER_INITIALISATIONS)
            raise ValueError(f"init: expected one of {', '.join(INITIALISATIONS)}, or a function, got {init!r}{hint}")
        draw = init if callable(init) else INITIALISATIONS[init]
        source = cast("random.Random", random) if rng is None else rng  # the module has the methods of its class
        self.w = [Value(draw(source, nin, nout)) for _ in range(nin)]
        self.b = Value(0)
        self.activation: Activation = activation if nonlin else "linear"
        self.nonlin = self.activation != "linear"
        self._activate = activation_function(self.activation)

    def __call__(self, x: Iterable[Value | float]) -> Value:
        """The activation for the inputs x. ValueError if their number is not ``nin``."""
        try:
            a = list(x)
            if len(a) != len(self.w):
                raise ValueError(f"{type(self).__name__}: expected {len(self.w)} inputs, got {len(a)}")
            z = dot(self.w, a, self.b)
        except TypeError as error:
            raise no_inputs(x, len(self.w)) or error from None
        return z if self._activate is None else self._activate(z)

    def __repr__(self) -> str:
        return f"{_title(self.activation)}Neuron({len(self.w)})"


class Settings(TypedDict, total=False):
    """What a :class:`Neuron` is told beside its inputs, and the neurons of a layer alike."""

    nonlin: bool
    activation: Activation
    init: Initialisation
    rng: random.Random | None


class Layer(Module):
    """``nout`` neurons that see the same ``nin`` inputs: a' = activation(W a + b), row j of W being neuron j's weights.

    Keyword arguments are those of :class:`Neuron`. Attribute: ``neurons``.
    """

    def __init__(self, nin: int, nout: int, **kwargs: Unpack[Settings]) -> None:
        if whole("Layer", "nout", nout) < 1:
            raise ValueError(f"Layer: expected at least one neuron, got nout = {nout}")
        self.neurons = [Neuron(nin, nout=nout, **kwargs) for _ in range(nout)]

    def __call__(self, x: Iterable[Value | float]) -> Any:  # noqa: ANN401 - as that of Module
        """The activations for the inputs x: a list, or a single Value where the layer has one neuron."""
        try:
            a = [x_k if isinstance(x_k, Value) else constant(x_k) for x_k in x]  # one node for all neurons
        except TypeError as error:
            raise no_inputs(x, len(self.neurons[0].w)) or error from None
        out = [neuron(a) for neuron in self.neurons]
        return out[0] if len(out) == 1 else out

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
        given: object = nouts
        if not isinstance(given, Iterable) or isinstance(given, (str, dict)):
            raise TypeError(
                f"MLP: expected nouts, the sizes of the layers, in a list, as in MLP(2, [3, 1]), got {nouts!r}"
            )
        sizes = [nin, *nouts]
        hidden = len(sizes) - 2
        if hidden < 0:
            raise ValueError("MLP: expected the size of at least one layer, got nouts = []")
        alone = isinstance(activation, str) or callable(activation) or not isinstance(activation, Iterable)
        if alone:
            activation_function(activation)  # type: ignore[arg-type]  # which there may be no hidden layer to look at
        each = [activation] * hidden if alone else list(activation)  # type: ignore[arg-type]
        if len(each) != hidden:
            raise ValueError(f"MLP: expected {hidden} activations, one for each hidden layer, got {len(each)}")
        self.layers = [
            Layer(n, m, activation=chosen, init=init, rng=rng)
            for n, m, chosen in zip(sizes[:-1], sizes[1:], [*each, output], strict=True)
        ]

    def __call__(self, x: Iterable[Value | float]) -> Any:  # noqa: ANN401 - as that of Module
        """The activations of the last layer: a list, or a single Value where it has one neuron."""
        for layer in self.layers[:-1]:
            a = layer(x)
            x = [a] if isinstance(a, Value) else a
        return self.layers[-1](x)

    def __repr__(self) -> str:
        return f"MLP of [{', '.join(map(repr, self.layers))}]"


def _title(activation: Activation) -> str:
    name = activation if isinstance(activation, str) else getattr(activation, "__name__", "Custom")
    return "ReLU" if name == "relu" else name.title().replace("_", "")

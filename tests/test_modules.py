"""The specification of nn.modules: what neurons, layers and networks compute, how they begin, and their parameters."""

from __future__ import annotations

import copy
import inspect
import itertools
import math
import pickle
import random
import re
import statistics
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import mpmath
import numpy as np
import pytest
from spelling import spelled

import autograd as ag
from autograd import Value, rules
from autograd.graph import order
from nn import MLP, Layer, Module, Neuron

# Activations by the definition in mpmath, for outputs computed here with numbers only.
ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda z: z,
    "relu": lambda z: max(z, 0),
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "leaky_relu": lambda z: z if z > 0 else z / 100,
    "elu": lambda z: z if z > 0 else mpmath.exp(z) - 1,
    "sin": mpmath.sin,
}


# --- Helpers --------------------------------------------------------------------------------------------


def data(parameters: Iterable[Value]) -> list[float]:
    """The numbers alone."""
    return [p.data for p in parameters]


def listed(output: Value | list[Value]) -> list[Value]:
    """The outputs of a module as a list."""
    return [output] if isinstance(output, Value) else output


def names(model: Module) -> list[str]:
    """The names of the parameters."""
    return [name for name, _ in model.named_parameters()]


def takes_one_number(rule: rules.Rule) -> bool:
    """Whether a row is a function of autograd with one operand; `where` has a condition beside it."""
    return rule.operand_names == ("x",) and hasattr(ag, rule.symbol) and rule is not rules.WHERE


def nodes(outputs: Value | list[Value]) -> list[Value]:
    """Every node below some outputs, once each."""
    return order(ag.sum(listed(outputs)))[:-1]


def respond(model: MLP, x: list[float], activations: list[str]) -> list[float]:
    """What a network answers by the textbook: a' = activation(W a + b), layer after layer, on mpmath's numbers."""
    a: list[Any] = list(x)
    for layer, activation in zip(model.layers, activations, strict=True):
        sums = [mpmath.fdot(data(neuron.w), a) + neuron.b.data for neuron in layer.neurons]
        a = [ACTIVATIONS[activation](z) for z in sums]
    return [float(out) for out in a]


def micrograd_parameters(nin: int, nouts: list[int]) -> Iterator[float]:
    """The parameters of micrograd's MLP in the order of its ``parameters()``, drawn as its constructors draw them."""
    sizes = [nin, *nouts]
    for fan_in, fan_out in itertools.pairwise(sizes):
        for _ in range(fan_out):
            for _ in range(fan_in):
                yield random.uniform(-1, 1)
            yield 0


def disturb(model: Module) -> None:
    """Give all parameters other numbers, the biases too: at 0 a test would not notice that one is forgotten."""
    rng = random.Random(7)
    for p in model.parameters():
        p.data = rng.uniform(-1, 1)


# --- As micrograd ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("nin", "nouts"), [(2, [16, 16, 1]), (3, [4, 4, 1]), (1, [1]), (5, [2, 3])])
def test_initial_parameters_are_micrograds(nin: int, nouts: list[int]) -> None:
    """After one seed of Python's random, MLP and micrograd's MLP hold the same numbers in the same order."""
    random.seed(1337)
    expected = list(micrograd_parameters(nin, nouts))
    random.seed(1337)
    model = MLP(nin, nouts)
    assert data(model.parameters()) == expected
    state = random.getstate()
    random.seed(1337)
    list(micrograd_parameters(nin, nouts))
    assert random.getstate() == state


def test_repr_is_micrograds() -> None:
    """Neuron, Layer and MLP print as micrograd's do."""
    assert repr(Neuron(2)) == "ReLUNeuron(2)"
    assert repr(Neuron(2, nonlin=False)) == "LinearNeuron(2)"
    assert repr(Layer(2, 2)) == "Layer of [ReLUNeuron(2), ReLUNeuron(2)]"
    assert repr(MLP(2, [2, 1])) == "MLP of [Layer of [ReLUNeuron(2), ReLUNeuron(2)], Layer of [LinearNeuron(2)]]"


@pytest.mark.parametrize(
    ("activation", "title"),
    [("tanh", "Tanh"), ("leaky_relu", "LeakyRelu"), (ag.tanh, "Tanh"), (ag.relu, "ReLU"), ("linear", "Linear")],
)
def test_repr_names_the_activation(activation: Any, title: str) -> None:
    """A neuron's title is that of its activation, given by name or as a function."""
    assert repr(Neuron(3, activation=activation)) == f"{title}Neuron(3)"


def test_parameters_are_listed_neuron_by_neuron() -> None:
    """Parameters come layer by layer, neuron by neuron, weights before the bias, each with its name."""
    model = MLP(2, [2, 1])
    assert names(model) == [
        *("layers.0.neurons.0.w[0]", "layers.0.neurons.0.w[1]", "layers.0.neurons.0.b"),
        *("layers.0.neurons.1.w[0]", "layers.0.neurons.1.w[1]", "layers.0.neurons.1.b"),
        *("layers.1.neurons.0.w[0]", "layers.1.neurons.0.w[1]", "layers.1.neurons.0.b"),
    ]
    by_hand = [p for layer in model.layers for neuron in layer.neurons for p in (*neuron.w, neuron.b)]
    assert list(map(id, model.parameters())) == list(map(id, by_hand))
    assert [id(p) for _, p in model.named_parameters()] == list(map(id, by_hand))


def test_a_name_leads_to_its_parameter() -> None:
    """`layers.0.neurons.3.w[5]` is weight 5 of neuron 3 of the first layer."""
    model = MLP(6, [4, 2])
    assert dict(model.named_parameters())["layers.0.neurons.3.w[5]"] is model.layers[0].neurons[3].w[5]


def test_parameters_are_labelled_with_their_names() -> None:
    """A parameter is labelled as the outermost module that was built calls it; each module calls it in its own way."""
    model = MLP(2, [3, 1])
    assert [p.label for p in model.parameters()] == [name for name, _ in model.named_parameters()]
    assert model.layers[0].neurons[2].w[1].label == "layers.0.neurons.2.w[1]"
    assert [p.label for p in Neuron(2).parameters()] == ["w[0]", "w[1]", "b"]


class Net(Module):
    """A module of one's own, made of modules that it builds, of one that was built before, and of Values."""

    def __init__(self, last: Module, scale: Value) -> None:
        self.hidden = [Neuron(1), Neuron(1)]
        self.last = last
        self.scale = scale


def test_modules_of_ones_own_label_their_parameters() -> None:
    """What was built before gets its longer name, a user's label stays, and a class that inherits builds the same."""

    class Named(Net):
        pass

    for kind in (Net, Named):
        net = kind(Layer(1, 1), Value(2.0, label="my own"))
        assert [p.label for p in net.parameters()] == [
            *[f"hidden.{i}.{name}" for i in range(2) for name in ("w[0]", "b")],
            *["last.neurons.0.w[0]", "last.neurons.0.b", "my own"],
        ]


def test_a_module_that_cannot_be_built_leaves_no_trace() -> None:
    """After an error in a constructor the next module is labelled as ever."""
    with pytest.raises(ValueError, match="expected at least one input"):
        MLP(0, [1])
    assert Neuron(1).b.label == "b"


def test_names_that_nobody_could_read_are_no_labels() -> None:
    """A name of more than 80 characters is not given."""
    module: Module = Neuron(1)
    for _ in range(40):
        module = Net(module, Value(1.0))
    names = dict(module.named_parameters())
    assert {len(p.label) <= 80 for p in names.values()} == {True}
    assert [p.label for name, p in names.items() if len(name) <= 80] == [name for name in names if len(name) <= 80]


def test_a_constructor_keeps_its_signature() -> None:
    """Help and editors see the parameters of a module's constructor."""
    assert list(inspect.signature(Net).parameters) == ["last", "scale"]
    assert "nonlin" in inspect.signature(Neuron).parameters


def test_parameters_have_float_data() -> None:
    """Weights and biases hold floats, the bias 0.0."""
    model = MLP(2, [3, 1])
    assert {type(p.data) for p in model.parameters()} == {float}
    assert {neuron.b.data for layer in model.layers for neuron in layer.neurons} == {0.0}


def test_zero_grad_sets_every_gradient_to_zero() -> None:
    """After zero_grad no parameter remembers a gradient."""
    model = MLP(2, [3, 1], "tanh")
    listed(model([0.5, -0.5]))[0].backward()
    assert any(p.grad for p in model.parameters())
    model.zero_grad()
    assert [p.grad for p in model.parameters()] == [0.0] * len(model.parameters())


# --- What they compute ----------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_a_neuron_is_an_activation_of_a_weighted_sum(activation: str) -> None:
    """The output is activation(w . x + b), for each way in which that is positive or negative."""
    neuron = Neuron(3, activation=activation)
    neuron.b.data = 0.25
    for weights in ([1.0, -2.0, 0.5], [-1.0, 2.0, -0.5]):
        for w, number in zip(neuron.w, weights, strict=True):
            w.data = number
        z = sum(w * x for w, x in zip(weights, [0.5, 0.25, 2.0], strict=True)) + 0.25
        assert neuron([0.5, 0.25, 2.0]).data == pytest.approx(float(ACTIVATIONS[activation](z)), rel=1e-14)


def test_the_gradient_of_a_neuron_is_the_textbooks() -> None:
    """For a = sigmoid(w . x + b): da/dw_k = a (1 - a) x_k, da/dx_k = a (1 - a) w_k, da/db = a (1 - a)."""
    neuron = Neuron(2, activation="sigmoid")
    x = [Value(0.5), Value(-2.0)]
    a = neuron(x)
    a.backward()
    slope = a.data * (1 - a.data)
    assert [w.grad for w in neuron.w] == pytest.approx([slope * k.data for k in x], rel=1e-14)
    assert [k.grad for k in x] == pytest.approx([slope * w.data for w in neuron.w], rel=1e-14)
    assert neuron.b.grad == pytest.approx(slope, rel=1e-14)


@pytest.mark.parametrize(
    ("model", "activations"),
    [
        (MLP(2, [3, 2], rng=random.Random(1)), ["relu", "linear"]),
        (MLP(2, [4, 3, 2], "tanh", rng=random.Random(2)), ["tanh", "tanh", "linear"]),
        (MLP(2, [3, 2], "sigmoid", "sigmoid", rng=random.Random(3)), ["sigmoid", "sigmoid"]),
        (MLP(2, [3, 3, 2], ["tanh", "softplus"], "sin", rng=random.Random(4)), ["tanh", "softplus", "sin"]),
        (MLP(2, [3, 3, 2], ("elu", ag.tanh), rng=random.Random(5)), ["elu", "tanh", "linear"]),
        (MLP(2, [3, 1, 2], "leaky_relu", rng=random.Random(6)), ["leaky_relu", "leaky_relu", "linear"]),
        (MLP(2, [2], "tanh", rng=random.Random(7)), ["linear"]),
    ],
    ids=str,
)
def test_a_network_is_its_layers_one_after_the_other(model: MLP, activations: list[str]) -> None:
    """The answer is that of the textbook's a' = activation(W a + b), with the activation of each layer."""
    disturb(model)
    for x in ([0.5, -1.5], [-2.0, 0.25]):
        assert data(listed(model(x))) == pytest.approx(respond(model, x, activations), rel=1e-12)


def test_a_layer_is_its_neurons_side_by_side() -> None:
    """Each neuron of a layer answers as it does alone."""
    layer = Layer(2, 3, activation="tanh")
    assert data(listed(layer([0.5, -1.0]))) == [neuron([0.5, -1.0]).data for neuron in layer.neurons]


def test_one_output_is_a_single_value() -> None:
    """A layer or network with one output neuron answers with a Value, any other with a list."""
    assert isinstance(Neuron(2)([1.0, 2.0]), Value)
    assert isinstance(Layer(2, 1)([1.0, 2.0]), Value)
    assert isinstance(MLP(2, [3, 1])([1.0, 2.0]), Value)
    for module in (Layer(2, 2), MLP(2, [3, 2])):
        output = module([1.0, 2.0])
        assert isinstance(output, list)
        assert len(output) == 2


@pytest.mark.parametrize("nouts", [[1], [1, 1], [1, 3], [3, 1, 2], [1, 1, 1]])
def test_hidden_layers_may_have_one_neuron(nouts: list[int]) -> None:
    """A network may narrow down to a single neuron and widen again, and gradients pass through."""
    model = MLP(2, nouts, "tanh")
    outputs = listed(model([0.5, -0.5]))
    assert len(outputs) == nouts[-1]
    ag.sum(outputs).backward()
    assert all(w.grad for neuron in model.layers[0].neurons for w in neuron.w)


def test_nonlin_false_is_a_linear_neuron() -> None:
    """micrograd's flag turns the activation off, in a neuron and in all neurons of a layer."""
    neuron = Neuron(1, nonlin=False)
    neuron.w[0].data = 1.0
    assert neuron([-3.0]).data == -3.0
    assert (neuron.nonlin, neuron.activation) == (False, "linear")
    assert Neuron(1, nonlin=False, activation="tanh").activation == "linear"
    assert [n.nonlin for n in Layer(2, 2, nonlin=False).neurons] == [False, False]


def test_nonlin_says_whether_there_is_an_activation() -> None:
    """Hidden neurons of an MLP have nonlin=True, the last layer False, unless it has an activation too."""
    assert [layer.neurons[0].nonlin for layer in MLP(2, [3, 1]).layers] == [True, False]
    assert [layer.neurons[0].nonlin for layer in MLP(2, [3, 1], output="sigmoid").layers] == [True, True]
    assert Neuron(1, activation="linear").nonlin is False


def test_an_activation_may_be_any_function() -> None:
    """A lambda of a Value serves as activation."""
    neuron = Neuron(1, activation=lambda z: z * z + 1)
    neuron.w[0].data = 3.0
    assert neuron([2.0]).data == 37.0
    assert repr(neuron) == "<Lambda>Neuron(1)"


@pytest.mark.parametrize("symbol", [rule.symbol for rule in rules.TABLE if takes_one_number(rule)])
def test_every_function_of_one_number_is_an_activation(symbol: str) -> None:
    """Each row of one operand that is a function of autograd can be named; 0.5 or 2.0 lies in its domain."""
    neuron = Neuron(1, activation=symbol)
    neuron.w[0].data = 1.0
    x = 2.0 if symbol == "acosh" else 0.5
    assert neuron([x]).data == getattr(ag, symbol)(x)


@pytest.mark.parametrize(
    "activation",
    [
        "swish",
        "",
        "neg",
        "pos",
        "where",
        "ReLU",
        "+",
        "**",
        "maximum",
        "clip",
        "softmax",
        "sum",
        "Value",
        "rules",
        "primitive",
    ],
)
def test_other_names_are_not_activations(activation: str) -> None:
    """A name that is no operation of one number is refused, with the names that would do."""
    expected = "activation: expected 'linear', an operation of one number such as 'relu' or 'tanh', or a function, got "
    for build in (lambda: Neuron(2, activation=activation), lambda: MLP(2, [2, 1], "relu", activation)):
        with pytest.raises(ValueError, match=f"^{re.escape(expected + repr(activation))}(: .*)?$"):
            build()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("tahn", "tanh"), ("tnah", "tanh"), ("Tanh", "tanh"), ("tanhh", "tanh"), ("rleu", "relu"), ("ReLU", "relu")],
        *[("sigmod", "sigmoid"), ("sigma", "sigmoid"), ("logistic", "sigmoid"), ("swish", "silu")],
        *[("GELU", "gelu"), ("leakyrelu", "leaky_relu"), ("soft_plus", "softplus"), ("identity", "linear")],
    ],
)
def test_a_misspelt_activation(written: str, meant: str) -> None:
    """The message asks whether the name that is most like it was meant, wherever the activation is given."""
    for build in (
        lambda: Neuron(2, activation=written),
        lambda: Layer(2, 2, activation=written),
        lambda: MLP(2, [1], written),
        lambda: MLP(2, [3, 1], [written]),
        lambda: MLP(2, [3, 1], output=written),
    ):
        with pytest.raises(ValueError, match=f"got {written!r}: did you mean {meant!r}\\?$"):
            build()


@pytest.mark.parametrize("written", ["softmax", "Softmax", "log_softmax", ag.softmax])
def test_a_softmax_is_no_activation(written: Any) -> None:
    """It belongs to the loss, which the message says, with the way to the probabilities."""
    for build in (
        lambda: MLP(2, [3], output=written),
        lambda: MLP(2, [3, 2], written),
        lambda: Layer(1, 2, activation=written),
    ):
        with pytest.raises(
            ValueError, match=r"cross_entropy contains it; leave the outputs linear, autograd\.softmax\("
        ):
            build()


@pytest.mark.parametrize(
    ("written", "meant"), [("xaver", "xavier"), ("glorot", "xavier"), ("kaiming", "he"), ("Uniform", "uniform")]
)
def test_a_misspelt_initialisation(written: Any, meant: str) -> None:
    """As for activations: the nearest name, or what it is called here."""
    with pytest.raises(ValueError, match=f"got {written!r}: did you mean {meant!r}\\?$"):
        MLP(2, [3, 1], init=written)


ANY_MLP: Any = MLP  # which type checkers let take anything
ANY_LAYER: Any = Layer


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: ANY_MLP(2, 3), "MLP: expected nouts, the sizes of the layers, in a list, as in MLP(2, [3, 1]), got 3"),
        (
            lambda: ANY_MLP(2, 3, 1),
            "MLP: expected nouts, the sizes of the layers, in a list, as in MLP(2, [3, 1]), got 3",
        ),
        (
            lambda: ANY_MLP(2, "31"),
            "MLP: expected nouts, the sizes of the layers, in a list, as in MLP(2, [3, 1]), got '31'",
        ),
        (
            lambda: ANY_MLP(2, None),
            "MLP: expected nouts, the sizes of the layers, in a list, as in MLP(2, [3, 1]), got None",
        ),
        (lambda: ANY_MLP("2", [3]), "Neuron: expected a whole number as nin, got '2'"),
        (lambda: ANY_MLP(2.0, [3]), "Neuron: expected a whole number as nin, got 2.0"),
        (lambda: ANY_MLP(2, [3.0]), "Layer: expected a whole number as nout, got 3.0"),
        (lambda: ANY_MLP(2, ["3"]), "Layer: expected a whole number as nout, got '3'"),
        (lambda: ANY_LAYER(2, [3]), "Layer: expected a whole number as nout, got [3]"),
    ],
)
def test_sizes_are_whole_numbers(build: Callable[[], Module], complaint: str) -> None:
    """Sizes of another kind are a TypeError that shows how it is written."""
    with pytest.raises(TypeError, match=f"^{re.escape(complaint)}$"):
        build()


@pytest.mark.parametrize(
    ("x", "got"),
    [
        (1.0, "a single number, 1;"),
        (True, "a single number, 1;"),
        (Value(2.5), "a single number, 2.5;"),
        (np.float64(0.5), "a single number, 0.5;"),
        (np.True_, "a single number, 1;"),
        (np.array(0.5), "ndarray;"),
        (None, "NoneType;"),
        (print, "builtin_function_or_method;"),
    ],
    ids=str,
)
@pytest.mark.parametrize("model", [Neuron(2), Layer(2, 2), MLP(2, [3, 1])], ids=lambda m: type(m).__name__)
def test_one_number_is_no_example(model: Module, x: Any, got: str) -> None:
    """A number without brackets is a TypeError that says how an example, and how several, are written."""
    start = (
        f"model(x): expected the inputs of one example, a list of 2 numbers, got {got} a list of examples has brackets"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(start)}"):
        model(x)


@pytest.mark.parametrize("x", [[[1.0, 2.0], [3.0, 4.0]], np.eye(2), [(1.0, 2.0), ()]], ids=["list", "array", "tuple"])
@pytest.mark.parametrize("model", [Neuron(2), Layer(2, 2), MLP(2, [3, 1])], ids=lambda m: type(m).__name__)
def test_several_examples_are_no_example(model: Module, x: Any) -> None:
    """Where a list of examples is given, the message names what takes one."""
    with pytest.raises(
        TypeError, match=r"input 0: expected a Value or a real number, got .*; model\.predict\(X\) takes a list"
    ):
        model(x)


def test_outputs_are_a_list_always() -> None:
    """`outputs` gives what the call gives, a single Value in a list."""
    x = [0.5, -0.5]
    for model in (Neuron(2), Layer(2, 1), Layer(2, 3), MLP(2, [3, 1]), MLP(2, [3, 2])):
        called = model(x)
        outputs = model.outputs(x)
        assert type(outputs) is list
        assert [a.data for a in outputs] == [a.data for a in (called if isinstance(called, list) else [called])]


# --- Inputs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module", [Neuron(2), Layer(2, 3), Layer(2, 1), MLP(2, [3, 1])], ids=lambda m: type(m).__name__
)
@pytest.mark.parametrize("x", [[], [1.0], [1.0, 2.0, 3.0]], ids=len)
def test_the_number_of_inputs_is_checked(module: Module, x: list[float]) -> None:
    """Too few or too many inputs are refused, not cut to the shorter length."""
    with pytest.raises(ValueError, match=f"^Neuron: expected 2 inputs, got {len(x)}$"):
        module(x)


@pytest.mark.parametrize("bad", ["1", None, [1.0], 1j], ids=str)
def test_an_input_is_a_number(bad: Any) -> None:
    """What is neither a Value nor a real number is refused by the name of its type."""
    for module in (Neuron(1), MLP(1, [2, 1])):
        with pytest.raises(TypeError, match=f"expected a Value or a real number, got {type(bad).__name__}"):
            module([bad])


@pytest.mark.parametrize(
    "x",
    [[1, 2], (1.0, 2.0), np.array([1.0, 2.0]), np.array([1, 2], np.int8), iter([1.0, 2.0]), range(1, 3)],
    ids=spelled,
)
def test_inputs_are_any_iterable_of_numbers(x: Any) -> None:
    """Lists, tuples, arrays and iterators of numbers give the same answer."""
    model = MLP(2, [3, 1], rng=random.Random(0))
    expected = listed(model([Value(1.0), Value(2.0)]))[0].data
    assert listed(model(x))[0].data == expected


def test_values_pass_through_as_inputs() -> None:
    """A Value among the inputs stays itself, and receives a gradient."""
    x = Value(0.5)
    out = listed(MLP(2, [3, 1], "tanh")([x, 1.0]))[0]
    assert any(node is x for node in nodes(out))
    out.backward()
    assert x.grad != 0.0


def test_an_input_becomes_one_node_for_the_whole_layer() -> None:
    """Layer(784, 30) on numbers has 784 input leaves, not 30 * 784, beside its parameters and 30 sums."""
    layer = Layer(784, 30, activation="linear")
    graph = nodes(layer([0.5] * 784))
    assert sum(node.rule is rules.CONSTANT for node in graph) == 784
    assert sum(node.rule is rules.LEAF for node in graph) == 30 * 785
    assert sum(bool(node.parents) for node in graph) == 30


def test_a_neuron_is_two_nodes() -> None:
    """Beside its inputs and parameters a neuron makes a weighted sum and an activation; a linear one only the sum."""
    out = Neuron(3, activation="tanh")([1.0, 2.0, 3.0])
    assert [node.rule.symbol for node in order(out) if node.parents] == ["dot", "tanh"]
    assert len(order(out)) == 3 + 4 + 2
    assert len(order(Neuron(3, nonlin=False)([1.0, 2.0, 3.0]))) == 3 + 4 + 1


# --- How they begin -------------------------------------------------------------------------------------

NIN, NOUT = 200, 100

BOUNDS = {"uniform": 1.0, "xavier": math.sqrt(6 / (NIN + NOUT)), "he": None}
DEVIATIONS = {"uniform": 1 / math.sqrt(3), "xavier": math.sqrt(2 / (NIN + NOUT)), "he": math.sqrt(2 / NIN)}


@pytest.mark.parametrize("init", DEVIATIONS)
def test_initial_weights_have_the_right_spread(init: Any) -> None:
    """20,000 weights have mean 0 and the deviation of their formula within 5 standard errors, and keep its bounds."""
    layer = Layer(NIN, NOUT, init=init, rng=random.Random(42))
    weights = [w.data for neuron in layer.neurons for w in neuron.w]
    n, deviation, bound = NIN * NOUT, DEVIATIONS[init], BOUNDS[init]
    assert abs(statistics.fmean(weights)) < 5 * deviation / math.sqrt(n)
    assert abs(statistics.pstdev(weights) / deviation - 1) < 5 / math.sqrt(2 * n)
    if bound is None:  # normal: 0.27 % lie beyond three deviations
        beyond = sum(abs(w) > 3 * deviation for w in weights) / n
        assert 0.001 < beyond < 0.005
    else:
        assert 0.99 * bound < max(map(abs, weights)) <= bound


def test_xavier_and_he_know_the_sizes_of_their_layer() -> None:
    """Each layer draws with its own number of inputs and of neurons; a neuron by itself is a layer of one."""
    seen = []

    def init(_rng: random.Random, nin: int, nout: int) -> float:
        seen.append((nin, nout))
        return 0.5

    MLP(3, [4, 2], init=init)
    Neuron(2, init=init)
    assert seen == [(3, 4)] * 12 + [(4, 2)] * 8 + [(2, 1)] * 2


def test_init_may_be_a_function_of_the_random_source() -> None:
    """A function draws each weight from the source it is given."""
    rng, same = random.Random(5), random.Random(5)
    layer = Layer(2, 2, init=lambda source, _nin, _nout: source.gauss(0, 3), rng=rng)
    assert [w.data for neuron in layer.neurons for w in neuron.w] == [same.gauss(0, 3) for _ in range(4)]


@pytest.mark.parametrize("init", ["uniform", "xavier", "he"])
def test_equal_seeds_give_equal_models(init: Any) -> None:
    """With equal seeds the parameters are equal, with other seeds they are not."""
    first, second, other = (data(MLP(3, [4, 2], init=init, rng=random.Random(seed)).parameters()) for seed in (8, 8, 9))
    assert first == second
    assert first != other


def test_a_given_source_is_the_only_one() -> None:
    """With rng given, the state of Python's global random does not change."""
    random.seed(3)
    state = random.getstate()
    MLP(3, [4, 2], rng=random.Random(8))
    assert random.getstate() == state


# --- What is refused ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "complaint"),
    [
        (lambda: Neuron(0), "Neuron: expected at least one input, got nin = 0"),
        (lambda: Neuron(-1), "Neuron: expected at least one input, got nin = -1"),
        (lambda: Layer(2, 0), "Layer: expected at least one neuron, got nout = 0"),
        (lambda: MLP(2, []), r"MLP: expected the size of at least one layer, got nouts = \[\]"),
        (lambda: MLP(2, [3, 0]), "Layer: expected at least one neuron, got nout = 0"),
        (lambda: MLP(0, [1]), "Neuron: expected at least one input, got nin = 0"),
        (lambda: MLP(2, [3, 1], ["relu", "tanh"]), "MLP: expected 1 activations, one for each hidden layer, got 2"),
        (lambda: MLP(2, [3, 3, 1], ["relu"]), "MLP: expected 2 activations, one for each hidden layer, got 1"),
        (
            lambda: Neuron(1, init=cast(Any, "zeros")),
            "init: expected one of uniform, xavier, he, or a function, got 'zeros'",
        ),
    ],
)
def test_what_cannot_be_built(build: Callable[[], Module], complaint: str) -> None:
    """Sizes below one and settings that do not exist are refused."""
    with pytest.raises(ValueError, match=f"^{complaint}$"):
        build()


def test_a_module_says_that_it_cannot_be_called() -> None:
    """A subclass without __call__ is named in the error."""

    class Unfinished(Module):
        pass

    with pytest.raises(NotImplementedError, match="^Unfinished does not define __call__$"):
        Unfinished()([1.0])


# --- Modules of one's own -------------------------------------------------------------------------------


class Everything(Module):
    """One of each kind of attribute in which parameters are found, and some in which there are none."""

    def __init__(self) -> None:
        self.title = "everything"
        self.gain = Value(1.0)
        self.row = [Value(2.0), Value(3.0)]
        self.grid = [[Value(4.0)], [Value(5.0), Value(6.0)]]
        self.pair = (Value(7.0), Neuron(1))
        self.table = {"bias": Value(8.0), "inner": {"deep": [Value(9.0)]}, 3: Value(10.0)}
        self.blocks = {"first": Layer(1, 1)}
        self.head = Neuron(1)
        self.size, self.nothing = 3, None
        self.empty: list[Value] = []


def test_parameters_are_found_in_attributes_lists_dicts_and_modules() -> None:
    """They come in the order in which the attributes were set, with a name for each place."""
    assert names(Everything()) == [
        *("gain", "row[0]", "row[1]", "grid.0[0]", "grid.1[0]", "grid.1[1]"),
        *("pair[0]", "pair.1.w[0]", "pair.1.b"),
        *("table.bias", "table.inner.deep[0]", "table.3"),
        *("blocks.first.neurons.0.w[0]", "blocks.first.neurons.0.b", "head.w[0]", "head.b"),
    ]
    assert data(Everything().parameters())[:6] == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]


def test_a_shared_parameter_counts_once() -> None:
    """Two modules may share a neuron or a single weight; it is listed under its first name."""

    class Tied(Module):
        def __init__(self) -> None:
            self.first = Neuron(2)
            self.second = self.first
            self.third = Neuron(1)
            self.third.w[0] = self.first.w[1]

    assert names(Tied()) == ["first.w[0]", "first.w[1]", "first.b", "third.b"]


def test_only_variables_are_parameters() -> None:
    """Constants and results that a module keeps are no parameters: nothing should move them."""

    class Keeper(Module):
        def __init__(self) -> None:
            self.w = Value(2.0)
            self.scale = ag.constant(0.5)
            self.last = self.w * self.scale

    assert names(Keeper()) == ["w"]


def test_modules_may_refer_to_each_other() -> None:
    """A module that knows its owner does not send the walk in circles."""

    class Child(Module):
        def __init__(self, owner: Module) -> None:
            self.owner = owner
            self.w = Value(1.0)

    class Owner(Module):
        def __init__(self) -> None:
            self.child = Child(self)

    assert names(Owner()) == ["child.w"]


def test_modules_may_be_nested_deeply() -> None:
    """A chain of 10,000 modules has parameters like any other."""

    class Link(Module):
        def __init__(self, rest: Module | None) -> None:
            self.w = Value(1.0)
            self.rest = rest

    chain: Module | None = None
    for _ in range(10_000):
        chain = Link(chain)
    assert chain is not None
    assert len(chain.parameters()) == 10_000


def test_an_activation_may_have_parameters() -> None:
    """A module as activation is learned with the rest; neurons that share it, share its parameters."""

    class PReLU(Module):
        def __init__(self) -> None:
            self.slope = Value(0.25)

        def __call__(self, z: Any) -> Value:
            return ag.leaky_relu(z, self.slope)

    layer = Layer(1, 2, activation=PReLU())
    assert names(layer)[:3] == ["neurons.0.w[0]", "neurons.0.b", "neurons.0.activation.slope"]
    assert len(layer.parameters()) == 5


def test_layers_may_be_of_ones_own() -> None:
    """A network calls its layers, and a layer its neurons, by their public face: either may be replaced."""

    class Halve(Module):
        def __call__(self, x: Iterable[Value | float]) -> list[Value]:
            return [0.5 * a for a in x]  # type: ignore[misc]

    class Seven(Neuron):
        def __call__(self, x: Iterable[Value | float]) -> Value:
            return super().__call__(x) * 0.0 + 7.0

    model: Any = MLP(2, [2, 2], rng=random.Random(1))
    before = data(model([1.0, -1.0]))
    model.layers.append(Halve())
    assert data(model([1.0, -1.0])) == [0.5 * a for a in before]
    model.layers[1].neurons[0] = Seven(2)
    assert data(model([1.0, -1.0]))[0] == 3.5


# --- Copies ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "pickle"])
def test_a_copy_is_independent(duplicate: Callable[[MLP], MLP]) -> None:
    """A copied model answers as its original, and keeps doing so when the original changes."""
    model = MLP(2, [3, 1], "tanh", rng=random.Random(0))
    listed(model([0.5, 0.5]))[0].backward()
    twin = duplicate(model)
    assert data(twin.parameters()) == data(model.parameters())
    assert [p.grad for p in twin.parameters()] == [p.grad for p in model.parameters()]
    assert names(twin) == names(model)
    assert repr(twin) == repr(model)
    answer = listed(twin([0.5, 0.5]))[0].data
    assert answer == listed(model([0.5, 0.5]))[0].data
    disturb(model)
    assert listed(twin([0.5, 0.5]))[0].data == answer


def test_parameters_in_arrays_of_numpy_are_found() -> None:
    """An array of Values is a container like a list, its places in the names."""

    class Linear(Module):
        """W x + b."""

        def __init__(self) -> None:
            self.W = np.array([[Value(1.0), Value(2.0)]])
            self.b = Value(0.5)
            self.scale = np.ones(2)

    found = dict(Linear().named_parameters())
    assert [*found] == ["W[0][0]", "W[0][1]", "b"]
    assert found["W[0][1]"].data == 2.0

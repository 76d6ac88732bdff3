"""The specification of showing.folding: which nodes are shown as one box, told from the graph and its labels alone."""

from __future__ import annotations

import random
from typing import Any, cast

import pytest

import autograd as ag
import nn
from autograd import Value
from autograd.showing.folding import Folds, names_to_open
from autograd.showing.labels import names


def nodes_of(root: Value) -> list[Value]:
    """The nodes in the order in which pictures list them."""
    return list(names(root))


def titles(root: Value, collapse: Any = True, most: int = 24, depth: int | None = None) -> list[str]:
    """The boxes that are modules."""
    return sorted(map(str, Folds(nodes_of(root), collapse).best(most, depth).modules))


def network(*sizes: int) -> nn.MLP:
    """A network with reproducible weights."""
    return nn.MLP(sizes[0], list(sizes[1:]), activation="tanh", rng=random.Random(1))


class Weighted(nn.Module):
    """A neuron as micrograd has it: products and sums."""

    def __init__(self, nin: int) -> None:
        self.w = [Value(0.1 * (i + 1)) for i in range(nin)]
        self.b = Value(0.5)

    def __call__(self, x: Any) -> Any:
        """tanh(w . x + b)."""
        return sum([w * x_i for w, x_i in zip(self.w, x, strict=True)], self.b).tanh()


class Net(nn.Module):
    """A network of one's own: three neurons in a list, and one more."""

    def __init__(self) -> None:
        self.hidden = [Weighted(2) for _ in range(3)]
        self.out = Weighted(3)

    def __call__(self, x: Any) -> Any:
        """The last neuron over the others."""
        return self.out([neuron(x) for neuron in self.hidden])


class Recurrent(nn.Module):
    """A cell that is called once for each item of a sequence, and a neuron behind it."""

    def __init__(self) -> None:
        self.cell = Weighted(2)
        self.out = nn.Neuron(1)

    def __call__(self, xs: Any) -> Any:
        """The last neuron over the last state."""
        state: Any = Value(0.0)
        for x in xs:
            state = self.cell([state, x])
        return self.out([state])


# --- Depth --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [False, True])
def test_neurons_layers_network(given: bool) -> None:
    """depth says which modules are boxes, named as in named_parameters; the whole is called after a module given."""
    model = network(2, 2, 1)
    y: Any = model([Value(1.0), Value(2.0)])
    collapse = model if given else True
    assert titles(y, collapse, depth=2) == ["layers.0.neurons.0", "layers.0.neurons.1", "layers.1.neurons.0"]
    assert titles(y, collapse, depth=1) == ["layers.0", "layers.1"]
    assert titles(y, collapse, depth=0) == ["MLP" if given else "model"]
    assert titles(y, collapse, depth=9) == titles(y, collapse, depth=2)


def test_the_finest_that_fits() -> None:
    """Without a depth it is the finest way into as many boxes as there may be; calls are one box at the last."""
    model = network(2, 3, 1)
    loss: Any = ag.sum([cast(Any, model([Value(float(i)), Value(1.0)])) for i in range(2)])
    assert len(titles(loss)) == 12  # 4 neurons, two calls of each
    for most, module in ((12, "layers.0"), (8, "model")):
        found = titles(loss, most=most)
        assert [title for title in found if title.startswith(module)] == [module, f"{module} (1)", f"{module} (2)"]
    assert titles(loss, most=1) == ["model"]


def test_names_of_variables_come_first() -> None:
    """What name_from has named is called as the caller calls it."""
    model = network(2, 2, 1)
    y: Any = model([1.0, 2.0])
    ag.name_from({"model": model, "y": y})
    assert titles(y, depth=2) == ["model.layers.0", "model.layers.1"]
    assert titles(y, depth=1) == ["model"]


# --- Calls --------------------------------------------------------------------------------------------------


def test_each_call_is_a_box() -> None:
    """Several calls of a module are several boxes, and the parameters that they share another, with its plain name."""
    neuron = nn.Neuron(2, activation="tanh")
    y = neuron([1.0, 2.0]) * neuron([3.0, 4.0])
    folded = Folds(nodes_of(y), neuron).best(24)
    assert titles(y, neuron) == ["Neuron", "Neuron (1)", "Neuron (2)"]
    assert {folded.home[p] for p in neuron.parameters()} == {"Neuron"}
    assert folded.home[y] is y  # it belongs to neither


def test_a_call_keeps_its_parameters() -> None:
    """Parameters that no other call uses are in the box of the call."""
    neuron = nn.Neuron(2)
    y = neuron([1.0, 2.0])
    folded = Folds(nodes_of(y), neuron).best(24)
    assert {folded.home[node] for node in [*neuron.parameters(), y]} == {"Neuron"}


def test_modules_of_ones_own() -> None:
    """Products, sums and activation of a neuron written by hand are one box, whatever its module is called."""
    y = Net()([Value(1.0, label="x1"), Value(2.0, label="x2")])
    assert titles(y) == ["hidden.0", "hidden.1", "hidden.2", "out"]
    folded = Folds(nodes_of(y), True).best(24)
    assert all(folded.home[node] in folded.modules for node in nodes_of(y) if node.parents)


def test_a_cell_that_feeds_itself() -> None:
    """Each step of a recurrence is a call, told by the parameter that it uses again; the network as a whole is one."""
    net = Recurrent()
    y = net([Value(1.0), Value(2.0), Value(3.0)])
    assert titles(y) == ["cell", "cell (1)", "cell (2)", "cell (3)", "out"]
    assert titles(y, net, depth=0) == ["Recurrent"]


def test_neurons_of_a_layer_are_one_call() -> None:
    """Neurons that nothing joins are one call of their layer where their inputs are the same, though two are equal."""
    layer = nn.Layer(2, 3, activation="tanh", rng=random.Random(1))
    first: Any = layer([1.0, 2.0])
    second: Any = layer([1.0, 2.0])
    y = ag.sum([*first, *second])
    folded = Folds(nodes_of(y), layer).best(24, 0)
    assert [len({folded.home[node] for node in outputs}) for outputs in (first, second)] == [1, 1]
    assert titles(y, layer, depth=0) == ["Layer", "Layer (1)", "Layer (2)"]


def test_a_penalty_is_no_call() -> None:
    """What is computed from parameters alone belongs to what uses it."""
    model = network(2, 2, 1)
    loss = model([1.0, 2.0]) ** 2 + 0.1 * ag.sum([p * p for p in model.parameters()])
    loss.label = "loss"
    folded = Folds(nodes_of(loss), True).best(24)
    assert titles(loss) == ["layers.0.neurons.0", "layers.0.neurons.1", "layers.1.neurons.0"]
    squares = [node for node in nodes_of(loss) if node._op == "*" and node.parents[0] is node.parents[1]]
    assert {id(folded.home[node]) for node in squares} == {id(loss)}


def test_a_labelled_node_is_a_box() -> None:
    """What a user has labelled is seen, also where a module computed it."""
    neuron = nn.Neuron(2)
    y = neuron([1.0, 2.0])
    y.label = "y"
    folded = Folds(nodes_of(y), neuron).best(24)
    assert folded.home[y] is y
    assert titles(y, neuron) == ["Neuron"]


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("depth", range(4))
def test_every_node_is_in_one_box(depth: int, apart: bool) -> None:
    """Nothing is lost in folding, however deep."""
    model = network(5, 6, 3)
    loss = nn.quadratic(model([0.1, 0.2, 0.3, 0.4, 0.5]), [1.0, 0.0, 0.0])
    nodes = nodes_of(loss)
    assert list(Folds(nodes, model).way(depth, apart=apart).home) == nodes


def test_calls_together() -> None:
    """At the last all calls of a module, and its parameters, are one box."""
    neuron = nn.Neuron(1, activation="tanh", rng=random.Random(1))
    between = neuron([Value(0.5, label="x")]) * 2.0
    between.label = "u"
    assert titles(neuron([between]), neuron, most=3) == ["Neuron"]


# --- Boxes that are open ------------------------------------------------------------------------------------


def test_opening_a_module() -> None:
    """A module that is open shows what is in it: modules as boxes, and nodes by themselves."""
    model = network(2, 2, 1)
    nodes = nodes_of(model([1.0, 2.0]))
    folded = Folds(nodes, True, ["layers.0.neurons.1"]).best(24, 1)
    assert {key for key in folded.home.values() if key in folded.modules} == {"layers.0.neurons.0", "layers.1"}
    open_nodes = [node for node in nodes if node.label.startswith("layers.0.neurons.1.")]
    assert all(folded.home[node] is node for node in open_nodes)
    assert [node._op for node in nodes if node.parents and folded.home[node] is node] == ["dot", "tanh"]


def test_opening_a_list() -> None:
    """A list that is open shows its items."""
    x = [Value(1.0), Value(2.0)]
    y = x[0] * x[1]
    ag.name_from({"x": x, "y": y})
    assert len(set(Folds(nodes_of(y), True).best(24).home.values())) == 2
    assert len(set(Folds(nodes_of(y), True, ["x"]).best(24).home.values())) == 3


def test_names_to_open() -> None:
    """A truth value names nothing; a text is one name."""
    assert [names_to_open(given) for given in (True, False, "a", ["a", "b"], ())] == [[], [], ["a"], ["a", "b"], []]


def test_folding_adds_nothing_to_a_graph() -> None:
    """No node, label or gradient changes."""
    model = network(2, 2, 1)
    y: Any = model([1.0, 2.0])
    before = [(node, node.label, node.grad, node.parents) for node in nodes_of(y)]
    Folds(nodes_of(y), model).best(1)
    assert all(
        node.label == label and node.grad == grad and node.parents is parents for node, label, grad, parents in before
    )
    assert list(map(id, nodes_of(y))) == [id(node) for node, *_ in before]


def test_a_deep_graph_is_folded() -> None:
    """A recurrence of 2,000 steps is folded without recursion."""
    net = Recurrent()
    y = net([1.0] * 2_000)
    assert titles(y, net, most=5) == titles(y, net, depth=0) == ["Recurrent"]
    assert len(titles(y, net, most=5_000, depth=1)) == 2_002

"""The rolled program: scalar code becomes the statements of the textbook, and says so in its source."""

from __future__ import annotations

import ast
import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd as ag
import nn
from autograd import Value, jit
from autograd.compiler import compiled


def body(source: str, name: str) -> list[str]:
    """The statements of one function of the source, without their comments."""
    tree = ast.parse(source)
    found = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == name)
    return [ast.unparse(statement) for statement in found.body]


def batch_source(function: Any, *arguments: Any) -> str:
    """The source of the program over a batch."""
    fast = jit(function)
    fast.mean(*arguments)
    return str(fast.source)


def test_the_textbook_network() -> None:
    """784-30-10 rolls to Z = W A + b, a = sigmoid(z), and backward to dW = dZ A^T, dA = W^T dZ, db = sum dZ."""
    rng = random.Random(0)
    model = nn.MLP(784, [30, 10], activation="sigmoid", output="sigmoid", init="xavier", rng=rng)
    X = [[rng.random() for _ in range(784)] for _ in range(3)]
    Y = [[float(k == i) for k in range(10)] for i in range(3)]
    source = batch_source(lambda x, y: nn.quadratic(model(x), y), X, Y)
    forward = body(source, "value")
    assert forward[:5] == [
        "z1 = W1 @ x + b1",
        "a1 = 1 / (1 + exp(-z1))",
        "z2 = W2 @ a1 + b2",
        "a2 = 1 / (1 + exp(-z2))",
        "v1 = a2 - y",
    ]
    backward = body(source, "gradient")
    for statement in (
        "matmul(dz2, a1.T, out=dW2)",
        "db2[...] = dz2.sum(1)",
        "da1 = W2.T @ dz2",
        "matmul(dz1, x.T, out=dW1)",
        "db1[...] = dz1.sum(1)",
    ):
        assert statement in backward
    assert "W1, dW1 = P[0:23520].reshape(30, 784), dP[0:23520].reshape(30, 784)" in source
    assert len(backward) <= 25
    assert len(source.splitlines()) <= 40


def test_a_loop_over_the_examples() -> None:
    """micrograd's demo loss, its loop over 100 examples inside the function, rolls to the equations of the batch."""
    X, Y = nn.data.moons(100, noise=0.1, rng=random.Random(1))
    signs = [2 * y - 1 for y in Y]
    model = nn.MLP(2, [16, 16, 1], rng=random.Random(2))

    def neuron(n: Any, x: list[Any]) -> Any:
        act = sum((wi * xi for wi, xi in zip(n.w, x, strict=True)), n.b)
        return act.relu() if n.nonlin else act

    def score(x: list[Any]) -> Any:
        for layer in model.layers:
            x = [neuron(n, x) for n in layer.neurons]
        return x[0]

    def loss() -> Any:
        inputs = [list(map(Value, row)) for row in X]
        scores = list(map(score, inputs))
        losses = [(1 + -yi * scorei).relu() for yi, scorei in zip(signs, scores, strict=True)]
        data_loss = sum(losses) * (1.0 / len(losses))
        return data_loss + 1e-4 * sum(p * p for p in model.parameters())

    fast = jit(loss)
    got, expected = fast(), loss()
    parameters = model.parameters()
    np.testing.assert_allclose(got.data, expected.data, rtol=1e-12)
    np.testing.assert_allclose(ag.gradients(got, parameters), ag.gradients(expected, parameters), rtol=1e-9, atol=1e-15)
    forward, backward = body(fast.source, "value"), body(fast.source, "gradient")
    assert forward[:4] == [
        "z1 = c1 @ W1.T + b1",
        "a1 = maximum(z1, 0.0)",
        "z2 = a1 @ W2.T + b2",
        "a2 = maximum(z2, 0.0)",
    ]
    assert "s1 = P @ P" in forward
    assert "dW2 += dz2.T @ a1" in backward
    assert "db2 += dz2.sum(0)" in backward
    assert "da1 = dz2 @ W2" in backward
    assert len(forward) <= 14
    assert len(backward) <= 35


def test_slices() -> None:
    """Neighbours in a vector are slices of it: Rosenbrock's function has no gather."""

    def rosenbrock(x: list[Any]) -> Any:
        return ag.sum([100 * (x[i + 1] - x[i] ** 2) ** 2 + (1 - x[i]) ** 2 for i in range(len(x) - 1)])

    fast = jit(rosenbrock)
    fast([Value(0.1 * i) for i in range(50)])
    assert "x[1:50]" in fast.source
    assert "x[0:49]" in fast.source
    assert "I[" not in fast.source


def test_a_matrix_product() -> None:
    """``matmul`` of two arguments is one product, and its adjoints are two."""
    fast = jit(lambda A, B: ag.sum([x for row in ag.matmul(A, B) for x in row]))
    A = [[Value(i + 3.0 * j) for j in range(4)] for i in range(3)]
    B = [[Value(i - 2.0 * j) for j in range(5)] for i in range(4)]
    out = fast(A, B)
    assert any(" @ " in statement for statement in body(fast.source, "value"))
    expected = ag.sum([x for row in ag.matmul(A, B) for x in row])
    leaves = [x for row in A + B for x in row]
    assert ag.gradients(out, leaves) == ag.gradients(expected, leaves)


def test_the_same_source_in_every_run() -> None:
    """Rolling has no hidden order: two recordings of one function give one text."""
    sources = set()
    for _ in range(2):
        model = nn.MLP(3, [4, 2], activation="tanh", rng=random.Random(3))
        sources.add(batch_source(lambda x, model=model: ag.sum(model(x)), [[1.0, 2.0, 3.0]]))
    assert len(sources) == 1


HOSTILE = Path(__file__).with_name("hostile_labels.json")


def test_hostile_labels_stand_in_comments_only() -> None:
    """Labels, function and row names may be any text: what is executed consists of names that are names."""
    labels = [str(x) for x in json.loads(HOSTILE.read_text(encoding="utf-8"))] + ["x" * 20_000]
    for label in labels:
        w, x = Value(0.5, label=label), Value(1.0, label=label)
        fast = jit(lambda a, w=w, label=label: named(ag.tanh(a * w), label))
        fast.name = label
        assert fast(x).data == ag.tanh(x * w).data
        code = fast.source
        assert code.isascii()
        assert len(code) < 1500
        assert ast.unparse(ast.parse(code)) == ast.unparse(ast.parse(re.sub(r"  #.*", "", code)))
        used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
        assert label not in used or label.isidentifier()


def named(x: Value, label: str) -> Value:
    """The same Value, labelled."""
    x.label = label
    return x


def test_names_come_from_labels_and_arguments() -> None:
    """A label that is a name, indices left off, is the variable's; the arguments are called as the function does."""
    weights = [Value(float(i), label=f"weight[{i}]") for i in range(3)]
    bias = Value(0.5, label="bias")

    def neuron(inputs: list[Any]) -> Any:
        return ag.tanh(named(ag.dot(weights, inputs, bias), "z"))

    fast = jit(neuron)
    fast([Value(1.0), Value(2.0), Value(3.0)])
    assert "    weight, dweight = P[0:3], dP[0:3]\n    bias, dbias = P[3, ...], dP[3, ...]\n" in fast.source
    assert body(fast.source, "value") == ["z = weight @ inputs + bias", "v1 = tanh(z)", "return v1"]
    assert "dinputs = dz * weight" in body(fast.source, "gradient")


@pytest.mark.parametrize("label", ["exp", "P", "dP", "g", "if", "None", "np", "own0", "value", "dx", "x"])
def test_names_that_are_taken(label: str) -> None:
    """A label that is a keyword, or a name of the program's own or already given, changes no number."""
    w = Value(0.75, label=label)
    fast = jit(lambda x: named(ag.exp(w * x), label) * x)
    x, other = Value(2.0), Value(2.0)
    got, expected = fast(x), fast.function(other)
    assert got.data == pytest.approx(expected.data, rel=1e-15)
    assert ag.gradients(got, [x, w]) == pytest.approx(ag.gradients(expected, [other, w]), rel=1e-14)


def test_comments_name_the_rows() -> None:
    """Behind each statement stands the operation that it came from and for how many numbers."""
    fast = jit(lambda xs: ag.sum([ag.tanh(x) for x in xs]))
    fast([Value(0.1), Value(0.2), Value(0.3)])
    assert "# tanh, 3" in fast.source
    assert "# sum" in fast.source


def test_comments_show_labels() -> None:
    """A label that is no name stands behind its statement, the first and the last of a group."""
    fast = jit(lambda xs: ag.sum([named(ag.tanh(x), f"layer 1, unit {i}") for i, x in enumerate(xs)]))
    fast([Value(0.1), Value(0.2), Value(0.3)])
    assert "# tanh, 3: layer 1, unit 0 .. layer 1, unit 2" in fast.source


def test_there_is_no_source_before_a_call() -> None:
    """A function is recorded when it is called; before that there is nothing to show."""
    fast = jit(lambda x: x)
    with pytest.raises(RuntimeError, match="call <lambda> first"):
        _ = fast.source
    assert str(fast) == "jit(<lambda>)"
    assert isinstance(fast, compiled.Jitted)

"""The types that a user sees: each function below is checked by mypy --strict, and run.

A line that ought to be refused carries a ``type: ignore``: if mypy lets it pass, that is unused, which is an error.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any, assert_type

import pytest

import autograd as ag
import nn
from autograd import Value, modes
from autograd.entries import Entry
from autograd.recorder import Node, recorder

MODEL = nn.MLP(2, [3, 1], rng=random.Random(0))
WIDE = nn.Layer(2, 3, rng=random.Random(0))


def test_the_call_of_a_module_may_be_differentiated_at_once() -> None:
    """`model(x)` is a single Value or a list; only the module knows which, and its user need not tell the checker."""
    assert_type(MODEL([1.0, 2.0]), Any)
    MODEL([1.0, 2.0]).backward()
    loss = (MODEL([1.0, 2.0]) - 1.0) ** 2
    loss.backward()
    first, *_ = WIDE([1.0, 2.0])
    first.backward()
    nn.mse(WIDE([1.0, 2.0]), [0.0, 1.0, 0.5]).backward()


def test_outputs_are_typed() -> None:
    """`model.outputs(x)` is a list of Values, which has no `backward`; a neuron gives a Value."""
    assert_type(MODEL.outputs([1.0, 2.0]), list[Value])
    assert_type(WIDE.outputs([1.0, 2.0]), list[Value])
    assert_type(nn.Neuron(2)([1.0, 2.0]), Value)
    with pytest.raises(AttributeError):
        MODEL.outputs([1.0, 2.0]).backward()  # type: ignore[attr-defined]


class Residual(nn.Module):
    """A module of one's own may say what it returns."""

    def __init__(self) -> None:
        self.inner = nn.MLP(2, [2])

    def __call__(self, x: list[float]) -> Value:
        """The sum of inputs and outputs."""
        return ag.sum(self.inner.outputs(x)) + sum(x)


def test_a_module_of_ones_own_is_typed_as_it_says() -> None:
    """Its narrower result is what the checker sees."""
    assert_type(Residual()([1.0, 2.0]), Value)
    assert_type(Residual().outputs([1.0, 2.0]), list[Value])


def test_losses_and_measures_are_typed() -> None:
    """They take what a module returns."""
    x = [1.0, 2.0]
    assert_type(nn.binary_cross_entropy(MODEL(x), 1), Value)
    assert_type(nn.cross_entropy(WIDE.outputs(x), 2), Value)
    assert_type(nn.accuracy(MODEL, [x], [1]), float)
    assert_type(nn.argmax(WIDE(x)), int)


def test_saving_and_loading_are_typed(tmp_path: Path) -> None:
    """`load` of a path gives a module, `load` into a module gives nothing; a drawing's `save` gives the path."""
    path = tmp_path / "model.json"
    nn.save(MODEL, path)
    model = nn.load(path)
    assert_type(model, nn.Module)
    model([1.0, 2.0]).backward()
    assert_type(model.outputs([1.0, 2.0]), list[Value])
    nn.load(MODEL, path)
    page = ag.animate(MODEL([1.0, 2.0]))
    assert_type(page.save(tmp_path / "steps.html"), str)
    assert_type(ag.explain(MODEL.outputs([1.0, 2.0])[0]).save(tmp_path / "steps.txt"), str)


def test_data_are_typed(tmp_path: Path) -> None:
    """A table is a pair of lists; so are the parts of a split."""
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,x\n2,y\n", encoding="utf-8")
    table = nn.data.csv(path, target="b")
    X, Y = table
    assert_type(X, list[list[float]])
    assert_type(Y, list[Any])
    assert_type(table.classes, list[str])
    assert_type(nn.data.standardise(X), list[list[float]])
    assert_type(nn.data.one_hot(Y), list[list[float]])
    (X1, _), _ = nn.data.split(X, Y)
    assert len(X1) == 1


def test_what_jit_returns_is_typed() -> None:
    """It is what the protocols say, which annotations can name."""
    pytest.importorskip("numpy")
    w = Value(2.0)
    fast: ag.Compiled = ag.jit(lambda x: (w * x - 1.0) ** 2)
    batch: ag.Batch = fast.batch([1.0, 2.0])
    objective: ag.Objective = batch.objective([w])
    mean, slope = objective.gradient()
    assert_type(mean, float)
    assert (mean, slope.tolist(), objective.P.tolist(), objective.order.tolist()) == (5.0, [7.0], [2.0], [0])
    objective.P = objective.P - 0.1 * slope
    objective.write(slope)
    assert [w.data, w.grad] == pytest.approx([1.3, 7.0])
    assert [fast.mean([1.0]).data, *fast.map([1.0]).tolist()] == pytest.approx([0.09, 0.09])
    assert "value" in fast.source
    assert fast.name == "<lambda>"
    with pytest.raises(AttributeError):
        fast.gradient  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(TypeError):
        batch.objective(2.0)  # type: ignore[arg-type]


class Deaf:
    """What listens to half of what it is told."""

    def see_value(self, node: object) -> None:
        """A node was made."""

    def leaf(self, node: object, data: object) -> None:
        """A leaf was made."""


class Narrow(modes.no_grad):
    """What takes Values only: nobody below knows of these, so it may not count on getting some."""

    def see_value(self, node: Value) -> None:  # type: ignore[override]
        """A node was made."""


def test_who_listens_is_typed() -> None:
    """What is told by a context variable is what its protocol says; who stands in it has to hear all of it."""
    watching, recording = modes.watcher.get(), recorder.get()
    for variable in (modes.watcher, modes.ieee_entries):
        token = variable.set(Deaf())  # type: ignore[arg-type]
        variable.reset(token)
    recorder.reset(recorder.set(Deaf()))  # type: ignore[arg-type]
    Entry(Deaf())  # type: ignore[arg-type]
    if watching is not None:
        watching.see_everything(Value(1.0))  # type: ignore[union-attr]
        watching.see_value(1.0)  # type: ignore[arg-type]
    if recording is not None:
        recording.shout()  # type: ignore[attr-defined]
        recording.truth(1.0)  # type: ignore[arg-type]
        assert_type(recording.evaluate(ag.rules.SIN, [1.0]), float | None)
        assert_type(recording.lifted(1.0), float | Node)


def test_mypy_agrees() -> None:
    """The checker finds the types that are asserted here, and refuses the lines that say so."""
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--cache-dir", os.devnull, __file__]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)

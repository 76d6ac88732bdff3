"""The specification of nn.plots: the plot of a history, and where a network decides what, in black and white."""

from __future__ import annotations

import math
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, sigmoid

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

X, Y = nn.data.moons(40, noise=0.1, rng=random.Random(0))


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    """Close the figures that a test has opened."""
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def linear(*rows: tuple[float, ...], output: str = "linear") -> nn.MLP:
    """A network of one layer, with a row (w1, w2, b) for each output."""
    model = nn.MLP(2, [len(rows)], output=output)
    for neuron, (w1, w2, b) in zip(model.layers[0].neurons, rows, strict=True):
        neuron.w[0].data, neuron.w[1].data, neuron.b.data = w1, w2, b
    return model


THREE = linear((0.0, 0.0, 0.0), (2.0, 0.0, -1.0), (0.0, 2.0, -1.0))
CORNERS = [[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [0.1, 0.1]]


def points_of(axes: Any) -> dict[str, list[tuple[float, float]]]:
    """The examples that are drawn, by the text in the legend."""
    return {line.get_label(): [*zip(*line.get_data(), strict=True)] for line in axes.get_lines()}


def boundary(axes: Any) -> list[Any]:
    """The points of the lines where the answer changes."""
    lines = [c for c in axes.collections if not c.get_facecolor().size]
    return [path.vertices for c in lines for path in c.get_paths()]


def hatches(axes: Any) -> set[str]:
    """The hatches in the plane."""
    found = [hatch for c in axes.collections for hatch in getattr(c, "hatches", None) or [c.get_hatch()]]
    return {hatch for hatch in found if hatch}


# --- The boundary ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "options"),
    [
        (linear((1.0, 0.0, -0.5)), {}),
        (linear((1.0, 0.0, -0.5), output="sigmoid"), {}),
        (linear((1.0, 0.0, 0.0)), {"threshold": 0.5}),
        (lambda x: Value(1.0) * x[0] - 0.5, {}),
        (lambda x: [sigmoid(Value(1.0) * x[0] - 0.5)], {}),
        (linear((0.0, 0.0, 0.5), (1.0, 0.0, 0.0)), {}),
    ],
    ids=["logit", "sigmoid", "threshold", "function", "list", "two outputs"],
)
def test_the_line_is_where_the_answer_changes(model: Any, options: dict[str, Any]) -> None:
    """Here at x1 = 0.5, whatever kind of output it is; on the one side of it the plane is hatched."""
    axes = nn.decision_boundary(model, X, Y, **options)
    (line, *_) = boundary(axes)
    assert np.allclose(line[:, 0], 0.5, atol=1e-3)
    assert hatches(axes) == {"///"}
    hatched = [c for c in axes.collections if c.get_facecolor().size]
    extents = [path.get_extents() for c in hatched for path in c.get_paths() if len(path.vertices)]
    assert min(e.x0 for e in extents) == pytest.approx(0.5, abs=1e-3)
    assert max(e.x1 for e in extents) == pytest.approx(axes.get_xlim()[1])


def test_every_class_has_its_hatch() -> None:
    """With three outputs the plane has three parts, two of them hatched, and lines between."""
    axes = nn.decision_boundary(THREE, CORNERS, [0, 1, 2, 0])
    assert hatches(axes) == {"///", "\\\\\\"}
    assert len(boundary(axes)) >= 3
    assert points_of(axes) == {"0": [(0.0, 0.0), (0.1, 0.1)], "1": [(2.0, 0.0)], "2": [(0.0, 2.0)]}


@pytest.mark.parametrize(
    ("targets", "told"),
    [
        ([0, 1, 1, 0], ["0", "1"]),
        ([-1, 1, 1, -1], ["-1", "1"]),
        ([-1.0, 1.0, 1.0, -1.0], ["-1.0", "1.0"]),
        ([False, True, True, False], ["False", "True"]),
        (np.array([False, True, True, False]), ["False", "True"]),
        ([[0.0], [1.0], [1.0], [0.0]], ["0", "1"]),
    ],
)
def test_classes_are_told_as_the_targets_tell_them(targets: Any, told: list[str]) -> None:
    """In the legend stand the targets, or the names that are given."""
    model = linear((1.0, 1.0, -1.0))
    assert list(points_of(nn.decision_boundary(model, CORNERS, targets))) == told
    axes = nn.decision_boundary(model, CORNERS, targets, names=["no", "_yes"])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["no", " _yes"]


def test_one_hot_targets() -> None:
    """They are the classes that they stand for."""
    one_hot = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
    assert points_of(nn.decision_boundary(THREE, CORNERS, one_hot)) == points_of(
        nn.decision_boundary(THREE, CORNERS, [0, 1, 2, 0])
    )


def test_classes_differ_without_colour() -> None:
    """Each class has its own marker, and all that is drawn is grey."""
    ten = linear(*[(math.cos(k), math.sin(k), 0.0) for k in range(10)])
    axes = nn.decision_boundary(ten, [[math.cos(k), math.sin(k)] for k in range(10)], list(range(10)))
    assert len({line.get_marker() for line in axes.get_lines()}) == 10
    axes.figure.canvas.draw()
    pixels = np.asarray(axes.figure.canvas.buffer_rgba())[..., :3].astype(int)
    assert (pixels.max(-1) - pixels.min(-1)).max() == 0


@pytest.mark.parametrize("b", [-100.0, 100.0])
def test_a_model_that_always_answers_the_same(b: float) -> None:
    """There is no line, and no warning; the plane is hatched if the answer is yes."""
    axes = nn.decision_boundary(linear((1.0, 0.0, b)), X, Y)
    axes.figure.canvas.draw()
    assert boundary(axes) == []
    assert bool(hatches(axes)) == (b > 0)


def test_outputs_that_are_not_finite() -> None:
    """Where a model answers nan there is no region, and no warning."""
    axes = nn.decision_boundary(lambda x: Value(x[0]) * (math.nan if x[1] > 0.3 else 1.0), X, Y)
    axes.figure.canvas.draw()


def test_examples_on_one_line_or_one_point() -> None:
    """There is room around them all the same."""
    for points in ([[1.0, 2.0], [1.0, 3.0]], [[1.0, 2.0]]):
        axes = nn.decision_boundary(linear((1.0, 0.0, -1.0)), points, [1] * len(points))
        (low, high), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        assert low < 1.0 < high
        assert bottom < 2.0 < top


def test_axes_of_ones_own() -> None:
    """It draws into given axes, and returns these."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2)
    assert nn.decision_boundary(THREE, CORNERS, [0, 1, 2, 0], axes=right, inputs=("a", "b")) is right
    assert (right.get_xlabel(), right.get_ylabel()) == ("a", "b")
    assert figure.axes == [left, right]
    assert not left.has_data()


@pytest.mark.parametrize("name", ["a", "Welwitschia mirabilis, the whole of it, with its roots", "W" * 24])
def test_nothing_is_cut_off(name: str, tmp_path: Path) -> None:
    """Legend, labels and ticks lie within the picture, however long the names and however large the numbers."""
    far = [[1e6 * a, -1e-6 * b] for a, b in CORNERS]
    axes = nn.decision_boundary(THREE, far, [0, 1, 2, 0], names=[name] * 3, inputs=("width in cm", "g"))
    axes.figure.savefig(tmp_path / "boundary.png")
    whole = axes.figure.bbox
    box = axes.get_tightbbox()
    assert whole.x0 <= box.x0
    assert whole.y0 <= box.y0
    assert box.x1 <= whole.x1
    assert box.y1 <= whole.y1
    assert axes.bbox.width > 0.25 * whole.width
    assert (tmp_path / "boundary.png").stat().st_size > 1000


def test_the_model_stays_as_it_was() -> None:
    """Drawing is not training, and draws no random numbers."""
    model = linear((1.0, 0.0, -0.5))
    before = [(p.data, p.grad) for p in model.parameters()]
    random.seed(3)
    state = random.getstate()
    nn.decision_boundary(lambda x: model(x), X, Y)
    assert random.getstate() == state
    nn.decision_boundary(model, X, Y)
    assert [(p.data, p.grad) for p in model.parameters()] == before


@pytest.mark.parametrize(
    ("points", "targets", "options", "error", "complaint"),
    [
        ([[1.0, 2.0], [1.0]], [0, 1], {}, ValueError, "expected two numbers in each example, got 1 in example 1"),
        ([[1.0, 2.0, 3.0]], [0], {}, ValueError, "expected two numbers in each example, got 3 in example 0"),
        ([1.0, 2.0], [0, 1], {}, ValueError, "expected two numbers in each example, got 1.0 in example 0"),
        ([[1.0, math.nan]], [0], {}, ValueError, "expected finite numbers, got [1.0, nan] in example 0"),
        ([], [], {}, ValueError, "expected as many targets as examples, and some, got 0 and 0"),
        ([[1.0, 2.0]], [0, 1], {}, ValueError, "expected as many targets as examples, and some, got 1 and 2"),
        ([[1.0, 2.0]], [1], {"names": ["no"]}, ValueError, "expected a name for each class up to 1, got 1"),
        ([[1.0, 2.0]], ["yes"], {}, TypeError, "expected a number as target for one output, got 'yes'"),
    ],
)
def test_what_cannot_be_drawn(
    points: Any, targets: Any, options: dict[str, Any], error: type[Exception], complaint: str
) -> None:
    """Examples of another kind, and targets that are none, are errors that say which; no figure is opened."""
    import matplotlib.pyplot as plt

    with pytest.raises(error, match=re.escape(complaint)):
        nn.decision_boundary(linear((1.0, 0.0, 0.0)), points, targets, **options)
    assert plt.get_fignums() == []


# --- The history ----------------------------------------------------------------------------------------


def test_a_history_in_one_line(tmp_path: Path) -> None:
    """Whole epochs below, nothing cut off, and one epoch is a point that can be seen."""
    history = nn.History()
    history.loss = [12345.678, 10000.0, 9000.0]
    axes = history.plot()
    axes.figure.savefig(tmp_path / "loss.png")
    assert all(float(tick).is_integer() for tick in axes.get_xticks())
    box, whole = axes.get_tightbbox(), axes.figure.bbox
    assert whole.x0 <= box.x0 <= box.x1 <= whole.x1
    assert whole.y0 <= box.y0 <= box.y1 <= whole.y1
    history.loss = [1.0]
    (line,) = history.plot().get_lines()
    assert line.get_marker() == "o"
    assert len(nn.History().plot().get_lines()[0].get_xdata()) == 0


@pytest.mark.parametrize("module", ["matplotlib", "matplotlib.pyplot"])
def test_where_matplotlib_is_missing(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install: this library, with the extra that brings it."""
    monkeypatch.setitem(sys.modules, module, None)
    message = re.escape('plots need the package matplotlib: pip install "chainrule[plot]"')
    with pytest.raises(ImportError, match=f"^{message}$"):
        nn.History().plot()
    with pytest.raises(ImportError, match=f"^{message}$"):
        nn.decision_boundary(THREE, CORNERS, [0, 1, 2, 0])

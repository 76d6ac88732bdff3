"""Plots by matplotlib: the losses of a training, and where a network of two inputs decides what.

In black and white: lines are solid or dashed, classes are told apart by their markers and hatches. matplotlib is no
dependency of this library; ``pip install "chainrule[plot]"`` brings it along.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, Any

from autograd import Value

from .examples import count
from .losses import class_of
from .measuring import the_class, the_number, usual_threshold
from .modules import Module

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from .losses import Output, Target

    Floats = NDArray[np.float64]

HATCHES = ("", "///", "\\\\\\", "...", "xxx", "---", "|||", "+++", "ooo", "OO")
MARKERS = ("o", "^", "s", "D", "v", "P", "X", "<", ">", "*")
FILLS = ("white", "black", "0.6")
LONGEST = 24  # letters of a name
FINE, COARSE = 151, 51
"""The points of the plane at which a model is asked, to each side: by ``predict``, and one by one."""


def new_axes(axes: Axes | None, size: tuple[float, float] | None = None) -> Axes:
    """The given axes, or those of a new figure, which cuts nothing off. ImportError where matplotlib is missing."""
    if axes is not None:
        return axes
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError('plots need the package matplotlib: pip install "chainrule[plot]"') from error
    _, made = plt.subplots(layout="constrained", figsize=size)
    return made


def losses_over_epochs(curves: Mapping[str, Sequence[float]], axes: Axes | None = None) -> Axes:
    """Curves of one number for each epoch, the first solid, others dashed, with a legend if there are several."""
    axes = new_axes(axes)
    from matplotlib.ticker import MaxNLocator

    for (name, numbers), style in zip(curves.items(), ("k-", "k--", "k:"), strict=False):
        alone = "o" if len(numbers) == 1 else ""  # a line through one point is none
        axes.plot(range(1, len(numbers) + 1), numbers, style, marker=alone, label=name)
    if len(curves) > 1:
        axes.legend()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean loss")
    return axes


def decision_boundary(
    model: Callable[[list[float]], Output],
    X: Sequence[Sequence[float]],
    Y: Sequence[Target],
    *,
    names: Sequence[str] | None = None,
    inputs: Sequence[str] = ("x1", "x2"),
    threshold: float | None = None,
    axes: Axes | None = None,
) -> Any:  # noqa: ANN401 - matplotlib's own types refuse axes.figure.savefig
    """The examples in the plane, and where a model of two inputs puts which class; returns matplotlib's axes.

        nn.decision_boundary(model, X, Y).figure.savefig("boundary.png")

    With one output the plane is hatched where it says yes, above the threshold that :func:`accuracy` takes; with
    several, each class but the first has its own hatch. Lines are where the answer changes.

    Parameters
    ----------
    model, X, Y, threshold: as in :func:`accuracy`; each example has two numbers.
    names: those of the classes, for the legend; 0, 1, ... unless told otherwise.
    inputs: what the axes are called.
    axes: matplotlib's, to draw into; a new figure unless told otherwise.

    Raises ValueError for examples that have not two numbers, all finite, or too few names, and as :func:`accuracy` for
    targets; ImportError where matplotlib is missing.
    """
    count("decision_boundary", X, Y)
    points = [point(x, i) for i, x in enumerate(X)]
    first = as_list(model([*points[0]]))
    single = len(first) == 1
    if single and threshold is None:
        threshold = usual_threshold(first[0])
    labels = [int(the_number(y) > 0) if single else the_class(y, len(first)) for y in Y]
    if names is not None and len(names) <= max(labels):
        raise ValueError(f"decision_boundary: expected a name for each class up to {max(labels)}, got {len(names)}")
    axes = new_axes(axes, (6.4, 4.8))
    sides = [stretch([p[k] for p in points], COARSE if not isinstance(model, Module) else FINE) for k in (0, 1)]
    answers = asked(model, *sides)
    regions = [answers[0] - (threshold or 0.0)] if single else [ahead(answers, k) for k in range(len(answers))]
    for k, margin in enumerate(regions):
        region(axes, sides, margin, HATCHES[(k + single) % len(HATCHES)])
    for k in sorted(set(labels)):
        own = [p for p, label in zip(points, labels, strict=True) if label == k]
        told = shortened(names[k] if names is not None else str(target_of(k, labels, Y)))
        marker = MARKERS[k % len(MARKERS)]
        axes.plot(
            [x for x, _ in own], [y for _, y in own], marker, linestyle="", label=told,
            markerfacecolor=FILLS[k % len(FILLS)], markeredgecolor="black", markersize=7,
        )  # fmt: skip
    axes.set(xlabel=inputs[0], ylabel=inputs[1], xlim=(sides[0][0], sides[0][-1]), ylim=(sides[1][0], sides[1][-1]))
    axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0), frameon=False)  # beside, where no point is
    return axes


def point(x: Sequence[float], i: int) -> tuple[float, float]:
    """An example as a point of the plane."""
    if not hasattr(x, "__len__") or len(x) != 2:
        got = f"{len(x)}" if hasattr(x, "__len__") else f"{x!r:.60}"
        raise ValueError(f"decision_boundary: expected two numbers in each example, got {got} in example {i}")
    numbers = float(x[0]), float(x[1])
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"decision_boundary: expected finite numbers, got {x!r:.60} in example {i}")
    return numbers


def as_list(output: Output | float) -> Sequence[Value | float]:
    """The outputs for one example."""
    return [output] if isinstance(output, (Value, Real)) else output  # type: ignore[return-value]


def stretch(numbers: Sequence[float], count: int) -> list[float]:
    """Numbers at equal distances, from a little below the least to a little above the greatest."""
    low, high = min(numbers), max(numbers)
    margin = 0.08 * (high - low) or 1.0
    return [low - margin + (high - low + 2 * margin) * i / (count - 1) for i in range(count)]


def asked(model: Callable[[list[float]], Output], across: Sequence[float], up: Sequence[float]) -> list[Floats]:
    """For each output its number all over the plane, a row for each height."""
    import numpy as np

    plane = [[x, y] for y in up for x in across]
    if isinstance(model, Module):
        outputs = np.asarray(model.predict(plane)).reshape(len(plane), -1)
    else:
        outputs = np.array([[a.data if isinstance(a, Value) else a for a in as_list(model(x))] for x in plane], float)
    return [column.reshape(len(up), len(across)) for column in outputs.T]


def ahead(answers: Sequence[Floats], k: int) -> Floats:
    """How far output k is above the largest of the others."""
    import numpy as np

    others = [answer for i, answer in enumerate(answers) if i != k]
    return answers[k] - np.maximum.reduce(others)  # type: ignore[no-any-return]


def region(axes: Axes, sides: Sequence[Sequence[float]], margin: Floats, hatch: str) -> None:
    """Hatch the plane where the margin is above 0, and draw the line where it is 0."""
    import matplotlib as mpl
    import numpy as np

    inside = np.where(np.isfinite(margin), margin, np.nan)
    if not (inside > 0).any():
        return
    with mpl.rc_context({"hatch.color": "0.55", "hatch.linewidth": 0.7}):
        if hatch:
            axes.contourf(*sides, inside, levels=[0.0, np.nanmax(inside) + 1.0], colors=["0.94"], hatches=[hatch])
    if (inside < 0).any():
        axes.contour(*sides, inside, levels=[0.0], colors="black", linewidths=2.0)


def shortened(name: str) -> str:
    """A name that leaves room for the picture beside it; a space before _, or matplotlib would leave it out."""
    told = f" {name}" if name.startswith("_") else name
    return told if len(told) <= LONGEST else f"{told[: LONGEST - 1]}…"


def target_of(k: int, labels: Sequence[int], Y: Sequence[object]) -> object:
    """The class that stands in the legend: as the targets have it, where these are numbers; True as itself."""
    y = Y[labels.index(k)]
    return y if isinstance(y, Real) or class_of(y) is not None else k

"""Preparing data: columns of size 1, one part to train on and one to test on, classes as vectors.

train, test = nn.data.split(X, Y, share=0.25, rng=random.Random(0))
"""

from __future__ import annotations

import math
import operator
import random
from typing import TYPE_CHECKING, Protocol, TypeVar, cast, overload

import autograd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self, TypeGuard

    Rows = list[list[float]]


class Array(Protocol):
    """What is asked of an array."""

    @property
    def dtype(self) -> object:
        """Of what its items are."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: list[int], /) -> Self: ...


if TYPE_CHECKING:
    Items = Sequence[object] | Array

S = TypeVar("S")
T = TypeVar("T")
A = TypeVar("A", bound=Array)
B = TypeVar("B", bound=Array)


def standardise(X: Sequence[Sequence[float]], like: Sequence[Sequence[float]] | None = None) -> Rows:
    """Each column less its mean, over its standard deviation: inputs of size 1, from which networks learn well.

    x' = (x - m) / s with m = 1/n sum x_i and s^2 = 1/n sum (x_i - m)^2, of the columns of ``like``, unless told
    otherwise of X itself. What a network is tested or used on has to be scaled as what it was trained on:

        X_test = nn.data.standardise(X_test, like=X_train)
        X_train = nn.data.standardise(X_train)

    In a column of equal numbers s is 0; there x' = x - m. Returns new rows. Raises ValueError for no rows, for rows of
    different lengths, and for a number that is not finite, with the row.

    >>> standardise([[1.0, 5.0], [3.0, 5.0]])
    [[-1.0, 0.0], [1.0, 0.0]]
    """
    rows = checked("standardise", X)
    models = rows if like is None else checked("standardise: like", like)
    if len(models[0]) != len(rows[0]):
        raise ValueError(f"standardise: expected {len(rows[0])} columns in like, got {len(models[0])}")
    scales = []
    for column in zip(*models, strict=True):
        mean = column[0] if min(column) == max(column) else math.fsum(column) / len(column)
        deviation = math.hypot(*[x - mean for x in column]) / math.sqrt(len(column))
        scales.append((mean, deviation or 1.0))
    return [[(x - mean) / deviation for x, (mean, deviation) in zip(row, scales, strict=True)] for row in rows]


def checked(name: str, X: Sequence[Sequence[float]]) -> Rows:
    """The rows as floats; ValueError for none, for one of another length than the first, and for what is not finite."""
    if not len(X):
        raise ValueError(f"{name}: expected rows of numbers, got none")
    rows: Rows = []
    given: Sequence[object] = X
    for i, row in enumerate(given):
        if not has_items(row):
            raise ValueError(f"{name}: expected rows of numbers, [[1.0, 2.0], ...], got {row!r:.60} as row {i}")
        if len(row) != len(X[0]):
            raise ValueError(f"{name}: expected {len(X[0])} numbers in each row, got {len(row)} in row {i}")
        rows.append([autograd.constant(cast("float", x)).data for x in row])  # which looks at it
        if not all(map(math.isfinite, rows[-1])):
            raise ValueError(f"{name}: expected finite numbers, got {list(row)!r:.60} as row {i}")
    return rows


def has_items(x: object) -> TypeGuard[Sequence[object]]:
    """Whether something is a sequence, or an array: it has a length, and is no text."""
    return hasattr(x, "__len__") and not isinstance(x, str)


@overload
def split(
    X: Sequence[S], Y: Sequence[T], share: float = 0.2, rng: random.Random | None = None
) -> tuple[tuple[list[S], list[T]], tuple[list[S], list[T]]]: ...
@overload
def split(
    X: A, Y: Sequence[T], share: float = 0.2, rng: random.Random | None = None
) -> tuple[tuple[A, list[T]], tuple[A, list[T]]]: ...
@overload
def split(
    X: Sequence[S], Y: B, share: float = 0.2, rng: random.Random | None = None
) -> tuple[tuple[list[S], B], tuple[list[S], B]]: ...
@overload
def split(X: A, Y: B, share: float = 0.2, rng: random.Random | None = None) -> tuple[tuple[A, B], tuple[A, B]]: ...
def split(
    X: Items, Y: Items, share: float = 0.2, rng: random.Random | None = None
) -> tuple[tuple[Items, Items], tuple[Items, Items]]:
    """The examples in random order, in two: (X, Y) to train on, and the ``share`` of them to test on.

        train, test = nn.data.split(X, Y, rng=random.Random(0))
        nn.fit(model, *train, loss=..., optimizer=..., validation=test)

    Each part has one example at least. Lists give lists, arrays give arrays; the examples themselves are the same ones.
    All randomness comes from ``rng``; without one, from a new ``random.Random()``. Raises ValueError if X and Y differ
    in length or have fewer than two examples, and for a share that is not between 0 and 1; TypeError for a dict, a set,
    or a table of pandas.
    """
    expect_list("split", "X", X)
    expect_list("split", "Y", Y)
    n = len(X)
    if n != len(Y) or n < 2:
        raise ValueError(f"split: expected as many targets as examples, and two at least, got {n} and {len(Y)}")
    if not 0.0 < share < 1.0:
        raise ValueError(f"split: expected a share between 0 and 1, got {share}")
    order = (rng or random.Random()).sample(range(n), n)
    kept = min(max(round(share * n), 1), n - 1)
    train, test = order[kept:], order[:kept]
    return (taken(X, train), taken(Y, train)), (taken(X, test), taken(Y, test))


def expect_list(name: str, what: str, given: object) -> None:
    """TypeError for what has a length and no items 0, 1, 2, ...: dicts, sets, text, and tables that count by labels."""
    way_out = f"; {what}.to_numpy() is one" * hasattr(given, "iloc")  # pandas' and its like: x[0] is what is called 0
    if way_out or isinstance(given, (dict, set, frozenset, str)):
        raise TypeError(f"{name}: expected a list or an array as {what}, got {type(given).__name__}{way_out}")


def taken(items: Items, index: list[int]) -> Items:
    """Some of the items, as an array if they stand in one."""
    if hasattr(items, "dtype"):
        return cast("Array", items)[index]
    return [items[i] for i in index]


def one_hot(labels: Sequence[object], classes: int | Sequence[object] | None = None) -> Rows:
    """For each label a row with a 1 at its class and 0 elsewhere.

    ``classes`` is how many there are, or the list of their names; unless told otherwise whole numbers from 0 to the
    largest label, or the names that there are, in the order of the alphabet. Raises ValueError for a label that is no
    class, with its place; TypeError for labels that are neither whole numbers nor text.

    >>> one_hot([0, 2, 1])
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    >>> one_hot(["no", "yes"])
    [[1.0, 0.0], [0.0, 1.0]]
    """
    given = [label if isinstance(label, str) else as_class(label, i) for i, label in enumerate(labels)]
    if classes is None:
        texts = [isinstance(label, str) for label in given]
        if any(texts) and not all(texts):
            raise TypeError("one_hot: expected names or numbers as labels, got both")
        classes = sorted(set(map(str, given))) if any(texts) else max(map(int, given), default=-1) + 1
    names: list[object] = [*range(classes)] if isinstance(classes, int) else [*classes]
    rows: Rows = []
    for i, label in enumerate(given):
        if label not in names:
            known = ", ".join(map(str, names))
            raise ValueError(f"one_hot: expected one of {known:.100}, got {label!r:.60} at place {i}")
        rows.append([float(label == name) for name in names])
    return rows


def as_class(label: object, i: int) -> int:
    """A label as a whole number; False and True are 0 and 1, and so are NumPy's."""
    try:
        return operator.index(bool(label) if type(label).__name__ in ("bool", "bool_") else cast("int", label))
    except TypeError:
        raise TypeError(f"one_hot: expected whole numbers or names as labels, got {label!r:.60} at place {i}") from None

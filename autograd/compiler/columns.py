"""Columns: examples for a jitted function as arrays, one column for each, and the function itself at one of them."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from autograd.operands import is_array
from autograd.recorder import recorder
from autograd.structures import LEAF, flatten
from autograd.value import Value, number

from . import means, whole
from .behind import up_to_date
from .calls import constants, unwrapped
from .forms import Path
from .layouts import LAYOUTS, Layout, layout
from .means import Means
from .straight import Straight

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy as np

    from .paths import Paths
    from .recording import Raised
    from .straight import Index

    Floats = np.ndarray[Any, np.dtype[np.float64]]

frozen: ContextVar[dict[int, float] | None] = ContextVar("frozen", default=None)
"""The captured numbers of a call, by the ids of their Values; None as long as each program may read its own."""


def owned(tree: Any) -> Any:
    """The same numbers and Values in lists, tuples, dicts and arrays that nobody else can change."""
    if is_array(tree):
        return tree.copy()
    if isinstance(tree, dict):
        return {key: owned(x) for key, x in tree.items()}
    if not isinstance(tree, (list, tuple)):
        return tree
    kind: Any = type(tree)
    items = [x if type(x) is float else owned(x) for x in tree]
    return kind(*items) if hasattr(tree, "_fields") else kind(items)


def as_index(index: Any, count: int) -> Index:
    """The numbers of some of ``count`` examples as an array; None, for all of them, as it is.

    Raises TypeError unless they are whole numbers, ValueError unless they are in one row, some, and from 0 to count-1.
    """
    import numpy as np

    if index is None:
        return None
    found = np.asarray(index)
    if found.ndim != 1 or not found.size:
        raise ValueError(f"jit: expected a list or an array of example numbers, and some, got {index!r}")
    if found.dtype.kind not in "iu":
        raise TypeError(f"jit: expected example numbers that are int, got an array of {found.dtype}")
    least, most = int(np.minimum.reduce(found)), int(np.maximum.reduce(found))
    if least < 0 or most >= count:
        raise ValueError(f"jit: expected example numbers from 0 to {count - 1}, got {least if least < 0 else most}")
    return found


def name_example(error: ArithmeticError | ValueError, j: int) -> None:
    """Say in an exception, which stays the same one, in which example of a batch it was raised."""
    if error.args and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]} (example {j})", *error.args[1:])


class Columns:
    """Examples for a jitted function: for each of its arguments an array, with a column for each example.

    The numbers are taken out of the arguments once, when the batch is made; those of Values each time. The arguments
    themselves are kept, for where the function itself has to run: they must not change (:func:`owned`).
    """

    def __init__(self, jitted: Paths, arguments: Sequence[Any], shared: Collection[int] = ()) -> None:
        self.jitted = jitted
        self.arguments = arguments
        self.shared = shared
        """The places of arguments that are no examples, but the same for all of them."""
        self.batched: bool | tuple[bool, ...] = True
        """Which arguments have an axis for examples: True for all."""
        if shared:
            self.batched = tuple([i not in shared for i in range(len(arguments))])
        for i, x in enumerate(arguments):
            if i in shared:
                continue
            sequence = hasattr(x, "__getitem__") and hasattr(x, "__len__") and not isinstance(x, (dict, str))
            if not sequence or (is_array(x) and not x.ndim):
                raise TypeError(
                    f"jit: expected a list or an array of examples as argument {jitted.place(i)} of {jitted.name}, "
                    f"got {type(x).__name__}"
                )
        lengths = [len(x) for i, x in enumerate(arguments) if i not in shared]
        if not lengths or len(set(lengths)) > 1 or not lengths[0]:
            raise ValueError(f"jit: expected arguments of one length, and some examples, got lengths {lengths}")
        self.count = lengths[0]
        self.given: dict[tuple[int, int, int], Value] = {}
        """The Values among the numbers: by argument, example, and place in the example."""
        self._of_mean: dict[int, Floats] = {}
        self.anew = False
        """Whether the programs may stand for something that has changed: one example of each is compared each time."""
        self._endless: Any = None
        """Which of the examples hold an inf or a nan."""
        self._steady: dict[Path, Any] = {}
        self._straight: Straight | None = None
        self.structures: list[Any] = []
        self.arrangements: dict[int, Layout | None] = {}
        """The layouts of arguments that all examples share."""
        self.rows = [self._rows(i, argument) for i, argument in enumerate(arguments)]
        self.columns = [rows[0] if i in shared else rows.T for i, rows in enumerate(self.rows)]
        self.family = jitted.family(("batch", tuple(self.structures)))
        variable = {i for i, _, _ in self.given}
        self.wanted = tuple([i in variable for i in range(len(arguments))])

    def _rows(self, i: int, argument: Any) -> Floats:
        """The numbers of an argument, a row for each example."""
        import numpy as np

        place, name = self.jitted.place(i), self.jitted.name
        if i in self.shared:
            return self._shared(i, argument)
        if type(argument) is np.ndarray and argument.dtype.kind in "fiub":
            self.structures.append((np.ndarray, argument.shape[1:]) if argument.ndim > 1 else LEAF)
            return np.ascontiguousarray(argument, np.float64).reshape(self.count, -1)
        first, structure = flatten(argument[0], f"jit: an example of argument {place} of {name}")
        self.structures.append(structure)
        try:
            array = np.asarray(argument)
        except (ValueError, Warning):  # rows of several lengths; NumPy 1.23 warns of them, which may be an error
            array = np.array(None)
        if array.dtype.kind in "fiub" and array.shape[0] == self.count and array.size == self.count * len(first):
            return np.ascontiguousarray(array, np.float64).reshape(self.count, -1)
        rows = np.empty((self.count, len(first)))
        for j, example in enumerate(argument):
            leaves, own = flatten(example, f"jit: example {j} of argument {place} of {name}")
            if own != structure:
                raise ValueError(f"jit: expected examples of one arrangement, but example {j} is unlike example 0")
            rows[j] = [number(x) for x in leaves]
            self.given |= {(i, j, k): x for k, x in enumerate(leaves) if isinstance(x, Value)}
        return rows

    def _shared(self, i: int, argument: Any) -> Floats:
        """The numbers of an argument that all examples share, in one row."""
        import numpy as np

        known = self.jitted.layouts
        for x in known:
            if type(argument) is x.structure[0] and x.looks(argument):
                flat = x.flat(argument)
                if flat is not None:
                    self.structures.append(x.structure)
                    self.arrangements[i] = x
                    return flat.reshape(1, -1)
        leaves, structure = flatten(argument, f"jit: argument {self.jitted.place(i)} of {self.jitted.name}")
        self.structures.append(structure)
        made = layout(structure)
        self.arrangements[i] = made
        if made is not None and structure != LEAF:
            known[:] = [made, *[x for x in known if x.structure != structure]][:LAYOUTS]
        self.given |= {(i, 0, k): x for k, x in enumerate(leaves) if isinstance(x, Value)}
        return np.array([[number(x) for x in leaves]], float)

    def of_example(self, j: int) -> list[Any]:
        """The arguments of one example, as they were given."""
        return [x if i in self.shared else x[j] for i, x in enumerate(self.arguments)]

    def length(self, index: Index) -> int:
        """How many examples an index selects."""
        return self.count if index is None else len(index)

    def taken(self, index: Index) -> list[Floats]:
        """The columns of some examples."""
        if index is None:
            return self.columns
        return [rows[0] if i in self.shared else rows.take(index, 0).T for i, rows in enumerate(self.rows)]

    def numbers(self, example: int) -> list[list[float]]:
        """The numbers of one example."""
        return [rows[0 if i in self.shared else example].tolist() for i, rows in enumerate(self.rows)]

    def captured(self, path: Path) -> Floats:
        """The captured numbers of a path, as they are now; where examples are divided, as first read in this call."""
        import numpy as np

        numbers = frozen.get()
        if numbers is None:
            return path.read()
        return np.array([numbers.setdefault(id(x), x._number) for x in path.captured])

    def example(
        self,
        j: int,
        instead: dict[tuple[int, int, int], Value] | None = None,
        plainly: frozenset[int] | None = None,
    ) -> Any:
        """The function itself at one example, with other Values in the place of those that were given.

        The whole numbers of arguments that are used as such are given to it as they are: of ``plainly``, or of those
        that are known. What it raises names the example.
        """
        self.update()
        plainly = self.family.whole if plainly is None else plainly
        examples = self.of_example(j)
        if not self.family.raw and recorder.get() is None:
            for i, example in enumerate(examples):
                leaves, structure = flatten(example)
                places = [(i, 0 if i in self.shared else j, k) for k in range(len(leaves))]
                given = [x if instead is None else instead.get(at, x) for at, x in zip(places, leaves, strict=True)]
                examples[i] = constants(structure, given, i in plainly)
        try:
            return self.jitted.function(*examples)
        except (ArithmeticError, ValueError) as error:
            name_example(error, j)
            raise

    def record(self, example: int) -> Path | Raised | None:
        """Record the path that an example takes; what it raised if it did, None where that cannot be."""
        self.update()
        function = whole.marking(self.jitted.function, self.leaves(example))
        return self.jitted.record(function, self.structures, self.numbers(example), self.family)

    def leaves(self, example: int) -> list[Sequence[Any]]:
        """The numbers of one example as they were given."""
        return [flatten(x)[0] for x in self.of_example(example)]

    def eager_means(self, index: Index, instead: dict[tuple[int, int, int], Value] | None = None) -> Means:
        """The means of the function's own results."""
        examples = range(self.count) if index is None else index.tolist()
        found = means.of_results([self.example(j, instead) for j in examples], self.jitted.name)
        variable = bool(self.given) or self.family.captured
        return found._replace(numbers=[unwrapped(x, variable) for x in found.numbers])

    def eager_mean(self, index: Index, instead: dict[tuple[int, int, int], Value] | None = None) -> Any:
        """The mean of the loss alone."""
        return self.eager_means(index, instead).loss

    def endless(self) -> Any:
        """Which of the examples hold an inf or a nan."""
        import numpy as np

        if self._endless is None or self.given:
            finite = [np.isfinite(rows).all(1) for rows in self.rows]
            self._endless = ~np.all([np.broadcast_to(x, self.count) for x in finite], axis=0)
        return self._endless

    def shares(self, n: int) -> Floats:
        """1/n for each of n examples: what the mean gives each of them of its gradient."""
        import numpy as np

        if n not in self._of_mean:
            self._of_mean[n] = np.full(n, 1.0 / n)
        return self._of_mean[n]

    def shares_of(self, n: int, count: int, place: int) -> Floats:
        """The same where there are plain numbers beside the loss: a row for each number, 0 but for the loss."""
        import numpy as np

        return np.outer(np.arange(count) == place, self.shares(n))

    def place(self, index: Index, column: int) -> int:
        """The number of the example in this column."""
        return column if index is None else int(index[column])

    def update(self) -> None:
        """Bring the Values up to date, before the function itself runs."""
        up_to_date()

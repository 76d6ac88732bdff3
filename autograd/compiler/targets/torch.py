"""torch as a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .library import Program


class Torch(Library):
    """torch: the program is run operation by operation, on the CPU."""

    def __init__(self) -> None:
        import torch

        self.torch = torch
        super().__init__(TorchNumPy(torch), erf=torch.erf, erfc=torch.erfc)

    def prepared(self, program: Program, constants: Any, tables: Sequence[Any]) -> list[Callable[..., Any]]:
        """The functions of the program, from NumPy's arrays to NumPy's arrays."""
        torch = self.torch

        def tensor(x: Any) -> Any:
            return torch.tensor(x, dtype=torch.float64)

        def numbers(x: Any) -> Any:
            if isinstance(x, tuple):
                return tuple(map(numbers, x))
            return x if isinstance(x, bool) else x.numpy()

        def hosted(function: Callable[..., Any]) -> Callable[..., Any]:
            def of_arrays(*xs: Any) -> Any:
                with torch.inference_mode():
                    return numbers(function(*map(tensor, xs)))

            return of_arrays

        return [*map(hosted, program(tensor(constants), [*map(torch.tensor, tables)]))]

    def added(self, x: Any, index: Any, values: Any) -> Any:
        """x with values added to x[index], every occurrence of an index counted."""
        index = index if isinstance(index, tuple) else (index,)
        if any([isinstance(i, self.torch.Tensor) for i in index]):
            places = [None if isinstance(i, slice) else i for i in index]
            return self.torch.ops.aten.index_put(x, places, values, True)
        out = x.clone()
        out[index].add_(values)
        return out

    def replaced(self, x: Any, index: Any, values: Any) -> Any:
        """x with values in the place of x[index]."""
        out = x.clone()
        out[index] = values
        return out

    def called_back(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of NumPy's arrays, element by element, as one of torch's."""

        def of_tensors(*xs: Any) -> Any:
            given = [x.numpy() if isinstance(x, self.torch.Tensor) else x for x in xs]
            with self.torch.inference_mode(False):  # it may well differentiate something with torch itself
                out = function(*given)
            return self.torch.tensor(out)

        return of_tensors

    def put(self, x: Any, i: int, values: Any) -> Any:
        """x with values as its row i; x is changed."""
        x[i] = values
        return x

    def plus(self, x: Any, i: int, values: Any) -> Any:
        """x with values added to its row i; x is changed."""
        x[i].add_(values)
        return x


class TorchNumPy:
    """torch under the names that NumPy has for the same functions, with 64-bit floats whatever the default is."""

    def __init__(self, torch: Any) -> None:
        self._torch = torch

    def tensor(self, x: Any) -> Any:
        """A number, a boolean tensor or a tensor of numbers as a tensor of 64-bit floats."""
        return self._torch.as_tensor(x, dtype=self._torch.float64)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A function that both have, with its operands as tensors: torch's own take no numbers."""
        function, tensor = getattr(self._torch, name), self._torch.Tensor
        return lambda *xs: function(*[x if isinstance(x, tensor) else self.tensor(x) for x in xs])

    def asarray(self, x: Any, kind: type = float) -> Any:
        """The tensor itself, or its whole numbers as indices."""
        return self._torch.as_tensor(x).to(self._torch.int64) if kind is int else x

    def take_along_axis(self, x: Any, index: Any, axis: int) -> Any:
        """The elements of x with these indices along an axis, broadcast along the others."""
        shape = list(x.shape)
        shape[axis] = index.shape[axis]
        return self._torch.gather(x, axis, index.expand(shape))

    def lexsort(self, keys: Sequence[Any], axis: int) -> Any:
        """Where along an axis the elements are in order: equals keep theirs, and nan comes last."""
        return self._torch.argsort(keys[-1], dim=axis, stable=True)

    def ndim(self, x: Any) -> int:
        """The number of axes."""
        return int(x.dim())

    def shape(self, x: Any) -> tuple[int, ...]:
        """The length of each axis."""
        return tuple(x.shape)

    def zeros(self, shape: tuple[int, ...]) -> Any:
        """Zeros."""
        return self._torch.zeros(shape, dtype=self._torch.float64)

    def full(self, shape: tuple[int, ...], x: Any) -> Any:
        """A number everywhere."""
        return self.broadcast_to(self.tensor(x), shape)

    def full_like(self, like: Any, x: Any) -> Any:
        """Numbers repeated to the shape of another tensor."""
        return self.broadcast_to(self.tensor(x), like.shape)

    def broadcast_to(self, x: Any, shape: tuple[int, ...]) -> Any:
        """A tensor repeated along new axes and those of length 1."""
        return x.expand(shape)

    def concatenate(self, parts: list[Any]) -> Any:
        """Tensors one after the other along the first axis."""
        return self._torch.cat(parts)

    def stack(self, parts: Sequence[Any], axis: int) -> Any:
        """Tensors beside each other along a new axis."""
        return self._torch.stack(parts, axis)

    def arange(self, n: int) -> Any:
        """0, 1, ..., n-1."""
        return self._torch.arange(n)

    def einsum(self, letters: str, *xs: Any) -> Any:
        """A sum of products, as the letters of the axes say."""
        return self._torch.einsum(letters, *xs)

    def sum(self, xs: Any, axis: int) -> Any:
        """The sum along an axis, of booleans too."""
        return self.tensor(xs).sum(axis)

    def max(self, xs: Any, axis: int) -> Any:
        """The largest along an axis, nan where one is."""
        return self._torch.amax(xs, axis)

    def min(self, xs: Any, axis: int) -> Any:
        """The smallest along an axis, nan where one is."""
        return self._torch.amin(xs, axis)

    def argmax(self, xs: Any, axis: int) -> Any:
        """Where along an axis the largest is."""
        return self._torch.argmax(xs, axis)

    def any(self, xs: Any, axis: int) -> Any:
        """Whether anything along an axis is true."""
        return self._torch.any(xs, axis)

    def where(self, condition: Any, x: Any, y: Any) -> Any:
        """x where the condition holds, else y."""
        torch = self._torch
        if not isinstance(x, torch.Tensor) and not isinstance(y, torch.Tensor):
            x = self.tensor(x)  # of two numbers it would make 32-bit floats
        return torch.where(torch.as_tensor(condition), x, y)

    def power(self, x: Any, y: Any) -> Any:
        """x to the power y, one of them a tensor."""
        return self._torch.pow(x, y)

    def sign(self, x: Any) -> Any:
        """1, 0 or -1; nan for nan, where torch's own is 0."""
        return self.where(x == x, self._torch.sign(x), x)

    def cbrt(self, x: Any) -> Any:
        """The real cube root, of which torch has none, to a few parts in 10^16."""
        return self._torch.sign(x) * self._torch.pow(abs(x), 1.0 / 3.0)

"""jax as a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .library import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from .library import Program


class Jax(Library):
    """jax.numpy: each function of the program goes through ``jax.jit``, once for each length of a batch.

    64-bit floats are enabled around what is done here, and nowhere else.
    """

    def __init__(self) -> None:
        import jax
        import jax.experimental
        from jax.scipy import special

        self.jax: Any = jax
        home: Any = jax if hasattr(jax, "enable_x64") else jax.experimental  # where older releases have it
        self.enable_x64 = home.enable_x64
        super().__init__(jax.numpy, erf=special.erf, erfc=special.erfc)

    def prepared(self, program: Program, constants: Any, tables: Sequence[Any]) -> list[Callable[..., Any]]:
        """The functions of the program, from NumPy's arrays to NumPy's arrays."""
        jax = self.jax

        def hosted(function: Callable[..., Any]) -> Callable[..., Any]:
            fast = jax.jit(function)

            def of_arrays(*xs: Any) -> Any:
                with self.enable_x64(True):
                    return jax.device_get(fast(*[np.asarray(x, np.float64) for x in xs]))

            return of_arrays

        return [*map(hosted, program(constants, tables))]

    def added(self, x: Any, index: Any, values: Any) -> Any:
        """x with values added to x[index], every occurrence of an index counted."""
        return x.at[index].add(values)

    def replaced(self, x: Any, index: Any, values: Any) -> Any:
        """x with values in the place of x[index]."""
        return x.at[index].set(values)

    def called_back(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function of NumPy's arrays, element by element, as one of jax's.

        It may be called in a thread of jax's own, where 64-bit floats are not enabled: it takes and gives their bits.
        """
        lax, jnp = self.jax.lax, self.jax.numpy

        def of_bits(*bits: Any) -> Any:
            out = function(*[np.asarray(x).view(np.float64)[..., 0] for x in bits])
            return np.array(out, order="C")[..., None].view(np.uint32)

        def of_arrays(*xs: Any) -> Any:
            given = jnp.broadcast_arrays(*[jnp.asarray(x, jnp.float64) for x in xs])
            out = self.jax.ShapeDtypeStruct((*given[0].shape, 2), np.uint32)
            bits = self.jax.pure_callback(of_bits, out, *[lax.bitcast_convert_type(x, jnp.uint32) for x in given])
            return lax.bitcast_convert_type(bits, jnp.float64)

        return of_arrays

    def repeat(self, numbers: Iterable[int], step: Callable[..., Any], *state: Any) -> Any:
        """``state = step(i, *state)`` for each of the numbers: a loop of XLA's."""
        return self.jax.lax.scan(lambda state, i: (step(i, *state), None), state, np.array([*numbers]))[0]

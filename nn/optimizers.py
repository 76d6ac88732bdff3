"""Optimizers: how a parameter moves, given its gradient.

An optimizer is built without parameters and told them at each step: ``opt = SGD(lr=0.1)``, ``opt.step(parameters)``.
Its formula, :meth:`Optimizer.update`, is plain arithmetic on one parameter, its gradient and its state, so the same
text serves single numbers (:meth:`Optimizer.step`, over Values) and whole arrays (:meth:`Optimizer.step_array`). State
is kept by position in the list of parameters; steps of both kinds may follow each other.
"""

from __future__ import annotations

from numbers import Real
from typing import TYPE_CHECKING, Any, TypeVar

from autograd import Value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Rate = float | Callable[[int], float]
    State = list[tuple[Any, ...]]
    Floats = NDArray[np.float64]
    Order = NDArray[np.intp] | None


N = TypeVar("N", float, "Floats")
"""A number, or as many as there are parameters."""


class Optimizer:
    """The base of all: counts steps, keeps state, and applies :meth:`update` to each parameter.

    ``lr`` is the learning rate eta, or a function of the step number 0, 1, 2, ... that returns it (a schedule).
    """

    memory = 0
    """How many numbers of state each parameter needs."""

    def __init__(self, lr: Rate) -> None:
        if not callable(lr):
            expect_rate(lr)
        self.lr = lr
        self.steps = 0
        self._state: State = []
        self._columns: list[Floats | float] | None = None
        """After a step over arrays the state stands here: an array for each number of it, or the one that all share."""
        self._order: Order = None
        self._count = 0

    def update(self, p: N, g: N, lr: float, *state: Any) -> tuple[Any, ...]:
        """The new parameter and the new state, from parameter p, gradient g, rate and state."""
        raise NotImplementedError

    def step(self, parameters: Iterable[Value]) -> None:
        """Move each parameter against its gradient: ``p.data`` changes, ``p.grad`` does not.

        All or nothing: every new number is computed before the first is stored. Raises ValueError if the number of
        parameters is another than at the first step, or if a schedule returns no finite rate >= 0.
        """
        given = list(parameters)
        moved = self._one_by_one([p.data for p in given], [p.grad for p in given], self._begin(len(given)))
        for p, data in zip(given, moved, strict=True):
            p.data = data

    def step_array(self, p: Floats, g: Floats, order: Order = None) -> Floats:
        """The parameters after one step, where all of them stand in an array p, and their gradients in g.

        ``order[i]`` is the position, in the list of parameters, of the one at p[i]; without it that is i.
        The state moves on as by :meth:`step`, and so do the errors; the given arrays stay as they are. A formula that
        does more with its numbers than arithmetic (``if g > 0``), or leaves the finite ones, takes them one by one.
        """
        import numpy as np

        lr = self._begin(len(p))
        updated = self._at_once(p, g, lr, order)
        if updated is not None:
            self.steps += 1
            moved, self._columns = updated
            return moved
        order = np.arange(len(p)) if order is None else order
        back = np.argsort(order)
        return np.array(self._one_by_one(p[back].tolist(), g[back].tolist(), lr))[order]

    def _at_once(self, p: Floats, g: Floats, lr: float, order: Order) -> tuple[Floats, list[Floats | float]] | None:
        """The new parameters and the new state as arrays; None where the formula cannot be applied to arrays."""
        import numpy as np

        try:
            state = self._as_columns(order)
            if type(self).update.__module__ != __name__:  # it may work in place; ours do not, and copies take time
                p, g, state = p.copy(), g.copy(), [x.copy() if isinstance(x, np.ndarray) else x for x in state]
            with np.errstate(over="raise", divide="raise", invalid="raise"):
                moved, *state = self.update(p, g, lr, *state)
            own, *shapes = [np.shape(x) for x in (moved, *state)]
        except (ArithmeticError, TypeError, ValueError):
            return None
        return (moved, state) if own == p.shape and {*shapes} <= {(), p.shape} else None

    @property
    def state(self) -> State:
        """What each parameter remembers, by its position: a tuple of ``memory`` numbers."""
        if self._columns is not None:
            import numpy as np

            back = slice(None) if self._order is None else np.argsort(self._order)
            each = [np.broadcast_to(x, self._count)[back].tolist() for x in self._columns]
            self.state = [*zip(*each, strict=True)] if each else [()] * self._count
        return self._state

    @state.setter
    def state(self, state: State) -> None:
        self._state, self._columns, self._count = state, None, len(state)

    def _as_columns(self, order: Order) -> list[Floats | float]:
        """The state as arrays; a single number where it is the same for all (such as Adam's t, which stays cheap)."""
        import numpy as np

        if self._columns is None or order is not self._order:
            columns = [np.array(column) for column in zip(*self.state, strict=True)]
            if any([column.ndim != 1 or column.dtype.kind not in "fiub" for column in columns]):
                raise TypeError(f"state: expected numbers, got {self.state[0]!r}")
            if order is not None:
                columns = [column[order] for column in columns]
            self._columns = [column if (column != column[0]).any() else column[0].item() for column in columns]
            self._order = order
        return self._columns

    def _begin(self, count: int) -> float:
        """The rate of the next step, for this number of parameters."""
        if not self.steps:
            self.state = [(0.0,) * self.memory] * count
        if self._count != count:
            raise ValueError(f"step: expected {self._count} parameters as before, got {count}")
        return self.rate()

    def _one_by_one(self, p: Sequence[float], g: Sequence[float], lr: float) -> list[float]:
        """The new numbers of the parameters; the state moves on once all of them are there."""
        updated = [self.update(*pair, lr, *state) for *pair, state in zip(p, g, self.state, strict=True)]
        self.steps += 1
        self.state = [new[1:] for new in updated]
        return [new[0] for new in updated]

    def rate(self) -> float:
        """The learning rate of the next step."""
        if callable(self.lr):
            return expect_rate(self.lr(self.steps))
        expect("lr", self.lr, lambda _: True, "a finite number >= 0")
        return self.lr

    def __repr__(self) -> str:
        settings = {k: v for k, v in vars(self).items() if k != "steps" and not k.startswith("_")}
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in settings.items())})"


class SGD(Optimizer):
    """Gradient descent, u' = u - lr g; with momentum mu, v' = mu v + g and u' = u - lr v'.

    ``nesterov=True`` looks ahead: u' = u - lr (g + mu v') (Sutskever et al. 2013, in the form PyTorch uses).
    Batch, mini-batch or stochastic is a matter of which examples g is the mean over.
    """

    memory = 1

    def __init__(self, lr: Rate = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        super().__init__(lr)
        expect("momentum", momentum, lambda x: 0 <= x < 1, "0 <= momentum < 1")
        self.momentum = momentum
        self.nesterov = nesterov

    def update(self, p: N, g: N, lr: float, *state: Any) -> tuple[Any, ...]:
        """Move by the rate times the gradient, or times the velocity."""
        (v,) = state
        v = self.momentum * v + g if self.momentum else g
        return p - lr * (g + self.momentum * v if self.nesterov else v), v


class RMSProp(Optimizer):
    """s' = rho s + (1 - rho) g^2, u' = u - lr g / (sqrt(s') + eps) (Tieleman and Hinton 2012)."""

    memory = 1

    def __init__(self, lr: Rate = 0.01, rho: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__(lr)
        expect("rho", rho, lambda x: 0 <= x < 1, "0 <= rho < 1")
        expect("eps", eps, lambda x: x > 0, "eps > 0")
        self.rho = rho
        self.eps = eps

    def update(self, p: N, g: N, lr: float, *state: Any) -> tuple[Any, ...]:
        """Divide the gradient by a running root mean square of itself."""
        (s,) = state
        s = self.rho * s + (1 - self.rho) * g * g
        return p - lr * g / (s**0.5 + self.eps), s


class Adam(Optimizer):
    """m' = b1 m + (1 - b1) g, v' = b2 v + (1 - b2) g^2, u' = u - lr mhat / (sqrt(vhat) + eps).

    mhat = m' / (1 - b1^t) and vhat = v' / (1 - b2^t) undo the bias of the start at 0 (Kingma and Ba 2015, algorithm 1).
    """

    memory = 3

    def __init__(self, lr: Rate = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8) -> None:
        super().__init__(lr)
        expect_betas(betas)
        expect("eps", eps, lambda x: x > 0, "eps > 0")
        self.betas = betas
        self.eps = eps

    def update(self, p: N, g: N, lr: float, *state: Any) -> tuple[Any, ...]:
        """Divide a running mean of the gradient by its running root mean square."""
        m, v, t = state
        b1, b2 = self.betas
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g * g
        t += 1
        mhat = m / (1 - b1**t)
        vhat = v / (1 - b2**t)
        return p - lr * mhat / (vhat**0.5 + self.eps), m, v, t


class AdamW(Adam):
    """Adam with decoupled weight decay, u' = u - lr (adam's step + decay u) (Loshchilov and Hutter 2019)."""

    def __init__(
        self, lr: Rate = 0.001, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.01
    ) -> None:
        super().__init__(lr, betas, eps)
        expect("weight_decay", weight_decay, lambda x: x >= 0, "weight_decay >= 0")
        self.weight_decay = weight_decay

    def update(self, p: N, g: N, lr: float, *state: Any) -> tuple[Any, ...]:
        """Adam's step, and the decay beside it."""
        moved, *kept = super().update(p, g, lr, *state)
        return moved - lr * self.weight_decay * p, *kept


def expect_rate(lr: float) -> float:
    """The learning rate, if it is a finite number >= 0; else ValueError, or TypeError if it is no number."""
    expect("lr", lr, lambda x: 0 <= x < float("inf"), "a finite number >= 0")
    return lr


def expect_betas(betas: tuple[float, float]) -> None:
    """The same for Adam's two settings."""
    expected = "two numbers 0 <= beta < 1"
    if not isinstance(betas, (tuple, list)):
        raise TypeError(f"betas: expected {expected}, got {betas!r:.80}")
    for beta in betas:
        expect("betas", beta, lambda _: True, expected)
    if [0 <= beta < 1 for beta in betas] != [True, True]:
        raise ValueError(f"betas: expected {expected}, got {betas!r}")


def expect(name: str, value: object, holds: Callable[[float], bool], allowed: str) -> None:
    """ValueError unless a setting is within its bounds, TypeError unless it is a number; a Value is none."""
    if not isinstance(value, Real):
        ways = {
            "lr": "; parameters are given to step, as in step(model.parameters())" * isinstance(value, (list, tuple))
        }
        way_out = "; value.item() is its number" if isinstance(value, Value) else ways.get(name, "")
        kind = "" if isinstance(value, Value) else f"{type(value).__name__} "
        raise TypeError(f"{name}: expected {allowed}, got {kind}{value!r:.60}{way_out}")
    if not holds(value):  # type: ignore[arg-type]  # which is no float to the type checker
        raise ValueError(f"{name}: expected {allowed}, got {value!r}")

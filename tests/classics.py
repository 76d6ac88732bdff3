"""Two classics of the field, written anew in few lines, and programs that are run on them and on this library.

:class:`Micro` is an engine in the manner of micrograd: closures that add to gradients, children in a set. :class:`Atom`
is one in the manner of the scalar GPT: children with local derivatives. Both are right on graphs that are used once.
The programs - a network on two moons, and a GPT of one layer in lists of lists - take the class of their numbers as an
argument, and use what both classes have and nothing else.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Any

# --- Two engines ----------------------------------------------------------------------------------------


class Micro:
    """A number with a closure that hands its gradient on."""

    def __init__(self, data: float, _children: tuple[Micro, ...] = (), _op: str = "") -> None:
        self.data = data
        self.grad = 0.0
        self._backward: Callable[[], None] = lambda: None
        self._prev = set(_children)
        self._op = _op

    def __add__(self, other: Micro | float) -> Micro:
        right = other if isinstance(other, Micro) else Micro(other)
        out = Micro(self.data + right.data, (self, right), "+")

        def _backward() -> None:
            self.grad += out.grad
            right.grad += out.grad

        out._backward = _backward
        return out

    def __mul__(self, other: Micro | float) -> Micro:
        right = other if isinstance(other, Micro) else Micro(other)
        out = Micro(self.data * right.data, (self, right), "*")

        def _backward() -> None:
            self.grad += right.data * out.grad
            right.grad += self.data * out.grad

        out._backward = _backward
        return out

    def __pow__(self, exponent: float) -> Micro:
        out = Micro(self.data**exponent, (self,), f"**{exponent}")

        def _backward() -> None:
            self.grad += exponent * self.data ** (exponent - 1) * out.grad

        out._backward = _backward
        return out

    def relu(self) -> Micro:
        """Half of the line."""
        out = Micro(max(self.data, 0.0), (self,), "ReLU")

        def _backward() -> None:
            self.grad += (out.data > 0) * out.grad

        out._backward = _backward
        return out

    def backward(self) -> None:
        """Depth first, then the closures in the reverse of that order."""
        for node in reversed(below(self, lambda node: node._prev)):
            if node is self:
                self.grad = 1.0
            node._backward()

    def __neg__(self) -> Micro:
        return self * -1

    def __sub__(self, other: Micro | float) -> Micro:
        return self + -other

    def __rsub__(self, other: float) -> Micro:
        return -self + other

    def __truediv__(self, other: Micro | float) -> Micro:
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__


class Atom:
    """A number with its local derivatives."""

    __slots__ = ("_children", "_local_grads", "data", "grad")

    def __init__(self, data: float, children: tuple[Atom, ...] = (), local_grads: tuple[float, ...] = ()) -> None:
        self.data = data
        self.grad = 0.0
        self._children = children
        self._local_grads = local_grads

    def __add__(self, other: Atom | float) -> Atom:
        right = other if isinstance(other, Atom) else Atom(other)
        return Atom(self.data + right.data, (self, right), (1.0, 1.0))

    def __mul__(self, other: Atom | float) -> Atom:
        right = other if isinstance(other, Atom) else Atom(other)
        return Atom(self.data * right.data, (self, right), (right.data, self.data))

    def __pow__(self, exponent: float) -> Atom:
        return Atom(self.data**exponent, (self,), (exponent * self.data ** (exponent - 1),))

    def log(self) -> Atom:
        """The natural logarithm."""
        return Atom(math.log(self.data), (self,), (1 / self.data,))

    def exp(self) -> Atom:
        """The exponential function."""
        out = math.exp(self.data)
        return Atom(out, (self,), (out,))

    def relu(self) -> Atom:
        """Half of the line."""
        return Atom(max(self.data, 0.0), (self,), (float(self.data > 0),))

    def backward(self) -> None:
        """Depth first, then the chain rule in the reverse of that order."""
        self.grad = 1.0
        for node in reversed(below(self, lambda node: node._children)):
            for child, local in zip(node._children, node._local_grads, strict=True):
                child.grad += local * node.grad

    def __neg__(self) -> Atom:
        return self * -1

    def __sub__(self, other: Atom | float) -> Atom:
        return self + -other

    def __rsub__(self, other: float) -> Atom:
        return -self + other

    def __truediv__(self, other: Atom | float) -> Atom:
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__


def below(root: Any, children: Callable[[Any], Iterable[Any]]) -> list[Any]:
    """The nodes that a root is computed from, operands before results, by the recursion of both classics."""
    listed: list[Any] = []
    seen: set[int] = set()

    def visit(node: Any) -> None:
        if id(node) not in seen:
            seen.add(id(node))
            for child in children(node):
                visit(child)
            listed.append(node)

    visit(root)
    return listed


# --- micrograd's demo: a network that tells two moons apart ---------------------------------------------


class Neuron:
    """relu(w . x + b), or without the relu, product by product."""

    def __init__(self, engine: Any, rng: random.Random, nin: int, nonlin: bool) -> None:
        self.w = [engine(rng.uniform(-1, 1)) for _ in range(nin)]
        self.b = engine(0)
        self.nonlin = nonlin

    def __call__(self, x: Sequence[Any]) -> Any:
        """The output for the inputs x."""
        act = sum((wi * xi for wi, xi in zip(self.w, x, strict=True)), self.b)
        return act.relu() if self.nonlin else act


class Network:
    """Layers of neurons."""

    def __init__(self, engine: Any, rng: random.Random, sizes: Sequence[int]) -> None:
        pairs = list(pairwise(sizes))
        self.layers = [
            [Neuron(engine, rng, nin, nonlin=i < len(pairs) - 1) for _ in range(nout)]
            for i, (nin, nout) in enumerate(pairs)
        ]

    def __call__(self, x: Sequence[Any]) -> Any:
        """The score of a point."""
        for layer in self.layers:
            x = [neuron(x) for neuron in layer]
        return x[0]

    def parameters(self) -> list[Any]:
        """The weights and the bias of each neuron."""
        return [p for layer in self.layers for neuron in layer for p in [*neuron.w, neuron.b]]


def moons(n: int, rng: random.Random) -> tuple[list[list[float]], list[int]]:
    """Two half circles of n points in all, and on which of them each lies: -1 or 1."""
    X, y = [], []
    for i in range(n):
        t, side = math.pi * rng.random(), i % 2
        X.append([math.cos(t) + side + rng.gauss(0, 0.1), math.sin(t) * (1 - 2 * side) + 0.5 * side])
        y.append(2 * side - 1)
    return X, y


def demo(engine: Any, steps: int, points: int = 40, sizes: Sequence[int] = (2, 8, 8, 1)) -> list[float]:
    """Train on two moons with a hinge loss and a little decay, a falling rate, all points at once.

    The losses, step by step, and after the last of them all parameters.
    """
    rng = random.Random(1337)
    model = Network(engine, rng, sizes)
    X, y = moons(points, rng)
    losses = []
    for k in range(steps):
        inputs = [[engine(x) for x in row] for row in X]
        scores = [model(row) for row in inputs]
        hinges = [(1 + -yi * score).relu() for yi, score in zip(y, scores, strict=True)]
        decay = 1e-4 * sum(p * p for p in model.parameters())
        loss = sum(hinges) * (1.0 / len(hinges)) + decay
        for p in model.parameters():
            p.grad = 0
        loss.backward()
        rate = 1.0 - 0.9 * k / 100
        for p in model.parameters():
            p.data -= rate * p.grad
        losses.append(loss.data)
    return [*losses, *[p.data for p in model.parameters()]]


# --- The scalar GPT -------------------------------------------------------------------------------------

WORDS = [
    "acorn", "alder", "aspen", "birch", "cedar", "elder", "hazel", "holly",
    "larch", "maple", "olive", "osier", "rowan", "thorn", "walnut", "willow",
]  # fmt: skip


def linear(W: list[list[Any]], x: Sequence[Any]) -> list[Any]:
    """W x, product by product."""
    return [sum(w * x_k for w, x_k in zip(row, x, strict=True)) for row in W]


class GPT:
    """A transformer of one layer over letters, in lists of lists of single numbers.

    A token and its position are embedded and added; every layer of ``d`` numbers is normalised by its root mean
    square; attention looks back with ``heads`` heads, keys and values being kept from position to position; then a
    network with one hidden layer of 4 d; each of the two is added to what it was given. ``linear`` is its W x.
    """

    def __init__(
        self, engine: Any, rng: random.Random, d: int = 8, heads: int = 2, block: int = 8, linear: Any = linear
    ) -> None:
        self.letters = sorted(set("".join(WORDS)))
        self.end = len(self.letters)
        self.d, self.heads, self.block, self.linear = d, heads, block, linear

        def matrix(rows: int, columns: int) -> list[list[Any]]:
            return [[engine(rng.gauss(0, 0.08)) for _ in range(columns)] for _ in range(rows)]

        vocabulary = self.end + 1
        self.state = {
            "token": matrix(vocabulary, d), "position": matrix(block, d), "query": matrix(d, d), "key": matrix(d, d),
            "value": matrix(d, d), "mix": matrix(d, d), "up": matrix(4 * d, d), "down": matrix(d, 4 * d),
            "head": matrix(vocabulary, d),
        }  # fmt: skip

    def parameters(self) -> list[Any]:
        """All numbers that are trained."""
        return [p for matrix in self.state.values() for row in matrix for p in row]

    def logits(self, token: int, position: int, keys: list[list[Any]], values: list[list[Any]]) -> list[Any]:
        """What may come after a token at a position; keys and values grow by those of this one."""
        state, linear = self.state, self.linear
        x = [t + p for t, p in zip(state["token"][token], state["position"][position], strict=True)]
        x = normalised(x)
        before, x = x, normalised(x)
        query = linear(state["query"], x)
        keys.append(linear(state["key"], x))
        values.append(linear(state["value"], x))
        size = self.d // self.heads
        seen = []
        for h in range(self.heads):
            part = slice(h * size, (h + 1) * size)
            scores = [sum(q * k for q, k in zip(query[part], key[part], strict=True)) / size**0.5 for key in keys]
            weights = softmax(scores)
            seen += [sum(weights[t] * values[t][part][j] for t in range(len(values))) for j in range(size)]
        x = [a + b for a, b in zip(linear(state["mix"], seen), before, strict=True)]
        before, x = x, normalised(x)
        x = linear(state["down"], [hidden.relu() for hidden in linear(state["up"], x)])
        return [*linear(state["head"], [a + b for a, b in zip(x, before, strict=True)])]

    def loss(self, word: str) -> Any:
        """The mean of -log p over the letters of a word, and its end."""
        tokens = [self.end, *map(self.letters.index, word), self.end][: self.block + 1]
        keys: list[list[Any]] = []
        values: list[list[Any]] = []
        losses = []
        for position, (token, target) in enumerate(pairwise(tokens)):
            losses.append(-softmax(self.logits(token, position, keys, values))[target].log())
        return (1 / len(losses)) * sum(losses)

    def sample(self, rng: random.Random, temperature: float = 0.7) -> str:
        """A word, letter by letter, each drawn by what the network thinks of it."""
        token, word = self.end, ""
        keys: list[list[Any]] = []
        values: list[list[Any]] = []
        for position in range(self.block):
            chances = softmax([z / temperature for z in self.logits(token, position, keys, values)])
            token = rng.choices(range(self.end + 1), weights=[p.data for p in chances])[0]
            if token == self.end:
                break
            word += self.letters[token]
        return word


def softmax(z: Sequence[Any]) -> list[Any]:
    """exp(z_j) over their sum; the largest is taken away before, as a plain number."""
    largest = max(z_j.data for z_j in z)
    powers = [(z_j - largest).exp() for z_j in z]
    total = sum(powers)
    return [p / total for p in powers]


def normalised(x: Sequence[Any]) -> list[Any]:
    """x over its root mean square."""
    square = sum(x_k * x_k for x_k in x) / len(x)
    scale = (square + 1e-5) ** -0.5
    return [x_k * scale for x_k in x]


def train_gpt(engine: Any, steps: int, on_nodes: bool = False) -> tuple[list[float], list[float], list[str]]:
    """Train with Adam, a word a step: the losses, the parameters after the last of them, and five words of its own.

    Adam's moments stand in lists, or ``on_nodes``: as attributes of the parameters.
    """
    rng = random.Random(42)
    model = GPT(engine, rng)
    given = model.parameters()
    m, v = [0.0] * len(given), [0.0] * len(given)
    if on_nodes:
        for p in given:
            p.m = p.v = 0.0
    losses = []
    for step in range(steps):
        loss = model.loss(WORDS[step % len(WORDS)])
        loss.backward()
        rate = 0.01 * (1 - step / (2 * steps))
        for i, p in enumerate(given):
            if on_nodes:
                p.m, p.v = moments(p.m, p.v, p.grad)
                move = adam(p.m, p.v, step)
            else:
                m[i], v[i] = moments(m[i], v[i], p.grad)
                move = adam(m[i], v[i], step)
            p.data -= rate * move
            p.grad = 0
        losses.append(loss.data)
    return losses, [p.data for p in given], [model.sample(rng) for _ in range(5)]


def moments(m: float, v: float, grad: float) -> tuple[float, float]:
    """The running means of the gradient and of its square."""
    return 0.85 * m + 0.15 * grad, 0.99 * v + 0.01 * grad**2


def adam(m: float, v: float, step: int) -> float:
    """How far Adam moves, at the rate 1."""
    return (m / (1 - 0.85 ** (step + 1))) / ((v / (1 - 0.99 ** (step + 1))) ** 0.5 + 1e-8)  # type: ignore[no-any-return]

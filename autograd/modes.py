"""How operations answer: with exceptions at their corners, or as IEEE 754 does; with an accusation; without history.

Switches, each local to the thread or task that enters it (:mod:`.entries`): :class:`ieee` lets log(0) be -inf;
:class:`detect_anomaly` names the operation that made the first inf or nan; :class:`no_grad` computes numbers only.
"""

from __future__ import annotations

import functools
import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .entries import Entries, Mode, in_force
from .graph import steps
from .recorder import recorder
from .rules import CONSTANT, STOP

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable
    from types import FrameType, TracebackType

    from .entries import Alone
    from .graph import Node as Swept
    from .recorder import Made, Node

    M = TypeVar("M", bound=Made)

F = TypeVar("F", bound="Callable[..., Any]")

PACKAGE = os.path.dirname(os.path.abspath(__file__))
HOUSE = tuple(os.path.join(os.path.dirname(PACKAGE), name) + os.sep for name in ("autograd", "nn"))
LIBRARY = os.path.dirname(os.__file__) + os.sep
"""Where Python's own modules are."""

ieee_entries: ContextVar[Entries | Alone | None] = ContextVar("ieee_entries", default=None)
debug_entries: ContextVar[Entries | Alone | None] = ContextVar("debug_entries", default=None)
watcher: ContextVar[Entries | Alone | None] = ContextVar("watcher", default=None)
"""Whoever is told of each node that is made: None, a recording, or the entries of several."""


class Arithmetic:
    """Whether operations answer as IEEE 754 does: asked where one would raise, and where a program is chosen."""

    @staticmethod
    def get() -> bool:
        """Whether they do, here and now."""
        return in_force(ieee_entries, ieee)


ieee_arithmetic = Arithmetic()


class ieee(Mode):
    """Within ``with ieee():`` an operation outside its domain gives inf or nan instead of an exception.

    The values and partials are those of IEEE 754 arithmetic: ``log(0) = -inf`` with slope inf, ``1/0 = inf``,
    ``exp(710) = inf``, ``sqrt(-1) = nan``. Contexts nest; each thread and asyncio task has its own. A generator that is
    suspended within one has it in force where its next item is asked for, and no longer than it is in it.
    """

    variable = ieee_entries

    def __enter__(self) -> None:
        super().__enter__()
        tell_recorder()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        tell_recorder()


def tell_recorder() -> None:
    """Tell the recording that is going on, if there is one, how operations answer from here on."""
    seer = recorder.get()
    if seer is not None:
        seer.arithmetic(ieee_arithmetic.get())


class detect_anomaly(Mode):
    """Within ``with detect_anomaly():`` the first inf or nan is an error that names its origin.

    An operation whose value is not finite, or whose step of ``backward()`` makes a gradient that is not finite,
    raises FloatingPointError with the operation, its operands, and the line of your code that called it.
    It slows every operation down, and keeps every node that is made within it alive until it is left; use it to look
    for a nan, not to train.
    """

    variable = watcher

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[int, tuple[Node, str]] = {}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        if not self._entries:
            self._lines.clear()

    def see_value(self, node: Made) -> None:
        """Remember which line made the node; raise if its value is not finite."""
        line = user_line()
        self._lines[id(node)] = node, line
        if not is_finite(node._number):
            raise FloatingPointError(f"{describe(node)} gave {node._number!r}{line}")

    def see_gradients(self, nodes: Iterable[Node]) -> None:
        """Raise for the first of the nodes, results before operands, whose backward step left the finite numbers."""
        for node in nodes:
            if not node.partials:
                self._see_what_was_handed_on(node)
                continue
            swept = cast("Swept", node)  # a backward pass went through it
            for _, upstream, parent, index, partial, carries in steps([swept], {swept: swept._grad}):
                varies = carries and parent.rule is not CONSTANT
                if varies and not (is_finite(parent._grad) and is_finite(partial * upstream)):
                    _, line = self._lines.get(id(node), (None, " (recorded outside detect_anomaly)"))
                    raise FloatingPointError(
                        f"backward through {describe(node)} made a gradient of {parent._grad!r}: operand {index} has "
                        f"the local partial {partial!r} and the upstream gradient is {upstream!r}{line}"
                    )

    def _see_what_was_handed_on(self, node: Node) -> None:
        """The same for a node that was made by hand: its partials are not known."""
        for index, parent in enumerate(node.parents):
            if not is_finite(parent._grad):
                _, line = self._lines.get(id(node), (None, " (recorded outside detect_anomaly)"))
                raise FloatingPointError(
                    f"backward through {describe(node)}, by its own _backward, made a gradient of {parent._grad!r}: "
                    f"that of operand {index}; the upstream gradient is {node._grad!r}{line}"
                )


class debug(Mode):
    """Within ``with debug():`` every program that :func:`~autograd.jit` makes is checked after its passes.

    A program that is ill formed is a fault of the compiler, not of your function: an IllFormedError says what is wrong
    with it, and its statements are written to stderr.
    """

    variable = debug_entries


class no_grad(Mode):
    """Within ``with no_grad():`` operations give constants: numbers in a Value, without operands, partials, gradient.

    What is computed so can be evaluated for ever and keeps no graph alive; ``backward()`` stops there. Leaves stay
    variables. ``@no_grad()``, or ``@no_grad``, does it for a whole function; of a generator or a coroutine, while its
    own code runs. Contexts nest; each thread and asyncio task has its own.

    A derivative that is asked for within it is computed all the same, by ``grad`` and its relatives, ``gradients`` and
    ``backward()`` of graphs made outside: what ``grad`` finds is a constant then. Within a function that ``jit``
    records, what is computed so is part of the program, and hands no gradient on. Sorting, taking an element and
    Python's ``max`` compute nothing: they give the Value itself, with its history.

    Source: PyTorch's ``torch.no_grad``.

    >>> from autograd import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """

    variable = watcher
    changes = True

    if not TYPE_CHECKING:  # whom it would tell that no_grad() may be anything

        def __new__(cls, *given: Any) -> Any:
            """The mode; of a function, as ``@no_grad`` has it, that function within the mode."""
            return decorated(*given) if given and cls is no_grad else super().__new__(cls)

    def __call__(self, function: F) -> F:
        """The function, run within ``no_grad``. TypeError for anything but a function."""
        return decorated(function)  # type: ignore[no-any-return]

    def see_value(self, node: Made) -> None:
        """Let the node be a constant; where it matters how it is computed, one for the derivative only."""
        seer = recorder.get()
        if seer is not None:
            seer.stop(node)
        elif in_force(watcher, kept):
            stop(node)
        else:
            cut(node)


class tracked(Mode):
    """Within ``with tracked():`` operations make nodes as usual, whatever ``no_grad`` is around it."""

    variable = watcher
    ends = (no_grad,)


class kept(tracked):
    """As ``tracked``; and ``no_grad`` within it keeps how a number was computed, so that its rounding can be told."""


def cut(node: Made) -> None:
    """Let a node forget what it was computed from: it is a constant."""
    node.parents = node.partials = ()
    node.rule = CONSTANT


def stop(node: M) -> M:
    """Let a node repeat another, which is computed as it was, and hand no gradient on to it. Returns that other."""
    computed = object.__new__(type(node))
    computed._number, computed._grad, computed._label = node._number, 0.0, ""
    computed.parents, computed.partials, computed.rule = node.parents, node.partials, node.rule
    node.parents, node.partials, node.rule = (computed,), (0.0,), STOP
    return computed


def untracked() -> bool:
    """Whether operations give constants, here and now."""
    return in_force(watcher, no_grad)


def decorated(function: Any) -> Any:
    """A function whose code runs within a ``no_grad`` of its own in each call; of a generator, each time it goes on."""
    import inspect

    if not callable(function) or isinstance(function, type) or inspect.isasyncgenfunction(function):
        raise TypeError(f"no_grad: expected a function, got {function!r}; `with no_grad():` takes any code")
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def awaited(*args: Any, **kwargs: Any) -> Any:
            with no_grad():
                return await function(*args, **kwargs)

        return awaited
    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def resumed(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
            return (yield from in_turns(function(*args, **kwargs)))

        return resumed

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        with no_grad():
            return function(*args, **kwargs)

    return run


def in_turns(generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
    """What a generator yields, takes and returns, its own code being run within ``no_grad``, its user's outside."""
    resume: Callable[[], Any] = functools.partial(next, generator)
    while True:
        with no_grad():
            try:
                item = resume()
            except StopIteration as end:
                return end.value
        try:
            sent = yield item
        except GeneratorExit:
            with no_grad():
                generator.close()
            raise
        except BaseException as error:  # noqa: BLE001 - thrown in, and handed on
            resume = functools.partial(generator.throw, error)
        else:
            resume = functools.partial(generator.send, sent)


def is_finite(x: float) -> bool:
    """False for inf, -inf and nan."""
    return x - x == 0.0


def describe(node: Node) -> str:
    """The operation of a node with its operands: ``log(x = 0.0)``."""
    shown = [f"{p._label} = {p._number!r}" if p._label else repr(p._number) for p in node.parents[:4]]
    more = [f"... {len(node.parents)} operands"] if len(node.parents) > 4 else []
    return f"{node.rule.symbol}({', '.join(shown + more)})"


def user_line() -> str:
    """Where the innermost frame of the user's code stands, as ``, at file.py, line 3: y = x.log()``."""
    frame = user_frame()
    return line_of(frame, frame.f_lineno)


def user_frame() -> FrameType:
    """The innermost frame of the user's code."""
    frame = sys._getframe(1)
    outside = None
    while frame.f_back is not None and not is_users(frame.f_code.co_filename):
        if outside is None and not frame.f_code.co_filename.startswith(HOUSE):
            outside = frame
        frame = frame.f_back
    if outside is not None and not is_users(frame.f_code.co_filename):
        frame = outside
    return frame


def user_level() -> int:
    """How many frames above the one that asks the user's code is, for a warning."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(HOUSE):
        level, frame = level + 1, frame.f_back
    return level


def raising_line(error: BaseException) -> str:
    """Where in the user's code an exception was raised, in the same words; "" if it was not raised in any."""
    found = ""
    trace = error.__traceback__
    while trace is not None:
        if is_users(trace.tb_frame.f_code.co_filename):
            found = line_of(trace.tb_frame, trace.tb_lineno)
        trace = trace.tb_next
    return found


def is_users(name: str) -> bool:
    """Whether a file is neither of this library, nor one of Python's own, nor NumPy's."""
    if name.startswith((*HOUSE, "<frozen ")):
        return False
    installed = f"{os.sep}site-packages{os.sep}"
    return f"{installed}numpy{os.sep}" not in name if installed in name else not name.startswith(LIBRARY)


def line_of(frame: FrameType, number: int) -> str:
    """A line of the code that runs in a frame: file, number, and text."""
    import linecache

    name = frame.f_code.co_filename
    source = linecache.getline(name, number, frame.f_globals).strip()
    return f", at {name}, line {number}" + (f": {source}" if source else "")

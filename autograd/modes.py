"""How operations answer at their corners: with exceptions (the default), as IEEE 754 does, or with an accusation.

Two switches, each a context variable and so local to the thread or task that sets it:
:class:`ieee` lets log(0) be -inf; :class:`detect_anomaly` names the operation that made the first inf or nan.
"""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from .graph import UNTOUCHED
from .recorder import recorder
from .rules import CONSTANT

if TYPE_CHECKING:
    from collections.abc import Iterable
    from contextvars import Token
    from types import FrameType, TracebackType

PACKAGE = os.path.dirname(os.path.abspath(__file__))
HOUSE = tuple(os.path.join(os.path.dirname(PACKAGE), name) + os.sep for name in ("autograd", "nn"))
LIBRARY = os.path.dirname(os.__file__) + os.sep
"""Where Python's own modules are."""

ieee_arithmetic: ContextVar[bool] = ContextVar("ieee_arithmetic", default=False)
watcher: ContextVar[detect_anomaly | None] = ContextVar("watcher", default=None)


class ieee:
    """Within ``with ieee():`` an operation outside its domain gives inf or nan instead of an exception.

    The values and partials are those of IEEE 754 arithmetic: ``log(0) = -inf`` with slope inf, ``1/0 = inf``,
    ``exp(710) = inf``, ``sqrt(-1) = nan``. Contexts nest; each thread and asyncio task has its own.
    """

    def __init__(self) -> None:
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(ieee_arithmetic.set(True))
        tell_recorder()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ieee_arithmetic.reset(self._tokens.pop())
        tell_recorder()


def tell_recorder() -> None:
    """Tell the recording that is going on, if there is one, how operations answer from here on."""
    seer = recorder.get()
    if seer is not None:
        seer.arithmetic(ieee_arithmetic.get())


class detect_anomaly:
    """Within ``with detect_anomaly():`` the first inf or nan is an error that names its origin.

    An operation whose value is not finite, or whose step of ``backward()`` makes a gradient that is not finite,
    raises FloatingPointError with the operation, its operands, and the line of your code that called it.
    It slows every operation down, and keeps every node that is made within it alive until it is left; use it to look
    for a nan, not to train.
    """

    def __init__(self) -> None:
        self._lines: dict[int, tuple[Any, str]] = {}
        self._tokens: list[Token[detect_anomaly | None]] = []

    def __enter__(self) -> None:
        self._tokens.append(watcher.set(self))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        watcher.reset(self._tokens.pop())
        if not self._tokens:
            self._lines.clear()

    def see_value(self, node: Any) -> None:
        """Remember which line made the node; raise if its value is not finite."""
        recording = recorder.get()
        if recording is not None:
            recording.note(node)
        line = user_line()
        self._lines[id(node)] = node, line
        if not is_finite(node._number):
            raise FloatingPointError(f"{describe(node)} gave {node._number!r}{line}")

    def see_gradients(self, nodes: Iterable[Any]) -> None:
        """Raise for the first of the nodes, results before operands, whose backward step left the finite numbers."""
        for node in nodes:
            if not node.partials:
                self._see_what_was_handed_on(node)
                continue
            for index, (parent, partial) in enumerate(zip(node.parents, node.partials, strict=True)):
                varies = parent.rule is not CONSTANT and (partial or not node.rule.selecting)
                carries = varies and node._grad is not UNTOUCHED
                if carries and not (is_finite(parent._grad) and is_finite(partial * node._grad)):
                    _, line = self._lines.get(id(node), (None, " (recorded outside detect_anomaly)"))
                    raise FloatingPointError(
                        f"backward through {describe(node)} made a gradient of {parent._grad!r}: operand {index} has "
                        f"the local partial {partial!r} and the upstream gradient is {node._grad!r}{line}"
                    )

    def _see_what_was_handed_on(self, node: Any) -> None:
        """The same for a node that was made by hand: its partials are not known."""
        for index, parent in enumerate(node.parents):
            if not is_finite(parent._grad):
                _, line = self._lines.get(id(node), (None, " (recorded outside detect_anomaly)"))
                raise FloatingPointError(
                    f"backward through {describe(node)}, by its own _backward, made a gradient of {parent._grad!r}: "
                    f"that of operand {index}; the upstream gradient is {node._grad!r}{line}"
                )


def is_finite(x: float) -> bool:
    """False for inf, -inf and nan."""
    return x - x == 0.0


def describe(node: Any) -> str:
    """The operation of a node with its operands: ``log(x = 0.0)``."""
    shown = [f"{p._label} = {p._number!r}" if p._label else repr(p._number) for p in node.parents[:4]]
    more = [f"... {len(node.parents)} operands"] if len(node.parents) > 4 else []
    return f"{node.rule.symbol}({', '.join(shown + more)})"


def user_line() -> str:
    """Where the innermost frame of the user's code stands, as ``, at file.py, line 3: y = x.log()``."""
    frame = sys._getframe(1)
    outside = None
    while frame.f_back is not None and not is_users(frame.f_code.co_filename):
        if outside is None and not frame.f_code.co_filename.startswith(HOUSE):
            outside = frame
        frame = frame.f_back
    if outside is not None and not is_users(frame.f_code.co_filename):
        frame = outside
    return line_of(frame, frame.f_lineno)


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

"""Surroundings: the plain numbers that a function finds around itself, in closures, defaults and globals.

They are part of a program, as they were when it was recorded. So they are looked at in each call: of the function, and
of the Python functions that it reaches by name, in modules too. In lists and tuples, nested ones too, of at most 100
numbers they are looked at as well. What a function reads elsewhere - attributes, arrays, dicts - is not.
"""

from __future__ import annotations

import functools
import struct
from numbers import Real
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from autograd.modes import HOUSE
from autograd.value import is_numpy_bool

from .tracking import Tracked

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 100
"""How many numbers a list or tuple may have to be looked at."""

EMPTY = object()


class Place:
    """Where something stands: a cell, a name among globals, or a place in a tuple of defaults; and what stood there."""

    __slots__ = ("content", "holder", "key", "name")

    def __init__(self, holder: Any, key: Any, name: str) -> None:
        self.holder, self.key, self.name = holder, key, name
        self.content = self.now()

    def now(self) -> Any:
        """What stands there."""
        holder = self.holder
        if type(holder) is dict:
            return holder.get(self.key, EMPTY)
        if type(holder) is CellType:
            try:
                return holder.cell_contents
            except ValueError:  # a cell that is empty yet
                return EMPTY
        return getattr(holder, self.key)


class Seen(NamedTuple):
    """One look around: what stood in dicts, most of which are globals, in cells and elsewhere; lists; the numbers."""

    names: list[tuple[dict[str, Any], str, Any]]
    cells: list[tuple[CellType, Any]]
    places: list[Place]
    lists: list[tuple[Any, tuple[Any, ...]]]
    key: tuple[Any, ...]
    elsewhere: bool = True
    """Whether anything stands elsewhere than in dicts."""


class Surroundings:
    """The plain numbers around a function. ``now()`` is equal for two moments exactly if they are the same in both."""

    def __init__(self, *functions: Any) -> None:
        self.functions = functions
        self.seen: Seen | None = None
        """What was looked at last: put down at once, as several threads may look."""

    def now(self) -> tuple[Any, ...]:
        """The numbers, by where they stand."""
        seen = self.seen
        return seen.key if seen is not None and unchanged(seen) else self._look()

    def _look(self) -> tuple[Any, ...]:
        """Look at everything anew."""
        seen = Seen([], [], [], [], ())
        numbers: list[tuple[str, Any]] = []
        for place in places(*self.functions):
            content = place.content
            names = vars(place.holder) if type(place.holder) is ModuleType else place.holder
            if type(names) is dict and (names is place.holder or place.key in names):
                seen.names.append((names, place.key, content))
            elif type(names) is CellType and content is not EMPTY:
                seen.cells.append((names, content))
            else:
                seen.places.append(place)
            lists: list[tuple[Any, tuple[Any, ...]]] = []
            found = listed(content, lists)
            if found is not None:
                seen.lists.extend(lists)
                numbers.append((place.name, found))
        self.seen = seen = seen._replace(key=tuple(numbers), elsewhere=bool(seen.cells or seen.places or seen.lists))
        return seen.key


def unchanged(seen: Seen) -> bool:
    """Whether everything is where it was when it was looked at, as it is in most calls: to be told quickly."""
    for names, key, content in seen.names:
        if names.get(key, EMPTY) is not content:
            return False
    return not seen.elsewhere or unchanged_elsewhere(seen)


def unchanged_elsewhere(seen: Seen) -> bool:
    """The same of what does not stand in dicts."""
    try:
        for cell, content in seen.cells:
            if cell.cell_contents is not content:
                return False
    except ValueError:  # it is empty now
        return False
    for place in seen.places:
        if place.now() is not place.content:
            return False
    for found, before in seen.lists:
        if len(found) != len(before) or any([x is not y for x, y in zip(found, before, strict=True)]):
            return False
    return True


def is_plain(x: object) -> bool:
    """Whether this is a plain number: Python's, NumPy's, or a fraction; not what a recording took out of a Value."""
    kind = type(x)
    return kind in (float, int, bool) or (issubclass(kind, Real) and kind is not Tracked) or is_numpy_bool(kind)


def listed(x: Any, lists: list[tuple[Any, tuple[Any, ...]]]) -> Any:
    """A number, or those of a list, nested ones too, each list being noted with what is in it; None of all else."""
    if type(x) not in (list, tuple):
        return bits(x) if is_plain(x) else None
    if not x:  # it may be there to be filled
        return None
    lists.append((x, tuple(x)))
    if sum([len(items) for _, items in lists]) > LONGEST:
        return None
    found = tuple([listed(item, lists) for item in lists[-1][1]])
    return None if None in found else found


def bits(x: Any) -> tuple[str, Any]:
    """A number by its type and its bits."""
    return type(x).__name__, struct.pack("<d", x) if isinstance(x, float) else x if x == x else repr(x)


def places(*functions: Any) -> Iterator[Place]:
    """All that functions, and the functions that they reach by name, find in closures, defaults and globals."""
    for _, found in reached(*functions):
        yield from found


def reached(*functions: Any) -> Iterator[tuple[FunctionType, list[Place]]]:
    """The Python functions that are called, or reached by name from there, each with the places that it may read."""
    seen: set[FunctionType] = set()
    stack = [x for function in functions for x in functions_in(function)]
    while stack:
        inner = stack.pop()
        if inner in seen:
            continue
        seen.add(inner)
        found = [*own_places(inner)]
        if is_ours(inner):  # what it is made around: a function of the user's
            found = [x for x in found if type(x.holder) is CellType and functions_in(x.content)]
        else:
            modules = [x.content for x in found if isinstance(x.content, ModuleType)]
            found += [x for module in dict.fromkeys(modules) for x in places_in(module, inner)]
        yield inner, [x for x in found if not (is_ours(inner) and all(map(is_ours, functions_in(x.content))))]
        for place in found:
            stack += functions_in(place.content)


def is_ours(function: FunctionType) -> bool:
    """Whether the function stands in this house, not in the user's program."""
    return function.__code__.co_filename.startswith(HOUSE)


@functools.lru_cache(maxsize=1)
def installed() -> tuple[str, ...]:
    """Where Python and the packages stand that are installed: their modules are not looked into."""
    import sysconfig

    return tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def places_in(module: ModuleType, function: FunctionType) -> Iterator[Place]:
    """What a function may read of a module: by the names in its code, numbers and Python functions."""
    if str(getattr(module, "__file__", None) or HOUSE[0]).startswith((*HOUSE, *installed())):
        return
    names = vars(module)
    for name in names_in(function.__code__):
        content = names.get(name)
        if is_plain(content) or isinstance(content, FunctionType):
            yield Place(names, name, f"{module.__name__}.{name}")


def functions_in(x: Any) -> list[FunctionType]:
    """The Python functions that are called when x is: those behind methods, partials, wrappers and objects."""
    if isinstance(x, FunctionType):
        return [x, *functions_in(getattr(x, "__wrapped__", None))]
    if isinstance(x, MethodType):
        return functions_in(x.__func__)
    if isinstance(x, functools.partial):
        return [found for part in (x.func, *x.args, *x.keywords.values()) for found in functions_in(part)]
    if not callable(x) or isinstance(x, (type, BuiltinFunctionType)):
        return []
    called = getattr(type(x), "__call__", None)  # noqa: B004 - what is called, not whether
    return [*functions_in(getattr(x, "__wrapped__", None)), *([called] if isinstance(called, FunctionType) else [])]


def own_places(function: FunctionType) -> Iterator[Place]:
    """The places of one function: what its code names, its closure, its defaults."""
    code = function.__code__
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        yield Place(cell, None, name)
    for name in names_in(code):
        if name in function.__globals__:
            yield Place(function.__globals__, name, name)
    if function.__defaults__:
        yield Place(function, "__defaults__", f"the defaults of {function.__name__}")
    for name in function.__kwdefaults__ or ():
        yield Place(function.__kwdefaults__, name, name)


@functools.lru_cache(maxsize=1024)
def names_in(code: Any) -> tuple[str, ...]:
    """The names that a function's code may look up among globals, those of functions inside it included."""
    inner: list[str] = [
        name for constant in code.co_consts if hasattr(constant, "co_names") for name in names_in(constant)
    ]
    names: list[str] = [*code.co_names, *inner]
    return tuple(dict.fromkeys(names))


def varying(keys: list[tuple[Any, ...]]) -> str:
    """The name of a number that differs between these moments; "" if none does."""
    first = dict(keys[0])
    for key in keys[1:]:
        name: str
        for name, value in key:
            if first.get(name, value) != value:
                return name
    return ""

"""What ``jit`` returns: a function and its programs, to be called as the function itself, or over a batch."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from functools import partial
from types import FunctionType, MethodType
from typing import TYPE_CHECKING, Any

from autograd.differentiable import Way, recipe_of
from autograd.programs import TracingCheckError
from autograd.recorder import recorder

from .averaging import Averaging
from .bare import Bare
from .batches import Batch, owned
from .calls import Call
from .derived import Derived, Differentiating
from .holding import Held, held_by
from .keeping import Same
from .paths import Paths
from .pickling import copied, reduced
from .quickest import quick_value
from .road import nothing
from .roads import Roads
from .static import Fixed, SharedArguments, Static
from .surroundings import Surroundings, functions_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from autograd.differentiable import Differentiable
    from autograd.value import Value

    from .listing import Stages
    from .targets.library import Library

VIEWS = 1024
"""For how many values of static arguments what is known of them is kept at hand."""


class Jitted(Paths):
    """What :func:`jit` returns: call it as the function itself, or over a batch with ``mean`` and ``map``."""

    __name__: str
    __wrapped__: Callable[..., Any]

    def __init__(
        self,
        function: Callable[..., Any],
        xp: str | Library = "numpy",
        static_argnums: Any = None,
        static_argnames: Any = None,
        shared: Any = (),
    ) -> None:
        super().__init__(function, xp)
        self.shared = SharedArguments(shared, function)
        """Which arguments all examples of a batch share."""
        self.static = Static(function, static_argnums, static_argnames).if_any()
        """Which arguments are static; None if none are."""
        self.bound = False
        """Whether this is the method of an object."""
        self.attribute = self.name
        """What it is called in its class."""
        inside = str(getattr(self, "__qualname__", "")).rpartition(".")[0]
        self.inside = "" if inside.endswith("<locals>") or not isinstance(function, FunctionType) else inside
        """The name of the class whose body the function stands in, if it does."""
        self.roads = Roads(self)
        self.quick: Callable[[tuple[Any, ...]], float | None] | None = None
        """The quickest way for single numbers."""
        """The ways for plain arguments."""
        self.derived = self.derivative_of(function)
        """The derivative that this is, of a function that is jitted itself."""
        self._methods: weakref.WeakValueDictionary[int, Jitted] = weakref.WeakValueDictionary()
        """The methods that somebody holds, by the ids of their objects, which they hold."""
        self._fixed: OrderedDict[Any, Jitted] = OrderedDict()
        """The function with static arguments given, by their values."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.attribute = name
        if isinstance(self.function, FunctionType):
            self.inside = owner.__qualname__

    def __repr__(self) -> str:
        return f"jit({self.name})"

    def __str__(self) -> str:
        ran = self.last if self.derived is None else self.last or self.derived.inner.last
        return repr(self) if ran is None else self.source

    @property
    def source(self) -> str:
        """The program that ran last, as Python text: forward and backward, NumPy's names and its own, or over floats.

        Raises RuntimeError if there was no call yet: there is nothing to record without arguments.
        """
        path, batched, wanted = self.ran()
        return str(path.source(batched, wanted))

    @property
    def program(self) -> Stages:
        """The program that ran last, as tables: its scalars, what they were normalised to, arrays, and the way back.

        Raises RuntimeError if there was no call yet.
        """
        from .listing import Stages

        path, batched, wanted = self.ran()
        return Stages(path.program, path.rolled, not isinstance(batched, str) and batched, wanted, path.again)

    def kernel(self, /, *args: Any, **kwargs: Any) -> Bare:
        """The bare program of the path that these arguments take, recorded if need be: arrays in, arrays out.

        >>> import numpy as np
        >>> from autograd import jit
        >>> f = jit(lambda x: x[0] * x[1])
        >>> f.kernel([2.0, 3.0]).value_and_grad(np.array([2.0, 3.0]))
        (6.0, (array([3., 2.]),))

        Raises what the function raises for them, ValueError where it has no program for them: where they hold Values
        or containers of the user's own, or the function runs eagerly.
        """
        fixed, others, named = self.with_static(args, kwargs)
        found = fixed.roads.replay(others, named, range(len(others)), nothing)
        if found is None:
            self(*args, **kwargs)  # which may raise
            raise ValueError(f"jit: expected plain numbers and arrays for which {self.name} has a program")
        road, replay = found
        return Bare(replay.path, road.layouts)

    def ran(self) -> tuple[Any, Any, tuple[bool, ...]]:
        """The program that ran last, and in which form; RuntimeError if there is none."""
        last = self.last
        if last is None and self.derived is not None:
            return self.derived.inner.ran()
        if last is None:
            raise RuntimeError(f"jit: call {self.name} first; its program is recorded from a call")
        return last

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """What the function returns for these arguments."""
        quick = self.quick if self.derived is None or self.derived.quick is None else self.derived.quick.ask
        if quick is not None and not kwargs:
            found = quick(args)
            if found is not None:
                return found
        if recorder.get() is not None:  # inside another jitted function it is part of that
            return self.function(*args, **kwargs)
        if self.is_method_of(args):  # as the class has it, or a decorator around it
            return self.__get__(args[0])(*args[1:], **kwargs)
        if self.derived is not None:
            found = self.derived.answer(self.function, args, kwargs)
            if found is not None:
                return found[0]
        if self.static is not None:
            fixed, args, kwargs = self.with_static(args, kwargs)
            return fixed.answer(args, kwargs)
        return self.answer(args, kwargs)

    def answer(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the function returns for arguments none of which is static: by a way that is known, or the long one."""
        roads = self.roads
        road = roads.of((*args, *kwargs.values()), (*kwargs,)) if kwargs else roads.of(args)
        if road is not None:
            found = road.value((*args, *kwargs.values()) if kwargs else args)
            if found is not None:
                if road.single and not kwargs:
                    self.quick = quick_value(road)
                return found[0]
        call = Call(self, args, kwargs)
        result = call.answer()
        if road is None and not any(call.wanted):
            roads.enter(call)
        return result

    def is_method_of(self, args: tuple[Any, ...]) -> bool:
        """Whether the first argument is none, but an object, or for a class method the class, whose method this is."""
        if not self.inside or not args:
            return False
        kind = args[0] if isinstance(args[0], type) else type(args[0])
        return any([base.__qualname__ == self.inside for base in kind.__mro__])

    def is_eager(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Whether the function runs eagerly for arguments that are arranged so."""
        if self.is_method_of(args):
            return False
        fixed, others, named = self.with_static(args, kwargs)
        return fixed.roads.is_eager(others, named)

    def derivative_of(self, function: Callable[..., Any]) -> Derived | None:
        """What it is the derivative of, if that has its static arguments at the same places."""
        if isinstance(function, Jitted):
            return function.derived if self.static is None else None
        recipe = recipe_of(function)
        if recipe is not None and self.static is not None:
            given = recipe.function.static if isinstance(recipe.function, Jitted) else self.static
            if given is None or given.given != self.static.given or isinstance(function, partial):
                return None
        return None if recipe is None else Derived(recipe, self.like(recipe.function))

    def like(self, function: Callable[..., Any]) -> Jitted:
        """Another function jitted in the same way."""
        if isinstance(function, Jitted):
            return function
        make, arguments = self.again(function)
        return make(*arguments)

    def __get__(self, instance: Any, owner: type | None = None) -> Jitted:
        """The jitted method of an object; it keeps the object alive, as Python's methods do, and not its programs."""
        if instance is None or not isinstance(self.function, FunctionType):
            return self
        found = self._methods.get(id(instance))
        if found is None:
            found = self._view(MethodType(self.function, instance), Same(instance, self.families))
            found.bound, found.inside = True, ""
            found.static = self.static and self.static.of_method()
            found = self._methods.setdefault(id(instance), found)
        return found

    def _view(self, function: Callable[..., Any], key: Any) -> Jitted:
        """The same for a function in the place of this one, whose programs stand under a key of their own."""
        view = object.__new__(type(self))
        vars(view).update(vars(self), function=function, prefix=(*self.prefix, key), _fixed=OrderedDict())
        vars(view).update(roads=Roads(view), quick=None, derived=None, shared=SharedArguments(self.shared.given))
        vars(view)["__wrapped__"] = function
        return view

    def with_static(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[Jitted, tuple[Any, ...], dict[str, Any]]:
        """The function with the static arguments of a call given, and the other arguments."""
        if self.static is None:
            return self, args, kwargs
        key, by_place, by_name = self.static.apart(args, kwargs)
        names = {*by_name, *[self.static.order[i] for i in by_place if i >= len(args)]}
        others = tuple([x for i, x in enumerate(args) if i not in by_place])
        named = {name: x for name, x in kwargs.items() if name not in names}
        found = self._fixed.get(key)
        if found is None:
            found = self._view(Fixed(self.function, by_place, by_name), key)
            found.static, found.inside = None, ""
            helpers = [x for x in (*by_place.values(), *by_name.values()) if functions_in(x)]
            if helpers:
                found.surroundings = Surroundings(self.function, *helpers)
            self._fixed[key] = found
            if len(self._fixed) > VIEWS:
                self._fixed.popitem(last=False)
        return found, others, named

    def examples(self, arguments: tuple[Any, ...], kwargs: dict[str, Any], own: bool = False) -> Batch:
        """Examples for the function, with the static arguments given; copies of them if they are to be kept."""
        fixed, examples, others = self.with_static(arguments, kwargs)
        if others:
            raise TypeError(
                f"jit: expected the examples of {self.name} by position, and only static arguments by keyword, "
                f"got {', '.join(others)}"
            )
        shared = fixed.shared.of(fixed.function, len(examples))
        return Batch(fixed, [owned(x) for x in examples] if own else examples, shared)

    def mean(self, /, *arguments: Any, **static: Any) -> Any:
        """The mean of the results over the examples: argument[i] is example i, of each argument.

        One node for all of them: C = 1/n sum C_x. Values in the examples are variables, as those that are captured.
        Where the function returns plain numbers beside its loss, such as an accuracy, the result is arranged as its
        results are, with the means of these numbers. Static arguments are given once for all examples.

        Raises ValueError if the arguments differ in length or are empty, TypeError if they are no lists or arrays, or
        if the result of the function is more than a single number and plain numbers beside it.
        """
        held = held_by(self)
        if held is not None and recorder.get() is None:
            return held.mean(self.examples(arguments, static))
        return self.examples(arguments, static).mean()

    mean.__way__ = Way(Averaging, mean)  # type: ignore[attr-defined]

    def arrays(self, parameters: Sequence[Value]) -> Held:
        """The parameters in arrays, for a loop that trains them: ``with f.arrays(parameters) as (P, dP):``.

        Within, ``P[i]`` is the number of ``parameters[i]``, and the Values are behind. ``f.mean(X, Y)`` is a number,
        and fills ``dP`` with its gradient; P is to be changed in place, as by ``P -= 0.1 * dP``. ``.sync()`` of what
        ``with`` gives, and leaving, write ``data`` and ``grad`` of the Values, also after an exception.

        >>> from autograd import Value, jit
        >>> w = Value(0.0)
        >>> f = jit(lambda x, y: (w * x - y) ** 2)
        >>> with f.arrays([w]) as (P, dP):
        ...     for _ in range(50):
        ...         cost = f.mean([1.0, 2.0], [3.0, 6.0])
        ...         P -= 0.1 * dP
        >>> round(w.data, 6)
        3.0

        Raises TypeError if the parameters are no Values, ValueError if one of them is given twice.
        """
        return Held(self, parameters)

    def map(self, /, *arguments: Any, **options: Any) -> Any:
        """The results for all examples as NumPy arrays, example i along the first axis; numbers, without gradients.

        ``anew=True``: what the function finds around itself may have changed since it was recorded. One of the examples
        is run through the function itself, and if its result is another one than the program's, it is recorded anew.
        """
        static = dict(options)
        named = self.static is not None and "anew" in self.static.names  # an argument of that name
        anew = False if named else bool(static.pop("anew", False))
        batch = self.examples(arguments, static)
        batch.anew = anew
        if anew:
            try:
                return batch.map()
            except TracingCheckError:
                batch = self.examples(arguments, static)
        return batch.map()

    def batch(self, /, *arguments: Any, **static: Any) -> Batch:
        """These examples, prepared once for many calls: of ``mean()`` and ``map()``, or as an ``objective(variables)``.

        The examples are copied: what is done to lists and arrays afterwards has no effect. See :class:`Batch`, and
        :class:`Objective`, which is made for a loop that minimises. Raises as :meth:`mean`.
        """
        return self.examples(arguments, static, own=True)

    @property
    def __differentiable__(self) -> Differentiable:
        """Its derivatives, for the transforms."""
        return Differentiating(self)

    def again(self, function: Callable[..., Any]) -> tuple[Callable[..., Jitted], tuple[Any, ...]]:
        """What is to be called with what to jit another function in the same way."""
        static = self.static.given if self.static else (None, None)
        return Jitted, (function, self.xp, *static, self.shared.given)

    def __reduce__(self) -> Any:
        return reduced(self)

    def __copy__(self) -> Jitted:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Jitted:
        found: Jitted = copied(self, memo)
        return found

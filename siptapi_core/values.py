"""Frozen values whose classes cost next to nothing to create.

attrs writes and compiles source text for each class: half a millisecond, and seventy classes stand
between ``siptapi dial`` and its first packet. That buys validators, converters and structuring,
which settings and SIP URIs need. What messages are made of is a named tuple, made in a third of the
time (Via, addresses). Most values need neither::

    class CalleeRinging(Value):
        status: int = 180

    class HangUp(Value, kw_only=True):
        call: CallId

To type checkers they are dataclasses. `Compared` is for attrs classes on that way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self, dataclass_transform

if TYPE_CHECKING:
    import attrs


class _ByAttributes:
    """Equal where the classes are the same and all of `_content`; shown as ``Class(a=1, b=2)``."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._content() == other._content()

    def __hash__(self) -> int:
        return hash((self.__class__, *self._content().values()))

    def __repr__(self) -> str:
        shown = (f"{name}={value!r}" for name, value in self._content().items())
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    def _content(self) -> dict[str, Any]:
        raise NotImplementedError


@dataclass_transform(frozen_default=True)
class Value(_ByAttributes):
    """Its annotated attributes are what it is made of, compared by, hashed by and shown by.

    Defaults must be values themselves: every instance shares them.
    """

    attribute_names: ClassVar[tuple[str, ...]] = ()
    """All of them, in order."""
    _required: ClassVar[frozenset[str]] = frozenset()
    _known: ClassVar[frozenset[str]] = frozenset()
    _shape: ClassVar[tuple[tuple[str, ...], int, bool]] = ((), 0, False)
    """What is asked for with each instance: the names of positional values, how many of them are
    all that are required, and whether there is something to check."""

    def __init_subclass__(cls, *, kw_only: bool = False) -> None:
        super().__init_subclass__()
        names = [name for name, kind in cls.__annotations__.items() if "ClassVar" not in str(kind)]
        cls.attribute_names = (*cls.attribute_names, *names)
        cls._required = frozenset(name for name in cls.attribute_names if not hasattr(cls, name))
        cls._known = frozenset(cls.attribute_names)
        required = (i for i, name in enumerate(cls.attribute_names, 1) if name in cls._required)
        positional = () if kw_only else cls.attribute_names
        cls._shape = (positional, max(required, default=0), cls._check is not Value._check)

    def __init__(self, *values: Any, **named: Any) -> None:
        content = self.__dict__  # a default is left to the class
        positional, enough, is_checked = self._shape
        for name, value in zip(positional, values):  # noqa: B905  # counted below
            content[name] = value
        if named or not enough <= len(values) <= len(positional):
            content.update(named)
            self._check_names(len(values) + len(named))
        if is_checked:
            self._check()

    def _check_names(self, count: int) -> None:
        """Refuse ``count`` values if they are not those of our attributes, each once."""
        content = self.__dict__
        if (
            len(content) != count
            or not self._known.issuperset(content)
            or not self._required.issubset(content)
        ):
            names, needed = ", ".join(self.attribute_names), ", ".join(sorted(self._required))
            raise TypeError(
                f"{type(self).__name__} takes {names or 'nothing'}, each once; "
                f"it needs {needed or 'none of them'}"
            )

    def _check(self) -> None:
        """Raise an error for attributes that cannot be; for subclasses to override."""

    def __setattr__(self, name: str, _value: object) -> NoReturn:
        raise AttributeError(f"{name}: a {type(self).__name__} never changes")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{name}: a {type(self).__name__} never changes")

    def evolve(self, **changes: Any) -> Self:
        """Another value, with ``changes`` in place of attributes of those names."""
        return type(self)(**self.__dict__ | changes)

    def _content(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.attribute_names}


class Compared(_ByAttributes):
    """Base of an attrs class that leaves out the methods that it has: ``eq=False, repr=False``.

    They mean what those of attrs mean where no ``field`` is left out of ``eq`` or ``repr``.
    """

    __slots__ = ()

    if TYPE_CHECKING:
        __attrs_attrs__: ClassVar[tuple[attrs.Attribute[Any], ...]]

    def _content(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in self.__attrs_attrs__ if each.eq}

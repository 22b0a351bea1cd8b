"""Frozen values whose classes are cheap to create.

For each class attrs generates and compiles ``__eq__``, ``__hash__`` and ``__repr__``: two thirds of
the half millisecond that a class takes, and seventy classes stand between ``siptapi dial`` and its
first packet. `Value` has the three once, for every class that is not compared in a hot path::

    @frozen(eq=False, repr=False)
    class PhoneRinging(Value): ...

They mean what those of attrs mean, ``field(eq=False)`` and ``field(repr=False)`` included.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    import attrs


class Value:
    """Compared, hashed and shown by its attributes."""

    __slots__ = ()

    if TYPE_CHECKING:
        __attrs_attrs__: ClassVar[tuple[attrs.Attribute[Any], ...]]

    def __eq__(self, other: object) -> bool:
        """Whether ``other`` is of the same class and equal in every attribute."""
        if other.__class__ is not self.__class__:
            return NotImplemented
        return self._compared() == other._compared()

    def __hash__(self) -> int:
        """The hash of class and attributes."""
        return hash((self.__class__, self._compared()))

    def __repr__(self) -> str:
        """``Class(name=value, ...)``, without what must not be shown."""
        shown = (
            f"{each.name}={(repr if each.repr is True else each.repr)(getattr(self, each.name))}"
            for each in self.__attrs_attrs__
            if each.repr
        )
        return f"{self.__class__.__qualname__}({', '.join(shown)})"

    def _compared(self) -> tuple[object, ...]:
        return tuple(getattr(self, each.name) for each in self.__attrs_attrs__ if each.eq)

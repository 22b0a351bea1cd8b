"""Steps with the registry."""

from __future__ import annotations

from siptapi_core.values import Value
from siptapi_frontends.tapi.access import own_access
from siptapi_frontends.tapi.registry_values import RegistryValue
from siptapi_frontends.tapi.steps import Step
from siptapi_frontends.tapi.windows import Windows


class MakeKey(Value):
    """A registry key, with that access control list where it is made."""

    key: str
    access: str = ""

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.key_values(self.key) is not None:
            return None
        windows.make_key(self.key)
        if self.access:
            windows.set_key_access(self.key, self.access)
        return RemoveKey(self.key)

    def __str__(self) -> str:
        return f"make the registry key {self.key}"


class RemoveKey(Value):
    """No such key, unless something is in it."""

    key: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.key_values(self.key) is None:
            return None
        access = own_access(windows.key_access(self.key))
        return MakeKey(self.key, access) if windows.remove_key(self.key) else None

    def __str__(self) -> str:
        return f"remove the registry key {self.key}"


class LimitKey(Value):
    """A key with that access control list, where there is such a key."""

    key: str
    access: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.key_values(self.key) is None:
            return None
        before = own_access(windows.key_access(self.key))
        if before == self.access:
            return None
        windows.set_key_access(self.key, self.access)
        return LimitKey(self.key, before)

    def __str__(self) -> str:
        return f"say who may use the registry key {self.key}"


class SetValue(Value):
    """A value of a key; None: no such value."""

    key: str
    name: str
    value: RegistryValue | None

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        before = (windows.key_values(self.key) or {}).get(self.name)
        if before == self.value:
            return None
        if self.value is None:
            windows.remove_value(self.key, self.name)
        else:
            windows.set_value(self.key, self.name, self.value)
        return SetValue(self.key, self.name, before)

    def __str__(self) -> str:
        return f"{'remove' if self.value is None else 'set'} {self.name} in {self.key}"

"""Steps with files and folders."""

from __future__ import annotations

from siptapi_core.values import Value
from siptapi_frontends.tapi.access import own_access
from siptapi_frontends.tapi.steps import Step
from siptapi_frontends.tapi.windows import Windows


class PutFile(Value):
    """A file with that content."""

    path: str
    content: bytes

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        before = windows.read_file(self.path)
        if before == self.content:
            return None
        windows.write_file(self.path, self.content)
        return RemoveFile(self.path) if before is None else PutFile(self.path, before)

    def __str__(self) -> str:
        return f"write {self.path}"


class RemoveFile(Value):
    """No such file."""

    path: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        before = windows.read_file(self.path)
        if before is None:
            return None
        windows.remove_file(self.path)
        return PutFile(self.path, before)

    def __str__(self) -> str:
        return f"remove {self.path}"


class MakeFolder(Value):
    """A folder."""

    path: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.is_folder(self.path):
            return None
        windows.make_folder(self.path)
        return RemoveFolder(self.path)

    def __str__(self) -> str:
        return f"make the folder {self.path}"


class RemoveFolder(Value):
    """No such folder, unless something is in it."""

    path: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        removed = windows.is_folder(self.path) and windows.remove_folder(self.path)
        return MakeFolder(self.path) if removed else None

    def __str__(self) -> str:
        return f"remove the folder {self.path}"


class RemoveAll(Value):
    """No such folder, whatever is in it. The one step that cannot be undone: the last of a plan."""

    path: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        if windows.is_folder(self.path):
            windows.remove_folder(self.path, with_content=True)
        return None

    def __str__(self) -> str:
        return f"remove the folder {self.path} with all that is in it"


class LimitFolder(Value):
    """A folder with that access control list, as `own_access` has it."""

    path: str
    access: str

    def apply(self, windows: Windows) -> Step | None:
        """See `Step`."""
        before = own_access(windows.folder_access(self.path))
        if before == self.access:
            return None
        windows.set_folder_access(self.path, self.access)
        return LimitFolder(self.path, before)

    def __str__(self) -> str:
        return f"say who may use the folder {self.path}"

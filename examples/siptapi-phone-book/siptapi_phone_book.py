"""The resolver ``phone-book``: the SIP addresses of extensions, from a CSV file that others keep.

::

    305,sip:lab@example.com
    306,sip:anna@other.example
"""

from __future__ import annotations

import csv
from pathlib import Path

from attrs import field, frozen

from siptapi_core import (
    MessageError,
    Number,
    Offer,
    ResolveContext,
    Resolved,
    ResolveError,
    Resolver,
    SipUri,
    Target,
    hookimpl,
)


@frozen
class PhoneBook:
    """Set up by ``[resolvers.phone-book]`` with ``file = "/srv/phone-book.csv"``."""

    file: Path = field(converter=Path, metadata={"help": "rows of extension and SIP address"})

    async def resolve(self, target: Target, context: ResolveContext) -> Resolved | None:
        """The address in the first row with that extension; None: it is not in the book."""
        if not isinstance(target, Number):
            return None
        try:
            with self.file.open(encoding="utf-8", newline="") as rows:
                found = next((row for row in csv.reader(rows) if row[:1] == [target.digits]), None)
        except (OSError, ValueError) as error:
            raise ResolveError(f"the phone book {self.file} cannot be read: {error}") from error
        if found is None:
            return None
        try:
            address = SipUri.parse(found[1].strip())
        except (IndexError, MessageError) as error:
            raise ResolveError(f"{self.file}: {target.digits} has no SIP address") from error
        return Resolved(targets=(address,), why=f"it is in {self.file.name}")


@hookimpl
def siptapi_resolvers() -> list[Offer[PhoneBook, Resolver]]:
    """Offer it; it is asked where a line names it among its callee resolvers."""
    return [
        Offer(
            name="phone-book",
            summary="SIP addresses of extensions, from a CSV file",
            settings=PhoneBook,
            create=lambda settings, _context: settings,
        )
    ]

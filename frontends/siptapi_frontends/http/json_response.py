"""JSON as every answer has it."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response


def to_json(data: object) -> bytes:
    """``data`` as JSON in ASCII, without a space too many.

    Many a reader of lines takes U+2028 for the end of one. A lone surrogate, in a stranger's name,
    becomes a question mark: not every parser takes it.
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    if "\\ud" in text:  # of a pair, mostly
        whole = json.dumps(data, ensure_ascii=False).encode(errors="replace")
        text = json.dumps(json.loads(whole), separators=(",", ":"))
    return text.encode()


class JsonResponse(Response):
    """An answer whose body is its content as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the body."""
        return to_json(content)

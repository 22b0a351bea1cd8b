"""JSON as every answer has it."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response


def to_json(data: object) -> bytes:
    """``data`` as JSON, without a space too many."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode(
        errors="replace"  # a lone surrogate, of a stranger's name
    )


class JsonResponse(Response):
    """An answer whose body is its content as JSON."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Encode the body."""
        return to_json(content)

"""JSON Schema of values, by the same annotations that `siptapi_core.value_encoding` writes them by.

Each class is a schema of its own under ``#/components/schemas``, described by its docstring.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Mapping
from typing import Any, get_args, get_origin

from siptapi_core.commands import PlainData
from siptapi_core.events import CallEvent, CallId, Event, Happening, LineEvent, LineHappening
from siptapi_core.value_encoding import URIS, allows_none, class_fields, members_of, name_of

Schema = dict[str, Any]

_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}
_NULL: Schema = {"type": "null"}


class Schemas:
    """Collects ``components``, the schemas that others refer to, by name."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def of(self, type_: Any) -> Schema:
        """The schema of what ``type_`` annotates."""
        if type_ is PlainData:
            return {"description": "Anything."}
        if type_ == Event:
            return self.event()
        members = members_of(type_)
        found = [self._of_one(member, tagged=len(members) > 1) for member in members]
        distinct = [each for index, each in enumerate(found) if each not in found[:index]]
        if allows_none(type_):
            distinct.append(_NULL)
        return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}

    def command(self, cls: type, without: tuple[str, ...] = ()) -> Schema:
        """The schema of a JSON object with the fields of a command; others are refused."""
        schema = self._object(cls, only_required=True)
        for name in without:
            schema["properties"].pop(name)
        schema["required"] = [name for name in schema["required"] if name not in without]
        return {**schema, "additionalProperties": False}

    def event(self) -> Schema:
        """The schema of any event, as `siptapi_core.event_encoding` writes it."""
        if "Event" not in self.components:
            self.components["Event"] = {}
            envelopes = ((CallEvent, Happening), (LineEvent, LineHappening))
            self.components["Event"] = {
                "description": description(CallEvent),
                "oneOf": [
                    self._event(envelope, happening)
                    for envelope, happenings in envelopes
                    for happening in get_args(happenings)
                ],
            }
        return reference("Event")

    def _event(self, envelope: type, happening: Any) -> Schema:
        name = happening.__name__
        if name not in self.components:
            fields = {
                **{key: each for key, each in class_fields(envelope).items() if key != "happening"},
                **class_fields(happening),
            }
            properties = {key: self.of(each.type) for key, each in fields.items()}
            properties["event"] = {"const": happening.name}
            self.components[name] = {
                "type": "object",
                "description": description(happening),
                "properties": properties,
                "required": list(properties),
            }
        return reference(name)

    def _of_one(self, type_: Any, *, tagged: bool = False) -> Schema:
        origin, arguments = get_origin(type_), get_args(type_)
        if type_ in _TYPES or type_ is CallId:
            return {"type": _TYPES[type_]}
        if type_ in URIS:
            return {"type": "string", "description": "A URI."}
        if origin is Mapping:
            return {"type": "object", "additionalProperties": self.of(arguments[1])}
        if origin is not None:
            return {"type": "array", "items": self.of(arguments[0])}
        name = type_.__name__ + ("Target" if tagged else "")
        if name not in self.components:
            self.components[name] = {}  # it may refer to itself
            if issubclass(type_, enum.Enum):
                values = [each.value for each in type_]
                self.components[name] = {
                    "type": "string",
                    "description": description(type_),
                    "enum": values,
                }
            else:
                self.components[name] = self._object(type_)
                if tagged:
                    self._tag(self.components[name], type_)
        return reference(name)

    @staticmethod
    def _tag(schema: Schema, cls: type) -> None:
        schema["properties"] = {"type": {"const": name_of(cls)}, **schema["properties"]}
        schema["required"] = ["type", *schema["required"]]

    def _object(self, cls: type, *, only_required: bool = False) -> Schema:
        fields = class_fields(cls)
        return {
            "type": "object",
            "description": description(cls),
            "properties": {name: self.of(each.type) for name, each in fields.items()},
            "required": [
                name for name, each in fields.items() if each.required or not only_required
            ],
        }


def reference(name: str) -> Schema:
    """A schema that is that of ``name``."""
    return {"$ref": f"#/components/schemas/{name}"}


def description(cls: type) -> str:
    """What the docstring of ``cls`` says, as CommonMark."""
    return (inspect.getdoc(cls) or "").replace("``", "`")

"""A request body as handlers use it: typed values by the API's names, and the validator's tags."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from coder_mock_server.domain.records import NIL_UUID, ZERO_TIME
from coder_mock_server.errors import ApiError, Invalid, Validation
from coder_mock_server.wire_in.decode import EXTRA, decode
from coder_mock_server.wire_in.gotypes import GoType, Resolve, TypeReader
from coder_mock_server.wire_in.scanner import DecodeError
from coder_mock_server.wire_in.validate import failing_tag, printed, zero_of

if TYPE_CHECKING:
    from coder_mock_server.call import Call


def body_reader(
    schema: dict[str, Any], resolve: Resolve, struct_name: str
) -> Callable[[Call], Body]:
    """What `Call.read_body` is for an operation whose request body has this schema.

    `struct_name` is the component's name (`codersdk.CreateWorkspaceRequest`). The type is read
    at the first request.
    """
    types: list[GoType] = []

    def read(call: Call) -> Body:
        if not types:
            types.append(TypeReader(resolve).read(schema, struct_name))
        return read_body(call.raw, types[0])

    return read


def read_body(raw: bytes, type: GoType) -> Body:
    """The body in `raw`; raises the API's 400."""
    try:
        value = decode(raw, type)
    except DecodeError as error:
        raise ApiError(400, "Request body must be valid JSON.", str(error)) from None
    return Body(value, type)


class Body:
    """Values by name; what is absent or null has the zero value of its type."""

    __slots__ = ("_values", "type", "value")

    def __init__(self, value: Any, type: GoType) -> None:
        self.type = type
        self.value = value
        """The whole body, for the few that are no object."""
        self._values: dict[str, Any] = value if isinstance(value, dict) else {}

    def has(self, name: str) -> bool:
        """Whether a value was given (not null)."""
        return name in self._values

    def optional(self, name: str) -> Any:
        """The value as it was decoded, `None` when absent."""
        return self._values.get(name)

    def extra(self, name: str) -> Any:
        """The value of a key that the document does not describe, `None` when absent."""
        return self._values.get(EXTRA, {}).get(name)

    def text(self, name: str) -> str:
        """A string, `""` when absent."""
        value = self._values.get(name)
        return value if isinstance(value, str) else ""

    def boolean(self, name: str) -> bool:
        """A flag, `False` when absent."""
        return self._values.get(name) is True

    def integer(self, name: str) -> int:
        """A number, 0 when absent."""
        value = self._values.get(name)
        return value if isinstance(value, int) else 0

    def uuid(self, name: str) -> str:
        """A canonical UUID, the nil one when absent."""
        return self._values.get(name) or NIL_UUID

    def time(self, name: str) -> datetime:
        """A moment in UTC, the zero time when absent."""
        value = self._values.get(name)
        return value if isinstance(value, datetime) else ZERO_TIME

    def bytes(self, name: str) -> bytes | None:
        """What came in base64."""
        value = self._values.get(name)
        return value if isinstance(value, bytes) else None

    def strings(self, name: str) -> list[str]:
        """A list of strings, empty when absent."""
        return [item or "" for item in self._values.get(name) or ()]

    def mapping(self, name: str) -> dict[str, Any]:
        """A map, empty when absent."""
        value = self._values.get(name)
        if not isinstance(value, dict):
            return {}
        field = self.type.fields.get(name)
        if field is not None and field.item is not None and field.item.kind == "string":
            return {key: item or "" for key, item in value.items()}
        return dict(value)

    def items(self, name: str) -> list[Body]:
        """A list of objects, empty when absent."""
        field = self.type.fields.get(name)
        type = field.item if field is not None and field.item is not None else _ANY
        return [Body(item or {}, type) for item in self._values.get(name) or ()]

    def object(self, name: str) -> Body | None:
        """An object, `None` when absent."""
        value = self._values.get(name)
        return None if value is None else Body(value, self.type.fields.get(name, _ANY))

    def validate(self, *rules: tuple[str, str]) -> None:
        """Apply validator tags, field by field in the order given; refuse with all failures.

        A rule is a name and its comma list of tags; the first failing tag of a field is told.
        Names within tags (`required_without=template_id`) are the API's.
        """
        problems: list[Validation] = []
        for name, tags in rules:
            value = self._values.get(name)
            if value is None:
                value = zero_of(self.type.fields.get(name))
            tag = failing_tag(value, tags, self._values)
            if tag is not None:
                detail = f'Validation failed for tag "{tag}" with value: "{printed(value)}"'
                problems.append(Validation(name, detail))
        if problems:
            raise Invalid("Validation failed.", *problems)


_ANY = GoType("any", "interface {}")

"""The API's errors, worded as clients see them, and our own.

ApiError                         an answer: status, message, detail, validations
|- NotFound                      404, the body that missing and unreadable things share
|- Forbidden                     403, the general denial
|- Unauthorized                  401, signed out
`- Invalid                        400 with one entry per bad field

ServerError                      ours; `coder-mock` exits with 2 on each
`- UsageError                    a setting that cannot be meant
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

NOT_FOUND = "Resource not found or you do not have access to this resource"
SIGNED_OUT = "You are signed out or your session has expired. Please sign in again to continue."
FORBIDDEN_DETAIL = (
    "You don't have permission to view this content. If you believe this is a mistake, "
    "please contact your administrator or try signing in with different credentials."
)


@dataclass(frozen=True, slots=True)
class Validation:
    """One bad field and what is wrong with it."""

    field: str
    detail: str


@dataclass(slots=True)
class ApiError(Exception):
    """An answer that is an error, in the shape of `codersdk.Response`."""

    status: int
    message: str
    detail: str = ""
    validations: tuple[Validation, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The JSON body: `detail` and `validations` are left out when empty."""
        body: dict[str, Any] = {"message": self.message}
        if self.detail:
            body["detail"] = self.detail
        if self.validations:
            body["validations"] = [{"field": v.field, "detail": v.detail} for v in self.validations]
        return body


class NotFound(ApiError):
    """404; missing and unreadable things are indistinguishable."""

    def __init__(self, message: str = NOT_FOUND, detail: str = "") -> None:
        super().__init__(404, message, detail)


class Forbidden(ApiError):
    """403; the caller may read the thing but not do this."""

    def __init__(self, message: str = "Forbidden.", detail: str = FORBIDDEN_DETAIL) -> None:
        super().__init__(403, message, detail)


class Unauthorized(ApiError):
    """401; no session, or none that counts."""

    def __init__(self, detail: str, message: str = SIGNED_OUT) -> None:
        super().__init__(401, message, detail)


class Invalid(ApiError):
    """400 with one validation for each bad field."""

    def __init__(self, message: str, *validations: Validation, detail: str = "") -> None:
        super().__init__(400, message, detail, validations)


class ServerError(Exception):
    """Root of our own errors."""


class UsageError(ServerError):
    """A setting that cannot be meant; the text says which, what was expected, what to do."""

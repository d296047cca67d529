"""What can go wrong, as one tree; a refusal of admission is not in it, for it is an answer.

    AppError
    ├── BadInput              400  a body, parameter or path that cannot be read; names the field
    ├── Unauthenticated       401  no token, or one that does not hold
    ├── Forbidden             403  known, but not allowed
    ├── NotFound              404
    ├── Conflict              409  somebody, or an earlier request, was first
    ├── Gone                  410  it was here and was withdrawn
    ├── Unprocessable         422  well formed, but not acceptable
    ├── TooMany               429  with the seconds to wait
    └── Unavailable           503  a part that we lean on does not answer; try again

Each error carries a stable `code`, which clients switch on and `messages.py` puts into words.
`CODES` is the one table of them, with the status that each is answered with (RFC 9457).
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One bad field: a JSON pointer (RFC 6901) into the body, or the parameter's name; a code."""

    pointer: str
    code: str
    params: tuple[tuple[str, str], ...] = ()


class AppError(Exception):
    """An answer that is not the one asked for. `params` fill the placeholders of its text."""

    status = 500
    default = "internal_error"

    def __init__(self, code: str | None = None, **params: str) -> None:
        self.code = code or self.default
        self.params = params
        super().__init__(self.code)


class BadInput(AppError):
    """The request cannot be read; `fields` says where. Nothing was written."""

    status = 400
    default = "invalid_input"

    def __init__(self, *fields: FieldError) -> None:
        super().__init__()
        self.fields = fields

    @classmethod
    def at(cls, pointer: str, code: str, **params: str) -> "BadInput":
        """The error for one field."""
        return cls(FieldError(pointer, code, tuple(sorted(params.items()))))


class Unauthenticated(AppError):
    """There is no session behind this request."""

    status = 401
    default = "token_invalid"


class Forbidden(AppError):
    """The caller is known and may not."""

    status = 403
    default = "forbidden"


class NotFound(AppError):
    """There is nothing by that name, or nothing that this caller may know of."""

    status = 404
    default = "not_found"


class Conflict(AppError):
    """The state of things has moved on, or was somebody else's first."""

    status = 409
    default = "version_conflict"


class Gone(AppError):
    """It was here and was withdrawn."""

    status = 410
    default = "code_revoked"


class Unprocessable(AppError):
    """Well formed, but not acceptable as it stands."""

    status = 422
    default = "clock_skewed"


class TooMany(AppError):
    """Too often; `retry_after` is in seconds."""

    status = 429
    default = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__(seconds=str(retry_after))
        self.retry_after = retry_after


class Unavailable(AppError):
    """A part that we lean on does not answer; the same request may be sent again."""

    status = 503
    default = "unavailable"
    retry_after = 2


CODES: dict[str, type[AppError]] = {
    "internal_error": AppError,
    "invalid_input": BadInput,
    "token_missing": Unauthenticated,
    "token_invalid": Unauthenticated,
    "token_expired": Unauthenticated,
    "session_ended": Unauthenticated,
    "otp_invalid": Unauthenticated,
    "platform_code_invalid": Unauthenticated,
    "forbidden": Forbidden,
    "platform_account_blocked": Forbidden,
    "phone_required": Forbidden,
    "not_your_venue": Forbidden,
    "initial_administrator_only": Forbidden,
    "registration_required": Forbidden,
    "registration_rejected": Forbidden,
    "registration_not_verified": Forbidden,
    "not_found": NotFound,
    "code_unknown": NotFound,
    "join_code_unknown": NotFound,
    "nonce_reused": Conflict,
    "version_conflict": Conflict,
    "initial_administrator": Conflict,
    "pass_used": Conflict,
    "identity_taken": Conflict,
    "phone_taken": Conflict,
    "venue_exists": Conflict,
    "code_revoked": Gone,
    "clock_skewed": Unprocessable,
    "too_many_venues": Unprocessable,
    "staff_no_match": Unprocessable,
    "visitor_not_verified": Unprocessable,
    "pass_invalid": Unprocessable,
    "pass_expired": Unprocessable,
    "travel_card_code_wrong": Unprocessable,
    "travel_card_no_phone": Unprocessable,
    "client_not_offered": Unprocessable,
    "phone_proof_invalid": Unprocessable,
    "too_many_requests": TooMany,
    "unavailable": Unavailable,
}

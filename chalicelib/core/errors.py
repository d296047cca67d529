"""The tree of errors. A refusal of admission is a result of a scan, not an error.

    AppError
    ├── BadInput              400  an invalid body, parameter or path; names the fields
    ├── Unauthenticated       401  no token, or an invalid one
    ├── Forbidden             403  the caller is authenticated, but not allowed
    │   └── StrongerLogin     403  not with this login, or not without a proof
    ├── NotFound              404  no such resource, or none that the caller may see
    ├── Conflict              409  another request came first
    ├── Gone                  410  the resource was withdrawn
    ├── Unprocessable         422  well formed, but not acceptable
    ├── TooMany               429  a rate limit is exceeded; carries the seconds to wait
    ├── Unavailable           503  a dependency is unavailable; the request may be retried
    └── Unhealthy             503  the deep status: parts are unwell; carries all checks

Each error carries a stable `code`. Clients switch on it; `messages.py` has its text. `CODES` maps
each code to its class. Responses are problem details (RFC 9457).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class FieldError:
    """One invalid field.

    `pointer` is a JSON pointer (RFC 6901) into the body, or the parameter's name. `code` selects
    the text ``field.<code>``, and `params` fill it.
    """

    pointer: str
    code: str
    params: tuple[tuple[str, str], ...] = ()


class AppError(Exception):
    """An error response. `params` fill the placeholders of its text."""

    status = 500
    default = "internal_error"

    def __init__(self, code: str | None = None, **params: str) -> None:
        self.code = code or self.default
        self.params = params
        super().__init__(self.code)

    @property
    def text(self) -> str:
        """The key of the text for the person."""
        return f"error.{self.code}"


class BadInput(AppError):
    """The request is invalid in `fields`. Nothing was written."""

    status = 400
    default = "invalid_input"

    def __init__(self, *fields: FieldError) -> None:
        super().__init__()
        self.fields = fields

    @classmethod
    def at(cls, pointer: str, code: str, **params: str) -> "BadInput":
        """Return the error for one field."""
        return cls(FieldError(pointer, code, tuple(sorted(params.items()))))


class Unauthenticated(AppError):
    """The request has no valid session."""

    status = 401
    default = "token_invalid"


class Forbidden(AppError):
    """The caller is authenticated, but not allowed."""

    status = 403
    default = "forbidden"


class StrongerLogin(Forbidden):
    """The action requires a stronger login, or a proof. `accepted` lists what would do.

    `action` selects the text ``stronger_login.<action>``, which says what to do.
    """

    default = "stronger_login_needed"

    def __init__(self, action: str, accepted: Sequence[str]) -> None:
        super().__init__()
        self.action = action
        self.accepted = accepted

    @property
    def text(self) -> str:
        """See `AppError.text`."""
        return f"stronger_login.{self.action}"


class NotFound(AppError):
    """The resource does not exist, or the caller may not see it."""

    status = 404
    default = "not_found"


class Conflict(AppError):
    """Another request came first: the state has changed, or the value is taken."""

    status = 409
    default = "version_conflict"


class Gone(AppError):
    """The resource was withdrawn."""

    status = 410
    default = "code_revoked"


class Unprocessable(AppError):
    """The request is well formed, but not acceptable."""

    status = 422
    default = "clock_skewed"


class TooMany(AppError):
    """A rate limit is exceeded. `retry_after` is in seconds; its text says `when` in words."""

    status = 429
    default = "too_many_requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


class Unavailable(AppError):
    """A dependency is unavailable; the request may be retried after `retry_after` seconds."""

    status = 503
    default = "unavailable"
    retry_after = 2


class Unhealthy(AppError):
    """Parts of the deployment are unwell. `checks` are the results of all of them."""

    status = 503
    default = "unhealthy"
    retry_after = 60

    def __init__(self, checks: Sequence[Mapping[str, object]]) -> None:
        super().__init__()
        self.checks = checks


CODES: dict[str, type[AppError]] = {
    "internal_error": AppError,
    "invalid_input": BadInput,
    "token_missing": Unauthenticated,
    "token_invalid": Unauthenticated,
    "token_expired": Unauthenticated,
    "session_ended": Unauthenticated,
    "otp_invalid": Unauthenticated,
    "otp_used_up": Unauthenticated,
    "signature_invalid": Unauthenticated,
    "platform_code_invalid": Unauthenticated,
    "pairing_code_invalid": Unauthenticated,
    "device_revoked": Unauthenticated,
    "device_not_paired": Forbidden,
    "too_many_devices": Conflict,
    "temperature_late": Unprocessable,
    "forbidden": Forbidden,
    "platform_account_blocked": Forbidden,
    "phone_required": Forbidden,
    "guardian_not_adult": Forbidden,
    "stronger_login_needed": StrongerLogin,
    "not_your_venue": Forbidden,
    "not_your_dependant": Forbidden,
    "initial_administrator_only": Forbidden,
    "own_account": Forbidden,
    "registration_required": Forbidden,
    "registration_rejected": Forbidden,
    "registration_not_verified": Forbidden,
    "not_found": NotFound,
    "code_unknown": NotFound,
    "join_code_unknown": NotFound,
    "nonce_reused": Conflict,
    "version_conflict": Conflict,
    "initial_administrator": Conflict,
    "hand_over_first": Conflict,
    "pass_used": Conflict,
    "identity_taken": Conflict,
    "identity_managed": Conflict,
    "identity_returning": Conflict,
    "dependant_taken": Conflict,
    "too_many_dependants": Conflict,
    "phone_taken": Conflict,
    "venue_exists": Conflict,
    "form_changed": Conflict,
    "code_revoked": Gone,
    "clock_skewed": Unprocessable,
    "too_many_venues": Unprocessable,
    "staff_no_match": Unprocessable,
    "dependant_no_match": Unprocessable,
    "consent_code_invalid": Unprocessable,
    "visitor_not_verified": Unprocessable,
    "pass_invalid": Unprocessable,
    "pass_expired": Unprocessable,
    "identity_check_unusable": Unprocessable,
    "pass_revoked": Unprocessable,
    "paper_not_accepted": Unprocessable,
    "travel_card_code_wrong": Unprocessable,
    "travel_card_no_phone": Unprocessable,
    "client_not_offered": Unprocessable,
    "phone_proof_invalid": Unprocessable,
    "phone_change_unproved": Unprocessable,
    "confirm_by_text_message": Unprocessable,
    "too_many_requests": TooMany,
    "unavailable": Unavailable,
    "unhealthy": Unhealthy,
}

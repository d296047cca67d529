"""Field types that requests of every area share: trimmed, NFC, without control characters."""

import json
import unicodedata
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import PydanticCustomError

from chalicelib.core.errors import BadInput, FieldError
from chalicelib.core.ids import nonce_time

MAX_BODY = 64 * 1024
Body = TypeVar("Body", bound=BaseModel)


class Request(BaseModel):
    """A request body: unknown fields are refused, values are not coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


class Response(BaseModel):
    """A response body."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True, defer_build=True)


def refuse(code: str, **params: str) -> PydanticCustomError:
    """The error for a field that cannot be accepted; its text is ``field.<code>``."""
    return PydanticCustomError("venuecode", code, {"code": code, **params})


def _clean(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = unicodedata.normalize("NFC", value).strip()
    if any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        raise refuse("control_character")
    return text


# Controls, formats (bidirectional overrides among them), surrogates, private use, unassigned,
# line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

Clean = BeforeValidator(_clean)


def _phone(value: str) -> str:
    import phonenumbers

    try:
        number = phonenumbers.parse(value, "CN")
    except phonenumbers.NumberParseException:
        raise refuse("phone") from None
    if not phonenumbers.is_valid_number(number):
        raise refuse("phone")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _nonce(value: str) -> str:
    try:
        nonce_time(value)
    except ValueError:
        raise refuse("nonce") from None
    return value.lower()


Phone = Annotated[str, Clean, AfterValidator(_phone)]
"""A phone number; without a country code it is read as one of mainland China; becomes E.164."""
Nonce = Annotated[str, AfterValidator(_nonce)]
"""A UUIDv7 made by the client; the same for every try of one request."""

_CODES: dict[str, str] = {
    "missing": "missing",
    "extra_forbidden": "unknown",
    "string_too_short": "too_short",
    "too_short": "too_short",
    "too_long": "too_long",
    "string_too_long": "too_long",
    "string_pattern_mismatch": "malformed",
    "literal_error": "not_allowed",
    "enum": "not_allowed",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "json_invalid": "not_json",
    "string_unicode": "control_character",
}


def parse(model: type[Body], raw: bytes | str | None) -> Body:
    """Read a request's JSON body. Raises BadInput that names every field at fault."""
    if raw is not None and len(raw) > MAX_BODY:
        raise BadInput.at("", "too_large")
    try:
        return model.model_validate_json(raw or "{}")
    except ValidationError as error:
        raise BadInput(*map(_field_error, error.errors(include_url=False))) from None


def _field_error(detail: Any) -> FieldError:
    context = {key: str(value) for key, value in (detail.get("ctx") or {}).items()}
    if detail["type"] == "venuecode":
        code = context.pop("code")
        params = tuple(sorted(context.items()))
    else:
        code, params = _CODES.get(detail["type"], "type"), ()
    pointer = "".join(
        f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in detail["loc"]
    )
    return FieldError(pointer, code, params)


def canonical(body: BaseModel, *, without: str = "nonce") -> str:
    """A body's meaning as text, its nonce aside, to tell a retry from another request."""
    return json.dumps(
        body.model_dump(mode="json", exclude={without}), sort_keys=True, ensure_ascii=False
    )

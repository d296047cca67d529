"""Field types that requests of every area share: trimmed, NFC, without control characters."""

import json
import unicodedata
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    RootModel,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from chalicelib.core.errors import BadInput, FieldError
from chalicelib.core.ids import nonce_time
from chalicelib.core.phones import e164

MAX_BODY = 64 * 1024
Body = TypeVar("Body", bound=BaseModel)


class Request(BaseModel):
    """A request body: unknown fields are refused, values are not coerced.

    A model is built when it is first used: a cold start needs two of them.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


Kinds = TypeVar("Kinds")


class Choice(RootModel[Kinds]):
    """A request body of one of several kinds, told apart by the value of one field.

    Built when it is first used, like its kinds: otherwise it would build them all.
    """

    model_config = ConfigDict(strict=True, frozen=True, defer_build=True)


class Response(BaseModel):
    """A response body. The line below a field describes it in the OpenAPI document."""

    model_config = ConfigDict(frozen=True, defer_build=True)


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
    try:
        return e164(value)
    except ValueError:
        raise refuse("phone") from None


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

FAULT_CODES: dict[str, str] = {
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
    "union_tag_invalid": "not_allowed",
    "union_tag_not_found": "missing",
    "json_invalid": "not_json",
    "string_unicode": "control_character",
}
"""Our code of a fault in a body by pydantic's type of it; any other is a ``type``."""


def parse(model: type[Body], raw: bytes | str | None) -> Body:
    """Read a request's JSON body. Raises BadInput that names every field at fault."""
    if raw is not None and len(raw) > MAX_BODY:
        raise BadInput.at("", "too_large")
    try:
        return model.model_validate_json(raw or "{}")
    except ValidationError as error:
        # The place of an error in a choice begins with the kind that was chosen.
        skipped = 1 if issubclass(model, Choice) else 0
        faults = error.errors(include_url=False)
        raise BadInput(*(_field_error(fault, skipped) for fault in faults)) from None


def _field_error(detail: Any, skipped: int) -> FieldError:
    context = {key: str(value) for key, value in (detail.get("ctx") or {}).items()}
    place = detail["loc"][skipped:]
    if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
        place = (context["discriminator"].strip("'"),)
    if detail["type"] == "venuecode":
        code = context.pop("code")
        params = tuple(sorted(context.items()))
    else:
        code, params = FAULT_CODES.get(detail["type"], "type"), ()
    pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)
    return FieldError(pointer, code, params)


def canonical(body: BaseModel, *, without: str = "nonce") -> str:
    """A body's meaning as text, its nonce aside, to tell a retry from another request."""
    return json.dumps(
        body.model_dump(mode="json", exclude={without}), sort_keys=True, ensure_ascii=False
    )

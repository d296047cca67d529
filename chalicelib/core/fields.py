"""Field types of requests and responses in every area. Texts are in canonical form."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    RootModel,
    ValidationError,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from chalicelib.core import normalisation, short_codes
from chalicelib.core.clock import rfc3339
from chalicelib.core.errors import BadInput, FieldError
from chalicelib.core.ids import PATTERN, nonce_time
from chalicelib.core.phones import e164

MAX_BODY = 64 * 1024
Body = TypeVar("Body", bound=BaseModel)
Parameters = TypeVar("Parameters", bound="Query")


class Request(BaseModel):
    """A request body: unknown fields are refused, values are not coerced.

    A model is built on first use, because a cold start needs only two of them.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)


Kinds = TypeVar("Kinds")


class Choice(RootModel[Kinds]):
    """A request body of one of several kinds; the value of one field selects the kind.

    Built on first use, because building it builds all its kinds.
    """

    model_config = ConfigDict(strict=True, frozen=True, defer_build=True)


class Query(BaseModel):
    """Query parameters. The line below a field describes it in the OpenAPI document.

    All values are strings, converted by the field's validators. Unknown parameters are ignored.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Response(BaseModel):
    """A response body. The line below a field describes it in the OpenAPI document."""

    model_config = ConfigDict(frozen=True, defer_build=True)


def refuse(code: str, **params: str) -> PydanticCustomError:
    """Return the error of an invalid field. Its text is ``field.<code>``."""
    return PydanticCustomError("venuecode", code, {"code": code, **params})


def cleaned(form: Callable[[str], str] = normalisation.line) -> Any:
    """Convert a text to its canonical `form`, and refuse what cannot be printed.

    Length first, because converting a long text is expensive: ``too_long``. Then
    ``control_character``, whose text names the character.
    """

    def clean(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        if len(value) > normalisation.MAX_TEXT:
            raise refuse("too_long")
        text = form(value)
        try:
            normalisation.require_printable(text)
        except normalisation.Unprintable as found:
            raise refuse("control_character", character=found.character) from None
        return text

    return BeforeValidator(clean)


Clean = cleaned()
"""A line of text: trimmed, composed (NFC), without marks that cannot be seen."""
Scanned = cleaned(normalisation.scanned)
"""What a code contains, whatever the scanner has added to it."""


def described(example: object, *, pattern: str = "", accepts: str = "", **schema: object) -> Any:
    """Describe a field in the OpenAPI document. It does not validate.

    `pattern` is the canonical form of a value. Use it where the validators accept more, which
    `accepts` names (spaces, hyphens, full-width characters), or where they report an error code of
    their own.
    """
    extra: dict[str, Any] = {"pattern": pattern, **schema} if pattern else schema
    if accepts:
        extra["description"] = f"In canonical form. Also accepted: {accepts}."
    return Field(examples=[example], json_schema_extra=extra)


def short_code(length: int, code: str) -> Any:
    """Convert a short code to its canonical form. The error of an invalid one is `code`."""

    def read(value: str) -> str:
        try:
            return short_codes.canonical(value, length)
        except ValueError:
            raise refuse(code) from None

    return AfterValidator(read)


Moment = Annotated[
    datetime,
    PlainSerializer(rfc3339, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time in a response: UTC with three digits of the second, ``2022-04-24T08:00:00.000Z``.

ECMA-262 leaves other forms to the engine. A test refuses plain datetimes in responses.
"""


def identifier(prefix: str, example: str) -> Any:
    """Describe a response field that holds an id with a typed prefix."""
    return described(example, pattern=f"^{prefix}_{PATTERN}$")


VenueId = Annotated[str, identifier("ven", "ven_SABR24PA3EYWNYP2")]
PersonId = Annotated[str, identifier("per", "per_7RHYG5G075CMMCW9")]
InvitationId = Annotated[str, identifier("inv", "inv_7RHYG5G075CMMCW9")]
ReceiptId = Annotated[str, identifier("rcp", "rcp_7RHYG5G075CMMCW9")]
VenueName = Annotated[str, Field(examples=["信宜市人民医院"])]
TypeName = Annotated[str, Field(examples=["Medical care"])]
RegionName = Annotated[str, Field(examples=["Xinyi City, Maoming, Guangdong"])]
SCAN_PATTERN = f"^scn_{PATTERN}_[0-9a-f]{{12}}_{PATTERN}$"
SCAN_EXAMPLE = "scn_SABR24PA3EYWNYP2_018058de3800_5SYJR0X9A1XE4SFC"
ScanId = Annotated[str, described(SCAN_EXAMPLE, pattern=SCAN_PATTERN)]
Code = Annotated[str, described("32P3WWT3Y0B8J32H", pattern=f"^{PATTERN}$")]
"""Sixteen characters of Crockford base32: a printed code, or a poster's id."""

TEXT = (
    r"^[^\u0000-\u001f\u007f-\u009f\u00ad\u0600-\u0605\u061c\u06dd\u070f\u200b-\u200f"
    r"\u2028-\u202e\u2060-\u206f\ue000-\uf8ff\ufeff\ufff0-\ufffb\ufffe\uffff]+$"
)
"""An approximate regular expression for printable text. `cleaned` is the exact check."""
AROUND = "white space around it, marks that cannot be seen, and decomposed characters"
"""What `Clean` removes and composes."""
IN_NAMES = "other dots between its parts, spaces between Chinese characters, full-width letters"
"""Other spellings of names."""
IN_PLACES = "full-width letters, brackets and digits, and other blanks"
"""Other spellings of venues' names and addresses."""
SEPARATED = "lower case, full-width characters, spaces, hyphens"
"""Other spellings of document numbers."""
PersonName = Annotated[
    str,
    cleaned(normalisation.person_name),
    Field(min_length=1, max_length=50),
    described("梁思齐", pattern=TEXT, accepts=f"{AROUND}, {IN_NAMES}"),
]
"""A person's name, in full."""


_LONGEST_PHONE = 100  # with brackets, spaces and marks from pasting; E.164 has 15 digits


def _is_short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > _LONGEST_PHONE:
        raise refuse("phone")
    return value


def _phone(value: str) -> str:
    try:
        return e164(value)
    except ValueError:
        raise refuse("phone") from None


# A mobile number of mainland China, Hong Kong, Macao or Taiwan, or any number in E.164. The last
# alternative covers the others, except numbers without a country code. They help generators of test
# data to make valid numbers.
_PHONE_PATTERN = (
    r"^(?:(?:\+86)?1(?:[38][0-9]|4[57]|[59][0-35-9]|6[25-7]|7[0-35-8])[0-9]{8}"
    r"|\+852[569][0-9]{7}|\+8536[0-9]{7}|\+8869[0-9]{8}|\+[1-9][0-9]{5,14})$"
)
_NONCE_PATTERN = (
    "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-7[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"
)


def _nonce(value: str) -> str:
    try:
        nonce_time(value)
    except ValueError:
        raise refuse("nonce") from None
    return value.lower()


Phone = Annotated[
    str,
    Clean,
    BeforeValidator(_is_short),  # the last one is called first
    AfterValidator(_phone),
    described(
        "+8613800000001",
        pattern=_PHONE_PATTERN,
        accepts="spaces, hyphens, brackets, full-width digits, and 00 for the plus sign",
    ),
]
"""A phone number, converted to E.164. The default country is mainland China."""
Nonce = Annotated[
    str,
    AfterValidator(_nonce),
    described("018058de-3800-7abc-8def-0123456789ab", pattern=_NONCE_PATTERN),
]
"""A UUIDv7 made by the client, the same for every retry of a request."""


def _limit(value: str) -> int:
    if not _LIMIT.fullmatch(value):
        raise refuse("out_of_range")
    return int(value)


def _day(value: str) -> date:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise refuse("day") from None
    if day.isoformat() != value:  # ISO 8601 has other formats for a day
        raise refuse("day")
    return day


_LIMIT = re.compile(r"[1-9]|[1-4][0-9]|50", re.ASCII)
Limit = Annotated[int, Field(ge=1, le=50), BeforeValidator(_limit)]
"""The maximum number of items in a page of a list, in a query."""
Day = Annotated[date, BeforeValidator(_day)]
"""A day such as 2022-04-24, in a query."""


class Paged(Query):
    """Query parameters of a list in pages."""

    limit: Limit = 20
    """Maximum number of items in the page."""
    cursor: str | None = None
    """`next_cursor` of the previous page."""


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
    "string_unicode": "malformed",
}
"""Our code of a fault in a body by pydantic's type of it; any other is a ``type``."""


def parse(
    model: type[Body],
    raw: bytes | str | None,
    *,
    today: date | None = None,
    officer: bool = False,
) -> Body:
    """Return the JSON body of a request. Raises BadInput with every invalid field.

    `today` is the day in China. Without it, dates in the future are not refused. An `officer` has
    seen the papers, and may enter what the public may not.
    """
    if raw is not None and len(raw) > MAX_BODY:
        raise BadInput.at("", "too_large")
    context = {"today": today, "officer": officer}
    try:
        return model.model_validate_json(raw or "{}", context=context)
    except ValidationError as error:
        # In a choice, the location of an error begins with the selected kind.
        skipped = 1 if issubclass(model, Choice) else 0
        faults = error.errors(include_url=False)
        raise BadInput(*(_field_error(fault, skipped) for fault in faults)) from None


def parse_query(model: type[Parameters], given: Mapping[str, str]) -> Parameters:
    """Return the query parameters. Raises BadInput with every invalid parameter."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        faults = error.errors(include_url=False)
        raise BadInput(*(_parameter_error(fault) for fault in faults)) from None


def _parameter_error(detail: Any) -> FieldError:
    fault = _field_error(detail, 0)
    # Every required parameter has a fixed set of values; a missing one is reported as not allowed.
    code = "not_allowed" if fault.code == "missing" else fault.code
    return FieldError(fault.pointer.removeprefix("/"), code, fault.params)


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
    """Return a body as canonical JSON without its nonce, to recognise retries."""
    return json.dumps(
        body.model_dump(mode="json", exclude={without}), sort_keys=True, ensure_ascii=False
    )

"""Routes: the lists of codes that a client needs, with texts in the caller's language (GO-14).

They are public, and clients may keep them for an hour.
"""

from datetime import date
from hashlib import sha256
from typing import Annotated

from chalice.app import Blueprint
from pydantic import BaseModel, Field

from chalicelib.api.access import ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.core import code_lists
from chalicelib.core.errors import BadInput
from chalicelib.core.fields import Query, RegionName, Response, TypeName, described
from chalicelib.venues import regions
from chalicelib.venues.catalogue import CATEGORIES

routes = Blueprint(__name__)
_KEPT_S = 3600


class VenueType(Response):
    """A venue type."""

    code: str = described("medical", enum=[one.code for one in CATEGORIES])
    name: TypeName
    members: list[str] = Field(examples=[["Hospital", "Pharmacy", "Clinic"]])
    """Kinds of place that belong to it, as a help for applicants."""


class VenueTypes(Response):
    """The venue types."""

    items: list[VenueType]


class RegionsQuery(Query):
    """Which regions."""

    parent: Annotated[str, described("440900", enum=["", *regions.parents()])] = ""
    """The code of the region above; the provinces without it."""


class Region(Response):
    """A region of today (GB/T 2260)."""

    code: str = Field(examples=["440983"])
    name: str = Field(examples=["Xinyi City"])
    full_name: RegionName
    selectable: bool = Field(examples=[True])
    """Whether a venue or an answer may be in it: a county, district or city without districts."""
    has_children: bool
    """Whether there are regions below it: ask again with its code as `parent`."""


class Regions(Response):
    """The regions below one, or the provinces."""

    as_of: date
    """The date of the ministry's list that they come from."""
    items: list[Region]


class Reason(Response):
    """A reason of an outcome."""

    code: str = described("health_code_green", enum=code_lists.codes(code_lists.REASONS))
    text: str = Field(examples=["Health code: green."])
    """Where a response completes the text, such as by hours, an ellipsis stands."""


class Reasons(Response):
    """The reasons of outcomes."""

    items: list[Reason]


class CodeText(Response):
    """A code and its text."""

    code: str = Field(examples=["passport"])
    text: str = Field(examples=["Passport"])
    staff_text: str | None = Field(examples=[None])
    """The text for staff, if another."""


class CodeList(Response):
    """A list of codes."""

    name: str = described("document_types", enum=list(code_lists.LISTS))
    items: list[CodeText]


class CodeLists(Response):
    """The other codes of requests and responses."""

    lists: list[CodeList]


@endpoint(routes, "GET", "/v1/venue-types", access=ANYONE, response=VenueTypes, statuses=(200, 304))
def list_venue_types(context: RequestContext) -> Answer:
    """Return the venue types, of which an application names one."""
    language = context.language
    return _cacheable(
        context,
        VenueTypes(
            items=[
                VenueType(
                    code=one.code,
                    name=one.names[language],
                    members=[member[language] for member in one.members],
                )
                for one in CATEGORIES
            ]
        ),
    )


@endpoint(
    routes,
    "GET",
    "/v1/regions",
    access=ANYONE,
    query=RegionsQuery,
    response=Regions,
    statuses=(200, 304),
)
def list_regions(context: RequestContext) -> Answer:
    """Return the provinces, or the regions of today directly below `parent`."""
    parent = context.query(RegionsQuery).parent
    if parent and not regions.has_below(parent):
        raise BadInput.at("parent", "region")
    shown = [
        Region(
            code=one.code,
            name=one.own_names[context.language],
            full_name=one.names[context.language],
            selectable=one.is_county_level,
            has_children=regions.has_below(one.code),
        )
        for one in regions.below(parent)
    ]
    return _cacheable(context, Regions(as_of=regions.as_of(), items=shown))


@endpoint(routes, "GET", "/v1/reasons", access=ANYONE, response=Reasons, statuses=(200, 304))
def list_reasons(context: RequestContext) -> Answer:
    """Return the reasons of outcomes."""
    found = code_lists.items(code_lists.REASONS, context.language)
    return _cacheable(
        context, Reasons(items=[Reason(code=one.code, text=one.text) for one in found])
    )


@endpoint(routes, "GET", "/v1/codes", access=ANYONE, response=CodeLists, statuses=(200, 304))
def list_codes(context: RequestContext) -> Answer:
    """Return every other list of codes: outcomes, steps, states, documents, roles, errors, …"""
    return _cacheable(
        context,
        CodeLists(
            lists=[
                CodeList(
                    name=name,
                    items=[
                        CodeText(code=one.code, text=one.text, staff_text=one.staff_text)
                        for one in code_lists.items(prefix, context.language)
                    ],
                )
                for name, prefix in code_lists.LISTS.items()
            ]
        ),
    )


def _cacheable(context: RequestContext, body: BaseModel) -> Answer:
    """Return a response that may be kept (RFC 9111), or 304 to a client that has it (RFC 9110)."""
    text = body.model_dump_json()
    tag = f'"{sha256(f"{context.language} {text}".encode()).hexdigest()[:16]}"'
    headers = {
        "Cache-Control": f"public, max-age={_KEPT_S}",
        "ETag": tag,
        "Vary": "Accept-Language",
    }
    wanted = context.headers.get("if-none-match", "")
    if tag in {one.strip().removeprefix("W/") for one in wanted.split(",")}:
        return Answer("", 304, headers)
    return Answer(text, headers=headers)

"""Every time of every response has the one form of the API."""

import typing
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, PlainSerializer

from chalicelib.admission import evidence
from chalicelib.admission.schemas_scan import component_model
from chalicelib.api import loading
from chalicelib.core.fields import Moment, Response
from chalicelib.core.messages import TEXTS

loading.import_all()


def responses(model: type[BaseModel] = Response) -> Iterator[type[BaseModel]]:
    """Yield the models of responses."""
    yield model
    for below in model.__subclasses__():
        yield from responses(below)


def bare(annotation: Any, metadata: tuple[Any, ...] = ()) -> bool:
    """Return whether a type has a datetime that is no `Moment`."""
    if annotation is datetime:
        return not any(isinstance(one, PlainSerializer) for one in metadata)
    if hasattr(annotation, "__metadata__"):
        return bare(annotation.__origin__, annotation.__metadata__)
    return any(bare(one) for one in typing.get_args(annotation))


def test_times_of_responses_are_moments() -> None:
    for name in evidence.shown():
        component_model(evidence.of(name))
    plain = [
        f"{model.__name__}.{name}"
        for model in responses()
        for name, field in model.model_fields.items()
        if bare(field.annotation, tuple(field.metadata))
    ]
    assert not plain, "use `Moment` of core.fields"


def test_the_search_finds_a_plain_datetime() -> None:
    assert bare(datetime)
    assert bare(list[datetime | None])
    assert not bare(Moment | None)


def test_texts_name_no_technical_form() -> None:
    jargon = ("UUID", "GB/T", "JSON", "RFC", "HTTP", "ISO ")
    assert not [key for key, text in TEXTS.items() if any(word in text for word in jargon)]

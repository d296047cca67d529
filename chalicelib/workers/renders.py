"""SQS ``Renders``: draw posters and paper passes, write exports; delete ended passes."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.core.render_jobs import (
    CardJob,
    CardRemoval,
    ExportJob,
    PosterJob,
    RenderJob,
    decode,
)
from chalicelib.workers.batches import Response, each_message

functions = Blueprint(__name__)
_NOTHING = "nothing to draw"


@functions.lambda_function(name="renders")
def renders(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Handle a batch of render messages; SQS delivers those that failed again."""
    return each_message(event, _handle, read=decode)


def _handle(job: RenderJob) -> str:
    match job:
        case PosterJob():
            return _draw_poster(job)
        case CardJob():
            return _draw_card(job)
        case CardRemoval():
            return _remove_card(job)
        case ExportJob():
            return _write_export(job)


def _draw_poster(job: PosterJob) -> str:
    return container().poster_rendering.render(job.venue, job.poster) or _NOTHING


def _draw_card(job: CardJob) -> str:
    return container().card_rendering.render(job.person, job.serial, job.form) or _NOTHING


def _remove_card(job: CardRemoval) -> str:
    container().card_rendering.remove(job.person, job.serial)
    return "removed"


def _write_export(job: ExportJob) -> str:
    return container().exporting.write(job.person, job.export, container().clock.now())

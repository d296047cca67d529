"""SQS ``Renders``: draw posters and paper passes, and store them; delete ended passes."""

from typing import Any

from chalice.app import Blueprint

from chalicelib.bootstrap import container
from chalicelib.core.render_jobs import CardJob, CardRemoval, PosterJob, decode
from chalicelib.workers.batches import Response, each_message

functions = Blueprint(__name__)


@functions.lambda_function(name="renders")
def renders(event: dict[str, Any], context: Any) -> Response:  # noqa: ARG001 (Lambda's signature)
    """Handle a batch of render messages; SQS delivers those that failed again."""
    return each_message(event, _handle, read=lambda body: decode(body).correlation)


def _handle(body: str) -> str:
    job = decode(body)
    match job:
        case PosterJob():
            state = container().poster_rendering.render(job.venue, job.poster)
            return state or "nothing to draw"
        case CardJob():
            drawn = container().card_rendering.render(job.person, job.serial, job.form)
            return drawn or "nothing to draw"
        case CardRemoval():
            container().card_rendering.remove(job.person, job.serial)
            return "removed"

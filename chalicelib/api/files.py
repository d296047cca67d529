"""Routes: files under the deployment's own host."""

from chalice.app import Blueprint

from chalicelib.api.access import ANYONE
from chalicelib.api.endpoint import Answer, RequestContext, endpoint
from chalicelib.core.storage import disposition

routes = Blueprint(__name__)


@endpoint(
    routes,
    "GET",
    "/v1/files/{token}",
    access=ANYONE,
    statuses=(200, 302),
    errors=("not_found",),
    content_type="*/*",
)
def download(context: RequestContext, token: str) -> Answer:
    """Return the file behind a link, which its token opens; a large one by a redirect."""
    file = context.container.downloads.open(token, now=context.now)
    if file.elsewhere:
        return Answer("", 302, {"Content-Type": "text/plain", "Location": file.elsewhere})
    return Answer(
        file.data,
        headers={
            "Content-Type": file.media_type,
            "Content-Disposition": disposition(file.filename),
        },
    )

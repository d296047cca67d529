"""The browser build of the client as a website below ``/app/``: which headers its files have.

The local cloud's server sends them (`infra.local.website`). On AWS they are uploaded with the files
(`infra.client_upload`), and API Gateway sends them from there (decision 0232).
"""

from pathlib import Path

BROWSER = Path(__file__).absolute().parents[1] / "client/dist/build/h5"
INDEX = "index.html"

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".wav": "audio/wav",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
# What the page may do. `{files}` stands for where posters and cards are downloaded from.
_POLICY = (
    "default-src 'self'; img-src 'self' data: blob:{files}; media-src 'self' blob:; "
    "connect-src 'self'{files}; worker-src 'self' blob:; style-src 'self'; "
    "style-src-attr 'unsafe-inline'; object-src 'none'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)
_SAFE = {
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}
# Names of the headers that S3 does not know itself and keeps as an object's metadata.
METADATA = ("Content-Security-Policy", *_SAFE)


class WebsiteError(Exception):
    """The website cannot be served or uploaded; the message says why."""


def headers(name: str, files: str = "") -> dict[str, str]:
    """Return the headers of a file of the build, by its path in it.

    `files` is the origin of posters and cards, if it is not the website's. Raises WebsiteError for
    a kind of file without a media type.
    """
    media_type = _TYPES.get(Path(name).suffix)
    if media_type is None:
        raise WebsiteError(f"{name}: infra/website.py has no media type for it.")
    # The names of assets change with their contents.
    if name.startswith("assets/"):
        caching = "public, max-age=31536000, immutable"
    else:
        caching = "no-cache" if name == INDEX else "public, max-age=3600"
    policy = _POLICY.format(files=f" {files}" if files else "")
    return {
        "Content-Type": media_type,
        "Cache-Control": caching,
        "Content-Security-Policy": policy,
        **_SAFE,
    }


def names(folder: Path) -> list[str]:
    """Return the files of a build, index.html last. Raises WebsiteError if it is not built."""
    found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    if INDEX not in found:
        raise WebsiteError("The client is not built: run `make client` first.")
    found.remove(INDEX)
    return [*found, INDEX]

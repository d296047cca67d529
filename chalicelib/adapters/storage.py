"""Rendered files on S3: private, encrypted, downloaded by links that expire."""

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote

from chalicelib.adapters.aws import client, translate_errors
from chalicelib.core.errors import Unavailable


class S3Storage:
    """One bucket. See `core.storage.Storage`."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """See `core.storage.Storage`. Cost: one PutObject."""
        with translate_errors():
            client("s3").put_object(
                Bucket=self._bucket, Key=key, Body=data, ContentType=content_type
            )

    def link(self, key: str, filename: str, life: timedelta) -> str:
        """Return a presigned GET with `filename` (RFC 6266, RFC 8187). Cost: no call."""
        disposition = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        url: str = client("s3").generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": disposition,
            },
            ExpiresIn=int(life.total_seconds()),
        )
        return url

    def remove(self, keys: Sequence[str]) -> None:
        """Delete objects. Cost: one DeleteObjects.

        S3 reports a key that does not exist as deleted, and failures per key in the response
        (API reference, *DeleteObjects*).
        """
        objects = [{"Key": key} for key in keys]
        with translate_errors():
            answer = client("s3").delete_objects(
                Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
            )
        if answer.get("Errors"):
            raise Unavailable

    def probe(self) -> None:
        """Raise if the bucket cannot be reached. Cost: one GetBucketLocation."""
        with translate_errors():
            client("s3").get_bucket_location(Bucket=self._bucket)

    def list(self, prefix: str) -> list[str]:
        """See `erasures.Files`. S3 lists what was stored before (*Strong consistency*)."""
        found: list[str] = []
        request = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            with translate_errors():
                page = client("s3").list_objects_v2(**request)
            found += [entry["Key"] for entry in page.get("Contents", ())]
            if not page.get("IsTruncated"):
                return found
            request["ContinuationToken"] = page["NextContinuationToken"]

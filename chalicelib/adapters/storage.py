"""Rendered files on S3: private, encrypted, downloaded by links that expire."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from botocore.exceptions import ClientError

from chalicelib.adapters.aws import client, translate_errors
from chalicelib.core.errors import Unavailable
from chalicelib.core.storage import StoredFile, disposition

_Link = Callable[[str, str, timedelta], str]


class S3Storage:
    """One bucket. See `core.storage.Storage`.

    With `own_link`, links lead to the deployment's own host instead of the bucket's.
    """

    def __init__(self, bucket: str, own_link: _Link | None = None) -> None:
        self._bucket = bucket
        self._own_link = own_link

    def get(self, key: str, *, at_most: int) -> StoredFile | None:
        """See `core.storage.FileSource`. Cost: one GetObject."""
        with translate_errors():
            try:
                answer = client("s3").get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                # Who may not list the bucket learns of no missing file (GetObject, "Permissions").
                if error.response["Error"]["Code"] in ("NoSuchKey", "AccessDenied"):
                    return None
                raise
            with answer["Body"] as body:  # one that is not read would keep its connection
                data = body.read() if answer["ContentLength"] <= at_most else None
        return StoredFile(data, answer["ContentType"])

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """See `core.storage.Storage`. Cost: one PutObject."""
        with translate_errors():
            client("s3").put_object(
                Bucket=self._bucket, Key=key, Body=data, ContentType=content_type
            )

    def link(self, key: str, filename: str, life: timedelta) -> str:
        """Return a presigned GET with `filename`, or one's own link. Cost: no call."""
        if self._own_link:
            return self._own_link(key, filename, life)
        url: str = client("s3").generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": disposition(filename),
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

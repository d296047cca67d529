"""Upload the browser build of the client to S3, from where API Gateway serves it (decision 0232).

    python -m infra.client_upload STAGE

`make deploy` and `make wire` do it, too. Files are uploaded before index.html, which names them.
Those of a former build stay for `KEPT`, for people who have a page of it open.
"""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from infra import stacks
from infra.website import BROWSER, INDEX, METADATA, WebsiteError, headers, names

PREFIX = "app/"
KEPT = timedelta(days=7)
_RELEASES = "releases.json"


def upload(s3: Any, bucket: str, folder: Path, *, files: str, now: datetime) -> int:
    """Upload a build; delete what no build of the last `KEPT` had; return how many files it has.

    Cost: a PutObject for each file and one for the list of releases, a GetObject, a DeleteObjects
    for each thousand files that go. Raises WebsiteError.
    """
    built = names(folder)
    releases = [*_releases(s3, bucket), {"at": now.isoformat(), "files": built}]
    for name in built:
        sent = headers(name, files)
        s3.put_object(
            Bucket=bucket,
            Key=PREFIX + name,
            Body=(folder / name).read_bytes(),
            ContentType=sent["Content-Type"],
            CacheControl=sent["Cache-Control"],
            Metadata={key.lower(): sent[key] for key in METADATA},
        )
    kept, gone = _kept(releases, now)
    for start in range(0, len(gone), 1000):
        keys = [{"Key": PREFIX + name} for name in gone[start : start + 1000]]
        s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})
    s3.put_object(Bucket=bucket, Key=_RELEASES, Body=json.dumps(kept).encode())
    return len(built)


def _releases(s3: Any, bucket: str) -> list[dict[str, Any]]:
    """Return the builds that have been uploaded, the oldest first."""
    try:
        text = s3.get_object(Bucket=bucket, Key=_RELEASES)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchKey":
            return []
        raise
    found: list[dict[str, Any]] = json.loads(text)
    return found


def _kept(
    releases: Sequence[Mapping[str, Any]], now: datetime
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Return the releases that people may still have open, and the files of no such release.

    A release was open until the next one, and longer by `KEPT`.
    """
    ends = [datetime.fromisoformat(one["at"]) for one in releases[1:]]
    kept = [one for one, end in zip(releases, ends, strict=False) if end > now - KEPT]
    kept.append(releases[-1])
    needed = {name for one in kept for name in one["files"]}
    return kept, sorted({name for one in releases for name in one["files"]} - needed)


def publish(client: Callable[[str], Any], outputs: Mapping[str, str], console: Console) -> None:
    """Upload the build to the bucket of a deployment with these outputs; print what was done.

    Without a build it says how to make one: the API works without the client. Raises WebsiteError.
    """
    s3 = client("s3")
    if not (BROWSER / INDEX).exists():
        console.print(
            "The client is not built, so it was not uploaded: run `make client`, then "
            "`.venv/bin/python -m infra.client_upload STAGE`.",
            highlight=False,
        )
        return
    count = upload(
        s3,
        outputs["ClientBucketName"],
        BROWSER,
        files=outputs.get("FilesOrigin", ""),
        now=datetime.now(UTC),
    )
    console.print(f"The client is uploaded: {count} files, below /app/.", highlight=False)


def main() -> int:
    """Upload the client to a stage."""
    parser = argparse.ArgumentParser(description="Upload the client's browser build.")
    parser.add_argument("stage", choices=("dev", "prod"))
    stage, console, session = parser.parse_args().stage, Console(), boto3.Session()
    try:
        names(BROWSER)
        formation = session.client("cloudformation")
        stack = (stacks.whole(stage), stacks.foundation(stage))
        found = next((one for name in stack if (one := stacks.outputs(formation, name))), None)
        if found is None:
            raise WebsiteError(f"Stage {stage} is not deployed.")
        publish(session.client, found, console)
    except (WebsiteError, BotoCoreError, ClientError) as error:
        console.print(f"[red]Not uploaded.[/red] {error}", highlight=False)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

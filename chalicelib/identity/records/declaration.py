"""A health declaration (健康申报, YK-36): the answers to a version of the form."""

from datetime import timedelta

from chalicelib.identity.records.kind import RecordKind

KIND = RecordKind(name="declaration", prefix="dec", kept_for=timedelta(days=28))

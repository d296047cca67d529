"""A notice that medical observation has ended (解除医学观察告知书, YK-37), issued by officers."""

from datetime import timedelta

from chalicelib.identity.records.kind import RecordKind

KIND = RecordKind(name="notice", prefix="ntc", kept_for=timedelta(days=183))

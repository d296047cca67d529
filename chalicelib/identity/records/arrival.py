"""An arrival in the province (入粤登记, YK-37, XC-8)."""

from datetime import timedelta

from chalicelib.identity.records.kind import RecordKind

KIND = RecordKind(name="arrival", prefix="arr", kept_for=timedelta(days=28))

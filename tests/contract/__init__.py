"""What every protocol promises, checked against its stand-in and against the real thing.

Each test runs three times: `fake` (tests/fakes), `moto`, and with the marker `cloud` the local
cloud. The local cloud's deployed table has workers behind its stream that would change what a test
has written, so the stores get a table of their own there, on the same engine.
"""

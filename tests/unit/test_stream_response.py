"""What a function of the stream answers, so that Lambda's next batch is a smaller one."""

from typing import Any

import pytest

from chalicelib.workers.batches import BatchFailed, stream_response


def records(*numbers: int) -> list[dict[str, Any]]:
    return [{"dynamodb": {"SequenceNumber": str(number)}} for number in numbers]


def test_failed_records_are_named() -> None:
    assert stream_response(records(1, 2, 3), []) == {"batchItemFailures": []}
    assert stream_response(records(1, 2, 3), ["3", "2"]) == {
        "batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "2"}]
    }


def test_a_batch_of_which_the_first_record_fails_is_halved() -> None:
    """Named, it would come back whole; an exception makes Lambda halve it."""
    with pytest.raises(BatchFailed):
        stream_response(records(1, 2, 3), ["1"])


def test_a_record_that_fails_alone_is_named() -> None:
    named = [{"itemIdentifier": "1"}]
    assert stream_response(records(1), ["1"]) == {"batchItemFailures": named}

"""Which answers of partners say that the same request may succeed later."""

import pytest

from chalicelib.adapters.partners import is_busy


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_partner_that_is_busy_may_answer_later(status: int) -> None:
    assert is_busy(status)


@pytest.mark.parametrize("status", [200, 202, 301, 400, 401, 403, 404, 409, 422, 428, 430, 499])
def test_any_other_answer_stays(status: int) -> None:
    assert not is_busy(status)

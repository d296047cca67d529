"""`staffing.Staff`: an invitation in the place of another one."""

import pytest

from chalicelib.core.errors import Forbidden
from chalicelib.identity.people import Role
from chalicelib.venues.staffing import Invitation
from tests.contract import makers
from tests.contract.backends import Stores


def test_an_administrators_invitation_is_lowered_by_its_giver_only(stores: Stores) -> None:
    """Who may not withdraw it must not replace it either."""
    venue_id, phone, chief, other = (
        makers.venue().venue_id, makers.blind(), makers.profile().person_id,
        makers.profile().person_id,
    )  # fmt: skip
    given = Invitation(venue_id, Role.ADMINISTRATOR, b"\x01sealed name", chief)
    stores.staff.invite(phone, given, makers.sent(phone, given))
    lower = given._replace(role=Role.INSPECTOR, by=other)
    with pytest.raises(Forbidden, match="initial_administrator_only"):
        stores.staff.invite(phone, lower, makers.sent(phone, lower))
    assert stores.staff.invitations(phone) == [given]
    (listed,) = stores.staff.sent_invitations(venue_id, after="", limit=5)
    assert listed.role is Role.ADMINISTRATOR
    for allowed in (lower._replace(by=chief), lower, given._replace(by=other)):
        stores.staff.invite(phone, allowed, makers.sent(phone, allowed))
        assert stores.staff.invitations(phone) == [allowed]

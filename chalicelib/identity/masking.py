"""How people are shown to others: opened, and masked."""

from chalicelib.core.crypto import Vault
from chalicelib.identity import personal
from chalicelib.identity.people import Profile, mask_name, mask_phone


class MaskedPeople:
    """Opens the sealed fields of a profile as others may see them."""

    __slots__ = ("_vault",)

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    def name(self, profile: Profile) -> str:
        """Return the masked name."""
        return mask_name(personal.NAME.open(self._vault, profile.name, profile.person_id))

    def phone(self, profile: Profile) -> str | None:
        """Return the masked phone; None for a person without one, such as a child."""
        if not profile.phone:
            return None
        return mask_phone(personal.PHONE.open(self._vault, profile.phone, profile.person_id))

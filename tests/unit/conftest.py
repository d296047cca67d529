"""A busy machine makes an example slow, not wrong."""

from hypothesis import settings

settings.register_profile("venuecode", deadline=None)
settings.load_profile("venuecode")

"""Laid beside the modules of `chalicelib/identity/documents/`."""

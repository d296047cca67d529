"""Laid beside the modules of `chalicelib/admission/evidence/`."""

"""Operators' commands for a deployment: recount, redrive, rotate, policies, partners, kiosks."""

"""Packaging, deployment, operation and the local cloud."""

"""The ways in over HTTP: a Blueprint per resource."""

"""HTTP entry points, one Blueprint per resource."""

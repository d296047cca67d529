"""What a developer would add: one module or row a registry. `tests/api/test_registries.py`."""

"""The stores of identity, one a module."""

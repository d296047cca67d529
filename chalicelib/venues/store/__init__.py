"""The stores of venues, one a module."""

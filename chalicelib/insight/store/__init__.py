"""The stores of insight, one a module."""

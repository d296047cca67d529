"""The stores of admission, one a module."""

"""The stores of identity, a module for each."""

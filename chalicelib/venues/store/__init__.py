"""The stores of venues, a module for each."""

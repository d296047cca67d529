"""The application. Whatever of it a function imports, this comes first: for a short cold start."""

import gc

# What is imported stays: to search it for garbage again and again is a tenth of a cold start.
gc.set_threshold(100_000)

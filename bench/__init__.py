"""Measures the goals of docs/performance.md: ``python -m bench``.

A figure is a count, or a ratio of CPU times of two things measured in turn in one run, for
machines are noisy. What is measured is the package as it is deployed; DynamoDB and its neighbours
are a stand-in on loopback that answers at once, in a process of its own.
"""

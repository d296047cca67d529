"""Measure the goals of docs/performance.md: ``python -m bench``.

A figure is a count, or a ratio of CPU times measured in turn in one run, because machines are
noisy. The bench measures the package as it is deployed. A stand-in on loopback, in a process of its
own, plays DynamoDB, Secrets Manager and KMS and answers at once.
"""

"""Operator's commands on a running deployment: recount, redrive, rotate, policies, partners."""

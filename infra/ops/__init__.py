"""What an operator does with a running deployment: recount, redrive, rotate, policies."""

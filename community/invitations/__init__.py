"""Letting people in: invitations, what it takes to accept one, asking to be let in, and the first steps after it."""

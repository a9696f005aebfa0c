"""How someone signs in, what they prove themself with, and the sign-ins that stand open."""

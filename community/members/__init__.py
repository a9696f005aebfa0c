"""Who someone is: the member, sign-in, profile, and the sign-ins that stand open."""

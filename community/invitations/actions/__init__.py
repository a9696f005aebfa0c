"""What is done about invitations: making them, accepting them, asking for one, and the first steps after."""

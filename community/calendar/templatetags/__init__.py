"""How the calendar's templates say times and places."""

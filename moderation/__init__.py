"""What keeps the place safe: restrictions, help in a crisis, and the record of both."""

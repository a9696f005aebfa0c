"""Bookings: someone opens times for one to one, someone else books one of them, and the two meet alone."""

"""Words of the bookings pages."""

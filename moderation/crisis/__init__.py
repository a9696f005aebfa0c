"""Help in a crisis: help lines by country, and a quick way out of the page."""

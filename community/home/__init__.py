"""The first pages: home, errors, and what every page shares."""

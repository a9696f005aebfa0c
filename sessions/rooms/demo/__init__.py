"""A small community that nobody belongs to, so that a new house can be looked at with the lights on."""

"""The alumni calendar: events, single or recurring, their dated occurrences, and who says that they will come."""

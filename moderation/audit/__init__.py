"""What was done in the name of the house, by whom, to whom and where: a log that only grows, its rows chained."""

"""Where a meeting takes place: our own rooms, or a link that leads elsewhere."""

"""Meetings: an occurrence that is held here, with a room of its own, a lobby before it, and someone who chairs it."""

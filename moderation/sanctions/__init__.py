"""What a member may not do for a time, where, since when, by whom and why."""

"""Where people write to each other at leisure: forums, topics, posts."""

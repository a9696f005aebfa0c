"""What may happen in a room: messages, reactions, the floor, phases, moderation."""

"""The live engine: one durable, ordered log per room, and every way to write and to read it."""

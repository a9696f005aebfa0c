"""Telling people things: one ledger of deliveries, from which mail goes out and the inbox is filled, each once."""

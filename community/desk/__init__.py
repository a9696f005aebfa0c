"""The steward's desk: people, groups, roles, mail that did not go out, and the audit log, on pages of our own."""

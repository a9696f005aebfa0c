"""Where people meet: rooms, and later the meetings held in them. A plain package; its parts are the installed apps."""

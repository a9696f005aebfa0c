"""What a steward sets while the place runs: name, colours, rules, who may sign up, and how long things take."""

"""Direct contact: two people talk alone, in a room of their own, once both want it and as long as both do."""

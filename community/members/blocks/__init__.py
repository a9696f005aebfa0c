"""Who wants to see nothing of whom. It is the member's own affair: nobody is told, and nothing of it is recorded."""

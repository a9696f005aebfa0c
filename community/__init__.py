"""The project, and the people in it: who they are, which groups they belong to, and what they see first."""

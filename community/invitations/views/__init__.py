"""The pages: at the door, of the first steps, and on the steward's desk."""

"""Commands for whoever runs a house: letting people in."""

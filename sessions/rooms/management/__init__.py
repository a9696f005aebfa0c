"""Commands for whoever runs a house: the demo community, and members for load tests."""

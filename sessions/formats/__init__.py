"""Formats: the scripts of meetings, step by step, in versions that never change once they were used."""

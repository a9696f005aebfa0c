"""Attendance: how long someone was in a meeting, and a certificate of it that says nothing of anybody else."""

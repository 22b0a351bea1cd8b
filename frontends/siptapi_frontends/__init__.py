"""The ways in for people and programs that SIPTAPI brings along."""

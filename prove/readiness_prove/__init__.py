"""Proves what a check can only read: load first; drills, benchmarks and evidence have their rooms here."""

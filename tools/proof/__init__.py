"""`python -m proof` (from the folder `tools`): runs the tiers of proof and writes `docs/proof.md`."""

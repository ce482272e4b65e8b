"""`python -m proof` (from the folder `tools`): runs the tiers of proof and writes what they measured into `docs/proof.md`."""

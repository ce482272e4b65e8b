"""Ships one version of a service after another, without losing a request: blue-green, with one commit point."""

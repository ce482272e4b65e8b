"""What a rollout touches, one module for each target."""

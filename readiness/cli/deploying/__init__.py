"""The verbs that ship a service, and what a person sees. The deployer itself is imported when a verb needs it."""

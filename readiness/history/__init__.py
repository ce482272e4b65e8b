"""What happened: runs and their events, kept on this machine."""

"""Python in a framework's own API: scripts that show a failure, and recipes that carry weights across."""

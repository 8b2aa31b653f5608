"""What a contributor meets: the files around the code, and the workflows that run it."""

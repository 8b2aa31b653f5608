"""What the suite and an implementation say to each other: messages, their encoding, and how arrays lie in memory."""

"""What services need from the world, as small protocols and frozen records."""

"""What can be chosen: features as data."""

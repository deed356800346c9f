"""Three texts into one: base, ours and theirs merged, or the conflict; text in, text out."""

"""What generated modules share. Nothing imports these files: what is used of their text is copied."""

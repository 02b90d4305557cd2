"""What the user sees of results: tables, marked sentences, metrics files."""

"""The training loop and what it checks first."""

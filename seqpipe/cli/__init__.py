"""The command line: the app, and the commands that belong to no concept."""


def main() -> None:
    """Run the command line."""

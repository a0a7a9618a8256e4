"""What other people wrote, shown in somebody's terminal."""


def on_one_line(text: str) -> str:
    """Return the text without line ends and escape sequences: a name can't move the cursor or look like a line."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)

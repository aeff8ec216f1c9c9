"""Lists that can be given as `a,b`, or an option several times."""


def split_words(texts: list[str]) -> list[str]:
    """Take lists apart; each word once, in their order."""
    words = (word.strip() for text in texts for word in text.split(","))
    return list(dict.fromkeys(word for word in words if word))

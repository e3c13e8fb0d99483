"""Reasons: what went wrong, on one line, for the error that says where."""

import re

_LONGEST = 200


def of(error: BaseException) -> str:
    """Returns the kind of an error and its text, on one short line.

    The system's refusals are their words alone: the path is said beside them.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    # TensorFlow names its node first, and ends with the traceback of a callee.
    text = str(error).split("\nTraceback (most recent call last)")[0]
    text = shortened(re.sub(r"^\{\{.*?\}\} *", "", text))
    name = type(error).__name__
    return f"{name}: {text}" if text else name


def shortened(text: str, longest: int = _LONGEST) -> str:
    """Returns a text on one line, without its middle where it is long.

    Some errors begin with their reason, and others dump a configuration and
    end with it: as many whole sentences stay at either end as fit, or else
    whole words.

    Args:
        text: The text.
        longest: Characters of what is returned, at most.
    """
    text = " ".join(text.split())
    if len(text) <= longest:
        return text
    half = (longest - len(" ... ")) // 2
    end = _fitting(re.split(r"(?<=[.!?]) ", text)[::-1], half)
    if not end:
        end = _fitting(text.split(" ")[::-1], half) or [text[-half:]]
    begin = _fitting(text.split(" "), half) or [text[:half]]
    return f"{' '.join(begin)} ... {' '.join(end[::-1])}"


def _fitting(parts: list[str], room: int) -> list[str]:
    """Returns the first parts that fit, joined by spaces, into some room."""
    taken: list[str] = []
    for part in parts:
        if len(" ".join([*taken, part])) > room:
            break
        taken.append(part)
    return taken

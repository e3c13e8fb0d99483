"""Reasons: what went wrong, on one line, for the error that says where."""

import re

_LONGEST = 200
# What libraries put around a reason. TensorFlow: the node, the traceback of a
# callee. Keras: the layer, bold type, the arguments.
_FRAME = re.compile(
    r"^\{\{.*?\}\} *"
    r"|^Exception encountered when calling [^\n]*\n+"
    r"|\x1b\[[0-9;]*m"
    r"|\n+(Traceback \(most recent call last\)|Arguments received by ).*",
    re.DOTALL,
)


def of(error: BaseException) -> str:
    """Returns the kind of an error and its text, on one short line.

    The system's refusals are their words alone: the path is said beside them.
    """
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = shortened(_FRAME.sub("", str(error)))
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

"""A tool that gives as much as it is asked for."""

from strands import tool


@tool
def look_up(subject: str, kilobytes: int = 0) -> str:
    """Look something up.

    Args:
        subject: What to look up.
        kilobytes: How long an answer to give.
    """
    return f"nothing is known of {subject}" + "." * (1000 * kilobytes)

"""`evaluateOnExit`: whether an attempt that failed is followed by another."""


def tries_again(rules: list[dict], exit_code: int | None, reason: str, status_reason: str) -> bool:
    """The first rule decides of which all patterns match; where none does, there is another."""
    # A container that never ran has no exit code, and no pattern for one matches.
    code = None if exit_code is None else str(exit_code)
    for rule in rules:
        if (
            matches(rule.get("onExitCode"), code)
            and matches(rule.get("onReason"), reason)
            and matches(rule.get("onStatusReason"), status_reason)
        ):
            return rule["action"].upper() == "RETRY"
    return True


def matches(pattern: str | None, text: str | None) -> bool:
    if pattern is None:
        return True
    if text is None:
        return False
    if pattern.endswith("*"):
        return text.startswith(pattern[:-1])
    return text == pattern

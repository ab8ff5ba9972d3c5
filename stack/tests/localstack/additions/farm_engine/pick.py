"""Parts of a dictionary."""


def only(whole: dict, *names: str) -> dict:
    return {name: value for name, value in whole.items() if name in names}


def without(whole: dict, *names: str) -> dict:
    return {name: value for name, value in whole.items() if name not in names}

"""Resource quantities: "500m", "64Mi", "1e3"."""

import fractions
import re

_FORM = re.compile(r"([+-]?[0-9.]+)([eE][+-]?[0-9]+|Ki|Mi|Gi|Ti|Pi|Ei|n|u|m|k|M|G|T|P|E|)\Z")
_BINARY = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}
_DECIMAL = {"n": -3, "u": -2, "m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}

PROBLEM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def parse(text):
    """The value as a fraction; None for what isn't a quantity (or is absent)."""
    match = _FORM.match(str(text)) if text is not None else None
    if not match:
        return None
    try:
        number = fractions.Fraction(match.group(1))
    except ValueError:
        return None
    unit = match.group(2)
    if unit in _BINARY:
        return number * 1024 ** _BINARY[unit]
    if unit in _DECIMAL:
        return number * fractions.Fraction(1000) ** _DECIMAL[unit]
    return number * fractions.Fraction(10) ** int(unit[1:])

"""Exact decimal numbers, as (coefficient, exponent) of at most 34 digits, and the control totals made of them."""
from .strict_json import Number

def decimal(literal):
    if not isinstance(literal, Number):
        return None
    digits, _, power = literal.lower().partition("e")
    before, _, after = digits.lstrip("-").partition(".")
    significant = (before + after).lstrip("0")
    if len(significant) > 34 or len(power) > 1000:
        return None
    coefficient, exponent = int(significant or 0), int(power or 0) - len(after)
    return (-coefficient if literal.startswith("-") else coefficient, exponent) if abs(exponent) <= 99 else None


def without_zeros(number):
    coefficient, exponent = number
    if coefficient == 0:
        return (0, 0)
    while coefficient % 10 == 0 and exponent < 99:
        coefficient, exponent = coefficient // 10, exponent + 1
    return (coefficient, exponent)


def plus(left, right):
    """The exact sum; None where 34 digits do not hold it."""
    for a, b in ((left, right), (without_zeros(left), without_zeros(right))):
        exponent = min(a[1], b[1])
        values = [0 if c == 0 else c * 10 ** (e - exponent) for c, e in (a, b)]
        if all(abs(value) < 10**34 for value in (*values, sum(values))):
            return (sum(values), exponent)
    return None


class Totals:
    def __init__(self, fields):
        self.fields, self.entries = fields, {}

    def count(self, operation):
        entity, action = str(operation["entity"]), operation["action"]
        creates, total = self.entries.get(entity, (0, (0, 0)))
        field = self.fields.get(entity)
        if field is not None:
            number = lambda key: decimal(operation.get(key, {}).get(field))
            change = number("add") or (0, 0)
            if action == "create" and number("set"):
                change = plus(change, number("set")) or change
            elif action == "update" and number("set"):
                was = number("was") or (0, 0)
                difference = plus(number("set"), (-was[0], was[1]))
                change = (difference and plus(difference, change)) or change
            elif action == "delete" and number("was"):
                change = plus(change, (-number("was")[0], number("was")[1])) or change
            total = plus(total, change) or total
        self.entries[entity] = (creates + (action == "create"), total)

    def value(self):
        """Comparable: entity → (creates, sum or None); without what is all zero."""
        return {entity: (creates, without_zeros(total) if entity in self.fields else None)
                for entity, (creates, total) in self.entries.items() if creates or total[0]}


def sum_of(left, right):
    """Two totals together; what is all zero is left out, and no sum counts as 0."""
    total = {}
    for entity in {**left, **right}:
        (creates, a), (more, b) = left.get(entity, (0, None)), right.get(entity, (0, None))
        a, b = a or (0, 0), b or (0, 0)
        total[entity] = (creates + more, without_zeros(plus(a, b) or a))
    return {entity: entry for entity, entry in total.items() if entry != (0, (0, 0))}


def totals_value(totals):
    return {str(entity): (int(entry["creates"]), without_zeros(decimal(entry["sum"])) if "sum" in entry else None)
            for entity, entry in totals.items()}

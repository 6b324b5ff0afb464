"""Whether each mishap can be understood from what the watches told."""
import re
from collections import Counter

NAME = re.compile(r"(?:copy-of-)?(?P<sender>.+)-(?P<journal>[0-9a-f]{8})-(?P<first>\d{12,})-(?P<last>\d{12,})")
# A file that does not become whole is looked at for ten seconds before it is refused.
PATIENCE = 60


def explained(actions, watches):
    """(mishaps, explained ones) by kind."""
    events = {name: list(watches.events(name)) for name in watches.chain.nodes}
    done, told = Counter(), Counter()
    for action in actions:
        if not action.is_done:
            continue
        done[action.kind] += 1
        where = events.values() if action.kind in ("read-only", "full", "unmount") else [events[action.addressee]]
        near = [event for node in where for event in node
                if action.begin - 0.05 <= event["time"] <= (action.end or action.begin) + PATIENCE]
        action.explanation = next((event for event in near if TELLS[action.kind](action, event)), None)
        told[action.kind] += action.explanation is not None
    return done, told


def tells_of_file(*outcomes):
    def tells(action, event):
        return (event["event"] == "bundle" and event["outcome"] in outcomes
                and event["file"].rsplit("/", 1)[-1] in action.files)
    return tells


def arrives(action, event):
    """That bundle, or a later one of the same sender that holds everything it held."""
    if event["event"] != "bundle" or event["outcome"] not in ("merged", "known", "waiting"):
        return False
    came = NAME.search(event["file"].rsplit("/", 1)[-1])
    lost = NAME.search(action.files[0])
    return bool(came and lost and came["sender"] == lost["sender"] and int(came["last"]) >= int(lost["last"]))


def fails_by(words):
    return lambda action, event: event["event"] in ("failed", "unreachable", "trouble") and bool(
        re.search(words, event["reason"], re.IGNORECASE))


TELLS = {
    "truncate": tells_of_file("incomplete", "refused"),
    "duplicate": tells_of_file("known", "merged"),
    "half-copy": tells_of_file("incomplete", "refused"),
    "delay": arrives,
    "reorder": arrives,
    "delete": arrives,
    "read-only": fails_by("read-only"),
    "full": fails_by("room|space|full"),
    "unmount": fails_by("not mounted|no such"),
    "kill": lambda action, event: event["event"] == "started",
}

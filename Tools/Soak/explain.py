"""Whether each mishap can be understood: from what the watches told, or from proof that nobody can have seen it."""
import re
from collections import Counter

NAME = re.compile(r"(?:copy-of-)?(?P<sender>.+)-(?P<journal>[0-9a-f]{8})-(?P<first>\d{12,})-(?P<last>\d{12,})")
# What a look has shown is told when the visit is over.
PATIENCE = 60
BAD = ("incomplete", "refused")
GOOD = ("merged", "known", "waiting")


def explained(actions, watches):
    """Counts by kind: the mishaps, those told in the logs, and those that nobody can have seen."""
    logs = {name: Log(watches.events(name)) for name in watches.chain.nodes}
    kills = {name: [action.begin for action in actions if action.kind == "kill" and action.addressee == name]
             for name in logs}
    done, told, unseen = Counter(), Counter(), Counter()
    for action in actions:
        if not action.is_done:
            continue
        done[action.kind] += 1
        action.explanation = TELLS[action.kind](action, logs)
        if not action.explanation:
            action.unseen = UNSEEN[action.kind](action, logs, kills)
        told[action.kind] += action.explanation is not None
        unseen[action.kind] += action.explanation is None and action.unseen is not None
    return done, told, unseen


class Log:
    """What one watch told: its bundles, its failures, and when it looked."""

    def __init__(self, events):
        events = list(events)
        self.bundles = [event for event in events if event["event"] == "bundle"]
        self.failures = [event for event in events if event["event"] in ("failed", "unreachable", "trouble")]
        self.starts = [event for event in events if event["event"] == "started"]
        # (begin, end, files written) of each visit that went well.
        self.visits = []
        begun = {}
        for event in events:
            if event["event"] == "exchanging":
                begun[event["directory"]] = event["time"]
            elif event["event"] == "exchanged" and event["directory"] in begun:
                self.visits.append((begun.pop(event["directory"]), event["time"], event["written"]))
            elif event["event"] == "failed":
                begun.pop(event["directory"], None)
            elif event["event"] == "started":
                begun.clear()

    def of_file(self, name):
        return [event for event in self.bundles if event["file"].rsplit("/", 1)[-1] == name]

    def visits_within(self, begin, end):
        """Whatever lay there all that time was listed by each of these visits."""
        return [visit for visit in self.visits if begin <= visit[0] and visit[1] <= end]


# Told


def is_bad(action, logs):
    """The file was said to be not whole, or refused, or gone when it was opened; or was said so before and was never whole
    since, as the same is told once."""
    end = max([placed.until or float("inf") for placed in action.placed], default=action.end) + PATIENCE
    for name in action.files:
        before = None
        for event in logs[action.addressee].of_file(name):
            if event["time"] < action.begin - 0.05:
                before = event
            elif event["outcome"] not in GOOD and event["time"] <= end:
                return event
        if before and before["outcome"] in BAD:
            return before
    return None


def is_taken(action, logs):
    return next((event for name in action.files for event in logs[action.addressee].of_file(name)
                 if event["time"] >= action.begin - 0.05 and event["outcome"] in (*GOOD, *BAD)), None)


def arrive(action, logs):
    """All of the files were taken in behind the mishap."""
    found = [next((event for event in logs[action.addressee].of_file(name)
                   if event["time"] >= action.begin - 0.05 and event["outcome"] in (*GOOD, *BAD, "skipped")), None)
             for name in action.files]
    return found[0] if found and all(found) else None


def fails_by(words):
    def tells(action, logs):
        return next((event for log in logs.values() for event in log.failures
                     if action.begin - 0.05 <= event["time"] <= action.end + PATIENCE
                     and re.search(words, event["reason"], re.IGNORECASE)), None)
    return tells


def starts_again(action, logs):
    return next((event for event in logs[action.addressee].starts if event["time"] >= action.begin - 0.05), None)


TELLS = {
    "truncate": is_bad,
    "half-copy": is_bad,
    "duplicate": is_taken,
    "delay": arrive,
    "reorder": arrive,
    "delete": arrive,
    "read-only": fails_by("read-only"),
    "full": fails_by("room|space|full"),
    "unmount": fails_by("not mounted|no such"),
    "kill": starts_again,
}

# Not seen by anybody


def nobody_looked(action, logs, kills):
    """What was wrong lay there for a while in which the addressee made no visit, or was killed before it could tell."""
    log = logs[action.addressee]
    for placed in action.placed:
        end = placed.until or float("inf")
        fate = placed.fate
        if action.kind == "half-copy" and action.end < end:
            end, fate = action.end, "made whole"
        if action.kind == "truncate" and any(
                event["outcome"] in GOOD and placed.since <= event["time"] <= end + 1
                for event in log.of_file(placed.path.name)) and fate == "removed":
            # Half a bundle was taken for a whole one.
            return None
        if not log.visits_within(placed.since, end):
            return f"{fate} {end - placed.since:.1f} s later, and {action.addressee} made no whole visit in between"
        killed = next((time for time in kills[action.addressee] if placed.since <= time <= end + 5), None)
        if killed:
            return f"{action.addressee} was killed {killed - placed.since:.1f} s later"
    return None if action.placed else "replaced at once, before anybody could look at it"


def arrives_later(name, begin, log):
    """The bundle of the same sender with which the addressee had all that was in one: nothing is taken in behind a gap."""
    lost = NAME.search(name)
    for event in log.bundles:
        came = NAME.search(event["file"].rsplit("/", 1)[-1])
        if (event["time"] >= begin - 0.05 and event["outcome"] in ("merged", "known") and came and lost
                and came["sender"] == lost["sender"] and came["journal"] == lost["journal"]
                and int(came["last"]) >= int(lost["last"])):
            return event["file"].rsplit("/", 1)[-1]
    return None


def made_good(action, logs, kills):
    """A file that is taken away is seen by nobody: what was in it came with another one."""
    came = [arrives_later(name, action.begin, logs[action.addressee]) for name in action.files]
    return f"all of it was there with {', '.join(sorted(set(came)))}" if came and all(came) else None


def nobody_wrote(action, logs, kills):
    visits = [visit for log in logs.values() for visit in log.visits_within(action.begin, action.end)]
    written = sum(visit[2] for visit in visits)
    if action.kind == "full" and written:
        return f"{written} bundles were written, and found room"
    return None if written else f"{len(visits)} visits in {action.end - action.begin:.1f} s, none had anything to write"


def nobody_came(action, logs, kills):
    visits = [visit for log in logs.values() for visit in log.visits_within(action.begin, action.end)]
    return None if visits else f"nobody made a visit within {action.end - action.begin:.1f} s"


UNSEEN = {
    "truncate": nobody_looked,
    "half-copy": nobody_looked,
    "duplicate": nobody_looked,
    "delay": made_good,
    "reorder": made_good,
    "delete": made_good,
    "read-only": nobody_wrote,
    "full": nobody_wrote,
    "unmount": nobody_came,
    "kill": lambda action, logs, kills: None,
}

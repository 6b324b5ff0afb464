"""A journal's directory: the chain of its segments."""
import pathlib
import re

from .segment import Segment, file_chunks
from .strict_json import Refusal, malformed
from .totals import sum_of, totals_value

NO_HASH = "sha256:" + "0" * 64

def check_follows(before, after):
    """That a segment continues the one before it, and begins a journal if it is the first."""
    header = after.header
    if int(header["segment"]) == 1 and (header["previous"], int(header["first"])) != (NO_HASH, 1):
        raise malformed("the first segment does not begin the journal")
    if before is None:
        return
    old = before.header
    if (header["node"], header["journal"].lower()) != (old["node"], old["journal"].lower()):
        raise malformed("the segment belongs to another journal than the one before it")
    if int(header["segment"]) != int(old["segment"]) + 1 or int(header["first"]) != before.last + 1:
        raise malformed("numbers are missing between this segment and the one before it")
    if header["previous"] != before.hash:
        raise malformed(f"\"previous\" is not the hash of the segment before it, {before.hash}")


def check_since_close(before, after):
    """That a header counts on from the one before it, so that the totals of each close can be added up."""
    close = before.trailer and before.trailer["close"]
    operations, totals = 0, {}
    if not close:
        since = before.header["sinceClose"]
        operations = int(since["operations"]) + before.count
        totals = sum_of(totals_value(since["totals"]), before.totals.value())
    said = after.header["sinceClose"]
    if (int(said["operations"]), sum_of(totals_value(said["totals"]), {})) != (operations, totals):
        raise malformed("\"sinceClose\" is not what the segments before it hold")


def check_close(segment):
    """That a close of day counts everything since the last one."""
    close = segment.trailer and segment.trailer["close"]
    if not close:
        return
    since = segment.header["sinceClose"]
    totals = sum_of(totals_value(since["totals"]), segment.totals.value())
    operations = int(since["operations"]) + segment.count
    if (int(close["operations"]), sum_of(totals_value(close["totals"]), {})) != (operations, totals):
        raise malformed("the close of day does not count what was recorded since the last one")


def journal_files(folder):
    """Numbers and paths of a journal's segments; a sealed file counts before an open one of the same number."""
    found = {}
    for path in sorted(pathlib.Path(folder).iterdir(), reverse=True):
        match = re.fullmatch(r"([0-9]{6,})(\.open)?\.jsonl\.gz", path.name)
        if match:
            found[int(match.group(1))] = path
    return sorted(found.items())


def read_journal(folder, on_operation=None):
    files = journal_files(folder)
    if not files:
        raise malformed("no segments in this directory")
    segments, before = [], None
    for number, path in files:
        segment = Segment()
        try:
            is_open = path.name.endswith(".open.jsonl.gz")
            try:
                segment.read(file_chunks(path), on_operation)
            except Refusal as refusal:
                # A crash may tear the last commit; it was never acknowledged.
                if refusal.kind != "truncated" or not is_open or segment.header is None or number != files[-1][0]:
                    raise
            if int(segment.header["segment"]) != number:
                raise malformed(f"the file is segment {segment.header['segment']}, not {number}")
            if segment.trailer is None and not is_open:
                raise malformed("the last line is missing")
            check_follows(before, segment)
            check_close(segment)
            if before:
                check_since_close(before, segment)
        except Refusal as refusal:
            raise Refusal(refusal.kind, f"{path.name}: {refusal}")
        segments.append(segment)
        before = segment
    return segments

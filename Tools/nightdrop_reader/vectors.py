"""Compares what this reader finds in the golden vectors with what they say."""
from .bundle import Bundle
from .segment import Segment, file_chunks
from .strict_json import Refusal, malformed

ORGANISATION = "Corner Shops"

def check_vectors(root):
    """Compares what this program finds in each vector with what its .expect says."""
    paths = sorted(path for folder in ("journal", "bundle") for path in (root / folder).glob("*.expect"))
    if not paths:
        raise malformed("no vectors in this directory")
    differences = 0
    for path in paths:
        expected = path.read_text().strip()
        found = (segment_outcome if path.parent.name == "journal" else bundle_outcome)(path, expected)
        if found != expected:
            differences += 1
            print(f"{path.parent.name}/{path.stem}: expected {expected}, found {found}")
    print(f"{len(paths)} vectors, {differences} differences")
    return 65 if differences else 0


def segment_outcome(path, _):
    segment = Segment()
    try:
        segment.read(file_chunks(path.with_suffix(".jsonl.gz")))
    except Refusal as refusal:
        where = {"malformed": f" line {refusal.line}", "truncated": f" {segment.count} operations"}
        return refusal.kind + where.get(refusal.kind, "")
    kind, tail = ("open", "") if segment.trailer is None else ("sealed", f" hash {segment.hash}")
    return f"{kind} {segment.count} operations{tail}"


def bundle_outcome(path, expected):
    node = expected.split()[-1]
    try:
        Bundle(path.with_suffix(".nightdrop.tar"), path.parent / "allowed_signers", ORGANISATION, node)
    except Refusal as refusal:
        return f"{refusal.kind} as {node}"
    return f"valid as {node}"

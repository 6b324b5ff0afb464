"""Bundles: manifest, signature, entries and what they hold."""
import base64
import hashlib
import re
import subprocess
import tempfile

from .archive import Archive
from .journal import check_follows
from .segment import (
    LINE_BYTES, MEMBER_BYTES, Segment, file_chunks, gzip_members, read_fields, read_name, read_operation)
from .shapes import MANIFEST, NOTICE, each, entity_name, is_bool, node_id, shaped, text_value, whole
from .strict_json import JSONParser, Number, Object, Refusal, malformed

BUNDLE_ENTRIES = 100_000
SIGNATURE_BYTES = 64 << 10

ENTRY = re.compile(r"segments/[0-9]{6,18}\.jsonl\.gz|changes/[0-9]{6,18}\.jsonl\.gz|notices/[0-9]{6,18}\.jsonl"
                   r"|own/[0-9]{6,18}\.jsonl\.gz|echo/[A-Za-z0-9_.-]{1,118}\.nightdrop\.tar"
                   r"|policy\.yaml|keys/allowed_signers")

class Bundle:
    """A bundle that has been checked against everything its format asks."""

    def __init__(self, path, signers=None, organisation=None, node=None, on_line=None):
        self.path, self.on_line, self.segments, self.lines = path, on_line, [], 0
        self.signature = "not checked: no allowed signers given"
        with Archive(path) as archive:
            entries = archive.entries()
            data = self.first_entry(entries)
            name, offset, size = next(entries, (None, 0, 0))
            if name != "manifest.json.sig" or size == 0:
                raise Refusal("unsigned", "the second entry is not manifest.json.sig")
            if size > SIGNATURE_BYTES:
                raise Refusal("limit", "the signature is larger than 64 KiB")
            signature = b"".join(file_chunks(path, offset, size)).replace(b"\r\n", b"\n")
            self.manifest = read_manifest(data)
            self.check_signature(data, signature, signers)
            if organisation is not None and self.manifest["organisation"] != organisation:
                raise Refusal("wrong-organisation", f"the bundle belongs to {self.manifest['organisation']}")
            if node is not None and self.manifest["to"] != node:
                raise Refusal("wrong-addressee", f"the bundle is for {self.manifest['to']}")
            self.check_entries(entries)
        self.check_content()

    def first_entry(self, entries):
        name, offset, size = next(entries, (None, 0, 0))
        if name != "manifest.json":
            raise malformed("the first entry is not manifest.json")
        return b"".join(file_chunks(self.path, offset, size))

    def check_signature(self, data, signature, signers):
        """By ssh-keygen: whether it is a signature of these bytes, then whether its key may sign for the node."""
        if sshsig_namespace(signature) != b"nightdrop-bundle":
            raise Refusal("unsigned", "manifest.json.sig is a signature for another purpose")
        with tempfile.NamedTemporaryFile() as file:
            file.write(signature)
            file.flush()
            keygen = ["ssh-keygen", "-q", "-n", "nightdrop-bundle", "-s", file.name, "-Y"]
            if subprocess.run([*keygen, "check-novalidate"], input=data, capture_output=True).returncode != 0:
                raise Refusal("damaged", "the signature is not one of this manifest")
            if signers is None:
                return
            node = self.manifest["from"]["node"]
            open(signers, "rb").close()
            moment = "verify-time=" + re.sub("[^0-9]", "", self.manifest["created"])[:14] + "Z"
            verify = [*keygen, "verify", "-f", signers, "-I", node, "-O", moment]
            allowed = subprocess.run(verify, input=data, capture_output=True)
            if allowed.returncode != 0:
                raise Refusal("unknown-key", f"the key is not one that may sign for {node}")
            self.signature = f"by {node}"

    def check_entries(self, entries):
        listed = self.manifest["entries"]
        if len(listed) > BUNDLE_ENTRIES - 2:
            raise Refusal("limit", "more than 100,000 entries")
        self.offsets = {}
        for entry in listed:
            path, size = str(entry["path"]), int(entry["size"])
            if not ENTRY.fullmatch(path) or path in self.offsets:
                raise malformed(f"the manifest lists {path} twice or against the format")
            name, offset, actual = next(entries, (None, 0, 0))
            if name != path:
                kind = "damaged" if name is None else "malformed"
                raise Refusal(kind, f"{path} is missing, or not in the place that the manifest gives it")
            if actual != size:
                raise Refusal("damaged", f"{path} has {actual} bytes, not {size}")
            digest = hashlib.sha256()
            for chunk in file_chunks(self.path, offset, size):
                digest.update(chunk)
            if "sha256:" + digest.hexdigest() != entry["hash"]:
                raise Refusal("damaged", f"{path} is not what was signed: its hash differs")
            self.offsets[path] = (offset, size)
        extra = next(entries, None)
        if extra is not None:
            raise malformed(f"{extra[0]} is not listed in the manifest")

    def check_content(self):
        manifest, paths = self.manifest, list(self.offsets)
        if manifest["kind"] == "journal":
            segments = [item["path"] for item in manifest["segments"]]
            if paths[:len(segments)] != segments or not all(path.startswith("echo/") for path in paths[len(segments):]):
                raise malformed("the entries are not the segments, and returns that head office gets back")
            self.check_segments()
        else:
            if manifest["segments"] or any(path.startswith(("segments/", "echo/")) for path in paths):
                raise malformed(f"a {manifest['kind']} holds no segments and brings nothing back")
            if (manifest["kind"] == "return") == (manifest["return"]["start"] is None):
                raise malformed("only a snapshot or a grant starts from nothing")
            if (manifest["kind"] == "grant") != ("keys/allowed_signers" in paths):
                raise malformed("a grant, and nothing else, brings keys")
            self.check_lines()
        held = sum(segment.count for segment in self.segments) + self.lines
        if held != int(manifest["counts"]["operations"]):
            raise malformed(f"the manifest counts {manifest['counts']['operations']} operations, there are {held}")

    def check_segments(self):
        manifest, before, days = self.manifest, None, []
        for item in manifest["segments"]:
            try:
                segment = Segment().read(file_chunks(self.path, *self.offsets[item["path"]]), self.on_line)
                header = segment.header
                if segment.trailer is None:
                    raise malformed("the segment is not sealed")
                sender = manifest["from"]
                if (header["node"], header["journal"].lower()) != (sender["node"], sender["journal"].lower()):
                    raise malformed("the segment is of another journal than the bundle")
                said = tuple(int(item[key]) for key in ("number", "first", "last")) + (item["hash"],)
                if said != (int(header["segment"]), int(header["first"]), segment.last, segment.hash):
                    raise malformed("the segment is not the one that the manifest describes")
                check_follows(before, segment)
            except Refusal as refusal:
                raise Refusal(refusal.kind, f"{item['path']}: {refusal}")
            if segment.trailer["close"] is not None:
                days.append(Object(segment=item["number"], seq=Number(segment.last), close=segment.trailer["close"]))
            self.segments.append(segment)
            before = segment
        if days != manifest["days"]:
            raise malformed("the closed days are not those of the segments")
        ends = (int(manifest["first"]), int(manifest["last"]))
        if self.segments and ends != (int(self.segments[0].header["first"]), self.segments[-1].last):
            raise malformed("the numbers of the manifest are not those of the segments")

    def check_lines(self):
        for path, place in self.offsets.items():
            if not path.startswith(("changes/", "own/", "notices/")):
                continue
            rest, chunks = b"", file_chunks(self.path, *place)
            for text in chunks if path.startswith("notices/") else gzip_members(chunks):
                *lines, rest = (rest + text).split(b"\n")
                for line in lines:
                    self.check_line(path, line)
            if rest:
                raise malformed(f"{path}: the last line has no end")

    def check_line(self, path, line):
        try:
            if len(line) > (LINE_BYTES if path.startswith("notices/") else MEMBER_BYTES):
                raise Refusal("limit", "a line that is too long")
            if path.startswith("changes/"):
                read_change(line)
                self.lines += 1
            elif path.startswith("own/"):
                read_operation(line)
            else:
                shaped(line, NOTICE, "a notice")
        except Refusal as refusal:
            raise Refusal(refusal.kind, f"{path}: {refusal}")
        if self.on_line:
            self.on_line(line)


CHANGE = {"entity": entity_name, "id": text_value, "store": node_id, "csn": whole(1), "lives": is_bool,
          "gone": is_bool, "set": lambda value: isinstance(value, Object)}


def read_change(line):
    change = JSONParser(line).document()
    if not isinstance(change, Object) or change.twice is not None or {"entity", "id", "csn"} - change.keys():
        raise malformed("not a line of changes")
    for key, value in change.items():
        if key.raw not in CHANGE or not CHANGE[key](value):
            raise malformed(f'a change has no such "{key}"')
    read_name(change["id"], "an id")
    read_fields(change.get("set", Object()), "set")


def sshsig_namespace(armor):
    """The namespace within an armored SSHSIG (PROTOCOL.sshsig): magic, version, key, namespace, …"""
    lines = armor.split(b"\n")
    try:
        if (lines[0], lines[-2:]) != (b"-----BEGIN SSH SIGNATURE-----", [b"-----END SSH SIGNATURE-----", b""]):
            raise ValueError
        blob = base64.b64decode(b"".join(lines[1:-2]), validate=True)
        position = 10 + 4 + int.from_bytes(blob[10:14], "big")
        return blob[position + 4:position + 4 + int.from_bytes(blob[position:position + 4], "big")]
    except ValueError:
        raise Refusal("damaged", "manifest.json.sig is no well-formed signature")


def read_manifest(data):
    head = shaped(data, {"nightdrop": text_value, "requires": each(text_value)}, "the manifest")
    if head["nightdrop"] != "bundle/1":
        raise Refusal("unknown-format", f"format {head['nightdrop']}, this program reads bundle/1")
    if head["requires"]:
        raise Refusal("unknown-capability", f"requires \"{head['requires'][0]}\", which this program cannot do")
    manifest = shaped(data, MANIFEST, "the manifest")
    if int(manifest["part"]["number"]) > int(manifest["part"]["of"]):
        raise malformed("the part's number is larger than the number of parts")
    if (manifest["kind"] == "journal") != (manifest["return"] is None):
        raise malformed("the manifest's kind and \"return\" do not fit")
    if any(int(item["last"]) < int(item["first"]) - 1 for item in manifest["segments"]):
        raise malformed("a segment ends before it begins")
    return manifest

"""POSIX tar, strictly."""
import os
import re

from .segment import MIB, file_chunks
from .strict_json import Refusal, malformed

MANIFEST_BYTES = 4 * MIB

class Archive:
    """A POSIX tar of plain files: yields (name, offset, size), each only once its bytes are known to be there."""

    def __init__(self, path):
        self.path, self.length = path, os.path.getsize(path)
        self.file = open(path, "rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def block(self, position):
        self.file.seek(position)
        block = self.file.read(512)
        if len(block) < 512:
            raise Refusal("truncated", "the archive ends too early")
        return block

    def entries(self):
        position, pax = 0, {}
        while True:
            block = self.block(position)
            if not any(block):
                break
            kind, name, size = self.header(block)
            name, size = pax.get("path", name), int(pax.get("size", size))
            position += 512
            if kind == b"x":
                if size > MIB:
                    raise Refusal("limit", "an extended header of more than 1 MiB")
                pax = self.extended(position, size)
            elif kind not in (b"0", b"\0"):
                raise malformed(f"the entry {name} is no plain file")
            else:
                if name == "manifest.json" and size > MANIFEST_BYTES:
                    raise Refusal("limit", "the manifest is larger than 4 MiB")
                if position + size + -size % 512 > self.length:
                    raise Refusal("truncated", f"the archive ends within {name}")
                if any(any(chunk) for chunk in file_chunks(self.path, position + size, -size % 512)):
                    raise Refusal("damaged", f"what fills the last block of {name} is not zero")
                yield name, position, size
                pax = {}
            position += size + -size % 512
        self.block(position + 512)
        if any(any(chunk) for chunk in file_chunks(self.path, position)):
            raise Refusal("damaged", "something behind the end of the archive")

    @staticmethod
    def header(block):
        def octal(field):
            if not re.fullmatch(rb" *[0-7]+[ \0]*", field):
                raise ValueError
            return int(field.strip(b" \0"), 8)
        try:
            checksum = sum(block) - sum(block[148:156]) + 8 * 32
            if block[148:156] != b"%06o\0 " % checksum or block[257:262] != b"ustar":
                raise ValueError
            name, prefix = (field.split(b"\0")[0].decode() for field in (block[:100], block[345:500]))
            return block[156:157], f"{prefix}/{name}" if prefix else name, octal(block[124:136])
        except ValueError:
            raise Refusal("damaged", "not a tar archive, or a damaged header in it")

    def extended(self, position, size):
        data, values = b"".join(file_chunks(self.path, position, size)), {}
        while data:
            record, data = self.record(data)
            name, _, value = record.partition("=")
            values[name] = value
        if not values.get("size", "0").isdecimal():
            raise malformed("a wrong size in an extended header")
        return values

    @staticmethod
    def record(data):
        length = re.match(rb"([1-9][0-9]{0,6}) ", data)
        end = int(length.group(1)) if length else 0
        if not length or end > len(data) or data[end - 1:end] != b"\n":
            raise malformed("a malformed extended header")
        return data[length.end():end - 1].decode("utf-8", "replace"), data[end:]

"""Segments of a journal: gzip members, lines, and what each line must be."""
import hashlib
import zlib

from .shapes import HEADER, TRAILER, entity_name, is_time, is_whole, matches, node_id, shaped, text_value
from .strict_json import JSON_LEVELS, JSONParser, Object, Refusal, Text, canonical, malformed
from .totals import Totals, totals_value

MIB = 1 << 20
LINE_BYTES = MIB
NAME_BYTES = 256
MEMBER_BYTES = 32 * MIB
TRANSACTION_OPERATIONS = 10_000

def gzip_members(chunks):
    """The text of each whole member; damage and a torn tail are refused after what came before them."""
    inflater, text, fresh = None, bytearray(), False
    for chunk in chunks:
        while chunk:
            if inflater is None:
                inflater, text = zlib.decompressobj(31), bytearray()
            try:
                text += inflater.decompress(chunk, MEMBER_BYTES + 1 - len(text))
            except zlib.error as error:
                raise Refusal("damaged", f"the compressed data is damaged ({error})")
            if len(text) > MEMBER_BYTES:
                raise Refusal("limit", "a gzip member holds more than 32 MiB")
            chunk = inflater.unconsumed_tail
            if inflater.eof:
                chunk, inflater, fresh = inflater.unused_data, None, True
                yield bytes(text)
    if inflater is not None or not fresh:
        raise Refusal("truncated", "the file ends within a gzip member")


def read_name(value, what):
    if not isinstance(value, Text) or not value or canonical(value) != value.raw:
        raise malformed(f"{what} is empty or not written in the shortest way")
    if len(value.encode()) > NAME_BYTES:
        raise malformed(f"{what} is longer than 256 bytes")


def read_fields(value, what):
    if not isinstance(value, Object):
        raise malformed(f'"{what}" is no object of fields')
    if value.twice is not None:
        raise malformed(f'the field "{value.twice}" stands twice')
    for name in value:
        read_name(name, "a field's name")


def number_of(value, key, least, most=10**18 - 1):
    if not is_whole(value, 18) or not least <= int(value) <= most:
        raise malformed(f'"{key}" is no whole number of {least} or more')


def read_tx(value):
    if not isinstance(value, list) or len(value) != 2:
        raise malformed('"tx" is no pair of numbers')
    number_of(value[0], "tx", 1)
    number_of(value[1], "tx", 1, TRANSACTION_OPERATIONS)


def read_plain(check, what):
    def read(value):
        if not check(value) or value.raw != value:
            raise malformed(what)
    return read


READERS = {
    "seq": lambda value: number_of(value, "seq", 1),
    "at": read_plain(is_time, '"at" is no time like 2026-11-20T17:59:03.123Z'),
    "lc": lambda value: number_of(value, "lc", 0, 2**32 - 1),
    "entity": read_plain(entity_name, "not a name of an entity"),
    "id": lambda value: read_name(value, "an id"),
    "action": read_plain(matches("create|update|delete"), "an unknown action"),
    "base": lambda value: number_of(value, "base", 0), "store": read_plain(node_id, "not the id of a store"),
    "set": lambda value: read_fields(value, "set"), "was": lambda value: read_fields(value, "was"),
    "add": lambda value: read_fields(value, "add"), "tx": read_tx, "key": lambda value: read_name(value, "a key"),
    "by": read_plain(lambda value: False, ""),
}


def read_operation(line):
    """The members of an operation line."""
    parser = JSONParser(line)
    operation = parser.value(JSON_LEVELS)
    if parser.position != len(parser.text):
        raise malformed("something behind the operation")
    if operation.twice is not None:
        raise malformed(f'the key "{operation.twice}" stands twice')
    for key, value in operation.items():
        if key.raw not in READERS:
            raise malformed(f'an operation has no key "{key}"')
        if key == "by":
            if not isinstance(value, Text):
                raise malformed('"by" is no text')
        else:
            READERS[key](value)
    for key in ("seq", "at", "entity", "id", "action"):
        if key not in operation:
            raise malformed(f'the operation lacks "{key}"')
    return operation


class Segment:
    """What a segment says, as far as it could be read."""

    def __init__(self):
        self.header = self.trailer = self.totals = None
        self.line = self.count = self.last = 0
        self.transaction = (0, 0)
        self.digest = hashlib.sha256()

    @property
    def hash(self):
        return "sha256:" + self.digest.hexdigest()

    @property
    def within_transaction(self):
        return self.transaction[0] > 0 and self.last < sum(self.transaction) - 1

    def read(self, chunks, on_operation=None):
        rest = b""
        for text in gzip_members(chunks):
            *lines, rest = (rest + text).split(b"\n")
            for line in lines:
                self.line += 1
                self.take(line, on_operation)
        self.line += 1
        if len(rest) > 0:
            raise malformed("the last line has no end", self.line)
        if self.header is None:
            raise malformed("no first line", self.line)
        if self.within_transaction:
            raise malformed(f"transaction {self.transaction[0]} is not whole", self.line)
        return self

    def take(self, line, on_operation):
        try:
            if len(line) > LINE_BYTES:
                raise malformed("a line longer than 1 MiB")
            if self.header is None:
                self.begin(line)
            elif self.trailer is not None:
                raise malformed("something behind the last line")
            elif line.startswith(b'{"seq":'):
                self.follow(read_operation(line))
                self.digest.update(line + b"\n")
                if on_operation:
                    on_operation(line)
            else:
                self.finish(line)
        except Refusal as refusal:
            raise Refusal(refusal.kind, str(refusal), self.line) if refusal.line is None else refusal

    def begin(self, line):
        self.header = None
        kind = shaped(line, {"nightdrop": text_value}, "a segment's first line")["nightdrop"]
        if kind != "journal/1":
            raise Refusal("unknown-format", f"format {kind}, this program reads journal/1")
        self.header = shaped(line, HEADER, "a segment's first line")
        self.last = int(self.header["first"]) - 1
        self.digest.update(self.header["previous"].encode() + b"\n")
        self.totals = Totals({str(entity): str(field) for entity, field in self.header["controlTotals"].items()})

    def follow(self, operation):
        seq = int(operation["seq"])
        if seq != self.last + 1:
            raise malformed(f"operation {seq} follows operation {self.last}")
        transaction = tuple(map(int, operation.get("tx", (0, 0))))
        if self.within_transaction:
            if transaction != self.transaction:
                raise malformed(f"transaction {self.transaction[0]} is not whole")
        elif transaction[0] > 0:
            if transaction[0] != seq:
                raise malformed(f"transaction {transaction[0]} lacks its beginning")
            self.transaction = transaction
        self.last, self.count = seq, self.count + 1
        self.totals.count(operation)

    def finish(self, line):
        if self.within_transaction:
            raise malformed(f"transaction {self.transaction[0]} is not whole")
        trailer = shaped(line, TRAILER, "a segment's last line")
        if (int(trailer["last"]), int(trailer["count"])) != (self.last, self.count):
            raise malformed(f"the last line says {trailer['count']} operations up to {trailer['last']},"
                            f" there are {self.count} up to {self.last}")
        if totals_value(trailer["totals"]) != self.totals.value():
            raise malformed("the control totals differ from those of the operations")
        self.trailer = trailer


def file_chunks(path, offset=0, size=None):
    with open(path, "rb") as file:
        file.seek(offset)
        while size is None or size > 0:
            chunk = file.read(MIB if size is None else min(MIB, size))
            if not chunk:
                return
            size = None if size is None else size - len(chunk)
            yield chunk

"""JSON, strictly (RFC 8259). Numbers stay text, strings remember how they were written."""
import json
import re

JSON_LEVELS = 64

class Refusal(Exception):
    """Why something is refused: one of the kinds of Formats/README.md, and words."""

    def __init__(self, kind, reason, line=None):
        super().__init__(reason if line is None else f"line {line}: {reason}")
        self.kind, self.line = kind, line


def malformed(reason, line=None):
    return Refusal("malformed", reason, line)

class Number(str):
    pass


class Text(str):
    raw = ""


class Object(dict):
    twice = None


STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
BLANK = re.compile(r"[ \t\n\r]*")
WORDS = {"true": True, "false": False, "null": None}
ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


class JSONParser:
    def __init__(self, data):
        try:
            self.text = data.decode("utf-8")
        except UnicodeDecodeError:
            raise malformed("not UTF-8")
        self.position = 0

    def document(self):
        self.blank()
        value = self.value(JSON_LEVELS)
        self.blank()
        if self.position != len(self.text):
            raise malformed("something behind the value")
        return value

    def blank(self):
        self.position = BLANK.match(self.text, self.position).end()

    def take(self, character):
        found = self.text.startswith(character, self.position)
        self.position += len(character) if found else 0
        return found

    def need(self, character):
        if not self.take(character):
            raise malformed(f"expected '{character}' at character {self.position}")

    def value(self, levels):
        start = self.text[self.position:self.position + 1]
        if start == '"':
            return self.string()
        if start in ("{", "["):
            if levels == 0:
                raise malformed("nested too deeply")
            return self.object(levels - 1) if start == "{" else self.array(levels - 1)
        for word, value in WORDS.items():
            if self.take(word):
                return value
        number = NUMBER.match(self.text, self.position)
        if not number:
            raise malformed(f"expected a value at character {self.position}")
        self.position = number.end()
        return Number(number.group())

    def string(self):
        match = STRING.match(self.text, self.position)
        if not match:
            raise malformed(f"expected a well-formed string at character {self.position}")
        self.position = match.end()
        raw = match.group(1)
        text = Text(json.loads(f'"{raw}"') if "\\" in raw else raw)
        if any(0xD800 <= ord(character) < 0xE000 for character in text):
            raise malformed("half a surrogate pair")
        text.raw = raw
        return text

    def object(self, levels):
        members = Object()
        self.need("{")
        self.blank()
        while not (not members and self.take("}")):
            name = self.string()
            self.blank()
            self.need(":")
            self.blank()
            if name in members:
                members.twice = name
            members[name] = self.value(levels)
            self.blank()
            if self.take("}"):
                break
            self.need(",")
            self.blank()
        return members

    def array(self, levels):
        elements = []
        self.need("[")
        self.blank()
        while not (not elements and self.take("]")):
            elements.append(self.value(levels))
            self.blank()
            if self.take("]"):
                break
            self.need(",")
            self.blank()
        return elements


def canonical(text):
    return "".join(ESCAPES.get(c) or (f"\\u00{ord(c):02x}" if c < " " else c) for c in text)


def refuse_twice(value):
    """Refuses a name that stands twice in one object, at any depth."""
    if isinstance(value, Object):
        if value.twice is not None:
            raise malformed(f'"{value.twice}" stands twice')
        value = list(value.values())
    if isinstance(value, list):
        for element in value:
            refuse_twice(element)

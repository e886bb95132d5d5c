"""Decodes a request's WBXML into elements, strictly: what a client sends has no excuse for leaving the profile."""
import csv
import os

VERSIONS = ["2.5", "12.0", "12.1", "14.0", "14.1", "16.0", "16.1"]


class Violation(Exception):
    def __init__(self, rule, text):
        super().__init__(text)
        self.rule = rule


class Element:
    def __init__(self, page, tag):
        self.page, self.tag, self.children, self.text, self.opaque = page, tag, [], "", None

    @property
    def name(self):
        return self.page + ":" + self.tag

    def child(self, name):
        return next((c for c in self.children if c.name == name), None)

    def every(self, name):
        return [c for c in self.children if c.name == name]

    def walk(self):
        yield self
        for c in self.children:
            yield from c.walk()


def load_pages():
    pages, tags = {}, {}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "codepages.csv"), newline="") as f:
        for r in csv.DictReader(f):
            pages[int(r["page"])] = r["page_name"]
            tags[int(r["page"]), int(r["token"], 16)] = (r["tag"], r["first"], r["last"])
    return pages, tags


PAGES, TAGS = load_pages()


def has(version, first, last):
    n = VERSIONS.index(version)
    return n >= VERSIONS.index(first) and (not last or n <= VERSIONS.index(last))


def decode(data, version):
    """The root element. Raises Violation: rule wbxml for bytes, version for a tag that this version does not have."""
    if data[:4] != b"\x03\x01\x6a\x00":
        raise Violation("wbxml", "header is %s, not 03 01 6A 00" % data[:4].hex(" "))
    at, page, stack, root = 4, 0, [], None

    def need(n):
        if at + n > len(data):
            raise Violation("wbxml", "ends at %d inside a token" % len(data))

    while at < len(data):
        token, start = data[at], at
        at += 1
        if token == 0x00:
            need(1)
            page, at = data[at], at + 1
            if page not in PAGES:
                raise Violation("wbxml", "at %d: no code page %d" % (start, page))
        elif token == 0x01:
            if not stack:
                raise Violation("wbxml", "at %d: END with nothing open" % start)
            stack.pop()
        elif token in (0x03, 0xC3):
            if not stack:
                raise Violation("wbxml", "at %d: content outside the root" % start)
            if token == 0x03:
                end = data.find(0, at)
                if end < 0:
                    raise Violation("wbxml", "at %d: string without its NUL" % start)
                raw, at = data[at:end], end + 1
                try:
                    stack[-1].text += raw.decode("utf-8")
                except UnicodeDecodeError as e:
                    raise Violation("wbxml", "at %d: not UTF-8 (%s)" % (start, e.reason)) from None
            else:
                size = 0
                for _ in range(5):
                    need(1)
                    byte, at = data[at], at + 1
                    size = size << 7 | byte & 0x7F
                    if not byte & 0x80:
                        break
                else:
                    raise Violation("wbxml", "at %d: length of more than five bytes" % start)
                need(size)
                stack[-1].opaque = (stack[-1].opaque or b"") + data[at:at + size]
                at += size
        elif 0x05 <= token & 0x3F and not token & 0x80:
            entry = TAGS.get((page, token & 0x3F))
            if not entry:
                raise Violation("wbxml", "at %d: page %d has no tag 0x%02X" % (start, page, token & 0x3F))
            element = Element(PAGES[page], entry[0])
            if not has(version, entry[1], entry[2]):
                raise Violation("version", "%s does not exist in %s" % (element.name, version))
            if stack:
                stack[-1].children.append(element)
            elif root:
                raise Violation("wbxml", "at %d: a second root" % start)
            else:
                root = element
            if token & 0x40:
                stack.append(element)
                if len(stack) > 32:
                    raise Violation("wbxml", "at %d: deeper than 32" % start)
        else:
            raise Violation("wbxml", "at %d: token 0x%02X is not used here" % (start, token))
    if stack or not root:
        raise Violation("wbxml", "ends with %d elements open" % len(stack))
    return root

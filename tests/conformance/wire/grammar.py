"""Reads grammar.txt and holds a tree of elements against it."""
import base64
import binascii
import os
import re

from wbxml import VERSIONS, Violation

DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")
COMPACT = re.compile(r"\d{8}T\d{6}Z")
ITEM = re.compile(r"([A-Za-z0-9]+:)?([A-Za-z0-9]+)(?:@([\d.]*)-([\d.]*))?([?*+])?")
LEAVES = {"text", "int", "bool", "empty", "opaque", "one-of", "date", "compact", "base64", "range", "any"}


class Rule:
    def __init__(self, kind, args, page, or_empty):
        self.kind, self.args, self.page, self.or_empty = kind, args, page, or_empty
        self.items = self.parse() if kind in ("seq", "all") else None

    def parse(self):
        """A nested list: ('item', name, first, last, quantifier) | ('group', [alternatives], quantifier)."""
        text, at = self.args, 0

        def sequence():
            nonlocal at
            out = []
            while at < len(text) and text[at] not in ")|":
                if text[at] == " ":
                    at += 1
                elif text[at] == "(":
                    at += 1
                    alternatives = [sequence()]
                    while text[at] == "|":
                        at += 1
                        alternatives.append(sequence())
                    at += 1
                    quantifier = text[at] if at < len(text) and text[at] in "?*+" else ""
                    at += len(quantifier)
                    out.append(("group", alternatives, quantifier))
                else:
                    m = ITEM.match(text, at)
                    if not m:
                        raise ValueError("grammar.txt: cannot read %r" % text[at:])
                    at = m.end()
                    name = (m.group(1) or self.page + ":") + m.group(2)
                    out.append(("item", name, m.group(3) or VERSIONS[0], m.group(4) or VERSIONS[-1], m.group(5) or ""))
            return out

        return sequence()


class Grammar:
    def __init__(self):
        self.sections = {}
        command = page = None
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "grammar.txt")) as f:
            for line in f:
                line = line.strip()
                if not line or line.startswith("#"):
                    continue
                if line.startswith("["):
                    command, page = re.fullmatch(r"\[(.+)\] (\w+)", line).groups()
                    self.sections[command] = {}
                    continue
                left, right = line.split(" = ", 1)
                or_empty = right.endswith(" or empty")
                right = right[:-9] if or_empty else right
                kind, _, args = right.partition(" ")
                if kind not in LEAVES | {"seq", "all", "pages"}:
                    raise ValueError("grammar.txt: %s: no content is called %r" % (left, kind))
                key = left if ":" in left or "#" in left else page + ":" + left
                self.sections[command][key] = Rule(kind, args, page, or_empty)

    def find(self, command, parent, element, item_class):
        keys = []
        if item_class and element.name == "AirSync:ApplicationData":
            keys += ["%s#%s/ApplicationData" % (parent.tag, item_class), "ApplicationData#" + item_class]
        if parent is not None:
            keys.append("%s/%s" % (parent.name, element.tag))
        keys.append(element.name)
        for section in (command, "*"):
            for key in keys:
                if key in self.sections.get(section, {}):
                    return self.sections[section][key]
        return None


def in_version(item, version):
    return VERSIONS.index(item[2]) <= VERSIONS.index(version) <= VERSIONS.index(item[3])


def names_of(items):
    for i in items:
        if i[0] == "item":
            yield i
        else:
            for alternative in i[1]:
                yield from names_of(alternative)


def pattern(items, version, letter):
    """A regular expression over one letter per child."""
    out = ""
    for i in items:
        if i[0] == "item":
            if in_version(i, version):
                out += letter(i[1]) + i[4]
        else:
            alternatives = [a for a in i[1] if any(in_version(n, version) for n in names_of(a))]
            if alternatives:
                out += "(?:%s)%s" % ("|".join(pattern(a, version, letter) for a in alternatives), i[2])
    return out


def check_children(rule, element, version):
    known = list(names_of(rule.items))
    allowed = {i[1] for i in known if in_version(i, version)}
    for c in element.children:
        if c.name not in allowed:
            if any(i[1] == c.name for i in known):
                raise Violation("version", "%s is not allowed in %s at %s" % (c.name, element.name, version))
            raise Violation("child", "%s is not a child of %s" % (c.name, element.name))
    letters = {}

    def letter(name):
        return letters.setdefault(name, chr(0xE000 + len(letters)))

    have = "".join(letter(c.name) for c in element.children)
    if rule.kind == "seq":
        if not re.fullmatch(pattern(rule.items, version, letter), have):
            raise Violation("order", "%s holds %s; the table has: %s" % (
                element.name, " ".join(c.tag for c in element.children) or "nothing", rule.args))
    else:
        for i in known:
            count = have.count(letter(i[1]))
            if in_version(i, version) and (count > 1 and i[4] in ("", "?") or count == 0 and i[4] in ("", "+")):
                raise Violation("order", "%s holds %d times %s" % (element.name, count, i[1]))
    if element.text.strip() or element.opaque is not None:
        raise Violation("value", "%s is a container and has text" % element.name)


def check_leaf(rule, element):
    text, kind, name = element.text, rule.kind, element.name
    if kind == "any":
        return
    if element.children:
        raise Violation("child", "%s is a value and has children" % name)
    if kind == "opaque":
        if element.opaque is None:
            raise Violation("value", "%s must travel as OPAQUE" % name)
        return
    if element.opaque is not None:
        raise Violation("value", "%s must not travel as OPAQUE" % name)
    if rule.or_empty and text == "":
        return
    bad = None
    if kind == "empty":
        bad = text and "must be empty"
    elif kind == "text":
        low, high = map(int, rule.args.split(".."))
        bad = not low <= len(text) <= high and "is %d characters, not %s" % (len(text), rule.args)
    elif kind == "int":
        low, high = map(int, rule.args.split(".."))
        bad = not (re.fullmatch(r"\d{1,10}", text) and low <= int(text) <= high) and "is %r, not a number of %s" % (text, rule.args)
    elif kind == "bool":
        bad = text not in ("0", "1") and "is %r, not 0 or 1" % text
    elif kind == "one-of":
        bad = text not in rule.args.split() and "is %r, not one of %s" % (text, rule.args)
    elif kind == "date":
        bad = not DATE.fullmatch(text) and "is %r, not a dateTime with punctuation" % text
    elif kind == "compact":
        bad = not COMPACT.fullmatch(text) and "is %r, not a compact dateTime" % text
    elif kind == "range":
        m = re.fullmatch(r"(\d{1,10})-(\d{1,10})", text)
        bad = not (m and int(m.group(1)) <= int(m.group(2))) and "is %r, not m-n" % text
    elif kind == "base64":
        try:
            base64.b64decode(text, validate=True)
        except binascii.Error:
            bad = "is not base64"
    if bad:
        raise Violation("value", "%s %s" % (name, bad))


def item_class(element):
    """Of ApplicationData: the class whose page its own children are on."""
    for c in element.children:
        page = {"Email2": "Email", "Contacts2": "Contacts"}.get(c.page, c.page)
        if page in ("Email", "Calendar", "Contacts", "Tasks", "Notes"):
            return page
    if any(c.name == "AirSyncBase:Location" for c in element.children):
        return "Calendar"  # a Change of 16.x may say that alone, and no other class has it
    return "Email" if element.children else ""


def check(grammar, command, version, root):
    stack = [(None, root)]
    while stack:
        parent, e = stack.pop()
        rule = grammar.find(command, parent, e, item_class(e) if e.tag == "ApplicationData" else "")
        if rule is None:  # a property without a rule of its own: what the code page says has been checked
            pass
        elif rule.kind == "pages":
            pages = rule.args.split()
            for c in e.children:
                if c.page not in pages and c.name not in pages:
                    raise Violation("child", "%s is not a child of %s" % (c.name, e.name))
                if e.tag == "Supported" and (c.children or c.text or c.opaque is not None):
                    raise Violation("value", "%s names a property in Supported and is not empty" % c.name)
            if e.tag == "Supported":  # names, not values
                continue
        elif rule.items is not None:
            check_children(rule, e, version)
        else:
            check_leaf(rule, e)
            if rule.kind != "any":
                continue
        stack += [(e, c) for c in reversed(e.children)]

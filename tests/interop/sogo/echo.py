"""A client that sends back what the server has just given it, word for word but for what stays if it is left out, with one property changed: what is lost then is the server's loss."""
import base64
import http.client
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "..", "conformance", "wire"))
import wbxml  # noqa: E402

VERSION = "14.1"
PAGE_OF = {name: page for page, name in wbxml.PAGES.items()}
TOKEN_OF = {(page, tag[0]): token for (page, token), tag in wbxml.TAGS.items()}
# What a server tells and no client may say (MS-ASCAL).
SERVER_ONLY = {"AirSyncBase:NativeBodyType", "AirSyncBase:EstimatedDataSize", "AirSyncBase:Truncated", "Calendar:AppointmentReplyTime",
               "Calendar:ResponseType"}
# What stays at a server when a client leaves it out (MS-ASCMD 2.2.3.180), and what SOGo spoils when it is sent.
STAYS = {"AirSyncBase:Body", "Calendar:Attendees", "Calendar:OrganizerEmail", "Calendar:OrganizerName", "Calendar:MeetingStatus"}


def element(name, *content):
    """Page:Tag with a text, or with children."""
    made = wbxml.Element(*name.split(":"))
    for part in content:
        if isinstance(part, wbxml.Element):
            made.children.append(part)
        else:
            made.text = str(part)
    return made


def encode(root):
    out, page = bytearray(b"\x03\x01\x6a\x00"), [0]

    def put(e):
        number = PAGE_OF[e.page]
        if number != page[0]:
            out.extend((0, number))
            page[0] = number
        full = bool(e.children or e.text or e.opaque)
        out.append(TOKEN_OF[number, e.tag] | (0x40 if full else 0))
        if not full:
            return
        for child in e.children:
            put(child)
        if e.opaque:
            out.extend(b"\xc3" + length(len(e.opaque)) + e.opaque)
        elif e.text:
            out.extend(b"\x03" + e.text.encode() + b"\x00")
        out.append(1)

    put(root)
    return bytes(out)


def length(n):
    digits = [n & 0x7F]
    while n := n >> 7:
        digits.insert(0, n & 0x7F | 0x80)
    return bytes(digits)


class Echo:
    def __init__(self, port, user):
        self.port, self.user = port, user
        self.key, self.folder, self.items = "0", None, {}

    def ask(self, command, root):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=240)
        c.request("POST", "/Microsoft-Server-ActiveSync?Cmd=%s&User=%s&DeviceId=echo0001&DeviceType=Echo" % (command, self.user), encode(root), {
            "Authorization": "Basic " + base64.b64encode(("%s:%s-secret" % (self.user, self.user)).encode()).decode(),
            "Content-Type": "application/vnd.ms-sync.wbxml", "MS-ASProtocolVersion": VERSION, "X-MS-PolicyKey": "0"})
        r = c.getresponse()
        data = r.read()
        c.close()
        if r.status != 200:
            raise RuntimeError("%s is answered with %d" % (command, r.status))
        return wbxml.decode(data, VERSION) if data else None

    def sync(self, *more):
        parts = [element("AirSync:SyncKey", self.key), element("AirSync:CollectionId", self.folder), *more]
        answer = self.ask("Sync", element("AirSync:Sync", element("AirSync:Collections", element("AirSync:Collection", *parts))))
        if answer is None:
            return None
        collection = next(e for e in answer.walk() if e.name == "AirSync:Collection")
        self.key = collection.child("AirSync:SyncKey").text
        return collection

    def first_sync(self):
        """{server id: ApplicationData}"""
        tree = self.ask("FolderSync", element("FolderHierarchy:FolderSync", element("FolderHierarchy:SyncKey", "0")))
        self.folder = next(e.child("FolderHierarchy:ServerId").text for e in tree.walk() if e.name == "FolderHierarchy:Add" and e.child(
            "FolderHierarchy:Type").text == "8")
        self.sync()
        while True:
            collection = self.sync(element("AirSync:GetChanges"), element("AirSync:WindowSize", 100), element("AirSync:Options", element(
                "AirSync:FilterType", 0), element("AirSyncBase:BodyPreference", element("AirSyncBase:Type", 1))))
            if collection is None:
                return self.items
            for add in (e for e in collection.walk() if e.name == "AirSync:Add"):
                self.items[add.child("AirSync:ServerId").text] = add.child("AirSync:ApplicationData")
            if not collection.child("AirSync:MoreAvailable"):
                return self.items

    def change(self, server_id, name, value):
        """The item with another value, its exceptions whole; what the server answers to it, 0 = nothing."""
        data = self.items[server_id]
        kept = [e for e in data.children if e.name not in SERVER_ONLY | STAYS | {name}]
        for e in kept:
            for exception in e.children if e.name == "Calendar:Exceptions" else ():
                exception.children = [child for child in exception.children if child.name not in SERVER_ONLY]
        changed = element("AirSync:ApplicationData", *kept, element(name, value))
        collection = self.sync(element("AirSync:GetChanges", 0), element("AirSync:Commands", element("AirSync:Change", element(
            "AirSync:ServerId", server_id), changed)))
        status = next((e for e in (collection.walk() if collection else []) if e.name == "AirSync:Change" and e.child("AirSync:Status")), None)
        return int(status.child("AirSync:Status").text) if status else 0

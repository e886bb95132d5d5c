"""The HTTP side of one recorded request: request line, query in both forms, headers."""
import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from wbxml import VERSIONS, Violation

CODES = {0: "Sync", 1: "SendMail", 2: "SmartForward", 3: "SmartReply", 4: "GetAttachment", 9: "FolderSync", 10: "FolderCreate",
         11: "FolderDelete", 12: "FolderUpdate", 13: "MoveItems", 14: "GetItemEstimate", 15: "MeetingResponse", 16: "Search",
         17: "Settings", 18: "Ping", 19: "ItemOperations", 20: "Provision", 21: "ResolveRecipients", 22: "ValidateCert", 23: "Find"}
BINARY_VERSIONS = {121: "12.1", 140: "14.0", 141: "14.1", 160: "16.0", 161: "16.1"}
PARAMETERS = {0: "AttachmentName", 1: "CollectionId", 3: "ItemId", 4: "LongId", 6: "Occurrence", 7: "Options", 8: "User"}
FIRST = {"Settings": "12.0", "ItemOperations": "12.0", "Find": "16.1"}
LAST = {"GetAttachment": "12.1", "GetHierarchy": "12.1"}
EXTRA = {"GetAttachment": {"AttachmentName"}, "SendMail": {"SaveInSent", "Options"}, "ItemOperations": {"Options"},
         "SmartReply": {"CollectionId", "ItemId", "LongId", "Occurrence", "SaveInSent", "Options"},
         "SmartForward": {"CollectionId", "ItemId", "LongId", "Occurrence", "SaveInSent", "Options"}}
ALLOWED = {"host", "authorization", "user-agent", "content-type", "content-length", "accept", "accept-encoding", "accept-language",
           "connection", "cookie", "ms-asprotocolversion", "x-ms-policykey", "ms-asacceptmultipart"}
ENDPOINT = "/Microsoft-Server-ActiveSync"
BODILESS = {"GetAttachment", "GetHierarchy"}


class Request:
    def __init__(self, line):
        """From a parsed line of a capture."""
        try:
            self.account, self.origin = line["account"], line["origin"]
            self.method, self.target = line["method"], line["target"]
            self.headers = [(n, v) for n, v in line["headers"]]
            self.body = base64.b64decode(line["body_base64"], validate=True)
        except (KeyError, TypeError, ValueError, binascii.Error) as e:
            raise Violation("capture", "not a line of a capture: %s" % e) from None
        self.command = self.version = self.device_id = self.device_type = ""
        self.policy_key, self.binary, self.parameters = None, False, {}
        self.autodiscover = self.target.split("?")[0].lower().startswith("/autodiscover/")

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name), None)


def check_headers(r):
    seen = set()
    for name, value in r.headers:
        low = name.lower()
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name) or not re.fullmatch(r"[ -~]*", value):
            raise Violation("header", "%r: %r has a character that no header may have" % (name, value))
        if low in seen:
            raise Violation("header", "%s is there twice" % name)
        if low not in ALLOWED:
            raise Violation("header", "%s is not a header of this protocol" % name)
        seen.add(low)
    host = r.header("host")
    name, _, port = r.origin.partition("://")[2].rpartition(":")
    default = "443" if r.origin.startswith("https:") else "80"
    if host is None or host.lower() not in ({name.lower(), name.lower() + ":" + port} if port == default else {name.lower() + ":" + port}):
        raise Violation("header", "Host is %r, the origin %s" % (host, r.origin))
    if not r.header("user-agent"):
        raise Violation("header", "no User-Agent")
    length = r.header("content-length")
    if r.method == "POST" and length != str(len(r.body)):
        raise Violation("header", "Content-Length is %s, the body has %d bytes" % (length, len(r.body)))
    if r.method != "POST" and (r.body or length not in (None, "0")):
        raise Violation("body", "%s with a body" % r.method)
    if not r.body and r.header("content-type"):
        raise Violation("header", "Content-Type without a body")
    scheme = r.header("authorization")
    if scheme is not None:
        if not r.origin.startswith("https://"):
            raise Violation("credentials", "Authorization over %s" % r.origin)
        if scheme.split(" ")[0] not in ("Basic", "Bearer"):
            raise Violation("credentials", "Authorization %s" % scheme.split(" ")[0])
    if r.header("cookie") is not None and not r.origin.startswith("https://"):
        raise Violation("credentials", "Cookie over %s" % r.origin)


def read_plain(r, query):
    for part in query.split("&"):
        name, equals, value = part.partition("=")
        if not equals or not re.fullmatch(r"(?:[A-Za-z0-9._~!$'()*+,;:@/?-]|%[0-9A-Fa-f]{2})*", value):
            raise Violation("query", "%r is not NAME=PERCENT-ENCODED" % part)
        if name in r.parameters:
            raise Violation("query", "%s is there twice" % name)
        r.parameters[name] = unquote_to_bytes(value).decode("utf-8", "replace")
    for name in ("Cmd", "User", "DeviceId", "DeviceType"):
        if not r.parameters.get(name):
            raise Violation("query", "no %s" % name)
    p = r.parameters
    r.command, r.device_id, r.device_type = p.pop("Cmd"), p.pop("DeviceId"), p.pop("DeviceType")
    r.version = r.header("ms-asprotocolversion") or ""
    if r.version not in VERSIONS:
        raise Violation("header", "MS-ASProtocolVersion is %r" % r.version)
    key = r.header("x-ms-policykey")
    if key is not None:
        if not re.fullmatch(r"\d{1,10}", key) or int(key) > 0xFFFFFFFF:
            raise Violation("header", "X-MS-PolicyKey is %r" % key)
        r.policy_key = int(key)


def read_binary(r, query):
    try:
        data = base64.b64decode(query, validate=True)
    except binascii.Error as e:
        raise Violation("query", "neither NAME=VALUE nor base64: %s" % e) from None
    at = 4

    def field():
        nonlocal at
        if at >= len(data) or at + 1 + data[at] > len(data):
            raise Violation("query", "the binary query ends inside a field")
        out = data[at + 1:at + 1 + data[at]]
        at += 1 + len(out)
        return out

    if len(data) < 7:
        raise Violation("query", "the binary query has %d bytes" % len(data))
    r.binary = True
    r.version = BINARY_VERSIONS.get(data[0], "")
    r.command = CODES.get(data[1], "")
    if not r.version or not r.command:
        raise Violation("query", "version byte %d, command code %d" % (data[0], data[1]))
    r.device_id = field().decode("latin-1")
    key = field()
    if len(key) not in (0, 4):
        raise Violation("query", "a policy key of %d bytes" % len(key))
    r.policy_key = int.from_bytes(key, "little") if key else None
    r.device_type = field().decode("latin-1")
    while at < len(data):
        tag, at = data[at], at + 1
        value = field()
        if tag not in PARAMETERS or PARAMETERS[tag] in r.parameters:
            raise Violation("query", "parameter %d is unknown or there twice" % tag)
        if tag == 7 and (len(value) != 1 or value[0] & ~3):
            raise Violation("query", "Options is %s" % value.hex())
        r.parameters[PARAMETERS[tag]] = value.decode("utf-8", "replace")
    for name in ("ms-asprotocolversion", "x-ms-policykey", "ms-asacceptmultipart"):
        if r.header(name) is not None:
            raise Violation("header", "%s beside a binary query" % name)


def read_query(r):
    """Fills in command, version, identity and policy key of an ActiveSync POST."""
    path, question, query = r.target.partition("?")
    if path != ENDPOINT or not question or not query:
        raise Violation("request-line", "POST to %s" % path)
    (read_plain if "=" in query.rstrip("=") else read_binary)(r, query)
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", r.device_id):
        raise Violation("identity", "DeviceId %r: 1 to 32 letters and digits" % r.device_id)
    if not re.fullmatch(r"[0-9A-Za-z]{1,32}", r.device_type):
        raise Violation("identity", "DeviceType %r: letters and digits" % r.device_type)
    known = set(CODES.values()) | {"GetHierarchy"}
    if r.command not in known:
        raise Violation("query", "no command is called %r" % r.command)
    at = VERSIONS.index(r.version)
    if at < VERSIONS.index(FIRST.get(r.command, "2.5")) or at > VERSIONS.index(LAST.get(r.command, "16.1")):
        raise Violation("version", "%s has no command %s" % (r.version, r.command))
    extra = set(r.parameters) - {"User"} - EXTRA.get(r.command, set())
    if extra:
        raise Violation("query", "%s has no parameter %s" % (r.command, ", ".join(sorted(extra))))
    if at >= VERSIONS.index("14.0") and set(r.parameters) & {"CollectionId", "ItemId", "LongId", "Occurrence", "SaveInSent"}:
        raise Violation("version", "ids and SaveInSent are in the document from 14.0 on")
    if r.command == "Ping" and r.policy_key is not None:
        raise Violation("header", "Ping carries no policy key")
    if r.header("ms-asacceptmultipart") is not None and (r.command != "ItemOperations" or r.header("ms-asacceptmultipart") not in "TF"):
        raise Violation("header", "MS-ASAcceptMultiPart is T or F and for ItemOperations only")
    if r.header("authorization") is None:
        raise Violation("credentials", "no Authorization: servers answer such a POST with 403")


def check_content_type(r):
    """What kind of body is allowed: '' none, 'wbxml', 'mime'."""
    kind = r.header("content-type")
    mime = r.command in ("SendMail", "SmartReply", "SmartForward") and VERSIONS.index(r.version) < VERSIONS.index("14.0")
    if not r.body:
        if r.command in BODILESS or r.command == "Ping" or r.command == "Sync" and VERSIONS.index(r.version) >= VERSIONS.index("12.1"):
            return ""
        raise Violation("body", "%s needs a body" % r.command)
    if r.command in BODILESS:
        raise Violation("body", "%s has no body" % r.command)
    want = {"message/rfc822"} if mime else {"application/vnd.ms-sync.wbxml"}
    if not mime and VERSIONS.index(r.version) >= VERSIONS.index("12.1"):
        want.add("application/vnd.ms-sync")
    if kind not in want:
        raise Violation("header", "Content-Type is %r, not %s" % (kind, " or ".join(sorted(want))))
    return "mime" if mime else "wbxml"

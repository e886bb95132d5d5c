"""What grammar.txt cannot say: relations between elements of one request, limits on how many, and what must stay the same."""
import re
import xml.etree.ElementTree as ET

from wbxml import VERSIONS, Violation


def at_least(version, low):
    return VERSIONS.index(version) >= VERSIONS.index(low)


def text(element, name):
    child = element.child(name)
    return None if child is None else child.text


def sync(r, root):
    collections = root.child("AirSync:Collections")
    seen, commands = set(), 0
    for c in collections.every("AirSync:Collection") if collections else []:
        key, folder = text(c, "AirSync:SyncKey"), text(c, "AirSync:CollectionId")
        if folder in seen:
            raise Violation("sync", "collection %s is there twice" % folder)
        seen.add(folder)
        if not at_least(r.version, "12.1") and c.child("AirSync:Class") is None:
            raise Violation("order", "AirSync:Collection without Class at %s" % r.version)
        inside = c.child("AirSync:Commands")
        if key == "0":
            if inside is not None:
                raise Violation("sync", "Commands with SyncKey 0")
            if c.child("AirSync:GetChanges") is not None and text(c, "AirSync:GetChanges") != "0":
                raise Violation("sync", "GetChanges with SyncKey 0")
        elif c.child("AirSync:Supported") is not None:
            raise Violation("sync", "Supported with a SyncKey other than 0")
        options = c.every("AirSync:Options")
        if len(options) > 2 or len(options) == 2 and any(o.child("AirSync:Class") is None for o in options):
            raise Violation("sync", "two Options blocks are for two classes, each named")
        for o in options:
            types = [text(b, "AirSyncBase:Type") for b in o.every("AirSyncBase:BodyPreference")]
            if len(types) != len(set(types)):
                raise Violation("sync", "two BodyPreference of one Type")
            if "4" in types and (text(o, "AirSync:MIMESupport") or "0") == "0":
                raise Violation("sync", "BodyPreference Type 4 without MIMESupport")
        for child in inside.children if inside is not None else []:
            if child.child("AirSyncBase:InstanceId") is None:
                continue
            if len(inside.children) > 1 or options:
                raise Violation("sync", "a command for one occurrence is alone in its request, without Options")
            data = child.child("AirSync:ApplicationData")
            for name in ("Calendar:Timezone", "Calendar:Recurrence", "Calendar:AllDayEvent", "Calendar:UID"):
                if data is not None and data.child(name) is not None:
                    raise Violation("sync", "%s of one occurrence" % name)
            if data is not None and (data.child("Calendar:StartTime") is None) != (data.child("Calendar:EndTime") is None):
                raise Violation("sync", "one end of an occurrence without the other")
        ids = set()
        for child in inside.children if inside is not None else []:
            commands += 1
            own = (text(child, "AirSync:ServerId") or "") + " " + (text(child, "AirSyncBase:InstanceId") or "")
            if child.tag == "Add":
                own = "+" + (text(child, "AirSync:ClientId") or "")
            if own in ids and child.tag != "Fetch":
                raise Violation("sync", "two commands for %s in one request" % own.strip())
            ids.add(own)
        if inside is not None and not inside.children:
            raise Violation("sync", "empty Commands")
    if commands > 200:
        raise Violation("limit", "%d commands, 200 are allowed" % commands)
    if root.child("AirSync:Partial") is not None and len(root.children) == 1:
        raise Violation("sync", "Partial alone")
    for e in root.walk():
        if e.name == "Email:Flag" and e.children:
            status = text(e, "Email:Status")
            if status == "2" and e.child("Email:FlagType") is None or status == "1" and (
                    e.child("Email:CompleteTime") is None or e.child("Tasks:DateCompleted") is None):
                raise Violation("sync", "a Flag of Status %s without what it needs" % status)


def provision(r, root):
    info, policies = root.child("Settings:DeviceInformation"), root.child("Provision:Policies")
    policy = policies.children[0] if policies else None
    if policy is not None and r.version != "2.5" and text(policy, "Provision:PolicyType") != "MS-EAS-Provisioning-WBXML":
        raise Violation("provision", "PolicyType %s at %s" % (text(policy, "Provision:PolicyType"), r.version))
    if policy is not None and policy.child("Provision:PolicyKey") is None:  # the download
        if policy.child("Provision:Status") is not None:
            raise Violation("provision", "a Status without the key that it is for")
        if r.policy_key not in (None, 0):
            raise Violation("provision", "the policy download carries policy key 0, not %d" % r.policy_key)
        if at_least(r.version, "14.1") and info is None:
            raise Violation("provision", "the policy download has DeviceInformation from 14.1 on")
        return
    if info is not None:
        raise Violation("provision", "DeviceInformation belongs to the policy download only")
    if policy is not None:  # the acknowledgement
        if policy.child("Provision:Status") is None:
            raise Violation("provision", "an acknowledgement without Status")
        if r.policy_key != int(text(policy, "Provision:PolicyKey")):
            raise Violation("provision", "the request carries policy key %s, the acknowledgement %s" % (
                r.policy_key, text(policy, "Provision:PolicyKey")))
        order = [c.tag for c in policy.children]
        if order != ["PolicyType", "PolicyKey", "Status"]:
            raise Violation("order", "the acknowledgement has %s" % " ".join(order))
    elif r.policy_key not in (None, 0) and not root.children:
        raise Violation("provision", "an empty Provision carries policy key 0")


def ping(r, root):
    folders = root.child("Ping:Folders")
    ids = [text(f, "Ping:Id") for f in folders.children] if folders else []
    if len(ids) != len(set(ids)):
        raise Violation("limit", "a folder is there twice")
    if not at_least(r.version, "14.0") and any(text(f, "Ping:Class") == "Notes" for f in (folders.children if folders else [])):
        raise Violation("version", "Notes are of 14.0")


def mime(data):
    head = data.split(b"\r\n\r\n", 1)[0]
    if re.search(rb"(?<!\r)\n|\r(?!\n)", data):
        raise Violation("value", "the message has a line end that is not CRLF")
    if not re.match(rb"[!-9;-~]+:", head):
        raise Violation("value", "the message does not begin with a header")


def compose(r, root):
    part = root.child("ComposeMail:Mime")
    if part is not None:
        mime(part.opaque)


def counted(child, most):
    def rule(_, root):
        n = sum(1 for e in root.walk() if e.name == child)
        if n > most:
            raise Violation("limit", "%d %s, %d are allowed" % (n, child, most))
    return rule


def operations(r, root):
    if not 1 <= len(root.children) <= 100:
        raise Violation("limit", "%d operations, 1 to 100 are allowed" % len(root.children))
    for f in root.every("ItemOperations:Fetch"):
        options = f.child("ItemOperations:Options")
        if f.child("AirSyncBase:FileReference") is not None and options is not None and any(
                c.name != "ItemOperations:Range" for c in options.children):
            raise Violation("child", "with FileReference only Range is an option")


def oof(r, root):
    part = root.child("Settings:Oof")
    change = part.child("Settings:Set") if part else None
    if change is not None:
        times = change.child("Settings:StartTime") is not None, change.child("Settings:EndTime") is not None
        if times != ((text(change, "Settings:OofState") == "2"),) * 2:
            raise Violation("value", "OofState 2 and both times go together")


RULES = {"Sync": sync, "Provision": provision, "Ping": ping, "SendMail": compose, "SmartReply": compose, "SmartForward": compose,
         "ItemOperations": operations, "Settings": oof, "MoveItems": counted("Move:Move", 1000),
         "GetItemEstimate": counted("GetItemEstimate:Collection", 1000), "MeetingResponse": counted("MeetingResponse:Request", 100),
         "ResolveRecipients": counted("ResolveRecipients:To", 100), "ValidateCert": counted("ValidateCert:Certificate", 100)}

ASK = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/requestschema/2006"
ANSWER = "http://schemas.microsoft.com/exchange/autodiscover/mobilesync/responseschema/2006"


def autodiscover(r):
    for name in ("ms-asprotocolversion", "x-ms-policykey"):
        if r.header(name) is not None:
            raise Violation("header", "%s on Autodiscover" % name)
    if r.method == "GET":
        if r.header("authorization") is not None or r.header("cookie") is not None:
            raise Violation("credentials", "the GET step of Autodiscover carries none")
        return
    if r.method != "POST":
        raise Violation("request-line", "%s on Autodiscover" % r.method)
    if not r.origin.startswith("https://"):
        raise Violation("credentials", "Autodiscover POST over http")
    if not re.fullmatch(r"text/xml(; ?charset=\"?utf-8\"?)?", r.header("content-type") or "", re.I):
        raise Violation("header", "Content-Type is %r, not text/xml" % r.header("content-type"))
    try:
        root = ET.fromstring(r.body)
    except ET.ParseError as e:
        raise Violation("autodiscover", "not XML: %s" % e) from None
    asks = [c.tag for c in root]
    inner = [c.tag for c in root[0]] if len(root) else []
    space = "{%s}" % ASK
    if root.tag != space + "Autodiscover" or asks != [space + "Request"]:
        raise Violation("autodiscover", "not one Request in the request schema")
    if inner != [space + "EMailAddress", space + "AcceptableResponseSchema"] or root[0][1].text != ANSWER:
        raise Violation("autodiscover", "Request holds %s" % inner)


class Identity:
    """One account is one device to the server: what names it never changes."""

    def __init__(self):
        self.first = {}

    def check(self, r):
        for what, value in (("User-Agent", r.header("user-agent")), ("DeviceId", r.device_id), ("DeviceType", r.device_type)):
            if value and self.first.setdefault((r.account, what), value) != value:
                raise Violation("identity", "%s was %r and is now %r" % (what, self.first[r.account, what], value))

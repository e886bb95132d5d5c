#!/usr/bin/python3
"""Writes clean/ and violations/ anew from what stands here. A request is XML in which a tag may name its page: <Page:Tag>."""
import base64
import json
import os
import re
import sys

sys.dont_write_bytecode = True
from wbxml import PAGES, TAGS  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENS = {(PAGES[page], tag[0]): (page, token) for (page, token), tag in TAGS.items()}


def encode(page, xml):
    """A page stays for the children; an unprefixed child of a prefixed element is on its parent's page."""
    out, current, stack = bytearray(b"\x03\x01\x6a\x00"), 0, [page]
    for end, prefix, tag, empty, text in re.findall(r"<(/?)(?:(\w+):)?(\w+)(/?)>|([^<]+)", xml):
        if text:
            out += b"\xc3" + bytes([len(text) - 1]) + text[1:].encode() if text[0] == "#" else b"\x03" + text.encode() + b"\0"
        elif end:
            stack.pop()
            out.append(1)
        else:
            number, token = TOKENS[prefix or stack[-1], tag]
            if number != current:
                out += bytes([0, number])
                current = number
            out.append(token | (0 if empty else 0x40))
            if not empty:
                stack.append(prefix or stack[-1])
    return bytes(out)


def post(command, page, xml, version="14.1", key="1307199584", drop=(), extra=(), query=None, body=None, **fields):
    data = body if body is not None else encode(page, xml) if xml else b""
    headers = [["Host", "mail.example.test"], ["User-Agent", "Handsync/0.1"], ["MS-ASProtocolVersion", version],
               ["X-MS-PolicyKey", key], ["Authorization", "Basic -"], ["Accept-Encoding", "gzip"],
               ["Content-Type", "application/vnd.ms-sync.wbxml"], ["Content-Length", str(len(data))]]
    drop = set(drop) | ({"X-MS-PolicyKey"} if key is None else set()) | (set() if data else {"Content-Type"})
    query = query or "Cmd=%s&User=alice%%40example.test&DeviceId=0123456789abcdef&DeviceType=Handset" % command
    return dict({"account": "alice@example.test", "origin": "https://mail.example.test:443", "method": "POST",
                 "target": "/Microsoft-Server-ActiveSync?" + query,
                 "headers": [h for h in headers if h[0] not in drop] + [list(e) for e in extra],
                 "body_base64": base64.b64encode(data).decode()}, **fields)


def sync(inner, **more):
    return post("Sync", "AirSync", "<Sync><Collections><Collection>%s</Collection></Collections></Sync>" % inner, **more)


BINARY = "jQAJBBAwMTIzNDU2Nzg5YWJjZGVmBGBD6k0HSGFuZHNldA=="
BARE = ("MS-ASProtocolVersion", "X-MS-PolicyKey")
INFO = "<Settings:DeviceInformation><Set><Model>H1</Model><OS>Linux</OS></Set></Settings:DeviceInformation>"
POLICY = "<Policies><Policy><PolicyType>MS-EAS-Provisioning-WBXML</PolicyType>%s</Policy></Policies>"
ACK = POLICY % "<PolicyKey>1307199584</PolicyKey><Status>1</Status>"
PRIME = "<SyncKey>0</SyncKey><CollectionId>5</CollectionId>"
OPTIONS = ("<Options><FilterType>3</FilterType><AirSyncBase:BodyPreference><Type>2</Type><TruncationSize>32768</TruncationSize>"
           "</AirSyncBase:BodyPreference><MIMESupport>0</MIMESupport></Options>")
READ = "<Commands><Change><ServerId>5:1</ServerId><ApplicationData><Email:Read>1</Email:Read></ApplicationData></Change></Commands>"
FETCH = "<SyncKey>7</SyncKey><CollectionId>5</CollectionId><DeletesAsMoves>1</DeletesAsMoves><GetChanges/><WindowSize>50</WindowSize>"
SUPPORTED = PRIME + "<Supported><Calendar:AllDayEvent/><Calendar:Reminder/><Calendar:Exceptions/></Supported>"
MIME = "#To: bob@example.test\r\nSubject: hi\r\n\r\nok\r\n"
ASK = ('<?xml version="1.0" encoding="utf-8"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/mobilesync/'
       'requestschema/2006"><Request><EMailAddress>alice@example.test</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft'
       '.com/exchange/autodiscover/mobilesync/responseschema/2006</AcceptableResponseSchema></Request></Autodiscover>').encode()


def plain(method, path, headers, body=b"", origin="https://mail.example.test:443"):
    return {"account": "alice@example.test", "origin": origin, "method": method, "target": path,
            "headers": [["Host", origin.split("://")[1].rsplit(":", 1)[0]], ["User-Agent", "Handsync/0.1"]] + headers,
            "body_base64": base64.b64encode(body).decode()}


ANSWER = ("<MeetingResponse><Request><UserResponse>1</UserResponse><CollectionId>5</CollectionId><RequestId>5:1</RequestId>%s</Request>"
          "</MeetingResponse>")
ONE = ("<Change><ServerId>1:7</ServerId><AirSyncBase:InstanceId>20260310T090000Z</AirSyncBase:InstanceId><ApplicationData>"
       "<Calendar:Subject>Moved</Calendar:Subject></ApplicationData></Change>")


CLEAN = {
    "first_contact": [
        plain("POST", "/autodiscover/autodiscover.xml", [["Authorization", "Basic -"], ["Content-Type", "text/xml"],
                                                         ["Content-Length", str(len(ASK))]], ASK),
        plain("GET", "/autodiscover/autodiscover.xml", [], origin="http://autodiscover.example.test:80"),
        plain("OPTIONS", "/Microsoft-Server-ActiveSync", [["Authorization", "Basic -"]]),
        post("Provision", "Provision", "<Provision>" + INFO + POLICY % "" + "</Provision>", key="0"),
        post("Provision", "Provision", "<Provision>" + ACK + "</Provision>"),
        post("FolderSync", "FolderHierarchy", "<FolderSync><SyncKey>0</SyncKey></FolderSync>"),
        sync(SUPPORTED), sync(PRIME), sync(FETCH + OPTIONS), sync(FETCH + OPTIONS + READ),
        post("Ping", "Ping", "<Ping><HeartbeatInterval>480</HeartbeatInterval><Folders><Folder><Id>5</Id><Class>Email</Class></Folder>"
             "</Folders></Ping>", key=None),
        post("Ping", "Ping", "", key=None),
        post("Sync", "AirSync", ""),
    ],
    "binary_query": [
        post("Sync", "AirSync", "<Sync><Collections><Collection>" + PRIME + "</Collection></Collections></Sync>", query=BINARY, drop=BARE),
    ],
    "oldest": [
        sync("<Class>Email</Class>" + PRIME, version="12.0"),
        post("SendMail", "", "", version="12.1", body=MIME[1:].encode(), drop=["Content-Type"], extra=[["Content-Type", "message/rfc822"]],
             query="Cmd=SendMail&User=alice&DeviceId=0123456789abcdef&DeviceType=Handset&SaveInSent=T"),
        post("Settings", "Settings", "<Settings><DeviceInformation><Set><Model>H1</Model></Set></DeviceInformation></Settings>", version="14.0"),
    ],
    "newest": [
        post("SendMail", "ComposeMail", "<SendMail><ClientId>c1</ClientId><SaveInSentItems/><Mime>" + MIME + "</Mime></SendMail>", version="16.1"),
        sync("<SyncKey>4</SyncKey><CollectionId>1</CollectionId><Commands><Change><ServerId>1:7</ServerId><AirSyncBase:InstanceId>20260310T0900"
             "00Z</AirSyncBase:InstanceId><ApplicationData><Calendar:Subject>Moved</Calendar:Subject><AirSyncBase:Location><DisplayName>Room 2"
             "</DisplayName></AirSyncBase:Location></ApplicationData></Change></Commands>", version="16.1"),
        post("MeetingResponse", "MeetingResponse", ANSWER % "<SendResponse><AirSyncBase:Body><Type>1</Type><Data>ok</Data></AirSyncBase:Body>"
             "<ProposedStartTime>2026-03-10T09:00:00.000Z</ProposedStartTime><ProposedEndTime>2026-03-10T10:00:00.000Z</ProposedEndTime>"
             "</SendResponse>", version="16.1"),
        post("ItemOperations", "ItemOperations", "<ItemOperations><Fetch><Store>Mailbox</Store><AirSync:CollectionId>5</AirSync:CollectionId>"
             "<AirSync:ServerId>5:1</AirSync:ServerId><Options><AirSyncBase:BodyPreference><Type>2</Type></AirSyncBase:BodyPreference>"
             "</Options></Fetch></ItemOperations>", version="16.0"),
        post("Provision", "Provision", "<Provision><AccountOnlyRemoteWipe><Status>1</Status></AccountOnlyRemoteWipe></Provision>", version="16.1"),
    ],
}
# The file's name is the rule that must find it, then what was planted.
VIOLATIONS = {
    "order-options_after_commands": sync(FETCH + READ + OPTIONS),
    "order-class_missing_at_12_0": sync(PRIME, version="12.0"),
    "version-class_in_collection_at_14_1": sync("<Class>Email</Class>" + PRIME),
    "version-account_only_wipe_at_14_1": post("Provision", "Provision",
                                              "<Provision><AccountOnlyRemoteWipe><Status>1</Status></AccountOnlyRemoteWipe></Provision>"),
    "version-subject_of_mail_changed_at_14_1": sync(FETCH + READ.replace("<Email:Read>1</Email:Read>", "<Email:Subject>x</Email:Subject>")),
    "value-window_of_513": sync(FETCH.replace("50", "513")),
    "value-mime_as_string": post("SendMail", "ComposeMail", "<SendMail><ClientId>c1</ClientId><Mime>" + MIME[1:] + "</Mime></SendMail>"),
    "value-supported_with_a_value": sync(SUPPORTED.replace("<Calendar:AllDayEvent/>", "<Calendar:AllDayEvent>1</Calendar:AllDayEvent>")),
    "limit-201_commands": sync(FETCH + "<Commands>" + "".join("<Delete><ServerId>5:%d</ServerId></Delete>" % n for n in range(201)) + "</Commands>"),
    "sync-commands_with_key_0": sync(PRIME + READ),
    "sync-occurrence_beside_another_command": sync("<SyncKey>4</SyncKey><CollectionId>1</CollectionId><Commands>" + ONE +
                                                   "<Delete><ServerId>1:8</ServerId></Delete></Commands>", version="16.1"),
    "sync-occurrence_with_options": sync("<SyncKey>4</SyncKey><CollectionId>1</CollectionId>" + OPTIONS + "<Commands>" + ONE + "</Commands>",
                                         version="16.1"),
    "sync-occurrence_with_a_zone": sync("<SyncKey>4</SyncKey><CollectionId>1</CollectionId><Commands>" + ONE.replace(
        "<Calendar:Subject>Moved</Calendar:Subject>", "<Calendar:Timezone>AAAA</Calendar:Timezone>") + "</Commands>", version="16.1"),
    "version-organizer_told_by_the_server_at_14_1": post("MeetingResponse", "MeetingResponse", ANSWER % "<SendResponse/>"),
    "value-instance_in_compact_form": post("MeetingResponse", "MeetingResponse", ANSWER % "<InstanceId>20260310T090000Z</InstanceId>"),
    "child-foreign_element": sync("<SyncKey>0</SyncKey><CollectionId>5</CollectionId><Ping:Id>5</Ping:Id>"),
    "provision-device_information_in_acknowledgement": post("Provision", "Provision", "<Provision>" + INFO + ACK + "</Provision>"),
    "provision-download_without_device_information": post("Provision", "Provision", "<Provision>" + POLICY % "" + "</Provision>", key="0"),
    "header-policy_key_on_ping": post("Ping", "Ping", "<Ping><HeartbeatInterval>480</HeartbeatInterval></Ping>"),
    "header-wrong_length": dict(post("FolderSync", "FolderHierarchy", "<FolderSync><SyncKey>0</SyncKey></FolderSync>", drop=["Content-Length"],
                                     extra=[["Content-Length", "99"]])),
    "header-version_beside_binary_query": post("Sync", "AirSync", "<Sync><Collections><Collection>" + PRIME + "</Collection></Collections></Sync>",
                                               query=BINARY),
    "query-no_device_type": post("Sync", "AirSync", "", query="Cmd=Sync&User=alice&DeviceId=0123456789abcdef"),
    "credentials-get_with_authorization": plain("GET", "/autodiscover/autodiscover.xml", [["Authorization", "Basic -"]],
                                                origin="http://autodiscover.example.test:80"),
    "wbxml-unknown_code_page": post("Sync", "", "", body=b"\x03\x01\x6a\x00\x00\x63\x45\x01"),
    "wbxml-bytes_after_the_end": post("FolderSync", "", "", body=encode("FolderHierarchy", "<FolderSync><SyncKey>0</SyncKey></FolderSync>") + b"\x01"),
    "root-ping_sent_as_sync": post("Sync", "Ping", "<Ping><HeartbeatInterval>480</HeartbeatInterval></Ping>"),
    "body-empty_folder_sync": post("FolderSync", "FolderHierarchy", ""),
}
CHANGED = [sync(PRIME), sync(PRIME, query="Cmd=Sync&User=alice&DeviceId=fedcba9876543210&DeviceType=Handset")]


def write(folder, name, lines):
    with open(os.path.join(HERE, folder, name + ".jsonl"), "w") as f:
        for line in lines:
            f.write(json.dumps(line) + "\n")


for name, lines in CLEAN.items():
    write("clean", name, lines)
for name, line in VIOLATIONS.items():
    write("violations", name, [line])
write("violations", "identity-another_device_id", CHANGED)

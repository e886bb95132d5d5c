"""What the server's own clients do, shared by the suites against SOGo."""
import base64
import http.client


def dav(port, method, path, body=None, kind=None, depth=None, user="alice"):
    """One request of WebDAV over plain HTTP: (status, text)."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    head = {"Authorization": "Basic " + base64.b64encode(("%s:%s-secret" % (user, user)).encode()).decode()}
    if kind:
        head["Content-Type"] = kind + "; charset=utf-8"
    if depth is not None:
        head["Depth"] = str(depth)
    c.request(method, path, body.encode() if body else None, head)
    r = c.getresponse()
    text = r.read().decode(errors="replace")
    c.close()
    return r.status, text

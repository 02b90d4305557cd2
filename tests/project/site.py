"""A server of files that breaks off, is slow, changes its mind and knows Range, as asked."""

import http.server
import threading
import time
from contextlib import contextmanager


class Site:
    """What a local server sends, and what it was asked.

    files (Dict[str, bytes]): What stands where.
    breaks (List[int]): After how many bytes the next answers break off, one after the other.
    busy (List[int]): Statuses of the next answers instead of the file.
    ranges (bool): Whether it knows Range.
    tagged (bool): Whether it says ETag.
    drip (float): Seconds between two pieces.
    silence (float): Seconds before each answer.
    reason (Optional[str]): What it says beside a status of `busy`.
    headers (Dict[str, str]): What it says of a file besides, or instead.
    asked (List): Path and Range header of each request.
    """

    def __init__(self):
        self.files, self.breaks, self.busy, self.asked = {}, [], [], []
        self.ranges, self.tagged, self.drip, self.silence = True, True, 0.0, 0.0
        self.reason, self.headers = None, {}
        self.address = ""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def log_message(self, *args):
        pass

    def do_GET(self):
        site = self.server.site
        site.asked.append((self.path, self.headers.get("Range")))
        time.sleep(site.silence)
        if site.busy:
            self.send_response(site.busy.pop(0), site.reason)
            for name, said in {"Retry-After": "0", **site.headers}.items():
                self.send_header(name, said)
            self.end_headers()
            return
        if self.path not in site.files:
            self.send_error(404)
            return
        content = site.files[self.path]
        tag = f'"{hash(content)}"'
        first = 0
        asked = self.headers.get("Range")
        is_same = self.headers.get("If-Range") in (None, tag)
        if asked and site.ranges and is_same:
            first = int(asked.removeprefix("bytes=").rstrip("-"))
            if first >= len(content):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(content)}")
                self.end_headers()
                return
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        else:
            self.send_response(200)
        if site.tagged:
            self.send_header("ETag", tag)
        for name, said in {"Content-Length": str(len(content) - first), **site.headers}.items():
            self.send_header(name, said)
        self.end_headers()
        end = first + site.breaks.pop(0) if site.breaks else len(content)
        step = 1 << 16 if site.drip else len(content)
        for start in range(first, min(end, len(content)), step):
            self.wfile.write(content[start : min(start + step, end)])
            time.sleep(site.drip)


@contextmanager
def serving():
    """A site that answers while the block runs."""
    site = Site()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.site = site
        server.handle_error = lambda *args: None  # whoever went away went away
        site.address = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield site
        server.shutdown()

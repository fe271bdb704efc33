"""The host's sockets, by libsoup."""
import base64

from gi.repository import GLib, Soup


class Sockets:
    def __init__(self, tell):
        self.tell_host = tell
        self.session = Soup.Session()
        self.open = {}
        self.reading = True
        self.unread = []

    def tell(self, flow, event, **more):
        self.tell_host({"type": "socket", "flow": flow, "event": event, **more})

    def command(self, effect):
        flow, command = effect["flow"], effect["command"]
        if command == "open":
            self._connect(flow, effect["url"])
        elif command == "send":
            socket = self.open.get(flow)
            if socket and socket.get_state() == Soup.WebsocketState.OPEN:
                if "text" in effect:
                    socket.send_message(Soup.WebsocketDataType.TEXT, GLib.Bytes.new(effect["text"].encode()))
                else:
                    socket.send_message(Soup.WebsocketDataType.BINARY, GLib.Bytes.new(base64.b64decode(effect["octetsB64"])))
        elif command == "close":
            socket = self.open.get(flow)
            if socket and socket.get_state() == Soup.WebsocketState.OPEN:
                code = effect["code"]
                socket.close(code if code == 1000 or 3000 <= code < 5000 else 1000, None)

    def _connect(self, flow, url):
        message = Soup.Message.new("GET", url)
        if message is None:
            self.tell(flow, "failed")
            return
        self.open[flow] = None

        def connected(session, result):
            try:
                socket = session.websocket_connect_finish(result)
            except GLib.Error:
                self.open.pop(flow, None)
                self.tell(flow, "closed", code=1006, clean=False)
                return
            self.open[flow] = socket
            socket.connect("message", lambda _, _kind, octets: self._received(flow, octets.get_data()))
            socket.connect("closed", lambda closed: self._closed(flow, closed))
            self.tell(flow, "opened", protocol=socket.get_protocol() or "")

        self.session.websocket_connect_async(message, None, ["sip"], GLib.PRIORITY_DEFAULT, None, connected)

    def _received(self, flow, octets):
        what = (flow, "received", {"octetsB64": base64.b64encode(octets or b"").decode()})
        self._when_read(*what)

    def _closed(self, flow, socket):
        code = socket.get_close_code()
        clean = code not in (0, 1006)
        self.open.pop(flow, None)
        self._when_read(flow, "closed", {"code": code if clean else 1006, "clean": clean})

    def _when_read(self, flow, event, more):
        # libsoup reads by itself; what the host does not want to read yet waits here, in order.
        if self.reading and not self.unread:
            self.tell(flow, event, **more)
        else:
            self.unread.append((flow, event, more))

    def read(self, on):
        self.reading = on
        while self.reading and self.unread:
            flow, event, more = self.unread.pop(0)
            self.tell(flow, event, **more)

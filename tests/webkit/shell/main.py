#!/usr/bin/python3
"""An app around a web view: WebKitGTK with the shape of a WKWebView shell.

  xvfb-run -a /usr/bin/python3 main.py OPTIONS

OPTIONS is one JSON object: `control` (a Unix socket that the tests listen on), `native` (the program with the host's decisions),
`host` (its options), `root` (what the scheme serves), `query` (of the page). Every decision is the native program's; here
callbacks become inputs, and effects calls.
"""
import json
import os
import signal
import socket
import sys
import threading
import time

import gi
gi.require_version("Gtk", "3.0")
gi.require_version("WebKit2", "4.1")
gi.require_version("JavaScriptCore", "4.1")
gi.require_version("Soup", "3.0")
from gi.repository import Gio, GLib, Gtk, JavaScriptCore, Soup, WebKit2

from callkit import CallKit
from native import Native, mono
from sockets import Sockets

SCHEME = "sipwake-app"
TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript", ".wasm": "application/wasm"}
PROCESSES = {"web": "WebKitWebProces", "network": "WebKitNetworkPr"}


class Shell:
    def __init__(self, options):
        self.options = options
        self.control = socket.socket(socket.AF_UNIX)
        self.control.connect(options["control"])
        self.waiting = []
        self.busy = False
        self.timer = 0
        self.page = False
        self.loads = 0
        self.kept = {}
        self.native = Native(options["native"], options["host"])
        self.callkit = CallKit(self.handle)
        self.sockets = Sockets(self.handle)
        self.media = None
        if options.get("media"):
            from media import Media
            self.media = Media(lambda what: GLib.idle_add(lambda: self.handle(what) or False))
        self.view = self.make_view()

    # The tests' side

    def say(self, event, **more):
        self.control.sendall(json.dumps({"event": event, "at": int(time.time() * 1000), **more}).encode() + b"\n")

    def listen(self):
        for line in self.control.makefile("rb"):
            GLib.idle_add(lambda asked=json.loads(line): self.asked(asked) or False)
        GLib.idle_add(Gtk.main_quit)

    def asked(self, asked):
        verb = asked.pop("do")
        number = asked.pop("n")

        def answer(value=None, error=None):
            self.control.sendall(json.dumps({"re": number, "value": value, "error": error}).encode() + b"\n")
        try:
            if verb == "run":
                self.run(asked["script"], asked.get("arguments", {}), answer)
            elif verb == "input":
                self.handle(asked["input"])
                answer()
            elif verb == "load":
                self.load()
                answer()
            elif verb == "perform":
                answer(self.callkit.perform(asked["uuid"], asked["action"], asked.get("digits")))
            elif verb == "system":
                answer({"calls": self.callkit.calls, "done": self.callkit.done, "loads": self.loads, "page": self.page,
                        "sockets": len(self.sockets.open)})
            elif verb == "signal":
                answer(self.signal(asked["process"], asked["signal"]))
            elif verb == "media":
                answer(self.media.look() if self.media else [])
            else:
                answer(error=f"unknown: {verb}")
        except Exception as error:  # The test is told; this process goes on.
            answer(error=repr(error))

    def signal(self, process, name):
        """Sends a signal to the web view's processes of that kind; how many there were."""
        found = [pid for pid in descendants(os.getpid()) if comm(pid).startswith(PROCESSES[process])]
        for pid in found:
            os.kill(pid, getattr(signal, name))
        return len(found)

    # The native side

    def handle(self, what):
        """Gives the host one input and carries out what it wants, in order, before this returns."""
        self.waiting.append(what)
        if self.busy:
            return
        self.busy = True
        while self.waiting:
            for effect in self.native.handle(self.waiting.pop(0)):
                self.carry_out(effect)
        self.busy = False

    def carry_out(self, effect):
        kind = effect["type"]
        if kind not in ("timer", "post", "socket", "media", "keepState"):
            self.say("effect", effect=effect)
        if kind == "reportIncoming":
            error = self.callkit.report(effect["uuid"], effect.get("displayName"), effect.get("handle"))
            self.handle({"type": "reported", "uuid": effect["uuid"], "error": error})
        elif kind == "updateCall":
            self.callkit.update(effect["uuid"], effect.get("displayName"), effect.get("handle"))
        elif kind == "endCall":
            self.callkit.end(effect["uuid"], effect["reason"])
        elif kind == "fulfil":
            call = self.callkit.fulfil(effect["actionId"], effect.get("connectedAt"))
            if call:
                # As the system does: the audio session is ours once the answer is fulfilled.
                self.handle({"type": "audioActivated", "callUuid": call["uuid"], "sampleRate": 48000})
        elif kind == "fail":
            self.callkit.fail(effect["actionId"])
        elif kind == "requestAction":
            if not self.callkit.perform(effect["uuid"], effect["action"], effect.get("digits")):
                self.handle({"type": "requestRefused", "uuid": effect["uuid"], "action": effect["action"], "refusal": "other"})
        elif kind == "startCall":
            self.callkit.start(effect["uuid"], effect.get("displayName"), effect["handle"])
        elif kind == "outgoingConnected":
            self.callkit.connected(effect["uuid"], effect["at"])
        elif kind == "post":
            self.post(effect["text"])
        elif kind == "loadPage":
            if not self.page:
                self.load()
        elif kind == "reloadPage":
            self.load()
        elif kind == "socket":
            self.sockets.command(effect)
        elif kind == "readSockets":
            self.sockets.read(effect["on"])
        elif kind == "media" and self.media:
            self.media.command(effect)
        elif kind == "keepState":
            self.kept[effect["key"]] = effect["value"]
        elif kind == "timer":
            self.set_timer(effect.get("at"))

    def set_timer(self, at):
        if self.timer:
            GLib.source_remove(self.timer)
        self.timer = 0

        def fire():
            self.timer = 0
            self.handle({"type": "timeout"})
            return False
        if at is not None:
            self.timer = GLib.timeout_add(max(0, at - mono()) + 1, fire)

    # The web view

    def make_view(self):
        context = WebKit2.WebContext.new_with_website_data_manager(WebKit2.WebsiteDataManager.new_ephemeral())
        context.set_cache_model(WebKit2.CacheModel.DOCUMENT_VIEWER)
        security = context.get_security_manager()
        security.register_uri_scheme_as_secure(SCHEME)
        security.register_uri_scheme_as_cors_enabled(SCHEME)
        context.register_uri_scheme(SCHEME, self.serve)
        content = WebKit2.UserContentManager()
        # The signal first: a message that comes in between would be lost.
        content.connect("script-message-with-reply-received::sipwake", self.on_message)
        if not content.register_script_message_handler_with_reply("sipwake", None):
            raise RuntimeError("no message handler")
        view = WebKit2.WebView(web_context=context, user_content_manager=content)
        settings = view.get_settings()
        settings.set_property("enable-write-console-messages-to-stdout", True)
        settings.set_property("hardware-acceleration-policy", WebKit2.HardwareAccelerationPolicy.NEVER)
        view.connect("web-process-terminated", self.on_terminated)
        window = Gtk.Window()
        window.set_default_size(390, 844)
        window.add(view)
        window.show_all()
        return view

    def serve(self, request, *_):
        """What WKURLSchemeHandler does: files of the app, with headers, for streaming WebAssembly reads those."""
        root = self.options["root"]
        full = os.path.realpath(root + request.get_path())
        if not full.startswith(root + os.sep) or not os.path.isfile(full):
            request.finish_error(GLib.Error.new_literal(Gio.io_error_quark(), "not found", Gio.IOErrorEnum.NOT_FOUND))
            return
        with open(full, "rb") as file:
            data = file.read()
        response = WebKit2.URISchemeResponse.new(Gio.MemoryInputStream.new_from_bytes(GLib.Bytes.new(data)), len(data))
        response.set_status(200, None)
        mime = TYPES.get(os.path.splitext(full)[1], "application/octet-stream")
        response.set_content_type(mime.split(";")[0])
        headers = Soup.MessageHeaders.new(Soup.MessageHeadersType.RESPONSE)
        headers.append("Content-Type", mime)
        response.set_http_headers(headers)
        request.finish_with_response(response)

    def load(self):
        self.page = True
        self.loads += 1
        self.view.load_uri(f"{SCHEME}://app/{self.options['page']}?{self.options['query']}")

    def on_message(self, _, value, reply):
        if value.is_string():
            origin = "/".join((self.view.get_uri() or "").split("/")[:3])
            text = value.to_string()
            self.say("fromPage", text=text)
            reply.return_value(JavaScriptCore.Value.new_boolean(value.get_context(), True))
            # WebKitGTK does not say which frame posted; here the page has only one.
            self.handle({"type": "pageMessage", "mainFrame": True, "origin": origin, "text": text})
        else:
            reply.return_error_message("refused")
        return True

    def post(self, text):
        self.say("toPage", text=text)
        load = self.loads

        def done(view, result):
            try:
                view.call_async_javascript_function_finish(result)
            except GLib.Error as error:
                self.say("postFailed", message=error.message)
                # What failed with the page before this one is that page's.
                if load == self.loads and self.page:
                    self.handle({"type": "postFailed"})
        arguments = GLib.Variant("a{sv}", {"m": GLib.Variant("s", text)})
        self.view.call_async_javascript_function("return sipwake.receive(m)", -1, arguments, None, None, None, done)

    def on_terminated(self, _, reason):
        self.page = False
        self.say("terminated", reason=reason.value_nick)
        # Not from inside the signal: the view is still putting its old process away.
        GLib.idle_add(lambda: self.handle({"type": "pageLost"}) or False)

    def run(self, script, arguments, answer):
        """Runs a test's function in the page; its arguments and result are JSON."""
        def done(view, result):
            try:
                value = view.call_async_javascript_function_finish(result)
                answer(json.loads(value.to_string()))
            except GLib.Error as error:
                answer(error=error.message)
        source = f"return JSON.stringify(await (async (given) => {{ {script} }})(JSON.parse(given)) ?? null)"
        packed = GLib.Variant("a{sv}", {"given": GLib.Variant("s", json.dumps(arguments))})
        self.view.call_async_javascript_function(source, -1, packed, None, None, None, done)


def comm(pid):
    try:
        with open(f"/proc/{pid}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def descendants(root):
    """Every process that this one started, and theirs. WebKit starts its processes through a launcher."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(entry)] = int(fields[1])
    found, more = [], [root]
    while more:
        parent = more.pop()
        children = [pid for pid, its in parents.items() if its == parent]
        found += children
        more += children
    return found


shell = Shell(json.loads(sys.argv[1]))
threading.Thread(target=shell.listen, daemon=True).start()
shell.say("started", webkit=f"{WebKit2.get_major_version()}.{WebKit2.get_minor_version()}.{WebKit2.get_micro_version()}")
Gtk.main()
shell.native.stop()
# The web view's processes go with the display; nothing is left to be put in order.
os._exit(0)

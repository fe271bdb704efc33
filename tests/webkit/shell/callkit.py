"""What the system shows: calls by UUID, and the actions that the user starts. It knows nothing of SIP or of pages."""
import time


class CallKit:
    def __init__(self, on_action):
        self.calls = []
        self.actions = {}
        self.done = []
        self.on_action = on_action
        self.count = 0

    def find(self, uuid):
        return next((call for call in self.calls if call["uuid"] == uuid), None)

    def live(self):
        return [call for call in self.calls if call["state"] != "ended"]

    def report(self, uuid, name, handle):
        """`reportNewIncomingCall`: why the system refuses, or nothing."""
        if self.find(uuid):
            return "uuidExists"
        self.calls.append({"uuid": uuid, "name": name, "handle": handle, "state": "ringing", "muted": False,
                           "reportedAt": wall(), "audio": False})
        return None

    def start(self, uuid, name, handle):
        """A start that the app asks for."""
        self.calls.append({"uuid": uuid, "name": name, "handle": handle, "state": "calling", "muted": False,
                           "reportedAt": wall(), "audio": False})
        self.perform(uuid, "start")

    def connected(self, uuid, at):
        """`reportOutgoingCall(with:connectedAt:)`."""
        call = self.find(uuid)
        if call and call["state"] != "ended":
            call.update(state="active", connectedAt=at)

    def update(self, uuid, name, handle):
        call = self.find(uuid)
        if call:
            call.update({key: value for key, value in (("name", name), ("handle", handle)) if value})

    def end(self, uuid, reason):
        call = self.find(uuid)
        if call and call["state"] != "ended":
            call.update(state="ended", reason=reason, endedAt=wall())
            for ident in [i for i, action in self.actions.items() if action["uuid"] == uuid]:
                del self.actions[ident]

    def perform(self, uuid, action, digits=None):
        """A button of the call screen."""
        call = self.find(uuid)
        if not call or call["state"] == "ended":
            return None
        self.count += 1
        ident = f"action-{self.count}"
        self.actions[ident] = {"uuid": uuid, "action": action}
        if action == "answer":
            call["state"] = "answering"
        self.on_action({"type": "perform", "actionId": ident, "uuid": uuid, "action": action, "digits": digits})
        return ident

    def fulfil(self, ident, connected_at):
        """`action.fulfill`. The call that has the audio from now on, if it was answered or started."""
        self.done.append({"actionId": ident, "done": "fulfilled"})
        action = self.actions.pop(ident, None)
        call = action and self.find(action["uuid"])
        if not call or call["state"] == "ended":
            return None
        kind = action["action"]
        if kind == "answer":
            call.update(state="active", connectedAt=connected_at or wall())
            return call
        if kind == "start":
            return call
        if kind in ("hold", "unhold"):
            call["held"] = kind == "hold"
        if kind in ("mute", "unmute"):
            call["muted"] = kind == "mute"
        if kind == "end":
            self.end(action["uuid"], "local")
        return None

    def fail(self, ident):
        """`action.fail`: a start or an answer that failed is a call that failed."""
        self.done.append({"actionId": ident, "done": "failed"})
        action = self.actions.pop(ident, None)
        if action and action["action"] in ("answer", "start"):
            self.end(action["uuid"], "failed")


def wall():
    return int(time.time() * 1000)

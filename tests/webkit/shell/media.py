"""The host's media: a WebRTC stack outside the page (aiortc), in a thread with a loop of its own. Its microphone hears a tone."""
import asyncio
import fractions
import json
import threading
import time

import numpy
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame

RATE = 48000
SAMPLES = RATE // 50


class Microphone(MediaStreamTrack):
    kind = "audio"

    def __init__(self, hertz):
        super().__init__()
        self.hertz = hertz
        self.silent = False
        self.at = 0
        self.start = None

    async def recv(self):
        self.start = self.start or time.monotonic()
        await asyncio.sleep(max(0, self.start + self.at / RATE - time.monotonic()))
        phase = 2 * numpy.pi * self.hertz * (numpy.arange(SAMPLES) + self.at) / RATE
        wave = numpy.zeros(SAMPLES) if self.silent else 12000 * numpy.sin(phase)
        frame = AudioFrame.from_ndarray(wave.astype(numpy.int16).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE
        frame.pts = self.at
        frame.time_base = fractions.Fraction(1, RATE)
        self.at += SAMPLES
        return frame


class Session:
    def __init__(self, number, uuid, hertz, tell):
        self.number, self.uuid, self.tell = number, uuid, tell
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.microphone = Microphone(hertz)
        self.heard = numpy.zeros(0)
        self.packets = 0
        self.transceiver = None
        self.peer.on("track", self.on_track)
        self.peer.on("connectionstatechange", self.on_state)

    def event(self, command, name, **more):
        self.tell({"type": "media", "media": self.number, "number": command, "event": name, **more})

    def on_state(self):
        state = self.peer.connectionState
        if state in ("connected", "disconnected"):
            self.event(0, "connected", connected=state == "connected")
        elif state == "failed":
            self.event(0, "failed", reason="connectionLost")

    def on_track(self, track):
        if track.kind == "audio":
            asyncio.ensure_future(self.hear(track))

    async def hear(self, track):
        try:
            while True:
                frame = await track.recv()
                samples = frame.to_ndarray().reshape(-1)[::len(frame.layout.channels)].astype(float)
                self.heard = numpy.concatenate([self.heard, samples])[-RATE // 2:]
                self.packets += 1
        except MediaStreamError:
            pass

    def level(self, hertz):
        """How much of what is heard is this tone: 0 to 1."""
        if len(self.heard) < RATE // 2:
            return 0.0
        power = numpy.abs(numpy.fft.rfft(self.heard * numpy.hanning(len(self.heard)))) ** 2
        middle = round(hertz * len(self.heard) / RATE)
        whole = float(power.sum())
        return float(power[middle - 3:middle + 4].sum()) / whole if whole > 1e6 else 0.0

    async def command(self, effect):
        name, number = effect["command"], effect["number"]
        try:
            if name == "offer":
                self.speak()
                await self.describe(await self.peer.createOffer(), number)
            elif name == "accept":
                await self.peer.setRemoteDescription(RTCSessionDescription(effect["sdp"], "offer"))
                self.speak()
                await self.describe(await self.peer.createAnswer(), number)
            elif name == "setAnswer":
                await self.peer.setRemoteDescription(RTCSessionDescription(effect["sdp"], "answer"))
                self.event(number, "applied")
            elif name == "direction" and self.transceiver:
                self.transceiver.direction = effect["direction"]
            elif name == "microphone":
                self.event(number, "applied")
            elif name == "mute" and not effect["video"]:
                self.microphone.silent = effect["on"]
            elif name == "dtmf":
                self.event(number, "failed", reason="unsupported")
            elif name == "stats":
                self.event(number, "stats", report=json.dumps([{"type": "inbound-rtp", "packetsReceived": self.packets}]))
            elif name == "close":
                await self.peer.close()
        except Exception as error:
            print("media:", name, repr(error), flush=True)
            self.event(number, "failed", reason="badDescription")

    def speak(self):
        if self.transceiver is None:
            self.peer.addTrack(self.microphone)
            self.transceiver = self.peer.getTransceivers()[0]

    async def describe(self, description, number):
        await self.peer.setLocalDescription(description)
        self.event(number, "described", sdp=self.peer.localDescription.sdp)


class Media:
    def __init__(self, tell):
        self.tell = tell
        self.sessions = {}
        self.queues = {}
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def command(self, effect):
        self.loop.call_soon_threadsafe(self.take, effect)

    def take(self, effect):
        number = effect["media"]
        if effect["command"] == "open":
            self.sessions[number] = Session(number, effect["uuid"], effect["testToneHz"] or 440, self.tell)
            self.queues[number] = asyncio.Queue()
            self.loop.create_task(self.work(number))
        elif number in self.queues:
            self.queues[number].put_nowait(effect)

    async def work(self, number):
        """One command after the other, as they came."""
        while True:
            effect = await self.queues[number].get()
            await self.sessions[number].command(effect)
            if effect["command"] == "close":
                del self.queues[number], self.sessions[number]
                return

    def look(self):
        return [{"media": session.number, "uuid": session.uuid, "state": session.peer.connectionState, "packets": session.packets,
                 "tones": {hertz: session.level(hertz) for hertz in (440, 1000, 1700)}} for session in list(self.sessions.values())]

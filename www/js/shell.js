// Stand-in for looks until the host is there.
export async function createShell(config, { frameHome, onChange }) {
  const fixture = new URLSearchParams(location.search).get("fixture") ?? "";
  const call = { incoming: { name: "Alice Archer", detail: "alice@sipwake.test", ringing: true }, call: { name: "Alice Archer", connectedAt: Date.now() - 73000 }, connecting: { name: "Alice" } }[fixture];
  const app = fixture ? (fixture === "app" ? "foreground" : "killed") : "foreground";
  const frame = document.createElement("iframe");
  frame.src = "app.html" + location.search; frame.title = "The app";
  frameHome.append(frame);
  return { call: () => call, heard() {}, dtmf() {}, notice: () => fixture === "missed" ? { title: "Missed call", text: "Alice Archer" } : null,
    hooks: { app, locked: app !== "foreground", token: "8f3ac1".padEnd(64, "07b3e9"), pageAudioError: null, remoteStream: null },
    async start() { onChange(); } };
}

// The simulated push service's device side: one connection on which pushes for this token come, whatever the app does.

const KEY = "sipwake.phone.token";

/** Random, 64 hexadecimal digits, kept over reloads as a device keeps its registration. */
export function deviceToken() {
  const token = stored(KEY);
  return /^[0-9a-f]{64}$/.test(token ?? "") ? token : newToken();
}

/** Another one, as the service gives now and then; from then on it is this device's. */
export function newToken() {
  const token = [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  store(KEY, token);
  return token;
}

/** What this device remembers of itself. Storage may be forbidden; then it forgets. */
export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Remembers something. */
export function store(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Then it is forgotten at the next load.
  }
}

/** Listens; `onPush(payload, headers)` for each push. Resolves once pushes can come. */
export function listen(base, token, onPush) {
  return new Promise((resolve) => {
    const source = new EventSource(`${base}/push/listen?token=${encodeURIComponent(token)}`);
    source.onopen = () => resolve(source);
    source.onmessage = ({ data }) => {
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return;
      }
      const wrapped = message && typeof message.payload === "object" && message.payload !== null;
      onPush(wrapped ? message.payload : message, wrapped ? (message.headers ?? {}) : {});
    };
    // A service that is not there must not keep the phone from starting; the browser goes on trying.
    setTimeout(() => resolve(source), 2000);
  });
}

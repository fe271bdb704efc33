// A level meter that moves with the audio that is really there, and the choice between microphone and test tone.

let context;

/** One audio context for everything a document measures; it needs a tap once. */
function audioContext() {
  if (!context) {
    context = new AudioContext();
    const resume = () => context.state === "suspended" && context.resume().catch(() => {});
    for (const name of ["pointerdown", "keydown"]) document.addEventListener(name, resume, true);
  }
  return context;
}

const devices = navigator.mediaDevices;
const getUserMedia = devices?.getUserMedia.bind(devices);

/** Makes this document one without a microphone, so that the engine sends its test tone; or gives the microphone back. */
export function withoutMicrophone(on) {
  if (devices) devices.getUserMedia = on ? () => Promise.reject(new DOMException("The test tone is on.", "NotFoundError")) : getUserMedia;
}

/** Builds the bars of a meter and returns `{ show(stream | null), level }`. */
export function meter(element, onLevel = () => {}) {
  const bars = Array.from({ length: 19 }, () => document.createElement("i"));
  element.append(...bars);
  let stream = null;
  let source;
  let analyser;
  let timer;
  const self = { level: 0, show };

  function draw() {
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    const decibels = 20 * Math.log10(Math.sqrt(sum / samples.length) + 1e-6);
    self.level = Math.round(Math.max(0, Math.min(100, (decibels + 60) * 2.1)));
    paint(self.level, performance.now() / 220);
    onLevel(self.level);
  }

  function paint(level, phase) {
    element.setAttribute("aria-valuenow", String(level));
    const middle = (bars.length - 1) / 2;
    bars.forEach((bar, index) => {
      const near = 1 - Math.abs(index - middle) / (middle + 2);
      const wave = 0.72 + 0.28 * Math.sin(phase + index * 1.7);
      const height = level === 0 ? 0 : (level / 100) * near * wave * 1.25;
      bar.style.transform = `scaleY(${Math.min(1, 0.2 + height).toFixed(3)})`;
      bar.style.opacity = level === 0 ? "0.28" : String(Math.min(1, 0.45 + height).toFixed(2));
    });
  }

  const samples = new Float32Array(1024);
  function show(next) {
    if (next && next.getAudioTracks().length === 0) next = null;
    if (next === stream) return;
    stream = next;
    clearInterval(timer);
    source?.disconnect();
    source = undefined;
    if (!stream) {
      self.level = 0;
      paint(0, 0);
      return;
    }
    const audio = audioContext();
    analyser ??= new AnalyserNode(audio, { fftSize: 1024, smoothingTimeConstant: 0 });
    source = audio.createMediaStreamSource(stream);
    source.connect(analyser);
    timer = setInterval(draw, 90);
  }

  paint(0, 0);
  return self;
}

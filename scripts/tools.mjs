// Where the programs are that tests and measurements drive. `node scripts/tools.mjs chromium` prints the path, or nothing.
// An environment variable of the same name in capitals wins: CHROMIUM, CHROMEDRIVER, KAMAILIO.
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

const candidates = {
  chromium: [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  ],
  chromedriver: ["chromedriver", "/usr/lib/chromium/chromedriver", "/usr/lib/chromium-browser/chromedriver"],
  kamailio: ["kamailio", "/usr/sbin/kamailio", "/usr/local/sbin/kamailio"],
  openssl: ["openssl"],
  sipp: ["sipp"],
  // The system's Python: another one does not see what the distribution binds to it.
  webkitgtk: ["/usr/bin/python3"],
};

/** What must be there besides the program itself. */
const complete = { kamailio: kamailioModules, webkitgtk: webkitModules };

function executable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The path of a program, or undefined where the machine has none that will do. */
export function find(name) {
  const given = process.env[name.toUpperCase()];
  const tried = given ? [given] : (candidates[name] ?? [name]);
  const folders = (process.env.PATH ?? "").split(delimiter);
  for (const candidate of tried) {
    const paths = candidate.includes("/") ? [candidate] : folders.map((folder) => join(folder, candidate));
    const found = paths.find(executable);
    if (found && (!complete[name] || complete[name]())) return found;
  }
  return undefined;
}

/** Whether that Python can show a WebKit and speak WebRTC. */
function webkitModules() {
  const libraries = ["/usr/lib", ...(existsSync("/usr/lib") ? readdirSync("/usr/lib").map((entry) => join("/usr/lib", entry)) : [])];
  const bound = libraries.some((folder) => existsSync(join(folder, "girepository-1.0", "WebKit2-4.1.typelib")));
  return bound && ["gi", "aiortc", "numpy"].every((module) => existsSync(join("/usr/lib/python3/dist-packages", module)));
}

/** The folder of Kamailio's modules, if the ones that our configuration loads are there. */
export function kamailioModules() {
  const roots = ["/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"];
  const folders = roots.flatMap((root) => [
    join(root, "kamailio/modules"),
    ...(existsSync(root) ? readdirSync(root).map((entry) => join(root, entry, "kamailio/modules")) : []),
  ]);
  const wanted = ["websocket.so", "tls.so", "http_client.so", "jansson.so", "outbound.so"];
  return folders.find((folder) => wanted.every((module) => existsSync(join(folder, module))));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  process.stdout.write(find(process.argv[2] ?? "") ?? "");
}

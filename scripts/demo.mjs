// `make demo`: builds what is not built, starts the embedded server with the page, says where everything is; Ctrl-C ends it.
// PORT: where to listen, else any free port.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { createInterface } from "node:readline";

function step(what, program, ...args) {
  const started = Date.now();
  process.stdout.write(`demo: ${what} …\n`);
  const { status, error } = spawnSync(program, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) {
    console.error(`demo: ${what} failed${error ? `: ${error.message}` : ""}`);
    process.exit(1);
  }
  process.stdout.write(`demo: ${what} done in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

step("the package", "bash", "scripts/pkg.sh");
step("the page", "bash", "scripts/www.sh");
step("the server (its first build takes a minute or two)", "cargo", "build", "--workspace", "--bins");

const password = () => randomBytes(6).toString("base64url");
const users = [
  { name: "alice", password: password() },
  { name: "bob", password: password() },
];
const server = spawn(
  `${process.env.CARGO_TARGET_DIR ?? "target"}/debug/sipwake-edge`,
  ["--json", "--port", process.env.PORT ?? "0", "--www", "www/dist", ...users.flatMap(({ name, password }) => ["--user", `${name}:${password}`])],
  { stdio: ["ignore", "pipe", "inherit"] },
);
server.on("error", (error) => {
  console.error(`demo: the server did not start: ${error.message}`);
  process.exit(1);
});
let ending = false;
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.on(signal, () => {
    ending = true;
    server.kill("SIGTERM");
  });
}
server.on("exit", (code) => {
  if (!ending) console.error(`demo: the server ended by itself (${code})`);
  process.exitCode = ending ? 0 : 1;
});

const snippet = (port, domain) => `    const { default: init, Endpoint } = await import("http://localhost:${port}/pkg/sipwake.js");
    await init();
    const endpoint = await Endpoint.start({ host: "none", testToneHz: 440 });
    endpoint.on("call_changed", ({ call }) => console.log(call.state));
    const registered = new Promise((done) => endpoint.on("registration_changed", ({ state }) => state === "registered" && done()));
    const account = await endpoint.createAccount({ username: "${users[0].name}", domain: "${domain}", password: "${users[0].password}",
      servers: ["ws://localhost:${port}/ws"] });
    await registered;
    const call = await endpoint.makeCall(account, "sip:${users[1].name}@${domain}");`;

createInterface({ input: server.stdout }).on("line", (line) => {
  let said;
  try {
    said = JSON.parse(line);
  } catch {
    return;
  }
  if (said.event !== "listening") return;
  const { port, domain } = said;
  console.log(`
  open     http://localhost:${port}/
  users    ${users.map(({ name, password }) => `${name} (password ${password})`).join(", ")}; domain ${domain}, server ws://localhost:${port}/ws
  remote?  on your own machine: ssh -L ${port}:localhost:${port} ${userInfo().username}@${hostname()}   then open the same address

  Call the phone from a script of your own; paste this into the console of that page, or into a module of a page beside it:

${snippet(port, domain)}

  Ctrl-C ends it.
`);
});

// A Chromium with nothing but loopback in mind, and a static server for it. For tests only.
import { createServer } from "node:http";
import { readFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { find } from "../../../scripts/tools.mjs";

export const root = fileURLToPath(new URL("../../../", import.meta.url));

const types = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

/**
 * Serves the repository on a free port; `routes` answers first: path → { type?, body, status? }.
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serve(routes = {}) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const route = routes[path] ?? (path === "/favicon.ico" ? { type: "image/x-icon", body: "" } : undefined);
    try {
      const body = route ? route.body : await readFile(join(root, normalize(path)));
      response.writeHead(route?.status ?? 200, { "content-type": route?.type ?? types[extname(path)] ?? "text/html" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}

/** A browser with an empty profile. `microphone`: a fake one that needs no permission. */
export async function launch({ microphone = false, args = [] } = {}) {
  const executablePath = find("chromium");
  if (!executablePath) throw new Error("no Chromium: install one or set CHROMIUM");
  const profile = await mkdtemp(join(tmpdir(), "sipwake-chromium-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    headless: true,
    args: [
      "--no-sandbox",
      "--allow-loopback-in-peer-connection",
      "--autoplay-policy=no-user-gesture-required",
      ...(microphone ? ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"] : []),
      ...args,
    ],
  });
  return {
    context,
    close: async () => {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

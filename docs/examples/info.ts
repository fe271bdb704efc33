// INFO in a call (RFC 6086): what no digit is, both ways.
import type { Call, Endpoint } from "sipwake";

export async function ask(endpoint: Endpoint, call: Call) {
  endpoint.on("info_received", ({ call, contentType, body, headers }) => {
    const pack = headers.find(({ name }) => name === "Info-Package")?.value;
    console.log(call.id, pack, contentType, body);
  });
  const { status, body } = await call.info({ contentType: "application/example", body: "key frame, please", headers: [{ name: "Info-Package", value: "example" }] });
  console.log(status, body);
}

// The rows of benches/behaviour with all three libraries in a real browser. Ours must be right in each; what it cannot do yet is
// listed, and a listed row that has become right fails too, so that the list is kept. What the others do is printed, not judged.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { behaviourTable, measureBehaviour } from "../../benches/behaviour.mjs";
import { rows } from "../../benches/behaviour/run.mjs";
import { hasChromium } from "../e2e/support/browser.mjs";

const notYet = JSON.parse(readFileSync(new URL("not-yet.json", import.meta.url), "utf8"));

describe("where SIP is difficult", { skip: !hasChromium && "chromium is not installed", timeout: 240_000 }, () => {
  let judged = [];
  before(async () => {
    judged = await measureBehaviour();
  }, { timeout: 200_000 });
  after(() => console.log(behaviourTable(judged)));

  test("the list of what is not there yet names rows that exist", () => {
    assert.deepEqual(notYet.filter((id) => !rows.some((row) => row.id === id)), []);
  });

  for (const { id, title } of rows) {
    test(`${id}: ${title}`, () => {
      const { sipwake, ...others } = judged.find((row) => row.id === id).verdicts;
      assert.ok(["JsSIP", "SIP.js"].every((name) => others[name]), "all three were judged");
      if (notYet.includes(id)) assert.notEqual(sipwake.verdict, "right", "it has become right: take it off tests/behaviour/not-yet.json");
      else assert.equal(sipwake.verdict, "right", [sipwake.why, ...(sipwake.trace ?? [])].join("\n"));
    });
  }
});

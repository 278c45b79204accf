// What any client of the Model Context Protocol would do, by the protocol's own TypeScript SDK.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js";

const ACTIONBOX = process.env.ACTIONBOX;
assert.ok(ACTIONBOX, "ACTIONBOX names the command; start this with ./run");
const PATIENCE = 60_000;

// Fails where something is waited for and does not come.
const within = (what, promise) => {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} does not come`)), PATIENCE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
};

async function connect(transport) {
  const client = new Client({ name: "actionbox-test", version: "1" });
  let told = 0;
  let wake = () => {};
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
    told += 1;
    wake();
  });
  await within("a connection", client.connect(transport));
  // Resolves when the client is told of a change that it was not told of before.
  const changed = async () => {
    while (told === 0) await new Promise((resolve) => (wake = resolve));
    told -= 1;
  };
  const tools = async () => {
    const all = [];
    let cursor;
    do {
      const page = await client.listTools({ cursor });
      all.push(...page.tools);
      cursor = page.nextCursor;
    } while (cursor);
    return new Map(all.map((tool) => [tool.name, tool]));
  };
  // The sandbox server counts to twenty a second as the real upstream does, and may find that a call came too early: that
  // is told as an error that did not happen, and is asked again, as an agent would.
  const call = async (name, args) => {
    for (;;) {
      const result = await client.callTool({ name, arguments: args });
      if (!result.isError || !/throttled/i.test(result.content[0].text)) return result;
    }
  };
  return { client, changed, tools, call };
}

// The whole job, over either transport. `allow` grants to read and what is named, and nothing else.
async function theWholeJob(what, { client, changed, tools, call }, allow) {
  let offered = await tools();
  const read = offered.get("hubspot_get_contact");
  assert.equal(read.annotations.readOnlyHint, true);
  assert.equal(read.inputSchema.type, "object");
  assert.ok("limit" in read.inputSchema.properties);
  const write = offered.get("hubspot_create_contact");
  assert.deepEqual([write.annotations.readOnlyHint, write.annotations.destructiveHint], [false, false]);
  assert.ok(!offered.has("hubspot_delete_contact"));

  const contacts = await call("hubspot_get_contact", { limit: "1" });
  assert.equal(contacts.isError, false);
  assert.equal(contacts.structuredContent.results.length, 1);
  assert.deepEqual(JSON.parse(contacts.content[0].text), contacts.structuredContent);
  const created = await call("hubspot_create_contact", { email: "ada@example.com" });
  assert.equal(created.isError, false);
  const id = created.structuredContent.id;
  assert.ok(id);

  const refused = await call("hubspot_delete_contact", { contact_id: id });
  assert.equal(refused.isError, true);
  assert.match(refused.content[0].text, /does not allow hubspot\/delete_contact/);
  assert.match(refused.content[0].text, /Nothing was sent\./);
  assert.match(refused.content[0].text, /What to change: .*delete_contact/);
  const wrong = await call("hubspot_create_contact", {});
  assert.equal(wrong.isError, true, "the app refuses it");

  const told = changed();
  await allow(["delete_contact"]);
  await within("notifications/tools/list_changed", told);
  offered = await tools();
  assert.equal(offered.get("hubspot_delete_contact").annotations.destructiveHint, true);
  assert.ok(!offered.has("hubspot_create_contact"), "it is not granted any more");
  const deleted = await call("hubspot_delete_contact", { contact_id: id });
  assert.equal(deleted.isError, false, JSON.stringify(deleted));
  const gone = await call("hubspot_create_contact", { email: "b@example.com" });
  assert.equal(gone.isError, true);
  await client.close();
  console.log(`ok: ${what}`);
}

const definition = (actions) => [{ app: "hubspot", read: true, actions: actions.map((id) => ({ id })) }];

async function overStdio(folder) {
  const file = join(folder, "grant.json");
  const allow = async (actions) => {
    // In one step, as an editor does it.
    await writeFile(`${file}.new`, JSON.stringify({ allow: definition(actions) }));
    await rename(`${file}.new`, file);
  };
  await allow(["create_contact"]);
  const transport = new StdioClientTransport({
    command: ACTIONBOX,
    args: ["mcp", "--grant", file, "--sandbox"],
    stderr: "inherit",
  });
  await theWholeJob("stdio", await connect(transport), allow);
}

async function overHttp() {
  const service = spawn(ACTIONBOX, ["serve", "--sandbox", "--listen", "127.0.0.1:0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => service.once("exit", (code) => resolve(code)));
  try {
    const started = (async () => {
      let text = "";
      for await (const chunk of service.stdout) {
        text += chunk;
        try {
          return JSON.parse(text);
        } catch {
          // There is more of it to come.
        }
      }
      throw new Error(`it ended: ${text}`);
    })();
    const { base_url, admin_key, caller_key } = await within("the service", started);
    const grants = `${base_url}/v1/tenants/acme/grants/hubspot`;
    const headers = { "x-api-key": admin_key, "content-type": "application/json" };
    const allow = async (actions) => {
      const before = await (await fetch(grants, { headers })).json();
      const body = JSON.stringify({ ...before.definition, allow: definition(actions) });
      const put = await fetch(grants, { method: "PUT", headers, body });
      assert.ok(put.ok, await put.text());
    };
    const options = {
      requestInit: { headers: { authorization: `Bearer ${caller_key}`, linked_account_id: "acme" } },
    };
    const transport = new StreamableHTTPClientTransport(new URL(`${base_url}/mcp`), options);
    await theWholeJob("HTTP", await connect(transport), allow);

    const nobody = new StreamableHTTPClientTransport(new URL(`${base_url}/mcp`), {
      requestInit: { headers: { authorization: "Bearer ab_caller_forged", linked_account_id: "acme" } },
    });
    await assert.rejects(connect(nobody), /Invalid Credentials|Unauthorized|401/);
    console.log("ok: without a key, nothing");
  } finally {
    service.kill("SIGTERM");
    assert.equal(await within("its end", ended), 0);
  }
}

const folder = await mkdtemp(join(tmpdir(), "actionbox-mcp-"));
try {
  await overStdio(folder);
  await overHttp();
} finally {
  await rm(folder, { recursive: true });
}

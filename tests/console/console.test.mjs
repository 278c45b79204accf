// The operator's console, as an operator meets it: in a browser, on a service that runs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { command, execute, launch, open, picture, service } from "./world.mjs";

let of;
let browser;
let doubt;
let refused;

before(async () => {
  [of, browser] = await Promise.all([service(), launch()]);
  // Something to see: reads, a write, a request that the gate refuses, and a write whose answer is lost.
  for (let number = 0; number < 60; number += 1) {
    const read = await execute(of, number % 3 ? "acme" : "globex", "hubspot", "get_contact", { limit: "1" });
    assert.equal(read.status, 200);
  }
  refused = await execute(of, "globex", "hubspot", "upsert_contact", { email: "ada@example.com", first_name: "Ada" });
  assert.equal(refused.status, 403, JSON.stringify(refused));
  await of.order("lose");
  doubt = await execute(of, "acme", "hubspot", "create_contact", { email: "grace@example.com" }, "order-4711");
  assert.equal(doubt.body.sent, "unknown");
});

after(async () => {
  await browser?.close();
  await of?.stop();
});

/** Opens the console as somebody; whatever must not happen fails the test when it is closed. */
async function as(role, options) {
  const at = await open(browser, of.url, options);
  await at.signIn(of.keys[role]);
  return at;
}

test("an operator signs in, reads a grant, tries an action, and sees it in the timeline", async () => {
  const at = await as("operator");
  await at.go("/grants", "Grants");
  await at.page.click('a[href="#/grants/acme/hubspot"]');
  await at.heading("acme / hubspot");
  const grant = await at.text();
  for (const part of ["Every action that reads", "create_contact", "granted by name", "Everything else", "refused"]) {
    assert.ok(grant.includes(part), `${part} is not in: ${grant}`);
  }
  await picture(at, "grant");
  await at.page.click('a[href="#/try/acme/hubspot"]');
  await at.heading("Try an action");
  await at.page.click('a[href="#/try/acme/hubspot/create_contact"]');
  await at.heading("create_contact");
  await at.page.type('input[name="email"]', "lin@example.com");
  await at.page.type('input[name="firstname"]', "Lin");
  await at.page.type('textarea[name="additional_fields"]', "no JSON");
  await at.page.click("form.form button[type=submit]");
  await at.says("This is not JSON");
  await at.page.$eval('textarea[name="additional_fields"]', (field) => (field.value = ""));
  await at.page.click("form.form button[type=submit]");
  await at.says('"node_status": "Success"');
  await at.page.evaluate(() => window.scrollTo(0, 0));
  await picture(at, "try");
  const link = await at.page.$eval('main a[href^="#/calls/"]', (link) => link.getAttribute("href"));
  await at.page.click(`main a[href="${link}"]`);
  await at.heading("hubspot / create_contact");
  await at.says("Where the time went");
  const timeline = await at.text();
  for (const part of ["operator (console)", "the action is granted by name", "queue", "instantiate", "guest", "gate", "upstream", "succeeded", "answered"]) {
    assert.ok(timeline.includes(part), `${part} is not in: ${timeline}`);
  }
  await picture(at, "timeline", { full: true });
  await at.go("/executions", "Executions");
  assert.ok((await at.page.$$(`main a[href="${link}"]`)).length === 1, "it is in the list too");
  await at.close();
});

test("a refused request is told with its rule", async () => {
  const at = await as("viewer");
  await at.go(`/calls/${refused.id}`, "hubspot / upsert_contact");
  await at.says("the grant does not allow hubspot/create_contact");
  await picture(at, "refused", { scheme: "dark" });
  await at.go("/audit?which=refusals", "Audit");
  await at.says("the grant does not allow hubspot/create_contact");
  await at.close();
});

test("the keyboard alone signs in, finds a write in doubt, and settles it", async () => {
  const at = await open(browser, of.url);
  // The field has the focus: an operator pastes a key.
  await at.page.waitForSelector("input[type=password]");
  at.expect(/status of 403/);
  await at.page.keyboard.type("ab_admin_wrong");
  await at.page.keyboard.press("Enter");
  await at.says("This is no key of a viewer or an administrator");
  await at.page.evaluate(() => document.activeElement.select());
  await at.page.keyboard.type(of.keys.operator);
  await at.page.keyboard.press("Enter");
  await at.heading("Overview");
  await at.tabTo("Executions");
  await at.page.keyboard.press("Enter");
  await at.heading("Executions");
  await at.tabTo("State");
  await at.page.keyboard.type("in d");
  await at.tabTo("Show");
  await at.page.keyboard.press("Enter");
  await at.page.waitForFunction(() => location.hash.includes("in_doubt"));
  await at.heading("Executions");
  await at.says("in doubt");
  await at.tabTo("#/calls/");
  await at.page.keyboard.press("Enter");
  await at.heading("hubspot / create_contact");
  await picture(at, "doubt");
  await at.tabTo("It ran.");
  await at.page.keyboard.press("Space");
  await at.tabTo("How that was found out");
  await at.page.keyboard.type("Grace is in the app: <b>looked</b>");
  await at.tabTo("Settle");
  await at.page.keyboard.press("Enter");
  await at.says("settled: ran");
  await at.says("Settled by operator: it ran. Grace is in the app: <b>looked</b>");
  const again = await execute(of, "acme", "hubspot", "create_contact", { email: "grace@example.com" }, "order-4711");
  assert.equal(again.body.error_code, "SETTLED");
  await at.tabTo("Sign out");
  await at.page.keyboard.press("Enter");
  await at.heading("Sign in");
  await at.close();
});

test("a viewer sees everything and is offered nothing that changes it", async () => {
  const at = await as("viewer");
  await at.go("/grants/acme/hubspot", "acme / hubspot");
  assert.equal((await at.page.$$('main a[href^="#/try"], main button')).length, 0);
  await at.go("/try/acme/hubspot", "Try an action");
  await at.says("A viewer looks, and executes nothing");
  // The three refusals are the only errors.
  at.expect(/status of 403/);
  const answers = await at.page.evaluate(async (id) => {
    const post = async (path, body) => {
      const headers = { "x-actionbox-console": "1", "content-type": "application/json" };
      return (await fetch(`/console/api/${path}`, { method: "POST", headers, body: JSON.stringify(body) })).status;
    };
    return [
      await post(`executions/${id}/settle`, { ran: true, note: "forged" }),
      await post("grants/acme/hubspot/roll-back", { version: 1 }),
      await post("try", { tenant: "acme", app: "hubspot", action: "create_contact", parameters: { email: "a@b.c" } }),
    ];
  }, doubt.id);
  assert.deepEqual(answers, [403, 403, 403]);
  await at.close();
});

test("what plugins and upstreams say is text, wherever it is shown", async () => {
  const at = await as("operator");
  await at.go(`/plugins/${of.hostile_plugin}`);
  await at.says("<script>window.stolen = 1</script>");
  await at.go("/try/umbrella/hubspot", "Try an action");
  await at.says("<script>window.stolen = 1</script><img src=x");
  await picture(at, "hostile");
  await at.go("/try/umbrella/hubspot/create_contact", "create_contact");
  await at.says("<script>window.stolen = 1</script>");
  await at.page.click("form.form button[type=submit]");
  await at.says('"node_status": "Success"');
  await at.says("onerror");
  // A view that nobody made, with markup in its address.
  at.expect(/status of 404/);
  await at.go("/tenants/%3Cimg%20src%3Dx%20onerror%3D%22window.stolen%3D3%22%3E", "Not shown");
  const scripts = await at.page.$$eval("script, main img, iframe", (all) => all.map((one) => one.outerHTML));
  assert.deepEqual(scripts, ['<script type="module" src="main.js"></script>']);
  await at.close();
});

test("the policy of the page refuses markup, inline code and other origins, should any get so far", async () => {
  const at = await as("viewer");
  at.expect(/Content Security Policy|TrustedHTML|TrustedScript|Refused to|violates/);
  const done = await at.page.evaluate(async () => {
    const refused = [];
    const note = async (what, act) => {
      try {
        await act();
        refused.push(`${what} was done`);
      } catch {
        // As it should be.
      }
    };
    await note("markup", () => (document.body.innerHTML = "<b>markup</b>"));
    // Not from within what the test itself has evaluated, which the browser lets do more.
    await note("eval", () => new Promise((done, failed) => setTimeout(() => {
      try {
        done(globalThis.eval("1 + 1"));
      } catch (error) {
        failed(error);
      }
    })));
    await note("another origin", () => fetch("http://127.0.0.1:9/", { mode: "no-cors" }));
    await note("a policy of trusted types", () => trustedTypes.createPolicy("mine", { createHTML: (text) => text }));
    const script = document.createElement("script");
    script.append("window.stolen = 4");
    document.body.append(script);
    return refused;
  });
  assert.deepEqual(done, []);
  await at.close();
});

const VIEWS = () => [
  "/", "/tenants", "/tenants/acme", "/grants", "/grants/acme/hubspot", "/plugins", `/plugins/${of.hostile_plugin}`, "/executions",
  `/calls/${doubt.id}`, `/calls/${refused.id}`, "/audit", "/try/acme/hubspot", "/try/acme/hubspot/delete_contact", "/try/umbrella/hubspot/create_contact", "/nowhere",
];

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing in any view, ${scheme}`, async () => {
    const out = await open(browser, of.url, { scheme });
    await out.axe(`signing in, ${scheme}`);
    await out.close();
    await of.order("lose");
    const again = await execute(of, "acme", "hubspot", "create_contact", { email: `${scheme}@example.com` });
    const at = await as("operator", { scheme });
    for (const view of [...VIEWS(), `/calls/${again.id}`]) {
      await at.go(view);
      await at.axe(`${view}, ${scheme}`);
    }
    await at.close();
  });
}

test("on a narrow screen nothing is wider than the screen", async () => {
  const at = await as("operator", { width: 400, height: 800 });
  for (const view of VIEWS()) {
    await at.go(view);
    const wide = await at.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, `${view} is ${wide} pixels too wide`);
  }
  await at.go("/", "Overview");
  await picture(at, "narrow", { scheme: "dark" });
  await at.close();
});

test("the overview is alive, and stays where the keyboard is", async () => {
  const at = await as("viewer");
  const calls = () => at.page.$$eval(".figures dd", (all) => Number.parseInt(all[1].textContent, 10));
  const before = await calls();
  await picture(at, "overview", { full: true });
  await picture(at, "overview-dark", { scheme: "dark", full: true });
  await at.tabTo("#/plugins/sha256");
  for (let number = 0; number < 3; number += 1) await execute(of, "acme", "hubspot", "get_contact", { limit: "1" });
  await at.page.waitForFunction((before) => Number.parseInt(document.querySelectorAll(".figures dd")[1].textContent, 10) >= before + 3, {}, before);
  assert.equal(await at.page.evaluate(() => document.activeElement.getAttribute("href").slice(0, 17)), "#/plugins/sha256%", "the focus is still there");
  await at.close();
});

test("a session ends with its key", async () => {
  const at = await as("viewer");
  at.expect(/status of 401/);
  await of.order("revoke");
  await at.page.evaluate(() => (location.hash = "/grants"));
  await at.heading("Sign in");
  await at.says("The session has ended");
  await at.close();
});

test("serve --sandbox has the console too", async () => {
  const served = await command();
  const at = await open(browser, served.base_url);
  await at.signIn(served.admin_key);
  await at.go("/grants", "Grants");
  await at.says("globex");
  await at.close();
  await served.stop();
});

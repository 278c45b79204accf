// What the tests of the console share: a service of their own, a browser, and what both must never do.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import puppeteer from "puppeteer-core";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the tests by tests/console/run`);
  return value;
}

/** Starts a program that says in a line of JSON where it listens. */
export async function start(program, args, { wholeOutput = false } = {}) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${program} ended`);
    return value;
  };
  let text = await next();
  while (wholeOutput && !text.trimEnd().endsWith("}")) text += await next();
  return {
    ...JSON.parse(text),
    async order(word) {
      child.stdin.write(`${word}\n`);
      assert.equal(await next(), "done");
    },
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.stdin.end();
      if (wholeOutput) child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The service with tenants, hostile plugins and an upstream that can be made to fail. */
export async function service(...more) {
  const folder = await mkdtemp(join(tmpdir(), "actionbox-console-"));
  const started = await start(required("CONSOLE_SERVICE"), [folder, ...more]);
  return { ...started, stop: async () => (await started.stop(), await rm(folder, { recursive: true })) };
}

export const command = () => start(required("ACTIONBOX"), ["serve", "--sandbox", "--listen", "127.0.0.1:0", "--json"], { wholeOutput: true });

export const launch = () =>
  puppeteer.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // The tests may run as root in a container, where Chromium's own sandbox does not start.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--font-render-hinting=none"],
  });

/** A page that notes whatever must not happen: errors, requests to anywhere else, code that was somebody's text. */
export async function open(browser, url, { width = 1280, height = 860, scheme = "light" } = {}) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
  const wrong = [];
  const expected = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warn") return;
    if (expected.some((pattern) => pattern.test(message.text()))) return;
    wrong.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`page: ${error}`));
  page.on("dialog", (dialog) => (wrong.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
  page.on("request", (request) => {
    if (!request.url().startsWith(`${url}/`)) wrong.push(`request: ${request.url()}`);
  });
  await page.goto(`${url}/`, { waitUntil: "networkidle0" });
  const self = {
    page,
    url,
    /** Lets an error be that belongs to what is tested. */
    expect: (pattern) => expected.push(pattern),
    async close() {
      assert.equal(await page.evaluate("window.stolen"), undefined, "a text became code");
      assert.deepEqual(wrong, []);
      await context.close();
    },
    async signIn(key) {
      await page.waitForSelector("input[type=password]");
      await page.type("input[type=password]", key);
      await page.keyboard.press("Enter");
      await self.heading("Overview");
    },
    /** Waits until a view is there. */
    heading: (text) =>
      page.waitForFunction(
        (text) => document.querySelector("main h1")?.textContent === text && !document.querySelector("main[aria-busy]"),
        {},
        text,
      ),
    async go(view, heading) {
      await page.evaluate((view) => {
        if (location.hash === `#${view}` || (view === "/" && location.hash === "")) return;
        // The view before is not to be taken for this one.
        document.getElementById("main").setAttribute("aria-busy", "true");
        location.hash = view;
      }, view);
      if (heading) await self.heading(heading);
      else await page.waitForFunction(() => document.querySelector("main h1") && !document.querySelector("main[aria-busy]"));
    },
    text: () => page.evaluate(() => document.querySelector("main").innerText),
    /** Waits for a text. */
    says: (text) => page.waitForFunction((text) => document.querySelector("main")?.innerText.includes(text), {}, text),
    async scheme(scheme) {
      await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
    },
    /** Goes by Tab alone to what is called so, or leads there, and fails when it cannot be reached. */
    async tabTo(name) {
      for (let presses = 0; presses < 150; presses += 1) {
        await page.keyboard.press("Tab");
        const found = await page.evaluate((name) => {
          const at = document.activeElement;
          const label = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent;
          return label.trim() === name || (at.tagName === "INPUT" && label.trim().startsWith(name)) || at.matches(`a[href^="${name}"]`);
        }, name);
        if (!found) continue;
        const isSeen = await page.evaluate(() => {
          const style = getComputedStyle(document.activeElement);
          return document.activeElement.matches(":focus-visible") && style.outlineStyle !== "none";
        });
        assert.ok(isSeen, `the focus on ${name} cannot be seen`);
        return;
      }
      assert.fail(`${name} cannot be reached by Tab`);
    },
    async axe(what) {
      await page.evaluate(AXE);
      const { violations, passes } = await page.evaluate(async () => {
        const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
        const { violations, passes } = await window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] });
        const nodes = ({ nodes }) => nodes.map(({ html, failureSummary }) => `${html}\n${failureSummary}`);
        return { violations: violations.map((one) => `${one.id}: ${nodes(one).join("\n")}`), passes: passes.length };
      });
      assert.deepEqual(violations, [], what);
      assert.ok(passes > 10, `${what}: axe has looked at next to nothing`);
    },
  };
  return self;
}

const SHOTS = process.env.CONSOLE_SCREENSHOTS;

/** Takes a picture for the documents, when it is asked for. */
export async function picture(at, name, { scheme = "light", full = false } = {}) {
  if (!SHOTS) return;
  await at.scheme(scheme);
  await at.page.screenshot({ path: join(SHOTS, `console-${name}.png`), fullPage: full });
  await at.scheme("light");
}

/** Calls an action as a product would. */
export async function execute(of, tenant, app, action, parameters, key) {
  const response = await fetch(`${of.url}/api/v2/integration-schema/${app}/actions/${action}/execute`, {
    method: "POST",
    headers: {
      "x-api-key": of.keys.caller,
      linked_account_id: tenant,
      "content-type": "application/json",
      ...(key && { "idempotency-key": key }),
    },
    body: JSON.stringify(parameters),
  });
  return { status: response.status, id: response.headers.get("x-request-id"), body: await response.json() };
}

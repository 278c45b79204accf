// The page: who is signed in, where the address leads, and the frame around the views.

import { get, onSignedOut, post, Problem } from "./api.js";
import { h, svg, tell, unique } from "./dom.js";
import { at, card, empty, failed, head } from "./show.js";
import { overview } from "./overview.js";
import { grant, grants, tenant, tenants } from "./access.js";
import { plugin, plugins } from "./plugins.js";
import { audit, call, executions } from "./calls.js";
import { attempt } from "./attempt.js";

/** The views, by the parts of their addresses; a part in capitals is whatever is there. */
const VIEWS = [
  [[], overview],
  [["tenants"], tenants],
  [["tenants", "ID"], tenant],
  [["grants"], grants],
  [["grants", "TENANT", "APP"], grant],
  [["plugins"], plugins],
  [["plugins", "DIGEST"], plugin],
  [["executions"], executions],
  [["calls", "ID"], call],
  [["audit"], audit],
  [["try", "TENANT", "APP"], attempt],
  [["try", "TENANT", "APP", "ACTION"], attempt],
];

const MENU = [
  ["Overview", ""],
  ["Tenants", "tenants"],
  ["Grants", "grants"],
  ["Plugins", "plugins"],
  ["Executions", "executions"],
  ["Audit", "audit"],
];

const isName = (part) => part === part.toUpperCase();

/** Which entry of the menu a view belongs to that has none. */
const WITHIN = { calls: "executions", try: "grants" };

const page = document.getElementById("console");
let who = null;
let stop = () => {};

const brand = () =>
  h(
    "p",
    { class: "brand" },
    svg(
      "svg",
      { viewBox: "0 0 32 32", "aria-hidden": "true" },
      svg("rect", { x: 3, y: 3, width: 26, height: 26, rx: 6, fill: "#2457d6" }),
      svg("path", { d: "M10 10.5h12v11H10z", fill: "none", stroke: "#fff", "stroke-width": 2.5, "stroke-linejoin": "round" }),
      svg("path", { d: "M16 16h10", stroke: "#fff", "stroke-width": 2.5, "stroke-linecap": "round" }),
    ),
    "Actionbox",
  );

/** Ends what the view before still does. */
function leave() {
  stop();
  stop = () => {};
}

function signIn(why) {
  leave();
  who = null;
  const [field, wrong] = [unique("key"), unique("wrong")];
  const problem = h("p", { id: wrong, class: "error", role: "alert" }, why ?? "");
  const input = h("input", { id: field, name: "key", type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": wrong });
  const button = h("button", { class: "button main", type: "submit" }, "Sign in");
  const form = h(
    "form",
    {
      class: "form",
      onsubmit: async (event) => {
        event.preventDefault();
        button.disabled = true;
        problem.textContent = "";
        input.removeAttribute("aria-invalid");
        try {
          who = (await post("sign-in", { key: input.value })).signed_in;
          input.value = "";
          enter();
        } catch (error) {
          problem.textContent = error.code === "WRONG_KEY" ? "This is no key of a viewer or an administrator, or it was revoked." : error.message;
          input.setAttribute("aria-invalid", "true");
          input.focus();
        } finally {
          button.disabled = false;
        }
      },
    },
    h("div", {}, h("label", { for: field }, "Key"), input, h("p", { class: "hint" }, "A viewer's or an administrator's. It is sent once, and not kept here.")),
    problem,
    h("div", { class: "buttons" }, button),
  );
  document.title = "Sign in · Actionbox";
  page.replaceChildren(h("div", { class: "gate" }, h("main", { id: "main" }, brand(), h("h1", { tabindex: "-1" }, "Sign in"), form)));
  input.focus();
}

function enter() {
  const signOut = async () => {
    await post("sign-out").catch(() => {});
    signIn();
  };
  page.replaceChildren(
    h(
      "div",
      { class: "frame" },
      h(
        "header",
        { class: "side" },
        brand(),
        h(
          "nav",
          { "aria-label": "Views" },
          h("ul", {}, MENU.map(([name, view]) => h("li", {}, h("a", { href: `#/${view}`, "data-view": view }, name)))),
        ),
        h(
          "div",
          { class: "who" },
          h("p", {}, who.name, h("br", {}), h("span", { class: "quiet" }, who.role === "admin" ? "operator" : "viewer")),
          h("div", {}, h("button", { class: "button small", type: "button", onclick: signOut }, "Sign out")),
        ),
      ),
      h("main", { id: "main" }),
    ),
  );
  show();
}

/** Reads the address: the parts of its path, and its query. */
function place() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  try {
    return { parts: path.split("/").filter((part) => part !== "").map(decodeURIComponent), query: new URLSearchParams(query) };
  } catch {
    return { parts: ["?"], query: new URLSearchParams() };
  }
}

function mark(parts) {
  const current = WITHIN[parts[0]] ?? parts[0] ?? "";
  for (const link of page.querySelectorAll("[data-view]")) {
    if (link.dataset.view === current) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

async function show() {
  leave();
  if (!who) return;
  const { parts, query } = place();
  mark(parts);
  const found = VIEWS.find(([path]) => path.length === parts.length && path.every((part, index) => isName(part) || part === parts[index]));
  const main = document.getElementById("main");
  main.setAttribute("aria-busy", "true");
  // Whatever comes back after the operator has gone elsewhere is dropped.
  let here = true;
  const ends = [];
  stop = () => {
    here = false;
    ends.forEach((end) => end());
  };
  const context = {
    query,
    who,
    isOperator: who.role === "admin",
    again: show,
    /** Does something every so often, as long as the view is there and seen. */
    every(ms, act) {
      const timer = setInterval(() => here && !document.hidden && act(), ms);
      ends.push(() => clearInterval(timer));
    },
    isHere: () => here,
  };
  let view;
  try {
    view = found ? await found[1](context, ...parts.filter((_, index) => isName(found[0][index]))) : nowhere();
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return;
    view = { title: "Not shown", nodes: [head("Not shown"), failed(error)] };
  }
  if (!here) return;
  main.replaceChildren(...view.nodes.flat(Infinity).filter(Boolean));
  main.removeAttribute("aria-busy");
  document.title = `${view.title} · Actionbox`;
  window.scrollTo(0, 0);
  main.querySelector("h1")?.focus({ preventScroll: true });
  tell(view.title);
}

const nowhere = () => ({ title: "No such view", nodes: [head("No such view"), card("Nothing is here", null, empty(h("a", { href: at() }, "Back to the overview")))] });

onSignedOut(() => {
  if (who) signIn("The session has ended. Sign in again.");
});

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.querySelector("main h1")?.focus();
});
window.addEventListener("hashchange", show);

try {
  who = (await get("session")).signed_in;
  if (who) enter();
  else signIn();
} catch (error) {
  signIn(error.message);
}

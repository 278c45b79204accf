// Plugins: what each is, what it asks for, who has it.

import { get, path } from "./api.js";
import { h } from "./dom.js";
import { limits } from "./access.js";
import { at, badge, body, bytes, card, digest, empty, facts, head, number, pages, plugin as link, table, tenant, time } from "./show.js";

export async function plugins() {
  const list = await pages({
    caption: "Plugins",
    columns: [["Digest", "tight"], ["Size", "number"], ["Grants", "number"], ["Uploaded", "tight"]],
    row: (row) => [link(row.digest), bytes(row.bytes), number(row.grants), time(row.uploaded_at)],
    fetch: (from) => get("plugins", { from }),
    none: "No plugin was uploaded yet.",
  });
  return {
    title: "Plugins",
    nodes: [head("Plugins", { sub: "A plugin is its bytes: each digest is a version of its own, and a grant names one." }), h("div", { class: "card" }, list)],
  };
}

/** What an import lets a plugin do, in words. */
const MEANS = [
  [/^wasi:http\//, "requests, each through the gate"],
  [/^actionbox:plugin\/upstream/, "requests, each through the gate"],
  [/^actionbox:plugin\/types/, "the words of the contract"],
  [/^wasi:(filesystem|sockets)\//, "denied whenever it is used"],
  [/^wasi:cli\/environment/, "empty"],
  [/^wasi:cli\/(stdout|stderr)/, "captured, bounded and logged"],
  [/^wasi:clocks\//, "clocks"],
  [/^wasi:random\//, "random numbers"],
];
const means = (name) => MEANS.find(([pattern]) => pattern.test(name))?.[1] ?? "types and plumbing";

/** What the conformance kit has found. */
function verdict(known) {
  if (!known) return badge("not checked");
  const { held, broken, skipped, failed } = known.found;
  return [
    badge(known.good ? "keeps the contract" : failed ? "could not be tried" : "breaks the contract", known.good ? "good" : "bad"),
    ` ${number(held)} claims held, ${number(broken.length)} broken, ${number(skipped)} not judged`,
    failed && h("p", {}, failed),
    broken.length > 0 && h("ul", { class: "named" }, broken.map((claim) => h("li", {}, claim))),
  ];
}

export async function plugin(context, of) {
  const known = await get(path("plugins", of));
  const { plugin } = known;
  const types = plugin.exports.filter((name) => !name.includes(":")).length;
  const names = (all) => h("ul", { class: "named" }, all.map((name) => h("li", {}, h("code", {}, name))));
  return {
    title: `Plugin ${of.slice(0, 19)}`,
    nodes: [
      head(digest(of), { crumbs: [h("a", { href: at("plugins") }, "Plugins")] }),
      h(
        "div",
        { class: "stack" },
        plugin.refused && h("p", { class: "notice bad" }, `This host does not load it: ${plugin.refused}`),
        h(
          "div",
          { class: "pair" },
          card("What it is", null, body(facts([
            ["Digest", h("code", {}, plugin.digest)],
            ["Size", bytes(plugin.bytes)],
            ["Memory at the start", bytes(plugin.memory_bytes)],
            ["Conformance", verdict(known.verdict)],
            known.signer && ["Signed by", h("code", {}, known.signer)],
            ["Loads here", plugin.refused ? badge("no", "bad") : badge("yes", "good")],
            ["Says it was made with", plugin.producers.length ? plugin.producers.map((made) => h("div", {}, `${made.name} ${made.version}`)) : "–"],
            ["Exports", names(plugin.exports.filter((name) => name.includes(":"))), types > 0 && h("span", { class: "quiet" }, `and ${number(types)} types`)],
          ]))),
          card("Limits of a call", "unless a grant has its own", limits(known.limits)),
        ),
        card(
          "What it imports",
          "everything it can reach",
          plugin.imports.length === 0
            ? empty("Nothing: it only computes.")
            : table("Imports", [["Interface", "long"], ["What that is to it", "long"]], plugin.imports.map((name) => [h("code", {}, name), means(name)])),
        ),
        card(
          "Granted to",
          known.grants > known.granted.length ? `${known.granted.length} of ${number(known.grants)}` : number(known.grants),
          known.granted.length === 0
            ? empty("Nobody.")
            : table("Grants of this plugin", [["Tenant"], ["App"]], known.granted.map((one) => [tenant(one.tenant), h("a", { href: at("grants", one.tenant, one.app) }, one.app)])),
        ),
      ),
    ],
  };
}


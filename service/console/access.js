// Tenants and grants: who may do what, in words.

import { get, path, post } from "./api.js";
import { h, tell } from "./dom.js";
import { at, badge, body, card, digest, effect, empty, facts, failed, filters, head, number, pages, plugin, table, tenant as link, time } from "./show.js";

export async function tenants({ query }) {
  const begins = query.get("begins") ?? "";
  const list = await pages({
    caption: "Tenants",
    columns: [["Tenant", "long"], ["Apps granted", "number"], ["In doubt", "number"], ["Made", "tight"]],
    row: (row) => [
      link(row.id),
      number(row.grants),
      row.in_doubt ? h("a", { href: `${at("executions")}?state=in_doubt&tenant=${encodeURIComponent(row.id)}` }, number(row.in_doubt)) : "0",
      time(row.made_at),
    ],
    fetch: (from) => get("tenants", { begins, from }),
    none: begins ? "No tenant's name begins so." : "There is no tenant yet.",
  });
  return {
    title: "Tenants",
    nodes: [
      head("Tenants"),
      h("div", { class: "card" }, filters(at("tenants"), [{ name: "begins", label: "Name begins with", value: begins }]), list),
    ],
  };
}

export async function tenant(context, id) {
  const [known, list, recent] = await Promise.all([
    get(path("tenants", id)),
    grantList({ tenant: id }, "Nothing is granted to this tenant: its calls are refused."),
    get("executions", { tenant: id }),
  ]);
  return {
    title: id,
    nodes: [
      head(id, { crumbs: [h("a", { href: at("tenants") }, "Tenants")] }),
      h(
        "div",
        { class: "stack" },
        card("Grants", "what is not named here is refused", list),
        card(
          "Credentials",
          "their secrets are shown nowhere",
          known.credentials.length === 0
            ? empty("This tenant has no credential.")
            : table(
                "Credentials",
                [["Name"], ["Kind"], ["Account at the upstream", "long"], ["Stored", "tight"]],
                known.credentials.map((row) => [row.name, row.kind === "api_key" ? "API key" : "session token", row.account, time(row.stored_at)]),
              ),
        ),
        card(
          "Newest executions",
          h("span", {}, h("a", { href: `${at("executions")}?tenant=${encodeURIComponent(id)}` }, "All executions"), " · ", h("a", { href: `${at("audit")}?tenant=${encodeURIComponent(id)}` }, "Audit")),
          await recentOnes(recent),
        ),
      ),
    ],
  };
}

async function recentOnes(recent) {
  const { executionTable } = await import("./calls.js");
  return recent.rows.length ? executionTable("Newest executions", recent.rows.slice(0, 8), false) : empty("Nothing was executed that is in the journal.");
}

/** What an entry of a grant allows, a line for each thing. */
function allowances({ allow }) {
  if (allow.length === 0) return h("span", { class: "quiet" }, "nothing");
  return allow.map((entry) => {
    const named = (word, actions) =>
      actions.map((action) => h("li", {}, h("code", {}, action.id), " ", action.effect ? effect(action.effect) : word));
    return [
      h("div", { class: "badges" }, entry.read && badge("all reads", "good"), entry.write && badge("all writes", "accent"), !entry.read && !entry.write && badge("only by name")),
      entry.actions.length + entry.own.length > 0 &&
        h("ul", { class: "named" }, named(h("span", { class: "quiet small" }, "by name"), entry.actions), named(effect("destructive"), entry.own)),
    ];
  });
}

function grantList(which, none) {
  return pages({
    caption: "Grants",
    columns: [["Tenant"], ["App"], ["May do", "long"], ["Plugin", "tight"], ["Version", "number"], ["Since", "tight"], ["State", "tight"]],
    row: (row) => [
      link(row.tenant),
      h("a", { href: at("grants", row.tenant, row.app) }, row.app),
      allowances(row.definition),
      plugin(row.definition.plugin),
      number(row.version),
      time(row.stored_at),
      row.usable ? badge("in use", "good") : badge("not usable", "bad"),
    ],
    fetch: (from) => get("grants", { ...which, from }),
    none,
  });
}

export async function grants({ query }) {
  const which = { tenant: query.get("tenant") ?? "", app: query.get("app") ?? "" };
  return {
    title: "Grants",
    nodes: [
      head("Grants", { sub: "Who may do what. What is not here is refused." }),
      h(
        "div",
        { class: "card" },
        filters(at("grants"), [
          { name: "tenant", label: "Tenant", value: which.tenant },
          { name: "app", label: "App", value: which.app },
        ]),
        await grantList(which, "Nothing is granted that fits."),
      ),
    ],
  };
}

/** A grant as sentences: one for each thing that is allowed, and one for all the rest. */
function sentences({ allow }, effects) {
  // Of an action that is granted for itself, the host has told its effect.
  const told = (action) => effect(action.effect ?? effects[action.id]);
  const rows = allow.flatMap((entry) => [
    entry.read && [entry.app, "Every action that reads", effect("read"), "reads are granted"],
    entry.write && [entry.app, "Every action that writes, but none that deletes and none that is raw", effect("write"), "writes are granted"],
    ...entry.actions.map((action) => [entry.app, h("code", {}, action.id), told(action), "granted by name"]),
    ...entry.own.map((action) => [entry.app, h("code", {}, action.id), effect(action.effect ?? "destructive"), "the plugin's own, granted by name"]),
  ]);
  return table("What is allowed", [["App"], ["Action", "long"], ["Effect"], ["Rule", "long"]], [
    ...rows.filter(Boolean),
    ["any", "Everything else", badge("refused", "bad"), "nothing is allowed that is not granted"],
  ]);
}

export async function grant(context, of, app) {
  const known = await get(path("grants", of, app));
  const [newest] = known.versions;
  const problem = h("div", { "aria-live": "polite" });
  const back = (version) => async (event) => {
    const button = event.currentTarget;
    if (button.dataset.sure !== "yes") {
      button.dataset.sure = "yes";
      button.textContent = `Yes, grant version ${version} again`;
      return;
    }
    button.disabled = true;
    try {
      const made = await post(`${path("grants", of, app)}/roll-back`, { version });
      tell(`Version ${made.version} holds, as version ${version}`);
      context.again();
    } catch (error) {
      button.disabled = false;
      problem.replaceChildren(failed(error));
    }
  };
  const upstream = newest.definition.base_url ?? "the upstream's public address";
  return {
    title: `${of} / ${app}`,
    nodes: [
      head(`${of} / ${app}`, {
        crumbs: [h("a", { href: at("grants") }, "Grants"), link(of)],
        actions: context.isOperator && known.usable && h("a", { class: "button main", href: at("try", of, app) }, "Try an action"),
      }),
      h(
        "div",
        { class: "stack" },
        !known.usable && h("p", { class: "notice bad" }, "This grant is not usable: its plugin or its credential cannot be loaded. Its calls are refused."),
        card("What is allowed", `version ${newest.version}`, sentences(newest.definition, known.effects)),
        h(
          "div",
          { class: "pair" },
          card("By which means", null, body(facts([
            ["Plugin", plugin(newest.definition.plugin)],
            ["Credential", newest.definition.credential],
            ["Upstream", upstream],
            ["Since", time(newest.stored_at)],
          ]))),
          card("Limits of a call", null, limits(known.limits)),
        ),
        card(
          "Versions",
          "none is ever changed; to roll back makes a new one",
          problem,
          table(
            "Versions of the grant",
            [["Version"], ["Stored", "tight"], ["Allowed", "long"], ["Plugin", "tight"], ["Holds", "tight"]],
            known.versions.map((row, index) => [
              String(row.version),
              time(row.stored_at),
              allowances(row.definition),
              digest(row.definition.plugin),
              index === 0
                ? badge("holds", "good")
                : context.isOperator && h("button", { class: "button small", type: "button", "aria-label": `Roll back to version ${row.version}`, onclick: back(row.version) }, "Roll back"),
            ]),
          ),
        ),
      ),
    ],
  };
}

/** Bounds, with what each counts for whoever asks. */
export function limits(bounds) {
  const name = (bound) => bound.name.replaceAll("_", " ");
  return body(
    facts(bounds.slice(0, 8).map((bound) => [h("span", { title: bound.about }, name(bound)), bound.value])),
    h("details", {}, h("summary", {}, "All limits, and why"), facts(bounds.map((bound) => [name(bound), bound.value, h("p", { class: "hint" }, bound.about)]))),
  );
}


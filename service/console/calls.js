// Executions, the timeline of each call, and the audit.

import { get, path, post } from "./api.js";
import { h, svg, tell, unique } from "./dom.js";
import { keys } from "./charts.js";
import { at, badge, body, bytes, call as link, card, effect, empty, facts, failed, filters, head, number, pages, plugin, state, STATE_NAMES, table, tenant, time, took } from "./show.js";

const COLUMNS = [["Action", "long"], ["State"], ["Effect"], ["Began", "tight"], ["Took", "number"], ["Request", "tight"]];

function row(execution) {
  return [
    `${execution.app} / ${execution.action}`,
    state(execution.state),
    effect(execution.effect),
    time(execution.started_at),
    execution.ended_at === null ? "–" : took(execution.ended_at - execution.started_at),
    link(execution.id),
  ];
}

export const executionTable = (caption, rows) => table(caption, COLUMNS, rows.map(row));

export async function executions({ query }) {
  const which = Object.fromEntries(["tenant", "app", "state"].map((name) => [name, query.get(name) ?? ""]));
  const list = await pages({
    caption: "Executions",
    columns: [COLUMNS[0], ["Tenant"], ...COLUMNS.slice(1)],
    row: (execution) => {
      const [action, ...rest] = row(execution);
      return [action, tenant(execution.tenant), ...rest];
    },
    fetch: (from) => get("executions", { ...which, from }),
    none: "No execution fits.",
  });
  return {
    title: "Executions",
    nodes: [
      head("Executions", {
        sub: h("span", {}, "What may have changed something, or had an idempotency key. Reads are in the ", h("a", { href: `${at("audit")}?which=calls` }, "audit"), "."),
      }),
      h(
        "div",
        { class: "card" },
        filters(at("executions"), [
          { name: "tenant", label: "Tenant", value: which.tenant },
          { name: "app", label: "App", value: which.app },
          { name: "state", label: "State", value: which.state, options: [["", "any"], ...STATE_NAMES] },
        ]),
        list,
      ),
    ],
  };
}

/** The parts of a call's time, in milliseconds, from its own line and those of its requests. */
function parts(event, requests) {
  const ms = (us) => (us ?? 0) / 1000;
  const [queue, instance, cpu, all] = [event.queued_us, event.instantiation_us, event.cpu_us, event.duration_us].map(ms);
  const upstream = requests.reduce((sum, one) => sum + ms(one.event.upstream_us), 0);
  const gate = requests.reduce((sum, one) => sum + Math.max(0, ms(one.event.duration_us) - ms(one.event.upstream_us)), 0);
  // The guest's own time has its instantiation in it; requests at once may take more than all of the call.
  const guest = Math.max(0, cpu - instance);
  const rest = Math.max(0, all - queue - instance - guest - gate - upstream);
  return [
    ["queue", "queue", queue, "waited for a turn"],
    ["instantiate", "instance", instance, "a fresh instance was made"],
    ["guest", "guest", guest, "the plugin's own code ran"],
    ["gate", "gate-time", gate, "checked, paced, rebuilt and screened requests"],
    ["upstream", "upstream", upstream, "waited for the app"],
    ["other", "other", rest, "none of these"],
  ];
}

function bar(segments, label) {
  const all = segments.reduce((sum, [, , ms]) => sum + ms, 0) || 1;
  let from = 0;
  return svg(
    "svg",
    { class: "chart bar", viewBox: "0 0 1000 18", preserveAspectRatio: "none", role: "img", "aria-label": label },
    segments.map(([, kind, ms]) => {
      const width = (1000 * ms) / all;
      const part = width > 0 && svg("rect", { class: kind, x: from, y: 0, width: Math.max(width, 1), height: 18 });
      from += width;
      return part;
    }),
  );
}

/** Where a request lies within its call. */
function span(event, offset, all) {
  const scale = 1000 / Math.max(all, 0.001);
  const [gate, upstream] = [Math.max(0, event.duration_us - event.upstream_us) / 1000, event.upstream_us / 1000];
  const from = Math.min(1000, offset * scale);
  return svg(
    "svg",
    { class: "chart bar", viewBox: "0 0 1000 18", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("line", { class: "grid", x1: 0, x2: 1000, y1: 9, y2: 9 }),
    svg("rect", { class: "gate-time", x: Math.min(from, 994), y: 3, width: Math.max(6, Math.min(gate * scale, 1000 - from)), height: 12 }),
    upstream > 0 && svg("rect", { class: "upstream", x: Math.min(994, from + gate * scale), y: 3, width: Math.max(6, Math.min(upstream * scale, 1000 - from - gate * scale)), height: 12 }),
  );
}

const sent = (word) => badge({ no: "not sent", yes: "sent", unknown: "perhaps sent" }[word] ?? word, { yes: "accent", unknown: "doubt" }[word]);

function requestTable(made, requests) {
  const all = (made?.event.duration_us ?? 0) / 1000;
  return table(
    "Requests, in their order",
    [["Request", "long"], ["Rule that allowed or refused it", "long"], ["Answer", "long"], ["Left"], ["Gate", "number"], ["Upstream", "number"], ["When", "line"]],
    requests.map(({ at: began, event }) => [
      h("span", {}, h("code", {}, event.target), event.attempts > 1 && h("span", { class: "quiet small" }, ` ${event.attempts} tries`)),
      event.refusal ? h("span", {}, badge("refused", "bad"), " ", event.refusal) : h("span", {}, badge("allowed", "good"), " ", event.rule ?? "–"),
      event.status ?? (event.result === "refused" ? "none" : event.result),
      sent(event.sent),
      took(Math.max(0, event.duration_us - event.upstream_us) / 1000),
      event.sent === "no" && event.upstream_us === 0 ? "–" : took(event.upstream_us / 1000),
      span(event, made ? began - made.at : 0, all),
    ]),
  );
}

const describe = ({ event }) => {
  switch (event.kind) {
    case "caller":
      return `Asked by ${event.caller}`;
    case "call":
      return `The call ended: ${event.operation}, ${event.result}`;
    case "request":
      return `Request ${event.request}: ${event.refusal ? `refused, ${event.refusal}` : event.result}`;
    case "token":
      return `A session token was asked for: ${event.result}`;
    case "settled":
      return `Settled by ${event.by}: ${event.state === "settled_ran" ? "it ran" : "it did not run"}. ${event.note}`;
    case "refused":
      return `${event.method ?? ""} ${event.path ?? ""} refused: ${event.why}`;
    case "tenant":
    case "key":
    case "plugin":
    case "credential":
    case "grant":
    case "console":
      return [event.kind, event.change, event.name ?? event.app ?? event.plugin, event.by && `by ${event.by}`].filter(Boolean).join(", ");
    default:
      return `${event.kind}: ${JSON.stringify(event)}`;
  }
};

export async function call(context, id) {
  const known = await get(path("calls", id));
  const of = (kind) => known.lines.filter((line) => line.event.kind === kind);
  const [made] = of("call");
  const [asked] = of("caller");
  const [turned] = of("refused");
  const requests = of("request");
  const { execution } = known;
  const segments = made && parts(made.event, requests);
  const about = execution ?? { tenant: made?.tenant ?? turned?.tenant, app: made?.event.app, action: made?.event.action, effect: made?.event.effect };
  const title = made || execution ? [about.app, about.action ?? made?.event.operation].filter(Boolean).join(" / ") : "Refused request";
  const result = made?.event.result;
  return {
    title,
    nodes: [
      head(title, { crumbs: [h("a", { href: at("executions") }, "Executions")] }),
      h(
        "div",
        { class: "stack" },
        execution?.state === "in_doubt" && doubt(context, id, known.can_be_read),
        card("The call", null, body(facts([
          ["State", requests.some(({ event }) => event.refusal) && [badge("a request was refused", "bad"), " "], execution ? state(execution.state) : result === "ok" ? badge("succeeded", "good") : badge(turned ? "refused" : "did not succeed", "bad")],
          result && result !== "ok" && ["Ended with", result],
          turned && ["Refused", turned.event.why],
          ["Tenant", about.tenant ? tenant(about.tenant) : "–"],
          about.effect && ["Effect", effect(about.effect)],
          ["Asked by", asked?.event.caller ?? turned?.event.caller ?? "–"],
          ["Began", time(execution?.started_at ?? made?.at ?? turned?.at)],
          made && ["Took", took(made.event.duration_us / 1000)],
          made && ["Plugin", plugin(made.event.plugin)],
          made && ["Memory", bytes(made.event.memory_bytes)],
          asked && ["Under grant", h("a", { href: at("grants", about.tenant, asked.event.app) }, `version ${asked.event.grant}`)],
          execution?.idempotency_key && ["Idempotency key", execution.idempotency_key],
          execution?.note && ["Found out", execution.note],
          ["Request id", h("code", {}, id)],
        ], "wide"))),
        made && card("Requests", number(requests.length), requests.length === 0 ? empty(made.event.result === "ok" ? "The plugin made none." : "None: nothing reached the gate.") : requestTable(made, requests)),
        segments && card("Where the time went", took(made.event.duration_us / 1000), body(
          bar(segments, "The parts of the call's time; their figures are in the table below."),
          keys(segments.map(([name, kind]) => [name, kind])),
          table("Parts of the call's time", [["Part"], ["Time", "number"], ["What happened", "long"]], segments.map(([name, , ms, what]) => [name, took(ms), what])),
        )),
        known.sends.length > 0 && card(
          "Journal",
          "written before each left",
          table("Journal", [["Request", "number"], ["Route", "long"], ["Effect"], ["State"], ["Answer"], ["Left", "tight"]], known.sends.map((send) => [
            String(send.request),
            `${send.app} / ${send.action || "–"}`,
            effect(send.effect),
            badge(send.state.replaceAll("_", " "), { in_doubt: "doubt", answered: "good" }[send.state]),
            send.status ?? "–",
            time(send.sent_at),
          ])),
        ),
        card("Timeline", "as the audit has it", lines(known.lines, made?.at ?? execution?.started_at ?? known.lines[0]?.at)),
      ),
    ],
  };
}

function lines(all, start) {
  if (all.length === 0) return empty("The audit has nothing yet: it is written when the call ends.");
  // The line of a call has its beginning, and is about its end; that of a caller is written last, and comes first.
  const moment = ({ at, event }) => (event.kind === "caller" ? start : event.kind === "call" ? at + event.duration_us / 1000 : at);
  const place = ({ event }) => ({ caller: 0, call: 2 })[event.kind] ?? 1;
  const sorted = all.toSorted((one, other) => {
    const [first, second] = [one, other].map(moment);
    return first - second || place(one) - place(other) || one.sequence - other.sequence;
  });
  const when = (line) => {
    const after = moment(line) - start;
    return after < 0 || after > 60000 ? time(line.at) : `+ ${Math.round(after)} ms`;
  };
  return [
    table(
      "Timeline",
      [["When", "tight"], ["What", "long"], ["Line", "number"]],
      sorted.map((line) => [when(line), describe(line), String(line.sequence)]),
    ),
    h("div", { class: "body" }, h("details", {}, h("summary", {}, "The lines as they are"), h("pre", { tabindex: "0" }, all.map((line) => JSON.stringify(line, null, 2)).join("\n")))),
  ];
}

/** The form that settles what is in doubt. */
function doubt(context, id, canBeRead) {
  const explain = h("p", { class: "notice doubt" }, "Something was sent, and nobody knows whether the app did it. It is not tried again by itself. Look at the app, then say what is the case.");
  if (!context.isOperator) return h("div", { class: "stack" }, explain);
  const [note, wrong] = [unique("note"), unique("wrong")];
  const problem = h("p", { id: wrong, class: "error", role: "alert" });
  const choice = (value, text, hint) => {
    const own = unique("ran");
    return h("div", { class: "choice" }, h("input", { id: own, type: "radio", name: "ran", value, required: true }), h("label", { for: own }, text, h("span", { class: "hint" }, ` ${hint}`)));
  };
  // By the action that the grant names for the purpose.
  const read = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const { ran } = await post(`${path("executions", id)}/settle-by-reading`);
      if (ran !== null) {
        await context.again();
        return tell("Settled");
      }
      problem.textContent = "That action does not tell. Look at the app, and say what is the case.";
    } catch (error) {
      problem.textContent = error.message;
    }
    button.disabled = false;
  };
  const form = h(
    "form",
    {
      class: "form",
      onsubmit: async (event) => {
        event.preventDefault();
        const given = new FormData(form);
        const button = form.querySelector("button");
        button.disabled = true;
        try {
          await post(`${path("executions", id)}/settle`, { ran: given.get("ran") === "yes", note: given.get("note").trim() });
          await context.again();
          tell("Settled");
        } catch (error) {
          problem.textContent = error.message;
          button.disabled = false;
        }
      },
    },
    h("fieldset", {}, h("legend", {}, "Did the app do it?"), choice("yes", "It ran.", "The same request is answered so from now on."), choice("no", "It did not run.", "Its idempotency key may be used again.")),
    h("div", {}, h("label", { for: note }, "How that was found out"), h("textarea", { id: note, name: "note", required: true, maxlength: "2000", "aria-describedby": wrong })),
    problem,
    h("div", { class: "buttons" }, h("button", { class: "button main", type: "submit" }, "Settle"), canBeRead && h("button", { class: "button", type: "button", onclick: read }, "Find out by reading")),
  );
  return card("In doubt", null, body(explain, form));
}

const KINDS = [["", "everything"], ["calls", "calls"], ["refusals", "refusals"], ["changes", "changes"]];

export async function audit({ query }) {
  const which = { which: query.get("which") ?? "", tenant: query.get("tenant") ?? "" };
  const list = await pages({
    caption: "Audit",
    columns: [["Line", "number"], ["When", "tight"], ["Tenant"], ["What", "long"], ["Took", "number"], ["Request", "tight"]],
    row: (line) => [
      String(line.sequence),
      time(line.at),
      line.tenant ? tenant(line.tenant) : "–",
      [kind(line), " ", line.event.kind === "call" ? `${line.event.operation} ${[line.event.app, line.event.action].filter(Boolean).join(" / ")}${line.event.result === "ok" ? "" : `: ${line.event.result}`}` : describe(line)],
      line.event.duration_us === undefined ? "–" : took(line.event.duration_us / 1000),
      line.correlation ? link(line.correlation) : "–",
    ],
    fetch: (from) => get("audit", { ...which, from }),
    none: "No line fits.",
  });
  return {
    title: "Audit",
    nodes: [
      head("Audit", { sub: "Every call, every request it made, every refusal and every change, newest first." }),
      h(
        "div",
        { class: "card" },
        filters(at("audit"), [
          { name: "which", label: "Show", value: which.which, options: KINDS },
          { name: "tenant", label: "Tenant", value: which.tenant },
        ]),
        list,
      ),
    ],
  };
}

function kind({ event }) {
  if (event.refusal || event.kind === "refused") return badge("refused", "bad");
  if (event.kind === "call") return badge("call", event.result === "ok" ? "good" : "bad");
  if (event.by !== undefined) return badge("change", "accent");
  return badge(event.kind);
}


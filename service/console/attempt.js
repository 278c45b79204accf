// Tries an action on behalf of a tenant: a list of what there is, a form for each made of its parameters, the answer.

import { post } from "./api.js";
import { h, tell, unique } from "./dom.js";
import { at, badge, body, call, card, effect, empty, failed, head, table, tenant } from "./show.js";

export async function attempt(context, of, app, action) {
  const crumbs = [h("a", { href: at("grants") }, "Grants"), tenant(of), h("a", { href: at("grants", of, app) }, app)];
  if (!context.isOperator) {
    return { title: "Try an action", nodes: [head("Try an action", { crumbs }), h("p", { class: "notice" }, "A viewer looks, and executes nothing. Sign in with an administrator's key to try an action.")] };
  }
  return action === undefined ? list(crumbs, of, app) : form(context, [...crumbs, h("a", { href: at("try", of, app) }, "Try an action")], of, app, action);
}

/** Shows an answer of the call that is an error: as text, whatever it says. */
function refused(answer) {
  return h(
    "div",
    { class: "stack" },
    h("p", { class: "notice bad" }, `${answer.status} ${answer.body?.error_code ?? ""}: ${answer.body?.message ?? "no message"}`),
    h("p", {}, call(answer.id, "See the request, and the rule that decided")),
  );
}

async function list(crumbs, of, app) {
  const answer = await post("try", { tenant: of, app });
  const title = "Try an action";
  const top = head(title, { crumbs, sub: "As the plugin lists them. What is not granted is refused, here too." });
  if (answer.status !== 200) return { title, nodes: [top, refused(answer)] };
  const rows = [...answer.body].sort((one, other) => Boolean(one.refused) - Boolean(other.refused));
  return {
    title,
    nodes: [
      top,
      h(
        "div",
        { class: "card" },
        rows.length === 0
          ? empty("The plugin lists no action.")
          : table(
              "Actions",
              [["Action", "long"], ["What it says of itself", "long"], ["Effect"], ["Granted", "tight"]],
              rows.map((row) => [
                h("a", { href: at("try", of, app, row.action_id) }, row.action_id),
                h("span", {}, row.name, row.description && h("span", { class: "quiet" }, ` — ${row.description}`)),
                row.effect ? effect(row.effect) : "–",
                row.refused ? h("span", { title: row.refused }, badge("not granted", "bad")) : badge("granted", "good"),
              ]),
            ),
      ),
    ],
  };
}

const INPUTS = { text: "text", email: "email", number: "number", url: "url" };

/** One field: what is shown, and how its value is read. */
function field(parameter) {
  const [id, hint, wrong] = [unique("parameter"), unique("hint"), unique("wrong")];
  const type = INPUTS[parameter.type];
  const common = { id, name: parameter.name, required: parameter.required, "aria-describedby": `${hint} ${wrong}` };
  // What the contract does not know is JSON, so that anything can be given.
  const isJson = type === undefined && parameter.type !== "textarea";
  const input = type
    ? h("input", { ...common, type, step: type === "number" ? "any" : null, autocomplete: "off", spellcheck: "false" })
    : h("textarea", { ...common, class: isJson ? "code" : null, spellcheck: "false" });
  const problem = h("p", { id: wrong, class: "error" });
  const node = h(
    "div",
    {},
    h("label", { for: id }, parameter.label || parameter.name, !parameter.required && h("span", { class: "quiet" }, " (optional)")),
    input,
    h("p", { class: "hint", id: hint }, h("code", {}, parameter.name), `, ${parameter.type}${isJson && parameter.type !== "json" ? ", given as JSON" : ""}`),
    problem,
  );
  const read = () => {
    problem.textContent = "";
    input.removeAttribute("aria-invalid");
    if (input.value === "") return undefined;
    if (type === "number") return Number(input.value);
    if (!isJson) return input.value;
    try {
      return JSON.parse(input.value);
    } catch (error) {
      problem.textContent = `This is not JSON: ${error.message}`;
      input.setAttribute("aria-invalid", "true");
      input.focus();
      throw error;
    }
  };
  return { name: parameter.name, node, read };
}

async function form(context, crumbs, of, app, action) {
  const [described, listed] = await Promise.all([post("try", { tenant: of, app, action }), post("try", { tenant: of, app })]);
  const title = action;
  const known = listed.status === 200 ? listed.body.find((one) => one.action_id === action) : undefined;
  const top = head(action, {
    crumbs,
    sub: h("span", {}, `On behalf of ${of}, for ${app}. `, known?.effect && effect(known.effect), known?.refused && badge("not granted: it will be refused", "bad")),
  });
  if (described.status !== 200) return { title, nodes: [top, refused(described)] };
  const isDangerous = known?.effect === "destructive" || known?.effect === "raw";
  const fields = described.body.map(field);
  const [key, sure] = [unique("key"), unique("sure")];
  const result = h("div", { class: "stack", "aria-live": "polite" }, h("p", { class: "quiet" }, "Nothing was executed yet."));
  const button = h("button", { class: "button main", type: "submit" }, "Execute");
  const own = h(
    "form",
    {
      class: "form",
      onsubmit: async (event) => {
        event.preventDefault();
        const parameters = Object.create(null);
        try {
          for (const { name, read } of fields) {
            const value = read();
            if (value !== undefined) parameters[name] = value;
          }
        } catch {
          return;
        }
        const given = new FormData(own);
        button.disabled = true;
        result.replaceChildren(h("p", { class: "quiet" }, "It runs…"));
        try {
          const answer = await post("try", {
            tenant: of,
            app,
            action,
            parameters,
            idempotency_key: given.get("idempotency key") || null,
            confirmed: given.get("sure") === "yes",
          });
          show(result, answer);
        } catch (error) {
          result.replaceChildren(failed(error));
        } finally {
          button.disabled = false;
        }
      },
    },
    fields.map(({ node }) => node),
    fields.length === 0 && h("p", { class: "quiet" }, "It takes no parameters."),
    h(
      "details",
      {},
      h("summary", {}, "Idempotency key"),
      h("div", {}, h("label", { for: key }, "Idempotency key", h("span", { class: "quiet" }, " (optional)")), h("input", { id: key, name: "idempotency key", type: "text", maxlength: "255", autocomplete: "off" }), h("p", { class: "hint" }, "The same request under the same key is carried out once.")),
    ),
    isDangerous &&
      h("div", { class: "choice" }, h("input", { id: sure, type: "checkbox", name: "sure", value: "yes", required: true }), h("label", { for: sure }, `Yes, do it: its effect is ${known.effect}.`)),
    h("div", { class: "buttons" }, button, h("span", { class: "quiet small" }, "The audit has it under your name.")),
  );
  return {
    title,
    nodes: [
      top,
      h(
        "div",
        { class: "pair follow" },
        card("Parameters", known?.description ?? null, body(own)),
        card("Answer", null, body(result)),
      ),
    ],
  };
}

function show(result, answer) {
  const ok = answer.status === 200 && answer.body?.node_status === "Success";
  tell(ok ? "The action succeeded" : "The action did not succeed");
  result.replaceChildren(
    h("div", { class: "badges" }, badge(ok ? "succeeded" : answer.body?.error_code ?? answer.body?.node_status ?? "failed", ok ? "good" : "bad"), badge(`status ${answer.status}`)),
    ...(ok ? [] : [h("p", { class: "notice bad" }, answer.body?.message ?? "The app refused it.")]),
    h("pre", { tabindex: "0", role: "region", "aria-label": "Answer" }, JSON.stringify(answer.body, null, 2)),
    h("p", {}, call(answer.id, "See it in the timeline")),
  );
}

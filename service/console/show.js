// How things are shown that many views have: times, states, tables, pages.

import { Problem } from "./api.js";
import { h, tell, unique } from "./dom.js";
import { path } from "./api.js";

export const at = (...parts) => `#/${path(...parts)}`;

const TIME = new Intl.DateTimeFormat("en-GB", {
  year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", timeZone: "UTC",
});
const NUMBER = new Intl.NumberFormat("en");

export const number = (value) => (value === null || value === undefined ? "–" : NUMBER.format(value));

/** A moment, in UTC, as everything else that the service writes. */
export function time(ms) {
  if (ms === null || ms === undefined) return "–";
  const when = new Date(ms);
  const parts = Object.fromEntries(TIME.formatToParts(when).map(({ type, value }) => [type, value]));
  const text = `${parts.year}-${parts.month}-${parts.day} ${parts.hour}:${parts.minute}:${parts.second}`;
  return h("time", { datetime: when.toISOString(), title: `${when.toISOString()}` }, text);
}

/** A duration of so many milliseconds. */
export function took(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms >= 10000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 100) return `${Math.round(ms)} ms`;
  if (ms >= 1) return `${ms.toFixed(1)} ms`;
  return `${ms.toFixed(2)} ms`;
}

export function bytes(count) {
  if (count === null || count === undefined) return "–";
  if (count >= 1 << 20) return `${(count / (1 << 20)).toFixed(1)} MiB`;
  if (count >= 1024) return `${(count / 1024).toFixed(1)} KiB`;
  return `${count} B`;
}

export const badge = (text, kind) => h("span", { class: `badge ${kind ?? ""}` }, text);

const STATES = {
  running: ["running", "accent"],
  succeeded: ["succeeded", "good"],
  failed: ["refused by the app", "bad"],
  errored: ["error", "bad"],
  in_doubt: ["in doubt", "doubt"],
  settled_ran: ["settled: ran", ""],
  settled_not_run: ["settled: did not run", ""],
};

export const STATE_NAMES = Object.entries(STATES).map(([state, [name]]) => [state, name]);

export function state(word) {
  const [text, kind] = STATES[word] ?? [word, ""];
  return badge(text, kind);
}

const EFFECTS = { read: "good", write: "accent", destructive: "bad", raw: "warn" };
export const effect = (word) => (word ? badge(word, EFFECTS[word] ?? "") : "–");

/** A digest, short; all of it for whoever asks. */
export function digest(text) {
  const short = /^sha256:[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 19)}…` : text;
  return h("code", { title: text }, short);
}

export const plugin = (text) => h("a", { href: at("plugins", text), "data-key": `plugin ${text}` }, digest(text));
export const tenant = (id) => h("a", { href: at("tenants", id), "data-key": `tenant ${id}` }, id);
export const call = (id, text) => h("a", { href: at("calls", id) }, text ?? h("code", { title: id }, `${id.slice(0, 12)}…`));

/** The head of a view. */
export function head(title, { sub, crumbs, actions } = {}) {
  return h(
    "div",
    { class: "head" },
    crumbs && h("nav", { class: "crumbs", "aria-label": "Where this is" }, crumbs.flatMap((crumb, index) => [index > 0 && " / ", crumb])),
    h("h1", { tabindex: "-1" }, title),
    actions && h("div", { class: "buttons" }, actions),
    sub && h("p", { class: "sub" }, sub),
  );
}

/** A card: its title, what is beside that, what is in it. */
export function card(title, beside, ...children) {
  return h(
    "div",
    { class: "card" },
    h("div", { class: "title" }, h("h2", {}, title), beside && h("div", { class: "quiet small" }, beside)),
    children,
  );
}

export const body = (...children) => h("div", { class: "body stack" }, children);

export const facts = (pairs, kind) =>
  h("dl", { class: `facts ${kind ?? ""}` }, pairs.filter(Boolean).map(([term, ...what]) => [h("dt", {}, term), h("dd", {}, what)]));

/** A table. A column is its heading and its class; the first cell of a row is the row's heading. */
export function table(caption, columns, rows) {
  const scroll = h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      {},
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, columns.map(([name, kind]) => h("th", { scope: "col", class: kind }, name)))),
      h(
        "tbody",
        {},
        rows.map((cells) =>
          h(
            "tr",
            {},
            cells.map((cell, index) =>
              h(index === 0 ? "th" : "td", { class: columns[index][1], scope: index === 0 ? "row" : null }, cell),
            ),
          ),
        ),
      ),
    ),
  );
  return scroll;
}

export const empty = (text) => h("p", { class: "empty" }, text);

/** What went wrong, where it went wrong. */
export function failed(error) {
  const text = error instanceof Problem ? error.message : `This page has a fault: ${error.message}`;
  return h("p", { class: "notice bad", role: "alert" }, text);
}

/** A list that is shown page after page: `fetch` gets where a page begins, `columns` and `row` show it. */
export async function pages({ caption, columns, row, fetch, none, first }) {
  const holder = h("div", {});
  let number = 1;
  const before = [];
  const show = async (from, focus) => {
    const page = from === undefined && first ? first : await fetch(from);
    first = undefined;
    const button = (text, key, act, off) =>
      h("button", { class: "button small", type: "button", "data-key": key, disabled: off, onclick: act }, text);
    const turn = async (act) => {
      try {
        await act();
      } catch (error) {
        holder.append(failed(error));
      }
    };
    const older = button("Next page", "next", () => turn(async () => {
      before.push(from);
      number += 1;
      await show(page.next, "next");
    }), !page.next);
    const newer = button("Page before", "before", () => turn(async () => {
      number -= 1;
      await show(before.pop(), "before");
    }), before.length === 0);
    holder.replaceChildren(
      page.rows.length ? table(caption, columns, page.rows.map(row)) : empty(page.next ? "Nothing here; there may be on the next page." : none),
      h(
        "nav",
        { class: "more", "aria-label": `Pages of ${caption.toLowerCase()}`, hidden: !page.next && before.length === 0 },
        h("span", { class: "quiet small" }, `Page ${number}`),
        h("div", { class: "buttons" }, newer, older),
      ),
    );
    if (focus) {
      tell(`Page ${number}`);
      const target = focus === "next" && !older.disabled ? older : newer.disabled ? older : newer;
      target.focus({ preventScroll: true });
    }
  };
  await show(undefined);
  return holder;
}

/** Filters above a list: fields that become part of the address. */
export function filters(view, fields) {
  const form = h(
    "form",
    {
      class: "filters",
      role: "search",
      onsubmit: (event) => {
        event.preventDefault();
        const chosen = [...new FormData(form)].filter(([, value]) => value !== "");
        const search = new URLSearchParams(chosen).toString();
        location.hash = search ? `${view}?${search}` : view;
      },
    },
    fields.map(({ name, label, value, options }) => {
      const id = unique("filter");
      const field = options
        ? h(
            "select",
            { id, name },
            options.map(([word, text]) => h("option", { value: word, selected: word === (value ?? "") }, text)),
          )
        : h("input", { id, name, type: "text", value: value ?? "", autocomplete: "off", spellcheck: "false" });
      return h("div", {}, h("label", { for: id }, label), field);
    }),
    h("button", { class: "button", type: "submit" }, "Show"),
  );
  return form;
}

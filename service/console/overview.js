// The overview: how it goes now, who is busy, what waits for somebody.

import { get } from "./api.js";
import { h, replace } from "./dom.js";
import { ENDINGS, figures, keys, LATENCY_KEYS, latencyChart, RATE_KEYS, rateChart, spark } from "./charts.js";
import { at, body, call, card, empty, head, number, plugin, table, tenant, time, took } from "./show.js";

/** How often the figures are fetched anew, in milliseconds. */
const EVERY = 2000;

export async function overview(context) {
  const [counts, rates, doubts] = await Promise.all([get("overview"), get("rates"), get("executions", { state: "in_doubt" })]);
  const figuresNow = h("dl", { class: "figures", "aria-label": "Now" });
  const rate = h("div", { class: "stack" });
  const latency = h("div", { class: "stack" });
  const minutes = h("div", { class: "body" });
  const tenants = h("div", {});
  const plugins = h("div", {});
  const waiting = h("div", {});
  let isOpen = false;

  function show(counts, rates) {
    const sum = rates.all.ended.reduce((all, one) => all + one, 0);
    const recent = rates.slots.slice(-6).flatMap((slot) => slot?.ended ?? []).reduce((all, one) => all + one, 0);
    const of = (kind) => rates.all.ended[kind];
    const figure = (name, value, unit) => h("div", {}, h("dt", {}, name), h("dd", {}, value, unit && h("small", {}, ` ${unit}`)));
    replace(
      figuresNow,
      figure("Last minute", (recent / (6 * rates.slot_seconds)).toFixed(1), "calls/s"),
      figure("Ten minutes", number(sum), "calls"),
      figure("Running now", number(rates.calls_now)),
      figure("Latency, 95 %", took(rates.all.took_ms[1])),
      figure("Refused", number(of(2))),
      figure("Limited", number(of(3))),
      figure("In doubt, all", number(counts.in_doubt)),
    );
    replace(rate, rateChart(rates), keys(RATE_KEYS));
    replace(latency, latencyChart(rates), keys(LATENCY_KEYS));
    isOpen = minutes.querySelector("details")?.open ?? isOpen;
    replace(minutes, figures(rates));
    minutes.querySelector("details").open = isOpen;
    replace(tenants, busiest("Tenants of the last ten minutes", "Tenant", rates.tenants, tenant));
    replace(plugins, busiest("Plugins of the last ten minutes", "Plugin", rates.plugins, plugin));
  }

  show(counts, rates);
  replace(waiting, doubtful(doubts));
  context.every(EVERY, async () => {
    try {
      const [counts, rates] = await Promise.all([get("overview"), get("rates")]);
      if (context.isHere()) show(counts, rates);
    } catch {
      // The figures stay as they were; the next try is in two seconds.
    }
  });

  return {
    title: "Overview",
    nodes: [
      head("Overview", { sub: `${number(counts.tenants)} tenants, ${number(counts.plugins)} plugins. Charts have the last ten minutes of this process.` }),
      h(
        "div",
        { class: "stack" },
        figuresNow,
        h("div", { class: "pair" }, card("Calls per second", "by how they ended", body(rate)), card("Latency", "quantiles of each ten seconds", body(latency))),
        h("section", { class: "card", "aria-label": "Figures of the charts" }, minutes),
        card("In doubt", h("a", { href: `${at("executions")}?state=in_doubt` }, "All of them"), waiting),
        card("By tenant", "the busiest twenty", tenants),
        card("By plugin", "the busiest twenty", plugins),
      ),
    ],
  };
}

function doubtful({ rows }) {
  if (rows.length === 0) return empty("No write is in doubt.");
  return table(
    "Executions in doubt",
    [["Action", "long"], ["Tenant"], ["Began", "tight"], ["Request", "tight"]],
    rows.slice(0, 5).map((row) => [`${row.app} / ${row.action}`, tenant(row.tenant), time(row.started_at), call(row.id, "Look and settle")]),
  );
}

function busiest(caption, what, rows, show) {
  if (rows.length === 0) return empty("No call yet.");
  return table(
    caption,
    [[what, "long"], ["Calls"], ["Ten minutes", "number"], ["p50", "number"], ["p95", "number"], ["p99", "number"], ...ENDINGS.slice(1).map(([name]) => [name, "number"])],
    rows.map((row) => [
      row.name === null ? h("span", { class: "quiet" }, "all others") : show(row.name),
      spark(row.calls),
      number(row.ended.reduce((all, one) => all + one, 0)),
      ...row.took_ms.map(took),
      ...row.ended.slice(1).map(number),
    ]),
  );
}

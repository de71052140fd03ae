import { chip, facts, h, nothing, panel } from "../dom.js";
import { seoulDay } from "../format.js";
import { plot } from "../plot.js";

const DAYS = 30;
const MONTHS = 12;

/** Figures of one currency; others are shown beside them in the tables of the views alone. */
const WON = { currency: "eq.KRW" };

async function read({ project }, now) {
  const day = seoulDay(now);
  const month = day.slice(0, 7);
  const firstMonth = seoulDay(
    new Date(now.getTime() - (MONTHS - 1) * 30.5 * 86_400_000),
  ).slice(0, 7);
  const [
    revenue,
    recurring,
    churn,
    declines,
    dunning,
    alerts,
    operations,
    delay,
    notices,
    requested,
    repricings,
  ] = await Promise.all([
    project.rows("daily_revenue", {
      ...WON,
      day: `gte.${seoulDay(now, DAYS - 1)}`,
      order: "day",
    }),
    project.rows("recurring_revenue", {
      ...WON,
      month: `gte.${firstMonth}`,
      order: "month",
    }),
    project.rows("subscription_churn", { month: `eq.${month}` }),
    project.rows("decline_reasons", {
      month: `eq.${month}`,
      order: "declines.desc",
      limit: "5",
    }),
    project.rows("dunning_recovery", { order: "month.desc", limit: "1" }),
    project.rows("alerts", { order: "level,since", limit: "20" }),
    project.rows("open_operations", { order: "oldest_at" }),
    project.rows("webhook_delay", { day: `eq.${day}` }),
    project.rows("unsent_notices", { order: "oldest_at" }),
    project.rows("withdrawals", {
      status: "eq.requested",
      select: "id,due_at",
      order: "due_at",
    }),
    project.rows("repricing_progress", {
      replaced_at: "is.null",
      from_at: `gte.${seoulDay(now, DAYS)}`,
      order: "from_at",
    }),
  ]);
  return {
    day,
    month,
    revenue,
    recurring,
    churn: churn[0],
    declines,
    dunning: dunning[0],
    alerts,
    operations,
    delay: delay[0],
    notices,
    requested,
    repricings,
  };
}

const seconds = (value) => value === null ? "–" : String(Number(value));

const sum = (rows, column) =>
  rows.reduce((total, row) => total + row[column], 0);

function tile(label, value, note) {
  return h(
    "div",
    { class: "tile" },
    h("dt", { text: label }),
    h(
      "dd",
      null,
      h("strong", { text: value }),
      note && h("span", { text: note }),
    ),
  );
}

function tiles({ t, format }, figures) {
  const today = figures.revenue.filter(({ day }) => day === figures.day);
  const before = figures.revenue.filter(({ day }) => day !== figures.day);
  const average = Math.round(sum(before, "net_amount") / (DAYS - 1));
  const mrr = figures.recurring.filter(({ month }) => month === figures.month);
  const last = figures.recurring.filter(({ month }) => month < figures.month)
    .map(({ month }) => month).at(-1);
  const growth = sum(mrr, "amount") -
    sum(figures.recurring.filter(({ month }) => month === last), "amount");
  const open = sum(figures.operations, "operations");
  return h(
    "dl",
    { class: "tiles" },
    tile(
      t("revenueToday"),
      format.money(sum(today, "net_amount")),
      t("dailyAverage", format.money(average)),
    ),
    tile(
      t("paymentsToday"),
      format.number(sum(today, "payments")),
      t(
        "refundsToday",
        format.number(sum(today, "refunds")),
        format.money(sum(today, "refunded_amount")),
      ),
    ),
    tile(
      "MRR",
      format.money(sum(mrr, "amount")),
      last
        ? t(
          "sinceLastMonth",
          (growth < 0 ? "−" : "+") + format.money(Math.abs(growth)),
        )
        : t("subscriptions", format.number(sum(mrr, "subscriptions"))),
    ),
    tile(
      t("openAtToss"),
      format.number(open),
      open === 0
        ? t("allKnown")
        : t("oldest", format.time(figures.operations[0].oldest_at)),
    ),
  );
}

function alertList({ t, format }, alerts) {
  if (alerts.length === 0) return nothing(t("noAlerts"));
  return h(
    "ul",
    { class: "rows" },
    ...alerts.map(({ level, alert, subject, detail, since }) =>
      h(
        "li",
        null,
        h(
          "div",
          { class: "line" },
          chip(t(level), level === "critical" ? "bad" : "warn"),
          h("b", { text: alert }),
          h("time", { text: format.time(since) }),
        ),
        detail && h("p", { text: detail }),
        // A job or a channel has no story.
        /^[a-z_]{1,30}$/.test(subject) ? h("code", { text: subject }) : h("a", {
          href: `#/orders/${encodeURIComponent(subject)}`,
          text: subject,
        }),
      )
    ),
  );
}

/** Bars of the methods' shares, as text first. */
function methods({ t, format }, revenue) {
  const totals = new Map();
  for (const { method, net_amount } of revenue) {
    totals.set(method, (totals.get(method) ?? 0) + net_amount);
  }
  const sorted = [...totals].sort(([, left], [, right]) => right - left);
  const most = Math.max(1, ...sorted.map(([, amount]) => amount));
  if (sorted.length === 0) return nothing(t("noPayments"));
  return h(
    "ul",
    { class: "shares" },
    ...sorted.map(([method, amount]) => {
      const bar = h("span", { class: "share", "aria-hidden": "true" });
      bar.style.setProperty(
        "width",
        `${Math.max(1, Math.round((Math.max(0, amount) / most) * 100))}%`,
      );
      return h(
        "li",
        null,
        h("span", { text: method }),
        h("span", { class: "amount", text: format.money(amount) }),
        bar,
      );
    }),
  );
}

function everyDay(revenue, now, format) {
  return Array.from({ length: DAYS }, (_, place) => {
    const day = seoulDay(now, DAYS - 1 - place);
    return {
      label: format.day(day),
      tick: format.tick(day),
      value: sum(revenue.filter((row) => row.day === day), "net_amount"),
    };
  });
}

function everyMonth(recurring) {
  const months = [...new Set(recurring.map(({ month }) => month))];
  return months.map((month) => ({
    label: month,
    tick: month.slice(2),
    value: sum(recurring.filter((row) => row.month === month), "amount"),
  }));
}

function declines({ t, format }, rows) {
  if (rows.length === 0) return nothing(t("noDeclines"));
  return h(
    "ul",
    { class: "rows" },
    ...rows.map(({ kind, error_code, error_message, declines: count }) =>
      h(
        "li",
        null,
        h(
          "div",
          { class: "line" },
          h("b", { text: error_message ?? error_code }),
          chip(t(kind)),
          h("time", { text: t("times", format.number(count)) }),
        ),
        h("code", { text: error_code }),
      )
    ),
  );
}

function revenuePanel(app, { revenue }, now) {
  const { t, format } = app;
  const chart = plot({
    title: t("revenueByDay"),
    kind: "bars",
    points: everyDay(revenue, now, format),
    format: (amount) => format.money(amount),
    tableTitle: t("asTable"),
  });
  return panel(t("revenueByDay"), chart, methods(app, revenue));
}

function recurringPanel({ t, format }, { recurring, churn, dunning }) {
  const points = everyMonth(recurring);
  if (points.length === 0) {
    return panel(t("mrrByMonth"), nothing(t("noSubscriptions")));
  }
  const chart = plot({
    title: t("mrrByMonth"),
    // A line needs something to join.
    kind: points.length < 3 ? "bars" : "line",
    points,
    format: (amount) => format.money(amount),
    tableTitle: t("asTable"),
  });
  const figures = churn === undefined ? [] : [
    [t("payingAtStart"), format.number(churn.paying_at_start)],
    [t("began"), format.number(churn.began)],
    [t("ended"), format.number(churn.ended)],
    [t("churn"), format.share(churn.churn_rate)],
  ];
  if (dunning !== undefined) {
    const { month, recovered, charges } = dunning;
    const of = `${format.number(recovered)} / ${format.number(charges)}`;
    figures.push([t("recovered", month), of]);
  }
  return panel(t("mrrByMonth"), chart, facts(figures));
}

function waitingPanel({ t, format }, { delay, notices, requested }) {
  const webhooks = delay === undefined ? "0" : t(
    "webhookDelay",
    format.number(delay.events),
    seconds(delay.median_seconds),
    seconds(delay.p95_seconds),
  );
  const withdrawals = requested.length === 0 ? "0" : h("a", {
    href: "#/withdrawals",
    text: t(
      "withdrawalsDue",
      format.number(requested.length),
      format.time(requested[0].due_at),
    ),
  });
  return panel(
    t("health"),
    facts([
      [t("webhooksToday"), webhooks],
      [t("noticesUnsent"), format.number(sum(notices, "notices"))],
      [t("withdrawalsOpen"), withdrawals],
    ]),
  );
}

/** How far each new price is that applies soon, or lately; nothing when there is none. */
function repricingPanel({ t, format }, { repricings }) {
  if (repricings.length === 0) return null;
  const list = h(
    "ul",
    { class: "rows" },
    ...repricings.map((one) =>
      h(
        "li",
        null,
        h(
          "div",
          { class: "line" },
          h("b", { text: `${one.plan_id} · ${format.money(one.amount)}` }),
          h("time", { text: format.time(one.from_at) }),
        ),
        facts(
          [
            "asked",
            "given",
            "refused",
            "open",
            "charged",
            "kept_price",
            "ended",
          ]
            .map((name) => [t(`repricing_${name}`), format.number(one[name])]),
        ),
      )
    ),
  );
  return panel(t("newPrices"), list);
}

/** What came in today and lately, and what a person should look at. */
export async function today(app) {
  const { t } = app;
  const now = new Date();
  const figures = await read(app, now);
  return [
    h("h1", { tabindex: "-1", text: t("today") }),
    tiles(app, figures),
    h(
      "div",
      { class: "columns" },
      h(
        "div",
        { class: "stack" },
        revenuePanel(app, figures, now),
        recurringPanel(app, figures),
        repricingPanel(app, figures),
      ),
      h(
        "div",
        { class: "stack" },
        panel(t("needsPerson"), alertList(app, figures.alerts)),
        waitingPanel(app, figures),
        panel(t("declinesThisMonth"), declines(app, figures.declines)),
      ),
    ),
  ];
}

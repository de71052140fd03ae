/** A table of a wide page: on a narrow screen each row becomes a list of names and values. */
export const TABLE_STYLE = `
table { width: 100%; border-collapse: collapse; font-size: .8125rem; }
th { padding: .5rem; border-bottom: 1px solid #d1d6db; color: #6b7684;
  text-align: left; font-weight: 600; white-space: nowrap; }
td { padding: .625rem .5rem; border-bottom: 1px solid #e5e8eb;
  vertical-align: top; overflow-wrap: anywhere; }
td.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.status-cell { white-space: nowrap; }
td.amount { margin: 0; white-space: nowrap; text-align: right; font-weight: 600; font-size: inherit; }
th.amount { text-align: right; font-size: inherit; }
td small { display: block; color: #6b7684; font-weight: 400; }
td pre { margin: 0; font: .75rem/1.5 ui-monospace, monospace; white-space: pre-wrap; }
code { font: .75rem/1.5 ui-monospace, monospace; }
tr:target { background: #fff3d6; }
.status { display: inline-block; padding: 0 .5rem; border-radius: 1rem;
  background: #f2f4f6; white-space: nowrap; font-weight: 600; }
.DONE, .COMPLETED { background: #e3f5ec; color: #0a6b42; }
.WAITING_FOR_DEPOSIT, .IN_PROGRESS { background: #fff3d6; color: #8a5a00; }
.CANCELED, .PARTIAL_CANCELED, .ABORTED, .EXPIRED, .FAILED { background: #fdeaea; color: #a12a2a; }
@media (max-width: 52rem) {
  main.wide { padding: 1rem; }
  thead { display: none; }
  table, tbody, tr, td { display: block; }
  tr { padding: .5rem 0; border-bottom: 1px solid #d1d6db; }
  td, td.amount { display: flex; justify-content: space-between; gap: 1rem;
    padding: .25rem 0; border: 0; text-align: right; }
  td::before { content: attr(data-name); flex: none; color: #6b7684; font-weight: 400; }
  td.action, td.body { display: block; padding-top: .5rem; text-align: left; }
  td.action::before, td.body::before { content: none; }
  td:empty { display: none; }
}
`;

/** A cell with its column's name, which a narrow screen shows beside it; `content` must already be safe. */
export function cell(name: string, content: string, kind = ""): string {
  return `<td data-name="${name}"${
    kind === "" ? "" : ` class="${kind}"`
  }>${content}</td>`;
}

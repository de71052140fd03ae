/** The look of the windows and of the widget: a payment page on a phone. */
export const WINDOW_STYLE = `
:root { --ink: #16181d; --quiet: #646b78; --line: #e3e6eb; --field: #f5f6f8;
  --accent: #2447c4; --accent-soft: #eef2ff; --danger: #b42318; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff; word-break: keep-all;
  font: 1rem/1.5 system-ui, "Apple SD Gothic Neo", "Noto Sans KR", "Noto Sans CJK KR", sans-serif;
  -webkit-font-smoothing: antialiased; }
body.window { min-height: 100vh; background: var(--field); }
main { max-width: 28rem; margin: 0 auto; }
body.window main { min-height: 100vh; padding: 1rem 1.25rem 2rem; background: #fff; }
@media (min-width: 40rem) {
  body.window { padding: 2rem 1rem; }
  body.window main { min-height: 0; border-radius: 1.25rem; padding: 1.5rem;
    box-shadow: 0 8px 40px rgb(22 24 29 / 10%); }
}
h1 { display: flex; justify-content: space-between; align-items: center; gap: .5rem;
  margin: 0 0 1.25rem; font-size: 1rem; }
h2 { margin: 1.75rem 0 .625rem; font-size: .9375rem; }
.mark { padding: .125rem .625rem; border-radius: 1rem; background: #fff3d6; color: #7a4f00;
  font-size: .75rem; font-weight: 600; white-space: nowrap; }
.order { margin: 0; color: var(--quiet); font-size: .9375rem; overflow-wrap: anywhere; }
.amount { line-height: 1.25; margin: 0 0 .25rem; font-size: 1.875rem; font-weight: 700; letter-spacing: -.02em; }
dl { margin: 1rem 0 0; padding: .875rem 1rem; border-radius: .875rem; background: var(--field); }
dl > div { display: flex; justify-content: space-between; gap: 1rem; padding: .25rem 0;
  font-size: .875rem; }
dt { flex: none; color: var(--quiet); }
dd { margin: 0; font-weight: 600; text-align: right; overflow-wrap: anywhere; }
[hidden] { display: none !important; }
form { margin-top: 1.5rem; }
body.part main { max-width: none; }
body.part form { margin: 0; padding: .25rem; }
section { margin-top: 1.25rem; }
fieldset { margin: 0; padding: 0; border: 0; min-width: 0; }
form > fieldset { margin-top: 1.5rem; }
body.part form > fieldset:first-child { margin-top: 0; }
legend { padding: 0; margin: 0 0 .625rem; font-size: .9375rem; font-weight: 700; }
.grid { display: grid; grid-template-columns: repeat(2, 1fr); gap: .5rem; }
.grid.small { grid-template-columns: repeat(4, 1fr); gap: .375rem; }
@media (min-width: 24rem) { .grid { grid-template-columns: repeat(3, 1fr); } }
.pick { position: relative; display: flex; cursor: pointer; }
.pick input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; pointer-events: none; }
.pick span { flex: 1; display: flex; align-items: center; justify-content: center;
  min-height: 3.25rem; padding: .25rem .375rem; border: 1px solid var(--line); border-radius: .75rem;
  background: #fff; font-size: .875rem; font-weight: 600; text-align: center; line-height: 1.25;
  transition: border-color .15s, background-color .15s; }
.grid.small .pick span { min-height: 2.75rem; border-radius: .625rem; font-size: .8125rem;
  font-weight: 500; }
.pick:hover span { border-color: #b8bfca; }
.pick input:checked + span { border-color: var(--accent); background: var(--accent-soft);
  color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
.pick input:focus-visible + span { outline: 2px solid var(--accent); outline-offset: 2px; }
.rest { display: contents; }
.grid.small:not(.open) .rest { display: none; }
label.field { display: block; margin: .875rem 0 0; color: var(--quiet); font-size: .8125rem; }
select, input[type=text], input[type=tel] { display: block; width: 100%; min-height: 3rem;
  margin-top: .25rem; padding: .5rem .875rem; border: 1px solid var(--line); border-radius: .75rem;
  background: #fff; color: var(--ink); font: inherit; }
select { appearance: none; padding-right: 2.25rem; text-overflow: ellipsis;
  background: #fff url("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 12 8'%3E%3Cpath d='M1 1.5l5 5 5-5' fill='none' stroke='%23646b78' stroke-width='1.5'/%3E%3C/svg%3E") no-repeat right .875rem center / .75rem; }
select:focus-visible, input:focus-visible, button:focus-visible, summary:focus-visible {
  outline: 2px solid var(--accent); outline-offset: 2px; }
.hint { margin: .5rem 0 0; color: var(--quiet); font-size: .8125rem; }
button { display: block; width: 100%; min-height: 3.25rem; margin: .5rem 0 0; padding: .5rem 1rem;
  border: 1px solid var(--line); border-radius: .875rem; background: #fff; color: var(--ink);
  font: inherit; cursor: pointer; }
button:hover { background: var(--field); }
button.main { margin-top: 1.75rem; border-color: var(--accent); background: var(--accent);
  color: #fff; font-weight: 700; }
button.main:hover { background: #1b3796; }
button.quiet { border-color: transparent; color: var(--quiet); }
button.text { width: auto; min-height: 2.75rem; margin: .25rem 0 0; padding: 0 .25rem; border: 0;
  background: none; color: var(--quiet); font-size: .8125rem; text-decoration: underline; }
.rehearsal { margin: 2rem 0 0; padding: 1rem; border: 1px dashed #cfd4dc; border-radius: 1rem; }
.rehearsal legend { float: left; width: 100%; margin: 0 0 .25rem; font-size: .875rem; }
.rehearsal button { min-height: 2.75rem; font-size: .875rem; }
.rehearsal > label, .rehearsal details label { display: block; clear: both; color: var(--quiet);
  font-size: .8125rem; }
details { clear: both; }
summary { min-height: 2.75rem; line-height: 2.75rem; color: var(--quiet); font-size: .8125rem;
  cursor: pointer; }
.agree { display: flex; align-items: center; gap: .625rem; min-height: 2.75rem; font-size: .9375rem; }
.agree input { width: 1.375rem; height: 1.375rem; margin: 0; accent-color: var(--accent); }
@media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
`;

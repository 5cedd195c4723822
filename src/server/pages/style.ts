/**
 * The one style sheet. Light and dark after the reader's own choice, one column on a phone, contrast of 4.5 or more for
 * text in both. Colours of the charts come with a legend and a table: nothing is said by colour alone.
 */
export const style = `
:root {
  color-scheme: light dark;
  --back: #f6f7f9; --card: #ffffff; --text: #1b1f24; --muted: #57606a; --line: #d0d7de; --link: #0a58b8;
  --good: #14683a; --good-back: #dcf5e4; --warn: #7a4b00; --warn-back: #fdf0d0; --bad: #a8161f; --bad-back: #fde2e2;
  --sync: #1f6fd6; --reset: #c77700; --anonymize: #c4314b; --ignore: #77808a; --lag-half: #1f6fd6; --lag-most: #9fc3f2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #101418; --card: #181d23; --text: #e6eaee; --muted: #9aa5b1; --line: #323a44; --link: #79b4ff;
    --good: #7fe0a5; --good-back: #12351f; --warn: #f5c873; --warn-back: #3b2b08; --bad: #ff9a9f; --bad-back: #47161a;
    --sync: #5b9cf0; --reset: #e3a13d; --anonymize: #ee6b80; --ignore: #8b949e; --lag-half: #79b4ff; --lag-most: #2f5d97;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
header, main { max-width: 72rem; margin: 0 auto; padding: 0.75rem 1rem; }
header { display: flex; flex-wrap: wrap; align-items: center; gap: 0.25rem 1rem; border-bottom: 1px solid var(--line); }
.name { margin: 0; font-weight: 600; }
.name a { color: inherit; text-decoration: none; }
nav { flex: 1 1 20rem; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 0.25rem; list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: 0.35rem 0.5rem; border-radius: 0.4rem; text-decoration: none; }
nav a[aria-current] { background: var(--text); color: var(--back); }
a { color: var(--link); }
h1 { font-size: 1.5rem; margin: 0.75rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 1.5rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0 0 0.5rem; display: flex; gap: 0.5rem; align-items: center; flex-wrap: wrap; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 0.5rem; background: var(--card); padding: 0.5rem; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.muted { color: var(--muted); font-size: 0.9rem; }
.cards, .charts { display: grid; gap: 0.75rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr)); }
@media (min-width: 60rem) { .pair { display: grid; grid-template-columns: 1fr 2fr; gap: 0 0.75rem; } }
.charts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 21rem), 1fr)); }
.card, figure, .alarms, main > dl, section > dl, .box { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; padding: 0.75rem 1rem; margin: 0; }
.alarms { padding-left: 1rem; list-style: none; display: grid; gap: 0.5rem; }
dl { margin: 0; }
dl > div { display: grid; grid-template-columns: minmax(7rem, 9rem) 1fr; gap: 0 0.75rem; padding: 0.15rem 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
.badge { display: inline-block; font-size: 0.8rem; font-weight: 600; padding: 0 0.5rem; border-radius: 1rem; }
.good { color: var(--good); background: var(--good-back); }
.warn { color: var(--warn); background: var(--warn-back); }
.bad { color: var(--bad); background: var(--bad-back); }
.notice { padding: 0.6rem 1rem; border-radius: 0.6rem; color: var(--good); background: var(--good-back); }
.notice.bad { color: var(--bad); background: var(--bad-back); }
meter { width: 6rem; height: 0.8rem; vertical-align: middle; }
figcaption { font-weight: 600; }
.legend, .top, .axis { margin: 0.25rem 0; font-size: 0.85rem; color: var(--muted); }
.legend { display: flex; flex-wrap: wrap; gap: 0 0.75rem; }
.legend > span { white-space: nowrap; }
.swatch { display: inline-block; width: 0.7rem; height: 0.7rem; border-radius: 0.15rem; margin-right: 0.3rem; }
.axis { display: flex; justify-content: space-between; }
svg { display: block; width: 100%; height: 7.5rem; border-bottom: 1px solid var(--line); }
.act-sync { fill: var(--sync); background: var(--sync); }
.act-resetPermissions { fill: var(--reset); background: var(--reset); }
.act-anonymize { fill: var(--anonymize); background: var(--anonymize); }
.act-ignore, .act-leave, .act-other { fill: var(--ignore); background: var(--ignore); }
.shade-1 { opacity: 0.75; } .shade-2 { opacity: 0.58; } .shade-3 { opacity: 0.44; } .shade-4 { opacity: 0.32; }
.lag-half, .call-fine { fill: var(--lag-half); background: var(--lag-half); }
.lag-most { fill: var(--lag-most); background: var(--lag-most); }
.call-throttled { fill: var(--anonymize); background: var(--anonymize); }
summary { cursor: pointer; color: var(--link); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.95rem; }
th, td { text-align: left; padding: 0.35rem 0.75rem 0.35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { color: var(--muted); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; }
.id { font-family: ui-monospace, monospace; font-size: 0.85rem; white-space: nowrap; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; padding: 0.75rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; font: 0.85rem/1.5 ui-monospace, monospace; }
.box { margin-top: 0.75rem; }
form { margin: 0.5rem 0; }
form.row { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: end; }
label { display: block; }
input:not([type="checkbox"]), button { font: inherit; padding: 0.45rem 0.7rem; border-radius: 0.4rem; border: 1px solid var(--muted); background: var(--card); color: var(--text); max-width: 100%; }
input:not([type="checkbox"]) { width: min(24rem, 100%); }
form.row label { flex: 0 1 24rem; min-width: 0; }
button { background: var(--text); color: var(--back); border-color: var(--text); cursor: pointer; }
button.quiet { background: transparent; color: var(--text); border-color: var(--muted); }
button.danger { background: var(--bad); border-color: var(--bad); color: var(--back); }
.acts { display: flex; flex-wrap: wrap; gap: 1rem; align-items: start; }
.pages { display: flex; gap: 1rem; }
@media (max-width: 40rem) {
  nav { order: 3; flex-basis: 100%; }
  .list table, .list tbody, .list tr, .list td, .list tbody th { display: block; }
  .list thead { display: none; }
  .list tr { border-bottom: 1px solid var(--line); padding: 0.5rem 0; }
  .list th, .list td { border: 0; padding: 0.1rem 0; }
  .id { white-space: normal; overflow-wrap: anywhere; }
}
`;

export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1f6fd6"/><path d="M7 11l9 7 9-7M7 10h18v13H7z" fill="none" stroke="#fff" stroke-width="2.4" stroke-linejoin="round"/></svg>`;

/** What every page has around it: head, navigation, the way out. No script, and nothing from another host. */
import { type Html, html, type Part } from './html.ts';

export const places = [
  ['/', 'Overview'],
  ['/in-sync', 'In sync'],
  ['/excluded', 'Excluded'],
  ['/failing', 'Failing'],
  ['/holds', 'Holds'],
  ['/parked', 'Parked'],
  ['/erasures', 'Erasures'],
  ['/evidence', 'Evidence'],
] as const;

/** Somebody who is logged in. */
export interface Visitor {
  /** Has to come back with every form. */
  readonly csrf: string;
}

export interface PageParts {
  readonly title: string;
  readonly content: Part;
  /** Path of the place in the navigation that this page belongs to. */
  readonly place?: string;
  /** Undefined: nobody is logged in, and nothing is offered. */
  readonly visitor?: Visitor | undefined;
  /** Said above everything else: what the last act led to. */
  readonly notice?: string | undefined;
}

export function page({ title, content, place, visitor, notice }: PageParts): string {
  return `<!doctype html>\n${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · connector</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/style.css">
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header>
<p class="name"><a href="/">dynamics-email-connector</a></p>
${visitor && navigation(place, visitor)}
</header>
<main id="content">
<h1>${title}</h1>
${notice && html`<p class="notice" role="status">${notice}</p>`}
${content}
</main>
</body>
</html>
`}`;
}

function navigation(place: string | undefined, visitor: Visitor): Html {
  return html`<nav aria-label="Pages"><ul>${places.map(
    ([path, name]) => html`<li><a href="${path}"${path === place && html` aria-current="page"`}>${name}</a></li>`,
  )}</ul></nav>
${post(visitor, '/log-out', html`<button class="quiet">Log out</button>`, 'log-out')}`;
}

/** A form that acts: it carries the proof that it came from here. */
export function post(visitor: Visitor, action: string, content: Part, name?: string): Html {
  return html`<form method="post" action="${action}"${name && html` class="${name}"`}><input type="hidden" name="csrf" value="${visitor.csrf}">${content}</form>`;
}

/** A table that scrolls by itself where the screen is too narrow. Cells of the first column name their row. */
export function dataTable(options: {
  readonly caption: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly Part[])[];
}): Html {
  const { caption, heads, rows } = options;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map(
    (cells) =>
      html`<tr>${cells.map((cell, index) => (index === 0 ? html`<th scope="row">${cell}</th>` : html`<td>${cell}</td>`))}</tr>`,
  )}</tbody>
</table></div>`;
}

/** A list of what belongs together, as name and value. */
export function facts(rows: readonly (readonly [string, Part])[]): Html {
  return html`<dl>${rows.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

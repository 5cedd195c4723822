/** Explicit erasures: the open ones with their age against the 30 days, and those finished lately. Shows ids only. */
import { age, when } from '../../cli-format.ts';
import type { ErasureRow } from '../../store/tables.ts';
import { type Html, html, type Part } from './html.ts';
import { dataTable } from './layout.ts';

export interface ListedErasure {
  readonly erasure: ErasureRow;
  /** One sentence a target. */
  readonly targets: readonly string[];
}

const dayMs = 86_400_000;

export function erasuresContent(
  open: readonly ListedErasure[],
  openCount: number,
  done: readonly ListedErasure[],
  now: number,
): Html {
  return html`<p>Erasures that somebody asked for, by a Marketing Job or a command. The law gives 30 days.</p>
<h2>Open</h2>
${
  open.length === 0
    ? html`<p><span class="badge good">None</span></p>`
    : html`<div class="list">${dataTable({
        caption: 'Open erasures',
        heads: ['record', 'asked for', 'age', 'targets'],
        rows: open.map((row) => [name(row), asked(row), ageOf(row, now), lines(row)]),
      })}</div>`
}
${openCount > open.length && html`<p>The oldest ${open.length} of ${openCount.toLocaleString('en')}.</p>`}
<h2>Finished lately</h2>
${
  done.length === 0
    ? html`<p>None.</p>`
    : html`<div class="list">${dataTable({
        caption: 'Finished erasures',
        heads: ['record', 'asked for', 'finished', 'targets'],
        rows: done.map((row) => [name(row), asked(row), when(row.erasure.completed_at), lines(row)]),
      })}</div>`
}`;
}

function name({ erasure }: ListedErasure): Part {
  if (!erasure.crm_table || !erasure.record_id) return html`<span class="id">an address; erasure ${erasure.id}</span>`;
  const record = `${erasure.crm_table}/${erasure.record_id}`;
  return html`<a class="id" href="/records/${record}">${record}</a>`;
}

function asked({ erasure }: ListedErasure): string {
  return `${when(erasure.requested_at)} (${erasure.source})`;
}

function ageOf({ erasure }: ListedErasure, now: number): Part {
  const ageMs = now - erasure.requested_at.getTime();
  const look = ageMs > 25 * dayMs ? 'bad' : ageMs > dayMs ? 'warn' : 'good';
  return html`<span class="badge ${look}">${age(ageMs)} of 30 days</span>`;
}

function lines({ targets }: ListedErasure): Part {
  return targets.map((sentence, index) => [index > 0 && html`<br>`, sentence]);
}

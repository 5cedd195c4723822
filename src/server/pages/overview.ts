/** The first page: how everything stands, what is wrong, and the last 24 hours. Shows names, numbers, codes and sentences. */
import { age, count, when } from '../../cli-format.ts';
import type { BucketOfActivity } from '../../store/activity.ts';
import type { CheckpointRow } from '../../store/tables.ts';
import type { Status, TableStatus, TargetStatus } from '../../sync/status.ts';
import { binsOf, callsLately } from './activity-bins.ts';
import { actionsChart, callsChart, lagChart } from './charts.ts';
import { type Html, html, type Part } from './html.ts';
import { facts } from './layout.ts';
import { mend } from './mend.ts';

export interface OverviewData {
  readonly status: Status;
  readonly checkpoints: readonly CheckpointRow[];
  readonly activity: readonly BucketOfActivity[];
  /** Target → calls a second that its settings allow. */
  readonly allowed: ReadonlyMap<string, number>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

const dayMs = 86_400_000;
/** The law gives a month for an erasure. */
const erasureDays = 30;

export function overviewContent(data: OverviewData): Html {
  const { status, now } = data;
  const bins = binsOf(data.activity, now);
  return html`<p class="muted">As of ${when(new Date(now))}. <a href="/">Look again</a></p>
${!status.inForce && html`<p class="notice bad">Another configuration is in force (epoch ${status.epoch}); this process does nothing.</p>`}
<section aria-labelledby="alarms"><h2 id="alarms">Alarms</h2>${alarms(status)}</section>
<div class="pair"><section aria-labelledby="erasures"><h2 id="erasures">Erasures and holds</h2>${erasures(status)}</section>
<section aria-labelledby="targets"><h2 id="targets">Targets</h2><div class="cards">${status.targets.map((row) => target(row, data))}</div></section></div>
<section aria-labelledby="tables"><h2 id="tables">Tables</h2><div class="cards">${status.tables.map((row) => table(row, data))}</div></section>
<section aria-labelledby="day"><h2 id="day">The last 24 hours</h2><div class="charts">${actionsChart(bins)}${lagChart(bins)}${callsChart(bins)}</div></section>`;
}

function alarms({ alarms: raised }: Status): Html {
  if (raised.length === 0) return html`<p><span class="badge good">None</span></p>`;
  return html`<ul class="alarms">${raised.map(
    ({ alarm, subject, code, message, raisedAt }) =>
      html`<li><span class="badge bad">${alarm}</span> <b>${subject}</b>: ${message} <span class="muted">(${code}, since ${when(raisedAt)})</span>${mend(code)}</li>`,
  )}</ul>`;
}

function erasures({ erasures: { open, oldestMs }, holds }: Status): Html {
  const cases = holds.reduce((sum, hold) => sum + hold.cases, 0);
  return facts([
    ['Erasures open', html`<a href="/erasures">${open.toLocaleString('en')}</a>`],
    [
      'The oldest of them',
      oldestMs === undefined
        ? '-'
        : html`${age(oldestMs)} of ${erasureDays} days ${meter('age of the oldest erasure', oldestMs, erasureDays * dayMs)}`,
    ],
    [
      'Holds to review',
      holds.length === 0
        ? html`<a href="/holds">0</a>`
        : html`<a href="/holds">${holds.length}</a> <span class="badge warn">${count(cases, 'case')} waiting</span>`,
    ],
  ]);
}

function target(row: TargetStatus, data: OverviewData): Html {
  const allowed = data.allowed.get(row.target);
  const calls = callsLately(data.activity, row.target, data.now);
  const most = (allowed ?? 0) * 300;
  const profiles = Object.entries(row.profiles).map(([state, n]) => `${state} ${n.toLocaleString('en')}`);
  return html`<article class="card"><h3>${row.target} ${targetBadge(row)}</h3>
${row.paused && html`<p>${row.paused.reason} <span class="muted">(${row.paused.code}, ${row.paused.until ? `until ${when(row.paused.until)}` : 'until somebody resumes it'})</span>${mend(row.paused.code)}</p>`}
${facts([
  ['Owed', `${row.owed.toLocaleString('en')}${row.oldestDueMs ? `, the oldest due for ${age(row.oldestDueMs)}` : ''}`],
  ['Parked', html`<a href="/parked">${row.parked.toLocaleString('en')}</a>`],
  ['Held', html`<a href="/holds">${row.held.toLocaleString('en')}</a>`],
  ['At the brake', row.staged.toLocaleString('en')],
  ['Erasures open', row.erasures.toLocaleString('en')],
  [
    'Pace',
    row.pace === undefined
      ? 'no call yet'
      : `${row.pace.toFixed(1)} calls a second${allowed === undefined ? '' : ` of ${allowed}`}`,
  ],
  [
    'Quota used',
    allowed === undefined
      ? '-'
      : html`${calls.toLocaleString('en')} of ${most.toLocaleString('en')} calls in five minutes ${meter(`quota of ${row.target}`, calls, most)}`,
  ],
  ['Profiles', profiles.length === 0 ? 'none' : profiles.join(', ')],
])}</article>`;
}

function targetBadge(row: TargetStatus): Html {
  if (!row.configured) return html`<span class="badge warn">not in this configuration</span>`;
  return row.paused ? html`<span class="badge bad">paused</span>` : html`<span class="badge good">running</span>`;
}

function table(row: TableStatus, { checkpoints, status, now }: OverviewData): Html {
  const pulled = checkpoints.find(({ crm_table: name }) => name === row.table)?.pulled_at ?? undefined;
  const days = status.changeTrackingDays;
  return html`<article class="card"><h3>${row.table} ${tableBadge(row)}</h3>
${row.stopped && html`<p>${row.stopped.reason} <span class="muted">(${row.stopped.code})</span>${mend(row.stopped.code)}</p>`}
${row.warning && html`<p>${row.warning}</p>`}
${facts([
  ['Last pull', pulled ? `${age(now - pulled.getTime())} ago` : 'never'],
  ['Lag', row.ageMs === undefined ? 'never read to its end' : `read to its end ${age(row.ageMs)} ago`],
  ['Checkpoint', expiry(row, days)],
  ['Reads', row.mode ?? '-'],
])}</article>`;
}

function expiry({ table: name, ageMs }: TableStatus, days: number | undefined): Part {
  if (ageMs === undefined) return '-';
  if (days === undefined) return `${age(ageMs)} old; Dataverse does not say when it expires`;
  return html`${age(ageMs)} old, expires after ${count(days, 'day')} ${meter(`age of the checkpoint of ${name}`, ageMs, days * dayMs)}`;
}

function tableBadge(row: TableStatus): Html {
  if (row.stopped) return html`<span class="badge bad">stopped</span>`;
  if (row.warning) return html`<span class="badge warn">old</span>`;
  return row.mode === undefined
    ? html`<span class="badge warn">not read yet</span>`
    : html`<span class="badge good">reading</span>`;
}

/** A share of something, as a bar. */
function meter(name: string, value: number, most: number): Html {
  const percent = most <= 0 ? 0 : Math.min(100, Math.round((value / most) * 100));
  return html`<meter aria-label="${name}" min="0" max="100" low="50" high="80" optimum="0" value="${percent}">${percent} %</meter>`;
}

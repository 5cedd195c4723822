/**
 * The charts of the last 24 hours, as SVG that needs no script and no style of its own. Each has a sentence for those who
 * do not see it, and its figures as a table below.
 */
import { lagBounds } from '../../sync/meter.ts';
import { type Bin, binCount, lagClass } from './activity-bins.ts';
import { type Html, html, type Part } from './html.ts';
import { dataTable } from './layout.ts';

const width = 480;
const height = 120;
const step = width / binCount;
/** Rules with a colour of their own; the others are one series. */
const mostSeries = 8;

interface Series {
  readonly name: string;
  /** Class in the style sheet. */
  readonly look: string;
  readonly total: number;
  readonly values: readonly number[];
}

const number = (value: number): string => value.toLocaleString('en');

function chart(options: {
  readonly title: string;
  readonly summary: string;
  readonly top: string;
  readonly marks: Part;
  readonly legend: readonly (readonly [look: string, name: string])[];
  readonly table: Html | undefined;
}): Html {
  const { title, summary, top, marks, legend, table } = options;
  return html`<figure>
<figcaption>${title}</figcaption>
<p class="legend">${legend.map(([look, name]) => html`<span><span class="swatch ${look}"></span>${name}</span> `)}</p>
<p class="top">${top}</p>
<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label="${summary}">${marks}</svg>
<p class="axis"><span>24 h ago</span><span>12 h</span><span>now</span></p>
${table ? html`<details><summary>The figures</summary>${table}</details>` : html`<p class="muted">Nothing in the last 24 hours.</p>`}
</figure>`;
}

/** One bar a bin, of parts that stand on each other. */
function stacked(series: readonly Series[], largest: number): Html[] {
  return Array.from({ length: binCount }, (_, bin) => {
    let base = height;
    return html`${series.map(({ look, values }) => {
      const tall = largest === 0 ? 0 : ((values[bin] ?? 0) / largest) * height;
      if (tall === 0) return undefined;
      base -= tall;
      return html`<rect class="${look}" x="${fixed(bin * step + 1)}" y="${fixed(base)}" width="${fixed(step - 2)}" height="${fixed(tall)}"/>`;
    })}`;
  });
}

const fixed = (value: number): string => value.toFixed(1);

function hour(bin: Bin): string {
  return new Date(bin.from).toISOString().slice(11, 16);
}

export function actionsChart(bins: readonly Bin[]): Html {
  const series = actionSeries(bins);
  const sums = bins.map((_, index) => series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const largest = Math.max(0, ...sums);
  const all = sums.reduce((sum, n) => sum + n, 0);
  return chart({
    title: 'Changes applied, by action and rule',
    summary: `${number(all)} changes in the last 24 hours. ${series.map(({ name, total }) => `${name}: ${number(total)}`).join(', ')}`,
    top: `up to ${number(largest)} in half an hour`,
    marks: stacked(series, largest),
    legend: series.map(({ look, name, total }) => [look, `${name} ${number(total)}`]),
    table:
      all === 0
        ? undefined
        : dataTable({
            caption: 'Changes applied, by half-hour (UTC)',
            heads: ['from', ...series.map(({ name }) => name)],
            rows: bins.flatMap((bin, index) =>
              sums[index] ? [[hour(bin), ...series.map(({ values }) => number(values[index] ?? 0))]] : [],
            ),
          }),
  });
}

function actionSeries(bins: readonly Bin[]): Series[] {
  const totals = new Map<string, number>();
  for (const bin of bins) for (const [name, n] of bin.actions) totals.set(name, (totals.get(name) ?? 0) + n);
  const names = [...totals].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)).map(([name]) => name);
  const shown = names.slice(0, mostSeries);
  const others = names.slice(mostSeries);
  const seen = new Map<string, number>();
  const made = shown.map((name) => {
    const [action = ''] = name.split('/');
    const shade = seen.get(action) ?? 0;
    seen.set(action, shade + 1);
    return {
      name: name.replace('/', ', '),
      look: `act-${action} shade-${Math.min(shade, 4)}`,
      total: totals.get(name) ?? 0,
      values: bins.map((bin) => bin.actions.get(name) ?? 0),
    };
  });
  if (others.length === 0) return made;
  const values = bins.map((bin) => others.reduce((sum, name) => sum + (bin.actions.get(name) ?? 0), 0));
  const total = values.reduce((sum, n) => sum + n, 0);
  return [...made, { name: 'other rules', look: 'act-other shade-0', total, values }];
}

/** `5 s`, `15 min`, `4 h`; the class above the last bound has none. */
export function lagText(place: number): string {
  const bound = lagBounds[place];
  if (bound === undefined) return 'more than 24 h';
  if (bound < 120) return `${bound} s`;
  return bound < 7200 ? `${bound / 60} min` : `${bound / 3600} h`;
}

export function lagChart(bins: readonly Bin[]): Html {
  const rows = bins.map((bin) => ({
    bin,
    half: lagClass(bin.lags, 0.5, lagBounds),
    most: lagClass(bin.lags, 0.95, lagBounds),
  }));
  const known = rows.filter((row) => row.most !== undefined);
  const newest = known.at(-1);
  const slot = height / (lagBounds.length + 1);
  const mark = (place: number | undefined, index: number, look: string): Part =>
    place !== undefined &&
    html`<rect class="${look}" x="${fixed(index * step + 1)}" y="${fixed(height - (place + 1) * slot)}" width="${fixed(step - 2)}" height="${fixed(slot * 0.7)}"/>`;
  return chart({
    title: 'From the change in the CRM until it was applied',
    summary: newest
      ? `Lag of changes in the last 24 hours. Lately half within ${lagText(newest.half ?? 0)} and 95 % within ${lagText(newest.most ?? 0)}.`
      : 'Lag of changes in the last 24 hours: there were none.',
    top: newest ? `lately: half within ${lagText(newest.half ?? 0)}, 95 % within ${lagText(newest.most ?? 0)}` : '',
    marks: rows.map(({ half, most }, index) => [mark(most, index, 'lag-most'), mark(half, index, 'lag-half')]),
    legend: [
      ['lag-half', 'half of them (p50)'],
      ['lag-most', '95 of 100 (p95)'],
    ],
    table:
      known.length === 0
        ? undefined
        : dataTable({
            caption: 'Lag by half-hour (UTC)',
            heads: ['from', 'half within', '95 % within'],
            rows: known.map(({ bin, half, most }) => [hour(bin), lagText(half ?? 0), lagText(most ?? 0)]),
          }),
  });
}

export function callsChart(bins: readonly Bin[]): Html {
  const calls = bins.map((bin) => Math.max(0, bin.calls - bin.throttled));
  const throttled = bins.map((bin) => bin.throttled);
  const sum = (values: readonly number[]): number => values.reduce((all, n) => all + n, 0);
  const largest = Math.max(0, ...bins.map((_, index) => (calls[index] ?? 0) + (throttled[index] ?? 0)));
  const refused: Series = { name: '429', look: 'call-throttled', total: sum(throttled), values: throttled };
  const other: Series = { name: 'calls', look: 'call-fine', total: sum(calls), values: calls };
  const all = refused.total + other.total;
  return chart({
    title: 'Calls of the platforms',
    summary: `${number(all)} calls in the last 24 hours, ${number(refused.total)} of them answered with 429.`,
    top: `up to ${number(largest)} in half an hour`,
    marks: stacked([other, refused], largest),
    legend: [
      [other.look, `calls ${number(all)}`],
      [refused.look, `answered with 429: ${number(refused.total)}`],
    ],
    table:
      all === 0
        ? undefined
        : dataTable({
            caption: 'Calls by half-hour (UTC)',
            heads: ['from', 'calls', '429'],
            rows: bins.flatMap((bin) => (bin.calls ? [[hour(bin), number(bin.calls), number(bin.throttled)]] : [])),
          }),
  });
}

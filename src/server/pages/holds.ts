/** What the brake held: all holds, and one with its cases, to approve or to reject. Shows ids and rules only. */
import { formatRecordRef } from '../../../config/words.ts';
import { count, holdReason, when } from '../../cli-format.ts';
import { rules } from '../../rules/rules.ts';
import type { ProfileRecord } from '../../store/overview.ts';
import type { HoldCaseRow, HoldRow } from '../../store/tables.ts';
import { type Html, html, type Part } from './html.ts';
import { dataTable, facts, post, type Visitor } from './layout.ts';

/** Cases that a page shows. */
export const mostCases = 200;

export function holdsContent(holds: readonly (HoldRow & { readonly cases: number })[]): Html {
  if (holds.length === 0) return html`<p>Nothing is held, and nothing was decided in the last 30 days.</p>`;
  const open = holds.filter(({ state }) => state === 'open');
  const decided = holds.filter(({ state }) => state !== 'open').reverse();
  return html`<p>Automatic anonymizations that were more than the brake lets pass. Nobody of them is erased until somebody approves.</p>
${open.length === 0 ? html`<p><span class="badge good">None is open</span></p>` : html`<div class="list">${list('Open holds', open)}</div>`}
${decided.length > 0 && html`<h2>Decided in the last 30 days</h2><div class="list">${list('Decided holds', decided)}</div>`}`;
}

function list(caption: string, holds: readonly (HoldRow & { readonly cases: number })[]): Html {
  return dataTable({
    caption,
    heads: ['hold', 'target', 'state', 'cases', 'since', 'why'],
    rows: holds.map((hold) => [
      html`<a href="/holds/${hold.id}">Hold ${hold.id}</a>`,
      hold.target,
      stateText(hold),
      count(hold.cases, 'case'),
      when(hold.created_at),
      holdReason(hold),
    ]),
  });
}

function stateText(hold: HoldRow): Part {
  if (hold.state === 'open') return html`<span class="badge warn">open</span>`;
  return `${hold.state} by ${hold.decided_by ?? '-'} ${when(hold.decided_at)}`;
}

export function holdContent(
  hold: HoldRow,
  cases: readonly HoldCaseRow[],
  records: readonly ProfileRecord[],
  visitor: Visitor,
): Html {
  const byProfile = Map.groupBy(records, ({ profileKey }) => profileKey);
  const shown = cases.slice(0, mostCases);
  return html`${facts([
    ['Target', hold.target],
    ['State', stateText(hold)],
    ['Since', when(hold.created_at)],
    ['Why', holdReason(hold)],
    ['Cases', cases.length.toLocaleString('en')],
    ['By rule', byRule(cases)],
  ])}
${hold.state === 'open' && hold.may_still_be_mailed && html`<p class="notice bad">The platform cannot lower permissions reversibly: held people may still be mailed.</p>`}
${hold.state === 'open' && decision(hold, cases.length, visitor)}
<h2>Cases</h2>
<div class="list">${dataTable({
    caption: `Cases of hold ${hold.id}`,
    heads: ['records', 'rule', 'state'],
    rows: shown.map((row) => [
      caseName(row, byProfile.get(row.profile_key) ?? []),
      rules.find(({ name }) => name === row.rule)?.sentence ?? row.rule,
      row.state,
    ]),
  })}</div>
${cases.length > shown.length && html`<p>The first ${shown.length} of ${cases.length.toLocaleString('en')}; all of them: <code>connector holds show ${hold.id} --json</code></p>`}`;
}

function byRule(cases: readonly HoldCaseRow[]): string {
  const counted = [...Map.groupBy(cases, ({ rule }) => rule)].map(([rule, rows]) => `${rule} ${rows.length}`);
  return counted.length === 0 ? '-' : counted.join(', ');
}

function caseName(row: HoldCaseRow, records: readonly ProfileRecord[]): Part {
  if (records.length === 0) {
    return html`<span class="id">${row.erasure_id ? `erasure ${row.erasure_id}` : row.profile_key}</span>`;
  }
  return records.map(({ ref }, index) => [
    index > 0 && ', ',
    html`<a class="id" href="/records/${formatRecordRef(ref)}">${formatRecordRef(ref)}</a>`,
  ]);
}

function decision(hold: HoldRow, cases: number, visitor: Visitor): Html {
  return html`<div class="acts box">
${post(
  visitor,
  `/holds/${hold.id}/approve`,
  html`<label><input type="checkbox" name="sure" value="yes" required> I have looked at the cases: ${count(cases, 'person', 'people')} may be anonymized, which cannot be undone.</label>
<p><button class="danger">Approve for 24 hours</button></p>`,
)}
${post(
  visitor,
  `/holds/${hold.id}/reject`,
  html`<p>Rejected cases stay as they are until their records change.</p><p><button class="quiet">Reject</button></p>`,
)}
</div>`;
}

/** The lists of records: in sync, excluded, failing, parked. One page of each, searchable by id. Shows ids only. */
import { formatRecordRef } from '../../../config/words.ts';
import { age, when } from '../../cli-format.ts';
import { rules } from '../../rules/rules.ts';
import type { ListedRecord, ListName } from '../../store/lists.ts';
import { type Html, html, type Part } from './html.ts';
import { dataTable, post, type Visitor } from './layout.ts';
import { mend } from './mend.ts';
import { formatPlace } from './search.ts';

export const listPageSize = 50;

export const listTitles: Readonly<Record<ListName, string>> = {
  'in-sync': 'In sync',
  excluded: 'Excluded',
  failing: 'Failing',
  parked: 'Parked',
};

const explained: Readonly<Record<ListName, string>> = {
  'in-sync': 'The latest change of these records is applied, and they are kept up to date.',
  excluded: 'The latest change of these records is dealt with: a rule keeps them out, or takes permissions away.',
  failing: 'The latest change of these records is not applied: it was tried in vain, and is tried again or parked.',
  parked:
    'These records wait for a mend. They are taken up again when the row or the configuration changes, or from here.',
};

export interface ListData {
  readonly list: ListName;
  /** As it was typed. */
  readonly search: string;
  /** What was typed is no id. */
  readonly isNonsense: boolean;
  /** One more than a page means that there is another. */
  readonly rows: readonly ListedRecord[];
  readonly isFirst: boolean;
  /** Target → why it is paused. */
  readonly paused: ReadonlyMap<string, string>;
  readonly now: number;
}

export function listContent(data: ListData, visitor: Visitor): Html {
  const { list, search, rows, isFirst } = data;
  const shown = rows.slice(0, listPageSize);
  const last = shown.at(-1);
  return html`<p>${explained[list]}</p>
<form method="get" action="/${list}" class="row" role="search">
<label for="search">Record id, or its beginning<br><input id="search" name="search" value="${search}" placeholder="contact/1f0c…" autocomplete="off" spellcheck="false"></label>
<button>Search</button>
</form>
${data.isNonsense && html`<p class="notice bad" role="alert">This is no record id: contact/, lead/ or account/ and a GUID, or the beginning of one.</p>`}
${list === 'parked' && rows.length > 0 && post(visitor, '/parked/retry', html`<button>Retry everything that is parked</button>`)}
${
  shown.length === 0
    ? html`<p>${search === '' ? 'None.' : 'None with this id.'}</p>`
    : html`<div class="list">${dataTable({ caption: listTitles[list], heads: heads[list], rows: shown.map((row) => cells(row, data, visitor)) })}</div>`
}
<p class="pages">${!isFirst && html`<a href="${address(list, search)}">First page</a>`}
${rows.length > listPageSize && last && html`<a href="${address(list, search, formatPlace(last))}">Next page</a>`}</p>`;
}

const heads: Readonly<Record<ListName, readonly string[]>> = {
  'in-sync': ['record', 'target', 'applied', 'why'],
  excluded: ['record', 'target', 'decided', 'action', 'why'],
  failing: ['record', 'target', 'since', 'cause'],
  parked: ['record', 'target', 'since', 'cause', ''],
};

function cells(row: ListedRecord, data: ListData, visitor: Visitor): Part[] {
  const name = formatRecordRef(row.ref);
  const record = html`<a class="id" href="/records/${name}">${name}</a>`;
  switch (data.list) {
    case 'in-sync':
      return [record, row.target, when(row.appliedAt), ruleText(row.rule)];
    case 'excluded':
      return [
        record,
        row.target,
        when(row.appliedAt),
        row.held ? html`${row.action} <span class="badge warn">held by the brake</span>` : row.action,
        ruleText(row.rule),
      ];
    case 'failing':
      return [record, row.target, row.parked ? when(row.parked.at) : '-', cause(row, data)];
    case 'parked':
      return [
        record,
        row.target,
        row.parked ? when(row.parked.at) : '-',
        cause(row, data),
        post(
          visitor,
          `/records/${name}/retry`,
          html`<button class="quiet">Retry<span class="unseen"> ${name}</span></button>`,
        ),
      ];
  }
}

function ruleText(name: string | undefined): Part {
  const rule = rules.find((candidate) => candidate.name === name);
  return rule ? html`${rule.sentence} <span class="muted">(${rule.name})</span>` : name;
}

function cause(row: ListedRecord, { paused, now }: ListData): Part {
  if (row.parked)
    return html`${row.parked.reason} <span class="muted">(${row.parked.code})</span>${mend(row.parked.code, true)}`;
  const inMs = (row.dueAt?.getTime() ?? now) - now;
  const next = inMs > 0 ? `is tried again in ${age(inMs)}` : 'is tried again now';
  const reason = paused.get(row.target);
  return `tried ${row.attempts} ${row.attempts === 1 ? 'time' : 'times'} in vain, ${next}${reason ? `; the target is paused: ${reason}` : ''}`;
}

function address(list: ListName, search: string, after?: string): string {
  const query = new URLSearchParams({ ...(search ? { search } : {}), ...(after ? { after } : {}) }).toString();
  return query === '' ? `/${list}` : `/${list}?${query}`;
}

/** One record: the text of `connector explain`, its evidence to take away, and what can be done about it. */
import { explanationLines } from '../../cli-explain.ts';
import type { Explanation } from '../../sync/explain.ts';
import { type Html, html } from './html.ts';
import { post, type Visitor } from './layout.ts';

export interface Unexplained {
  readonly code: string;
  readonly message: string;
}

/** @param found what `explain` says, or why it could not */
export function recordContent(record: string, found: Explanation | Unexplained, now: number, visitor: Visitor): Html {
  const isParked = 'targets' in found && found.targets.some((target) => target.pending?.parked_code);
  return html`<p class="muted">As <code>connector explain ${record}</code> says it. Nothing here is a value of the row.</p>
${
  'targets' in found
    ? html`<pre>${explanationLines(found, now).join('\n')}</pre>`
    : html`<p class="notice bad" role="alert">It cannot be explained now: ${found.message} (${found.code})</p>`
}
${isParked && post(visitor, `/records/${record}/retry`, html`<button>Retry what is parked</button>`)}
<p>Evidence of it, oldest first: <a href="/records/${record}/evidence.csv">CSV</a>, <a href="/records/${record}/evidence.json">JSON</a></p>`;
}

export function evidenceContent(search: string, isNonsense: boolean): Html {
  return html`<p>What was done about a record, why, and what the platform answered, as <code>connector evidence</code> tells it.</p>
<form method="get" action="/evidence" class="row">
<label for="record">Record, as <code>contact/</code> and the GUID<br><input id="record" name="record" value="${search}" required autocomplete="off" spellcheck="false"></label>
<button name="as" value="csv">Download CSV</button>
<button name="as" value="json" class="quiet">Download JSON</button>
</form>
${isNonsense && html`<p class="notice bad" role="alert">This is no record: contact/, lead/ or account/ and a GUID.</p>`}`;
}

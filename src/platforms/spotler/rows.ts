/**
 * The answer of POST /contact/list, row by row. Pure. Rows are matched by external id, since their order is not
 * promised. The vendor's message is not read: it may quote an address.
 * wire: Spotler swagger 1.2 ContactResponseCode.
 */
import { ConnectorError } from '../../http/errors.ts';
import type { Outcome } from '../platform.ts';
import type { BulkRow } from './schema.ts';

/** `exists`: to be sent again with `update: true`. */
export type BulkOutcome = Outcome | 'exists';

export interface BulkAnswer {
  readonly rows: readonly BulkRow[];
  readonly status: number;
  readonly requestId: string | undefined;
}

/**
 * One outcome per key, in order. ERROR, which may be passing, is `rejected` with that detail: the core retries by it.
 * Throws `retry` when a key has no row.
 */
export function bulkOutcomes(keys: readonly string[], answer: BulkAnswer, update: boolean): BulkOutcome[] {
  const byKey = new Map(answer.rows.map((row) => [row.externalId?.toLowerCase(), row]));
  const inOrder = answer.rows.length === keys.length && answer.rows.every((row) => !row.externalId);
  return keys.map((key, index) => {
    const row = inOrder ? answer.rows[index] : byKey.get(key.toLowerCase());
    if (row !== undefined) return outcomeOf(row.code, key, answer, update);
    throw new ConnectorError('retry', 'SPOTLER_ROWS_MISSING', 'Spotler did not answer for every contact of the list.', {
      status: answer.status,
    });
  });
}

function outcomeOf(code: string, contactKey: string, answer: BulkAnswer, update: boolean): BulkOutcome {
  const { status } = answer;
  const said = { status, contactKey, ...(answer.requestId === undefined ? {} : { requestId: answer.requestId }) };
  switch (code) {
    case 'OK':
      return { kind: 'done', ...said, created: !update };
    case 'CONTACT_OPTOUT':
    case 'NO_ACTIVE_CHANNEL':
      return { kind: 'done', ...said, created: false, notice: code };
    case 'CONTACT_UNKNOWN':
      return { kind: 'absent', ...said };
    case 'CONTACT_ALREADY_EXISTS':
      return 'exists';
    default:
      return { kind: 'rejected', ...said, detail: /^[A-Z_]{2,40}$/.test(code) ? code : 'UNKNOWN_CODE' };
  }
}

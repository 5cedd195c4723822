/**
 * The platform as it is against the model. Guarantees: existence, address, data and erasure exactly; permissions as an
 * upper bound; nobody is there whom the model does not want. Speaks of people by ids and counts only.
 */
import { createHash } from 'node:crypto';
import { Personal } from '../../config/words.ts';
import { createKeyring } from '../../src/store/email-key.ts';
import { type ChaosModel, type End, sameAddress } from '../model/chaos-model.ts';
import type { Postgres } from './services.ts';
import { hashKey } from './settings.ts';
import type { ChaosTarget, SeenContact } from './targets.ts';

export interface Difference {
  /** The profile's key, shortened as in the evidence. */
  readonly key?: string;
  /** What is wrong, without anybody's data. */
  readonly what: string;
  /** Records that have, or had, the address. */
  readonly records: readonly string[];
}

export interface Comparison {
  readonly differences: readonly Difference[];
  readonly addresses: number;
  readonly live: number;
  readonly anonymized: number;
  /** Addresses with more than one acceptable end. */
  readonly open: number;
  /** Permissions that may be up, and those of them that are. */
  readonly mayBeUp: number;
  readonly areUp: number;
}

function differenceOf(end: End, contact: SeenContact, target: ChaosTarget): string | undefined {
  if (end.kind === 'absent') return `is there (rule says gone), as ${contact.recordId}`;
  const isKnown = contact.recordId === end.ownerId || end.otherIds.includes(contact.recordId ?? '');
  if (!isKnown) return `belongs to ${contact.recordId}, expected ${end.ownerId}`;
  if (contact.email !== end.email) return `address differs in writing from the owner's (${end.rule})`;
  const names = new Set([...Object.keys(contact.fields), ...target.fields]);
  const wrong = [...names].filter((name) => (contact.fields[name] ?? '') !== (end.fields[name] ?? ''));
  if (wrong.length > 0) return `data differs in ${wrong.join(', ')} (${end.rule})`;
  const up = Object.entries(contact.permissions).flatMap(([name, enabled]) => (enabled ? [name] : []));
  const tooMany = up.filter((name) => !end.mayBeUp.includes(name));
  return tooMany.length > 0 ? `permission up without a ground: ${tooMany.join(', ')} (${end.rule})` : undefined;
}

export async function compare(model: ChaosModel, target: ChaosTarget): Promise<Comparison> {
  const contacts = await target.contacts();
  const differences: Difference[] = [];
  const byAddress = new Map<string, SeenContact[]>();
  for (const contact of contacts) {
    if (contact.anonymized) {
      if (contact.left.length > 0 || contact.email !== null) {
        differences.push({ what: `anonymized, but ${contact.left.join(', ')} is left`, records: [] });
      }
    } else if (contact.email === null) {
      differences.push({ what: 'is there without an address', records: [contact.recordId ?? 'without id'] });
    } else {
      const key = sameAddress(contact.email);
      byAddress.set(key, [...(byAddress.get(key) ?? []), contact]);
    }
  }
  let mayBeUp = 0;
  let areUp = 0;
  let open = 0;
  const expected = model.expected();
  for (const { address, ends, concerned } of expected) {
    const key = short(keyring.emailKey(address));
    const found = byAddress.get(address) ?? [];
    byAddress.delete(address);
    if (ends.length > 1) open += 1;
    const [contact] = found;
    if (found.length > 1) differences.push({ what: `is there ${found.length} times`, records: concerned, key });
    if (!contact) {
      if (!ends.some((end) => end.kind === 'absent')) {
        const rules = ends.map((end) => (end.kind === 'live' ? end.rule : 'absent'));
        differences.push({ what: `is not there (${rules.join(' or ')})`, records: concerned, key });
      }
      continue;
    }
    const wrong = ends.map((end) => differenceOf(end, contact, target));
    if (!wrong.includes(undefined))
      differences.push({ what: [...new Set(wrong)].join('; or: '), records: concerned, key });
    for (const end of ends.slice(0, 1)) {
      if (end.kind !== 'live') continue;
      const mayBe = end.mayBeUp.filter((name) => target.permissions.includes(name));
      mayBeUp += mayBe.length;
      areUp += mayBe.filter((name) => contact.permissions[name]).length;
    }
  }
  for (const strangers of byAddress.values()) {
    for (const contact of strangers) {
      differences.push({ what: 'is there under an address that nobody ever had', records: [contact.recordId ?? ''] });
    }
  }
  return {
    differences,
    addresses: expected.length,
    live: contacts.filter((contact) => !contact.anonymized).length,
    anonymized: contacts.filter((contact) => contact.anonymized).length,
    open,
    mayBeUp,
    areUp,
  };
}

const keyring = createKeyring({ hashKey: new Personal(hashKey), previous: [], normalise: sameAddress });

function short(key: unknown): string {
  return createHash('sha256').update(String(key)).digest('hex').slice(0, 8);
}

/** Everything the ledger knows about a record, as lines. */
export async function evidenceOf(postgres: Postgres, name: string): Promise<string[]> {
  const [table, id] = name.split('/');
  if (!table || !id) return [];
  const lines: string[] = [];
  const keys = new Set<string>();
  const show = (title: string, row: Record<string, unknown>): void => {
    const parts = Object.entries(row).flatMap(([column, value]) => {
      if (value === null || value === false) return [];
      const text =
        value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : value;
      return [`${column}=${/(_key|^key)$/.test(column) && column !== 'contact_key' ? short(value) : text}`];
    });
    lines.push(`    ${title}: ${parts.join(' ')}`);
  };
  for (const row of await postgres.query('select * from record where crm_table = $1 and id = $2', [table, id])) {
    for (const column of ['email_key', 'seen_key']) if (row[column]) keys.add(row[column]);
    show('record', row);
  }
  for (const row of await postgres.query('select * from delivery where crm_table = $1 and id = $2', [table, id])) {
    if (row.profile_key) keys.add(row.profile_key);
    show('delivery', row);
  }
  for (const row of await postgres.query('select * from profile where key = any($1)', [[...keys]]))
    show('profile', row);
  for (const row of await postgres.query('select * from intent where profile_key = any($1)', [[...keys]]))
    show('intent', row);
  const evidence = `select at, act, rule, trigger, outcome, status, detail, crm_table || '/' || record_id as of, profile_key
    from evidence where (crm_table = $1 and record_id = $2) or profile_key = any($3) order by id desc limit 12`;
  for (const row of (await postgres.query(evidence, [table, id, [...keys]])).reverse()) show('evidence', row);
  const erasures =
    'select id, job_id, state, requested_at, completed_at, still_eligible from erasure where crm_table = $1 and record_id = $2';
  for (const row of await postgres.query(erasures, [table, id])) show('erasure', row);
  return lines;
}

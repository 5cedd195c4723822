/** Drives every method of our Keap adapter, in good and in bad, and tells the outcomes. */
import pino from 'pino';
import type { FieldSource } from '../../config/settings.ts';
import { Personal, type RecordId } from '../../config/words.ts';
import type { KeapSimulator } from '../../fixtures/simulators/keap/index.ts';
import { isConnectorError } from '../../src/http/errors.ts';
import { unlimitedPace } from '../../src/http/pace.ts';
import type { OpenPlatform } from '../../src/platforms/context.ts';
import { createKeap } from '../../src/platforms/keap/adapter.ts';
import { keapSettings } from '../../src/platforms/keap/settings.ts';
import type { ContactRef, FieldValue, UpsertItem } from '../../src/platforms/platform.ts';

const recordId = '3f2504e0-4f89-41d3-9a0c-0305e82c3301' as RecordId;
const { signal } = new AbortController();

const values: Readonly<Record<string, FieldValue>> = {
  given_name: 'Zoë',
  family_name: null,
  birth_date: '1985-03-15T00:00:00Z',
  'phone_numbers.PHONE1': '+31 20 555 0100',
  'fax_numbers.FAX1': '+31 20 555 0101',
  'addresses.BILLING.line1': 'Kerkstraat 1',
  'addresses.BILLING.country_code': 'NLD',
  'social_accounts.LINKED_IN': 'zoe',
  favouritecolour: 'green',
  children: 2,
  vip: true,
};

export function openKeap(simulator: KeapSimulator, baseUrl: string, apiKey = simulator.apiKey()): OpenPlatform {
  const source = (column: string): FieldSource => ({ kind: 'column', column, as: 'value' });
  return createKeap(
    keapSettings.parse({ baseUrl, app: 'ab123', apiKey, sendKeyAs: 'bearer', recordIdField: simulator.recordIdField }),
    {
      identity: 'address',
      tables: {
        contact: {
          email: 'emailaddress1',
          fields: Object.fromEntries(Object.keys(values).map((name) => [name, source('column')])),
          permissions: { marketing: 'new_marketing' },
          whenOutOfScope: 'resetPermissions',
        },
      },
      pace: unlimitedPace,
      logger: pino({ level: 'silent' }),
      timeoutMs: 20_000,
      now: Date.now,
      nonce: () => 'nonce',
    },
  );
}

function item(email: string, more: Partial<UpsertItem> = {}): UpsertItem {
  const address = new Personal(email);
  return {
    contactKey: recordId,
    ref: { contactKeys: [recordId], recordIds: [recordId], address },
    address,
    fields: new Personal(values),
    permissionsOnCreate: { marketing: true },
    permissionsOnUpdate: {},
    mayCreate: true,
    known: false,
    addressChanged: false,
    ...more,
  };
}

/** What came out of one thing that was asked for, e.g. `done` or `throws config KEAP_NOT_AUTHORIZED`. */
async function told(work: Promise<unknown>): Promise<string> {
  try {
    const answer = await work;
    if (answer === undefined) return 'undefined';
    if (typeof answer === 'boolean') return String(answer);
    const { kind, findings, permissions, notice } = (Array.isArray(answer) ? answer[0] : answer) as {
      kind?: string;
      findings?: { ok: boolean }[];
      permissions?: object;
      notice?: string;
    };
    if (findings) return findings.every(({ ok }) => ok) ? 'all ok' : 'not ok';
    if (permissions) return JSON.stringify(permissions);
    return notice ? `${kind} ${notice}` : String(kind);
  } catch (error) {
    if (isConnectorError(error)) return `throws ${error.kind} ${error.code}`;
    throw error;
  }
}

/** Everything that works, and what Keap says no to. */
export async function driveAdapter(simulator: KeapSimulator, baseUrl: string): Promise<Record<string, string>> {
  const adapter = openKeap(simulator, baseUrl);
  const results: Record<string, string> = {};
  const ask = async (name: string, work: () => Promise<unknown>) => {
    results[name] = await told(work());
  };
  const upsert = (name: string, email: string, more: Partial<UpsertItem> = {}) =>
    ask(name, () => adapter.upsert([item(email, more)], signal));
  const byAddress = (email: string): ContactRef => ({
    contactKeys: [],
    recordIds: [],
    address: new Personal(email),
  });
  const stranger = { ref: { contactKeys: [], recordIds: [] }, contactKey: 'other' };
  try {
    await ask('nobody there', () => adapter.hasNobody?.(signal) ?? Promise.resolve());
    await ask('check', () => adapter.check(signal));
    await upsert('new', 'zoë+new@one.example');
    const id = simulator.contacts()[0]?.id ?? '';
    const ref: ContactRef = { contactKeys: [recordId, `keap:${id}`], recordIds: [recordId] };
    const known = { known: true, ref };
    await upsert('again', 'zoë+new@one.example', { ...known, permissionsOnUpdate: { marketing: false } });
    await upsert('raised', 'zoë+new@one.example', { ...known, permissionsOnUpdate: { marketing: true } });
    await upsert('moved', 'moved@one.example', { ...known, addressChanged: true });
    simulator.setStatus('moved@one.example', 'LIST_UNSUBSCRIBE');
    await upsert('raised in vain', 'moved@one.example', { ...known, permissionsOnUpdate: { marketing: true } });
    await ask('found', () => adapter.find(ref, signal));
    await ask('reset', () => adapter.resetPermissions(ref, signal));
    await ask('set', () => adapter.setPermissions(ref, { marketing: true }, signal));
    await upsert('too long', 'long@one.example', { ...stranger, fields: new Personal({ given_name: 'x'.repeat(41) }) });
    await upsert('refused', 'refused@nodomain', stranger);
    simulator.redact('redacted@one.example');
    await upsert('redacted', 'redacted@one.example', stranger);
    await upsert('nobody', 'nobody@one.example', { ...stranger, mayCreate: false });
    simulator.addContacts(Array.from({ length: 1001 }, () => ({ email: 'many@one.example' })));
    await ask('found among many', () => adapter.find(byAddress('many@one.example'), signal));
    await ask('anonymized', () => adapter.anonymize(ref, signal));
    await ask('anonymized again', () => adapter.anonymize({ ...ref, ...byAddress('moved@one.example') }, signal));

    const wrong = openKeap(simulator, baseUrl, 'not the key');
    await ask('wrong key', () => wrong.find(byAddress('many@one.example'), signal));
    wrong.close();
    simulator.setOptions({ outage: true });
    await ask('outage', () => adapter.find(byAddress('many@one.example'), signal));
    simulator.setOptions({ outage: false });
    return results;
  } finally {
    adapter.close();
  }
}

/** Keap's answer above its quota, which the description does not have. */
export async function driveThrottled(simulator: KeapSimulator, baseUrl: string): Promise<string> {
  const adapter = openKeap(simulator, baseUrl);
  simulator.setFaults([{ kind: '429', retryAfterSeconds: 3 }]);
  try {
    return await told(
      adapter.find({ contactKeys: ['keap:1'], recordIds: [], address: new Personal('x@one.example') }, signal),
    );
  } finally {
    simulator.setFaults([]);
    adapter.close();
  }
}

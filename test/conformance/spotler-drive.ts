/** Drives every method of our Spotler adapter against a simulator, in good and in bad, and tells the outcomes. */
import pino from 'pino';
import { Personal, type RecordId } from '../../config/words.ts';
import type { SpotlerSimulator } from '../../fixtures/simulators/spotler/index.ts';
import { unlimitedPace } from '../../src/http/pace.ts';
import type { ContactRef, Found, OutcomeKind, UpsertItem } from '../../src/platforms/platform.ts';
import { createSpotler } from '../../src/platforms/spotler/adapter.ts';
import { spotlerSettings } from '../../src/platforms/spotler/settings.ts';

export interface Outcomes {
  readonly findings: readonly boolean[];
  readonly fresh: OutcomeKind[];
  readonly again: OutcomeKind[];
  readonly adopted: OutcomeKind[];
  readonly found: Found | undefined;
  readonly reset: OutcomeKind;
  readonly set: OutcomeKind;
  readonly moved: OutcomeKind[];
  readonly unknown: OutcomeKind[];
  readonly erased: OutcomeKind;
  readonly erasedAgain: OutcomeKind;
  readonly gone: Found | undefined;
}

const recordId = '3f2504e0-4f89-41d3-9a0c-0305e82c3301' as RecordId;

function item(key: string, email: string, more: Partial<UpsertItem> = {}): UpsertItem {
  return {
    contactKey: key,
    ref: { contactKeys: [key], recordIds: [recordId], address: new Personal(email) },
    address: new Personal(email),
    fields: new Personal({ firstName: 'Ann', city: null, gender: 'F' }),
    permissionsOnCreate: { Newsletter: true, Events: false },
    permissionsOnUpdate: {},
    mayCreate: true,
    known: false,
    addressChanged: false,
    ...more,
  };
}

export async function driveAdapter(simulator: SpotlerSimulator, baseUrl: string): Promise<Outcomes> {
  let nonces = 0;
  const { signal } = new AbortController();
  const adapter = createSpotler(spotlerSettings.parse({ baseUrl, ...simulator.credentials() }), {
    identity: 'address',
    tables: {
      contact: {
        email: 'emailaddress1',
        fields: { firstName: { kind: 'column', column: 'firstname', as: 'value' } },
        permissions: { Newsletter: 'new_newsletter', Events: 'new_events' },
        whenOutOfScope: 'resetPermissions',
      },
    },
    pace: unlimitedPace,
    logger: pino({ level: 'silent' }),
    timeoutMs: 10_000,
    now: Date.now,
    nonce: () => `nonce-${++nonces}`,
  });
  simulator.addContacts([{ externalId: 'theirs', properties: { email: 'adopted@one.example' } }]);
  const ref: ContactRef = {
    contactKeys: ['key-1', 'older key/1'],
    recordIds: [recordId],
    address: new Personal('new@one.example'),
  };
  const kinds = async (items: UpsertItem[]) => (await adapter.upsert(items, signal)).map(({ kind }) => kind);
  try {
    return {
      findings: (await adapter.check(signal)).findings.map(({ ok }) => ok),
      fresh: await kinds([item('key-1', 'old@one.example'), item('key-2', 'refused..by@one.example')]),
      again: await kinds([item('key-1', 'old@one.example', { known: true, permissionsOnUpdate: { Events: true } })]),
      adopted: await kinds([item('key-3', 'adopted@one.example')]),
      found: await adapter.find(
        { contactKeys: [], recordIds: [recordId], address: new Personal('old@one.example') },
        signal,
      ),
      reset: (await adapter.resetPermissions(ref, signal)).kind,
      set: (await adapter.setPermissions(ref, { Newsletter: true }, signal)).kind,
      moved: await kinds([item('key-1', 'new@one.example', { known: true, addressChanged: true })]),
      unknown: await kinds([item('key-9', 'nobody@one.example', { mayCreate: false })]),
      erased: (await adapter.anonymize(ref, signal)).kind,
      erasedAgain: (await adapter.anonymize(ref, signal)).kind,
      gone: await adapter.find(ref, signal),
    };
  } finally {
    adapter.close();
  }
}

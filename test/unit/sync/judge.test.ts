/** From what was read to one decision per profile: who is asked about, and what counts. */
import { expect, test } from '@jest/globals';
import { type EmailKey, formatRecordRef, Personal, type ProfileKey, type RecordRef } from '../../../config/words.ts';
import { normaliseAddress } from '../../../src/rules/address.ts';
import { createKeyring } from '../../../src/store/email-key.ts';
import type { View } from '../../../src/sync/gather.ts';
import { type Circumstance, circumstancesOf, factsOf, isOvertaken, judge } from '../../../src/sync/judge.ts';
import {
  addPerson,
  addressOf,
  claimAndGather,
  first,
  nameOf,
  openRoom,
  pullAll,
  type Room,
  type RoomOptions,
  ref,
  viewOf,
} from './room.ts';

/** Contact 1 and lead 2 share an address, contact 3 has another one. */
async function start(options: RoomOptions = {}): Promise<{ room: Room; views: readonly View[] }> {
  const room = await openRoom(options);
  addPerson(room, 1);
  addPerson(room, 2, { email: addressOf(1) }, 'lead');
  addPerson(room, 3);
  await pullAll(room);
  const { gathered } = await claimAndGather(room);
  return { room, views: gathered.views };
}

const keyOf = ({ core }: Room, n: number): EmailKey & ProfileKey =>
  core.keyring.emailKey(addressOf(n)) as EmailKey & ProfileKey;

function eraseOnRequest({ core }: Room, who: RecordRef | null, emailKey: EmailKey | null = null): Promise<unknown> {
  const erasure = { id: core.uuid(), source: 'cli' as const, jobId: null, ref: who, emailKey, sealed: null };
  return core.store.erasures.open(erasure, [first]);
}

const calm: Circumstance = {
  erasures: { refs: new Set(), keys: new Set(), along: new Set() },
  marks: new Map(),
  suppressedAddresses: new Set(),
  suppressedRecords: new Set(),
};

const malformed = (view: View): View => ({
  ...view,
  reading: { kind: 'malformed', malformed: { ref: view.ledger.ref, code: 'BAD', reason: 'bad' } },
});
const deleted = (view: View): View => ({ ...view, reading: { kind: 'deleted' } });

test('open erasures are found by record, by address and by profile', async () => {
  const { room, views } = await start();
  await eraseOnRequest(room, ref(3));
  await eraseOnRequest(room, null, keyOf(room, 1));
  const { erasures } = await circumstancesOf(room.core, views);
  expect([...erasures.refs]).toEqual([nameOf(3)]);
  expect([...erasures.keys]).toEqual([keyOf(room, 1)]);
  // A row without an address belongs to its profile all the same.
  const bare = views.map((view) => ({ ...view, emailKey: undefined }));
  expect([...(await circumstancesOf(room.core, bare)).erasures.keys]).toEqual([keyOf(room, 1)]);
});

test('suppressed addresses and records are found, and nobody else', async () => {
  const { room, views } = await start();
  await room.core.store.suppressions.add('address', keyOf(room, 1), 'test');
  await room.core.store.suppressions.add('record', nameOf(3), 'test');
  await room.core.store.suppressions.add('record', nameOf(4), 'test');
  expect(await circumstancesOf(room.core, views)).toMatchObject({
    suppressedAddresses: new Set([keyOf(room, 1)]),
    suppressedRecords: new Set([nameOf(3)]),
  });
});

test('an address that was suppressed under a former hash key is suppressed', async () => {
  const { room, views } = await start();
  const secret = (text: string) => new Personal(`${text}-0123456789-0123456789-0123456789`);
  const keyring = createKeyring({ hashKey: secret('new'), previous: [secret('old')], normalise: normaliseAddress });
  const core = { ...room.core, keyring };
  const [former] = keyring.formerEmailKeys(addressOf(1));
  await core.store.suppressions.add('address', former!, 'test');
  const { suppressedAddresses } = await circumstancesOf(core, views);
  expect([...suppressedAddresses]).toEqual([keyOf(room, 1)]);
  // Nothing is known of the address of a row that is gone, or of one that is no address.
  const others = [deleted(views[0]!), { ...views[1]!, emailKey: undefined }];
  expect((await circumstancesOf(core, others)).suppressedAddresses).toEqual(new Set());
});

test('the marks of erasures are read after it is known which erasures are open', async () => {
  const { room, views } = await start();
  room.forget();
  await circumstancesOf(room.core, views);
  expect(room.calls.at(-1)).toBe('erasures.marks');
});

test('a row that was erased between the ledger and now says nothing', async () => {
  const { views } = await start();
  const view = viewOf(views, 1);
  const marked: Circumstance = { ...calm, marks: new Map([[nameOf(1), 'etag']]) };
  expect(isOvertaken(view, calm)).toBe(false);
  expect(isOvertaken(view, marked)).toBe(true);
  const known = { ...view, ledger: { ...view.ledger, erasedEtag: 'etag' } };
  expect(isOvertaken(known, marked)).toBe(false);
  expect(isOvertaken(known, calm)).toBe(true);
});

test('the facts of a record say what is asked, remembered and listed of it', async () => {
  const { room, views } = await start();
  const view = viewOf(views, 1);
  const facts = (circumstance: Partial<Circumstance>, of = view) =>
    factsOf(room.core, first, of, { ...calm, ...circumstance });
  expect(facts({})).toMatchObject({ existence: 'present', erasureOpen: false, erasedBefore: false, suppressed: false });
  expect(facts({ erasures: { ...calm.erasures, refs: new Set([nameOf(1)]) } })).toMatchObject({ erasureOpen: true });
  expect(facts({ suppressedRecords: new Set([nameOf(1)]) })).toMatchObject({ suppressed: true });
  expect(facts({ suppressedAddresses: new Set([keyOf(room, 1)]) })).toMatchObject({ suppressed: true });
  expect(facts({ suppressedAddresses: new Set([keyOf(room, 3)]) })).toMatchObject({ suppressed: false });
  const etag = view.reading.kind === 'row' ? view.reading.row.etag : '';
  const erased = { ...view, ledger: { ...view.ledger, erasedEtag: etag } };
  expect(facts({}, erased)).toMatchObject({ erasedBefore: true });
  expect(facts({}, { ...erased, ledger: { ...view.ledger, erasedEtag: 'other' } })).toMatchObject({
    erasedBefore: false,
  });
});

test('a deleted record has no facts but what is known about its id and its profile', async () => {
  const { room, views } = await start();
  const view = { ...deleted(viewOf(views, 2, 'lead')), emailKey: undefined };
  const gone = factsOf(room.core, first, view, { ...calm, suppressedAddresses: new Set([view.key]) });
  expect(gone).toMatchObject({ existence: 'deleted', table: 'lead', erasedBefore: false, suppressed: true });
});

test('a row that cannot be understood has no facts, nor has a record whose table is not for the target', async () => {
  const { room, views } = await start({
    target: { tables: { contact: { onlyMarketing: false, whenOutOfScope: 'ignore' } } },
  });
  expect(factsOf(room.core, first, malformed(viewOf(views, 1)), calm)).toBeUndefined();
  const lead = { ...viewOf(views, 1), ledger: { ...viewOf(views, 1).ledger, ref: ref(1, 'lead') } };
  expect(factsOf(room.core, first, lead, calm)).toBeUndefined();
  expect(factsOf(room.core, first, deleted(lead), calm)).toBeUndefined();
});

test('a profile is judged by all its records, with the date of each', async () => {
  const { room, views } = await start();
  const shared = views.filter((view) => view.key === keyOf(room, 1));
  const judged = judge(room.core, first, shared[0]!.key, shared, calm);
  expect([...judged.members.keys()].sort()).toEqual([nameOf(1), nameOf(2, 'lead')]);
  expect(judged).toMatchObject({ key: keyOf(room, 1), unreadable: false, views: shared });
  expect(judged.decision).toMatchObject({ action: 'sync', rule: 'eligible', explicit: false });
  expect(judged.decision.owner).toMatchObject({
    ref: nameOf(1),
    table: 'contact',
    createdOn: '2025-01-01T00:00:00.000Z',
  });
  const half = judge(
    room.core,
    first,
    shared[0]!.key,
    shared.map((view, index) => (index === 0 ? malformed(view) : view)),
    calm,
  );
  expect(half.unreadable).toBe(true);
  expect(half.members.size).toBe(1);
  const gone = judge(room.core, first, shared[0]!.key, shared.map(deleted), calm);
  expect(gone.decision).toMatchObject({ action: 'anonymize', rule: 'deleted', explicit: false });
  expect([...gone.members.values()].map((member) => member.createdOn)).toEqual([undefined, undefined]);
});

test('the settings decide what becomes of who is inactive', async () => {
  for (const [anonymizeInactive, action] of [
    [true, 'anonymize'],
    [false, 'sync'],
  ] as const) {
    const { room, views } = await start({ anonymizeInactive });
    const view = viewOf(views, 3);
    const inactive = view.reading.kind === 'row' ? { ...view.reading.row, state: 'inactive' as const } : undefined;
    const judged = judge(room.core, first, view.key, [{ ...view, reading: { kind: 'row', row: inactive! } }], calm);
    expect(judged.decision.action).toBe(action);
  }
});

test('an erasure that was asked for by address, or for a record that does not count here, is explicit', async () => {
  const { room, views } = await start();
  const view = viewOf(views, 3);
  const explicit = (erasures: Circumstance['erasures'], of = view) =>
    judge(room.core, first, view.key, [of], { ...calm, erasures }).decision;
  const erased = { action: 'anonymize', rule: 'erased-on-request', explicit: true };
  expect(explicit({ ...calm.erasures, keys: new Set([view.key]) })).toMatchObject(erased);
  expect(explicit({ ...calm.erasures, refs: new Set([nameOf(3)]) }, malformed(view))).toMatchObject(erased);
  expect(explicit({ ...calm.erasures, refs: new Set([nameOf(1)]), keys: new Set([keyOf(room, 1)]) })).toMatchObject({
    action: 'sync',
  });
});

test('a suppressed address is that of the profile; where records are profiles, that of the record', async () => {
  const listed = (room: Room): Circumstance => ({ ...calm, suppressedAddresses: new Set([keyOf(room, 3)]) });
  const suppressed = { action: 'anonymize', rule: 'suppressed', explicit: true };
  const byAddress = await start();
  const own = viewOf(byAddress.views, 3);
  expect(judge(byAddress.room.core, first, own.key, [own], listed(byAddress.room)).decision).toMatchObject(suppressed);
  // Somebody with a suppressed address among the records of another profile does not erase the others there.
  const guest = { ...own, key: keyOf(byAddress.room, 1) };
  const host = viewOf(byAddress.views, 1);
  const shared = judge(byAddress.room.core, first, host.key, [guest, host], listed(byAddress.room));
  expect(shared.decision).toMatchObject({ action: 'sync', owner: { ref: nameOf(1) } });
  const byRecord = await start({ target: { identity: 'record' } });
  const record = viewOf(byRecord.views, 3);
  expect(judge(byRecord.room.core, first, record.key, [record], listed(byRecord.room)).decision).toMatchObject({
    ...suppressed,
    line: 1,
  });
  const calmRecord = viewOf(byRecord.views, 1);
  expect(judge(byRecord.room.core, first, calmRecord.key, [calmRecord], listed(byRecord.room)).decision.action).toBe(
    'sync',
  );
});

test('the key of the facts changes with each record, and with nothing else', async () => {
  const { room, views } = await start();
  const shared = views.filter((view) => view.key === keyOf(room, 1));
  const keyFor = (of: readonly View[]) => judge(room.core, first, shared[0]!.key, of, calm).factsKey;
  const key = keyFor(shared);
  expect(keyFor([...shared].reverse())).toBe(key);
  expect(keyFor(shared.slice(1))).not.toBe(key);
  expect(keyFor([deleted(shared[0]!), shared[1]!])).not.toBe(key);
  expect(keyFor([malformed(shared[0]!), shared[1]!])).not.toBe(keyFor([deleted(shared[0]!), shared[1]!]));
  const edited = shared.map((view, index) =>
    index === 0 && view.reading.kind === 'row'
      ? { ...view, reading: { kind: 'row' as const, row: { ...view.reading.row, etag: 'newer' } } }
      : view,
  );
  expect(keyFor(edited)).not.toBe(key);
  expect(shared.map((view) => formatRecordRef(view.ledger.ref))).toHaveLength(2);
});

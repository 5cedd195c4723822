/** Profiles on their way through a batch: who is judged, what was known before, and what a look-up changes. */
import { expect, test } from '@jest/globals';
import { Personal, type ProfileKey } from '../../../config/words.ts';
import { ConnectorError } from '../../../src/http/errors.ts';
import type { Member, RuleName } from '../../../src/rules/facts.ts';
import {
  type Case,
  emptinessCountsMs,
  judgeAll,
  leftBehind,
  parkUnreadable,
  planCase,
  resolveLookUp,
  singles,
  withFormerBits,
} from '../../../src/sync/cases.ts';
import type { View } from '../../../src/sync/gather.ts';
import type { Assignment } from '../../../src/sync/moves.ts';
import type { StoredContact } from '../../support/fakes/memory-account.ts';
import {
  addPerson,
  addressOf,
  claimAndGather,
  deliveryOf,
  dueInMs,
  first,
  nameOf,
  openRoom,
  pullAll,
  type Room,
  type RoomOptions,
  ref,
  viewOf,
  type Work,
  withAttempts,
  withoutClaim,
} from './room.ts';

const keyOf = ({ core }: Room, n: number): ProfileKey => core.keyring.emailKey(addressOf(n)) as string as ProfileKey;

interface Started extends Work {
  readonly room: Room;
  readonly views: readonly View[];
  readonly assignment: Assignment;
}

/** Everybody who was put into the CRM, read, and every profile with those who have its address. */
async function read(room: Room): Promise<Started> {
  await pullAll(room);
  const { batch, claimed, gathered } = await claimAndGather(room);
  room.forget();
  const members = Map.groupBy(gathered.views, (view) => view.key);
  const profiles = new Map(gathered.profiles);
  const before = profiles;
  const assignment = { members, profiles, before, left: new Set<ProfileKey>(), origins: new Map(), waiting: [] };
  return { room, batch, claimed, views: gathered.views, assignment };
}

async function start(count = 1, options: RoomOptions = {}): Promise<Started> {
  const room = await openRoom(options);
  for (let n = 1; n <= count; n++) addPerson(room, n);
  return read(room);
}

function caseOf({ room }: Pick<Started, 'room'>, cases: readonly Case[], n: number): Case {
  const found = cases.find((item) => item.judged.key === keyOf(room, n));
  if (!found) throw new Error(`person ${n} was not judged`);
  return found;
}

/** Somebody on the platform from earlier times. */
function addByHand({ platform }: Room, n: number, more: Partial<StoredContact> = {}): StoredContact {
  return platform.account.addByHand({ address: addressOf(n), externalId: `legacy-${n}`, ...more });
}

/** Makes the profile one that the ledger knows. */
function knownAs({ assignment, room }: Started, n: number, change: Record<string, unknown>): void {
  const key = keyOf(room, n);
  assignment.profiles.set(key, { ...assignment.profiles.get(key)!, ...change });
}

test('only profiles of claimed records, and those that somebody left, are judged', async () => {
  const started = await start(3);
  const { room, batch, assignment } = started;
  assignment.members.set(keyOf(room, 2), (assignment.members.get(keyOf(room, 2)) ?? []).map(withoutClaim));
  assignment.members.delete(keyOf(room, 3));
  expect((await judgeAll(batch, assignment)).map((item) => item.judged.key)).toEqual([keyOf(room, 1)]);
  assignment.left.add(keyOf(room, 3)).add(keyOf(room, 2));
  const cases = await judgeAll(batch, assignment);
  expect(cases.map((item) => item.judged.key).sort()).toEqual([1, 2, 3].map((n) => keyOf(room, n)).sort());
  expect(caseOf(started, cases, 3)).toMatchObject({ judged: { views: [], decision: { action: 'leave' } } });
});

test('a profile that is not ours is not judged', async () => {
  const { room, batch, assignment } = await start(2);
  assignment.profiles.delete(keyOf(room, 1));
  expect((await judgeAll(batch, assignment)).map((item) => item.judged.key)).toEqual([keyOf(room, 2)]);
});

test('who was erased since the ledger was read goes back, and the others are judged', async () => {
  const { room, batch, assignment } = await start(2);
  room.world.store.tables.records.get(nameOf(1))!.erased_etag = 'etag';
  expect((await judgeAll(batch, assignment)).map((item) => item.judged.key)).toEqual([keyOf(room, 2)]);
  expect(deliveryOf(room, 1)).toMatchObject({ lease_token: null, attempts: 0 });
  expect(dueInMs(room, 1)).toBe(0);
});

test('a row that cannot be understood is parked with its reason, and so is who shares its address', async () => {
  const room = await openRoom();
  addPerson(room, 1);
  addPerson(room, 2, { email: addressOf(1) }, 'lead');
  addPerson(room, 3);
  const { batch, assignment } = await read(room);
  const shared = assignment.members.get(keyOf(room, 1))!;
  assignment.members.set(
    keyOf(room, 1),
    shared.map((view) =>
      view.name === nameOf(1)
        ? { ...view, reading: { kind: 'malformed', malformed: { ref: ref(1), code: 'BAD', reason: 'a bad row' } } }
        : view,
    ),
  );
  expect((await judgeAll(batch, assignment)).map((item) => item.judged.key)).toEqual([keyOf(room, 3)]);
  expect(deliveryOf(room, 1)).toMatchObject({ parked_code: 'BAD', parked_reason: 'a bad row' });
  expect(deliveryOf(room, 2, 'lead')).toMatchObject({
    parked_code: 'SIBLING_UNREADABLE',
    parked_reason: expect.stringMatching(/cannot be read/),
  });
});

test('what can be read is not parked as unreadable', async () => {
  const { room, batch, assignment } = await start(1);
  const [item] = await judgeAll(batch, assignment);
  await parkUnreadable(batch, { ...item!.judged, views: [] });
  expect(deliveryOf(room, 1).parked_code).toBeNull();
});

test('somebody new is written, and may be created', async () => {
  const { batch, assignment } = await start(1);
  const [item] = await judgeAll(batch, assignment);
  expect(item).toMatchObject({
    cap: undefined,
    standing: { present: false, foundBits: undefined },
    plan: { kind: 'upsert', item: { mayCreate: true, known: false } },
  });
});

test.each(['live', 'reset', 'held'] as const)('whose profile is %s is there', async (state) => {
  const started = await start(1);
  knownAs(started, 1, { state });
  const [item] = await judgeAll(started.batch, started.assignment);
  expect(item?.standing.present).toBe(true);
});

test('an id that another live profile has is not used for this person, whether it is in the batch or not', async () => {
  const started = await start(2);
  const { room, batch, assignment } = started;
  const { profiles } = room.core.store;
  await profiles.begin(
    batch.lease,
    [{ id: 'intent', profileKey: keyOf(room, 2), kind: 'upsert' }],
    [{ profileKey: keyOf(room, 2), contactKey: ref(1).id }],
  );
  await room.core.store.transaction((unit) =>
    unit.changeProfiles(batch.lease, [{ key: keyOf(room, 2), state: 'live', contactKey: ref(1).id }]),
  );
  const one = new Map([[keyOf(room, 1), assignment.members.get(keyOf(room, 1))!]]);
  const [foreign] = await judgeAll(batch, { ...assignment, members: one });
  expect(foreign?.ref.recordIds).toEqual([]);
  // By this id the contact of the other one would be found, and erased with this one.
  const both = await judgeAll(batch, assignment);
  expect(caseOf(started, both, 1).ref.recordIds).toEqual([]);
  knownAs(started, 1, { contactKeys: [ref(1).id] });
  const [own] = await judgeAll(batch, { ...assignment, members: one });
  expect(own?.ref).toMatchObject({ contactKeys: [ref(1).id], recordIds: [ref(1).id] });
});

test('opt-outs of a life at another address are remembered, when that life is over', async () => {
  const started = await start(2);
  const { room, batch, assignment } = started;
  const bits = { Newsletter: false, Events: true };
  const [view] = assignment.members.get(keyOf(room, 1))!;
  assignment.members.set(keyOf(room, 1), [{ ...view!, ledger: { ...view!.ledger, profileKey: keyOf(room, 2) } }]);
  const remembered = async () => caseOf(started, await judgeAll(batch, assignment), 1).standing.profile.bitsBefore;
  knownAs(started, 2, { state: 'anonymized', bitsBefore: bits });
  expect(await remembered()).toEqual(bits);
  // Somebody else has come there in the same batch, and took their own profile along.
  const { profiles } = assignment;
  const before = new Map(profiles);
  profiles.set(keyOf(room, 2), { ...before.get(keyOf(room, 2))!, state: 'live', bitsBefore: undefined });
  expect(caseOf(started, await judgeAll(batch, { ...assignment, before }), 1).standing.profile.bitsBefore).toEqual(
    bits,
  );
  profiles.set(keyOf(room, 2), before.get(keyOf(room, 2))!);
  knownAs(started, 1, { bitsBefore: { Newsletter: true, Events: false } });
  expect(await remembered()).toEqual({ Newsletter: false, Events: false });
  knownAs(started, 1, { bitsBefore: undefined, state: 'live' });
  expect(await remembered()).toBeUndefined();
  knownAs(started, 1, { state: 'new' });
  knownAs(started, 2, { state: 'live' });
  expect(await remembered()).toBeUndefined();
  knownAs(started, 2, { state: 'anonymized', bitsBefore: undefined });
  expect(await remembered()).toBeUndefined();
  knownAs(started, 2, { bitsBefore: bits });
  assignment.members.set(keyOf(room, 1), [
    withoutClaim({ ...view!, ledger: { ...view!.ledger, profileKey: keyOf(room, 2) } }),
    { ...view!, ledger: { ...view!.ledger, profileKey: undefined } },
  ]);
  expect(await remembered()).toBeUndefined();
});

/** One person who must not be mailed, so that being there already makes a difference. */
async function startUnwanted(prepare: (room: Room) => void, options: RoomOptions = {}): Promise<Started> {
  const room = await openRoom(options);
  addPerson(room, 1, { doNotEmail: true });
  prepare(room);
  return read(room);
}

async function planOf({ batch, assignment }: Started): Promise<string> {
  return (await judgeAll(batch, assignment))[0]!.plan.kind;
}

test('on an account that holds nobody nobody is looked for, and it is asked once', async () => {
  const started = await startUnwanted(() => undefined);
  expect(await planOf(started)).toBe('nothing');
  expect(await planOf(started)).toBe('nothing');
  expect(started.room.calls.filter((call) => call === 'first.hasNobody')).toHaveLength(1);
});

test('that an account holds nobody counts for an hour', async () => {
  const started = await startUnwanted(() => undefined);
  expect(emptinessCountsMs).toBe(3_600_000);
  await planOf(started);
  started.room.world.pass(emptinessCountsMs);
  expect(await planOf(started)).toBe('lookUp');
});

test('on an account that holds somebody a person who is unknown is looked for', async () => {
  const started = await startUnwanted((room) => addByHand(room, 7));
  expect(await planOf(started)).toBe('lookUp');
  expect(await planOf(started)).toBe('lookUp');
  expect(started.room.calls.filter((call) => call === 'first.hasNobody')).toHaveLength(1);
});

test('where people from earlier times are not adopted nobody is looked for, nor is the account asked', async () => {
  const started = await startUnwanted((room) => addByHand(room, 1));
  const { batch } = started;
  const target = { ...batch.target, settings: { ...batch.target.settings, adoptExisting: false } };
  expect(await planOf({ ...started, batch: { ...batch, target } })).toBe('nothing');
  expect(started.room.calls).not.toContain('first.hasNobody');
});

test('an account on which somebody lives by the ledger is not asked', async () => {
  const started = await startUnwanted(() => undefined);
  const { room, batch } = started;
  await room.core.store.profiles.lease(batch.lease, ['else' as ProfileKey]);
  await room.core.store.transaction((unit) =>
    unit.changeProfiles(batch.lease, [{ key: 'else' as ProfileKey, state: 'live' }]),
  );
  expect(await planOf(started)).toBe('lookUp');
  expect(room.calls).not.toContain('first.hasNobody');
});

test('where a platform cannot say that it holds nobody, everybody is looked for', async () => {
  const started = await startUnwanted(() => undefined);
  const { hasNobody: _, ...platform } = started.batch.target.platform;
  const batch = { ...started.batch, target: { ...started.batch.target, platform } };
  expect(await planOf({ ...started, batch })).toBe('lookUp');
  expect((await started.room.core.store.targets.emptiness(first, 1000)).asked).toBe(false);
  expect(started.room.lines).toEqual([]);
});

test('a platform that fails to say so is asked again another time', async () => {
  const started = await startUnwanted(() => undefined);
  const failure = new ConnectorError('retry', 'DOWN', 'down');
  const platform = { ...started.batch.target.platform, hasNobody: () => Promise.reject(failure) };
  const batch = { ...started.batch, target: { ...started.batch.target, platform } };
  expect(await planOf({ ...started, batch })).toBe('lookUp');
  expect(started.room.lines).toEqual([
    { level: 'warn', fields: { target: first, err: failure }, message: expect.stringMatching(/could not say/) },
  ]);
  expect(await planOf(started)).toBe('nothing');
});

/** Three people who are on the list in three ways, and the column that says who came back. */
async function startListed(came: boolean, liftWhen = true): Promise<Started> {
  const room = await openRoom({
    settings: (settings) => ({
      ...settings,
      suppression: {
        ...settings.suppression,
        ...(liftWhen ? { liftWhen: { column: 'new_marketing', equals: true } } : {}),
      },
    }),
  });
  for (const n of [1, 2, 3, 4]) addPerson(room, n, { columns: { new_marketing: came } });
  const { suppressions } = room.core.store;
  await suppressions.add('address', keyOf(room, 1), 'test');
  await suppressions.add('record', nameOf(2), 'test');
  await suppressions.add('address', keyOf(room, 3), 'test');
  await suppressions.add('record', nameOf(3), 'test');
  return read(room);
}

const rulesOf = (started: Started, cases: readonly Case[]): string[] =>
  [1, 2, 3, 4].map((n) => caseOf(started, cases, n).judged.decision.rule);

test('whose row says that they came back is taken off the list by address and by record, with evidence', async () => {
  const started = await startListed(true);
  const cases = await judgeAll(started.batch, started.assignment);
  expect(rulesOf(started, cases)).toEqual(['eligible', 'eligible', 'eligible', 'eligible']);
  expect(started.room.calls.filter((call) => call === 'suppressions.remove')).toHaveLength(4);
  const { suppressions, evidence } = started.room.world.store.tables;
  expect([...suppressions.values()].flatMap((list) => [...(list as Iterable<unknown>)])).toEqual([]);
  expect(
    evidence.map(({ crm_table, record_id, act, trigger, target, rule }) => [
      crm_table,
      record_id,
      act,
      trigger,
      target,
      rule,
    ]),
  ).toEqual([1, 2, 3].map((n) => ['contact', ref(n).id, 'unsuppress', 'suppression.liftWhen', null, null]));
});

test.each([
  ['whose row does not say so', false, true],
  ['where nothing is configured', true, false],
])('%s stays on the list', async (_, came, liftWhen) => {
  const started = await startListed(came, liftWhen);
  const cases = await judgeAll(started.batch, started.assignment);
  expect(rulesOf(started, cases)).toEqual(['suppressed', 'suppressed', 'suppressed', 'eligible']);
  expect(started.room.calls.filter((call) => call === 'suppressions.matching')).toHaveLength(2);
  expect(started.room.world.store.tables.evidence).toEqual([]);
});

test('a person who is not there any more cannot have come back', async () => {
  const started = await startListed(true);
  for (const [key, views] of started.assignment.members)
    started.assignment.members.set(
      key,
      views.map((view) => ({ ...view, reading: { kind: 'deleted' } })),
    );
  await judgeAll(started.batch, started.assignment);
  expect(started.room.world.store.tables.evidence).toEqual([]);
});

test('nothing is looked for where nobody is on the list', async () => {
  const started = await startListed(true);
  for (const n of [1, 3]) await started.room.core.store.suppressions.remove('address', keyOf(started.room, n));
  for (const n of [2, 3]) await started.room.core.store.suppressions.remove('record', nameOf(n));
  started.room.forget();
  await judgeAll(started.batch, started.assignment);
  expect(started.room.calls.filter((call) => call.startsWith('suppressions.'))).toEqual([
    'suppressions.matching',
    'suppressions.matching',
  ]);
  expect(started.room.calls).not.toContain('evidence.append');
});

test('what was asked to be erased does its own work: nothing is planned for it here', async () => {
  const started = await start(2);
  const { room, batch, assignment } = started;
  knownAs(started, 1, { state: 'live' });
  const erasure = {
    id: room.core.uuid(),
    source: 'cli',
    jobId: null,
    ref: ref(1),
    emailKey: null,
    sealed: null,
  } as const;
  await room.core.store.erasures.open(erasure, [first]);
  const cases = await judgeAll(batch, assignment);
  expect(caseOf(started, cases, 1).plan).toEqual({ kind: 'nothing', key: keyOf(room, 1), state: undefined });
  expect(caseOf(started, cases, 2).plan.kind).toBe('upsert');
});

test('what a job forces is sent although nothing changed', async () => {
  const started = await start(1);
  const [item] = await judgeAll(started.batch, started.assignment);
  const plan = item!.plan.kind === 'upsert' ? item!.plan : undefined;
  const { dataFingerprint, permissionFingerprint } = plan!;
  const profile = { ...item!.standing.profile, state: 'live' as const, dataFingerprint, permissionFingerprint };
  const [view] = item!.judged.views;
  const as = (forced: boolean, more: readonly View[] = []) => ({
    ...item!,
    standing: { ...item!.standing, profile, present: true },
    judged: {
      ...item!.judged,
      views: [
        {
          ...view!,
          ledger: {
            ...view!.ledger,
            crmBits: { Newsletter: true, Events: true },
            claim: { ...view!.ledger.claim!, forced },
          },
        },
        ...more,
      ],
    },
  });
  expect(planCase(started.batch, as(false)).plan.kind).toBe('nothing');
  expect(planCase(started.batch, as(false, [withoutClaim(view!)])).plan.kind).toBe('nothing');
  expect(planCase(started.batch, as(true)).plan.kind).toBe('upsert');
  expect(planCase(started.batch, as(true, [withoutClaim(view!)])).plan.kind).toBe('upsert');
});

test('steps are done for each case that is not done yet, and their answers collected', async () => {
  const { batch, room, assignment } = await start(3);
  const cases = await judgeAll(batch, assignment);
  const seen: string[] = [];
  const results = await singles(batch, cases, new Set([keyOf(room, 1)]), (item) => {
    seen.push(item.judged.key);
    return item.judged.key === keyOf(room, 2) ? undefined : item;
  });
  expect(seen.sort()).toEqual([2, 3].map((n) => keyOf(room, n)).sort());
  expect(results.map((item) => item.judged.key)).toEqual([keyOf(room, 3)]);
});

test('after the time of a batch single calls go back, what goes in bulk or needs nothing goes on', async () => {
  const started = await start(4);
  const { room, batch, assignment } = started;
  const cases = await judgeAll(batch, assignment);
  const as = (n: number, kind: string): Case =>
    ({ ...caseOf(started, cases, n), plan: { kind, key: keyOf(room, n) } }) as unknown as Case;
  const all = [as(1, 'anonymize'), as(2, 'lookUp'), as(3, 'nothing'), caseOf(started, cases, 4)];
  const run = async (deadline: number): Promise<string[]> =>
    (await singles({ ...batch, deadline }, all, new Set(), (item) => item)).map((item) => item.judged.key);
  expect(await run(room.core.now())).toHaveLength(4);
  expect(await run(room.core.now() - 1)).toEqual([3, 4].map((n) => keyOf(room, n)));
  for (const n of [1, 2]) expect(deliveryOf(room, n)).toMatchObject({ lease_token: null, attempts: 0 });
  expect([dueInMs(room, 1), dueInMs(room, 2)]).toEqual([0, 0]);
  expect(deliveryOf(room, 3).lease_token).toBe(batch.lease.token);
});

test('a step that fails costs its own case only', async () => {
  const started = await start(2);
  const { room, batch, assignment } = started;
  const cases = await judgeAll(batch, assignment);
  const results = await singles(batch, cases, new Set(), (item) => {
    if (item.judged.key === keyOf(room, 1)) throw new ConnectorError('park', 'ITS_FAULT', 'its fault');
    return item;
  });
  expect(results.map((item) => item.judged.key)).toEqual([keyOf(room, 2)]);
  expect(deliveryOf(room, 1).parked_code).toBe('ITS_FAULT');
  expect(deliveryOf(room, 2).parked_code).toBeNull();
});

/** Person 2 comes from the address of person 1. */
async function startComing(prepare: (room: Room) => void, change: Record<string, unknown> = {}): Promise<Started> {
  const room = await openRoom();
  addPerson(room, 1);
  addPerson(room, 2);
  prepare(room);
  const started = await read(room);
  knownAs(started, 1, { state: 'live', contactKeys: ['legacy-1'], ...change });
  started.assignment.origins.set(keyOf(room, 2), new Set([keyOf(room, 1)]));
  return started;
}

const mixed = { permissions: { Newsletter: false, Events: true } };

async function capOf(started: Started, drop: readonly number[] = []): Promise<Case> {
  const cases = await judgeAll(started.batch, started.assignment);
  const kept = cases.filter((item) => drop.every((n) => item.judged.key !== keyOf(started.room, n)));
  return caseOf(started, await withFormerBits(started.batch, kept, started.assignment), 2);
}

const onCreate = (item: Case) => (item.plan.kind === 'upsert' ? item.plan.item.permissionsOnCreate : undefined);

test('who comes from another address gets no permission that was down there', async () => {
  const item = await capOf(await startComing((room) => addByHand(room, 1, mixed)));
  expect(item.cap).toEqual({ Newsletter: false, Events: true });
  expect(onCreate(item)).toEqual({ Newsletter: false, Events: true });
});

test('who comes from nowhere, or is there already, gets what the CRM says', async () => {
  const nowhere = await startComing((room) => addByHand(room, 1, mixed));
  nowhere.assignment.origins.clear();
  const fresh = await capOf(nowhere);
  expect(fresh.cap).toBeUndefined();
  expect(onCreate(fresh)).toEqual({ Newsletter: true, Events: true });
  const there = await startComing((room) => addByHand(room, 1, mixed));
  knownAs(there, 2, { state: 'live' });
  expect((await capOf(there)).cap).toBeUndefined();
  expect(there.room.calls).not.toContain('first.find');
});

test.each(['reset', 'held'] as const)('where the former profile is %s its bits from before count', async (state) => {
  const started = await startComing((room) => addByHand(room, 1, mixed), {
    state,
    bitsBefore: { Newsletter: true, Events: false },
  });
  expect((await capOf(started)).cap).toEqual({ Newsletter: true, Events: false });
  expect(started.room.calls).not.toContain('first.find');
});

test('a former contact that is not there any more leaves nothing to be given: no permission was seen', async () => {
  const item = await capOf(await startComing(() => undefined));
  expect(item.cap).toEqual({});
  expect(onCreate(item)).toEqual({ Newsletter: false, Events: false });
});

test('a former profile that never came about had nothing down', async () => {
  const item = await capOf(await startComing(() => undefined, { state: 'new' }));
  expect(item.cap).toBeUndefined();
  expect(onCreate(item)).toEqual({ Newsletter: true, Events: true });
});

test('a former profile that the ledger does not know, and that is there all the same, caps what is given', async () => {
  const item = await capOf(await startComing((room) => addByHand(room, 1, mixed), { state: 'new' }));
  expect(item.cap).toEqual({ Newsletter: false, Events: true });
});

test('a former profile that is not in the batch says nothing good', async () => {
  const item = await capOf(await startComing((room) => addByHand(room, 1, mixed)), [1]);
  expect(item.cap).toEqual({});
});

test('who comes from two addresses gets what was up at both', async () => {
  const started = await startComing((room) => {
    addPerson(room, 3);
    addByHand(room, 1, mixed);
    addByHand(room, 3, { permissions: { Newsletter: true, Events: false } });
  });
  knownAs(started, 3, { state: 'live', contactKeys: ['legacy-3'] });
  for (const order of [
    [1, 3],
    [3, 1],
  ]) {
    started.assignment.origins.set(keyOf(started.room, 2), new Set(order.map((n) => keyOf(started.room, n))));
    expect((await capOf(started)).cap).toEqual({ Newsletter: false, Events: false });
  }
});

test('bits that are up at both addresses stay up', async () => {
  const up = { permissions: { Newsletter: true, Events: true } };
  const started = await startComing((room) => {
    addPerson(room, 3);
    addByHand(room, 1, up);
    addByHand(room, 3, up);
  });
  knownAs(started, 3, { state: 'live', contactKeys: ['legacy-3'] });
  started.assignment.origins.set(keyOf(started.room, 2), new Set([keyOf(started.room, 1), keyOf(started.room, 3)]));
  expect((await capOf(started)).cap).toEqual({ Newsletter: true, Events: true });
});

async function lookedUp(started: Started, change: (item: Case) => Case = (item) => item): Promise<Case> {
  const [item] = await judgeAll(started.batch, started.assignment);
  return resolveLookUp(started.batch, change(item!));
}

test('who is looked for and not found is absent', async () => {
  const started = await startUnwanted((room) => addByHand(room, 7));
  const absent = { kind: 'nothing', key: keyOf(started.room, 1), state: 'absent', lookedFor: true };
  expect((await lookedUp(started)).plan).toEqual(absent);
});

test('without an address nobody is sure to be absent where the address tells people apart', async () => {
  const bare = (item: Case): Case => ({ ...item, ref: { contactKeys: [], recordIds: [] } });
  const started = await startUnwanted((room) => addByHand(room, 7));
  const unsure = { kind: 'nothing', key: keyOf(started.room, 1), state: undefined, lookedFor: true };
  expect((await lookedUp(started, bare)).plan).toEqual(unsure);
  const byRecord = await startUnwanted((room) => addByHand(room, 7), { target: { identity: 'record' } });
  expect((await lookedUp(byRecord, bare)).plan).toMatchObject({ kind: 'nothing', state: 'absent' });
});

test('who is found is there, with the bits and by the id that the platform told', async () => {
  const started = await startUnwanted((room) => addByHand(room, 1, mixed));
  const item = await lookedUp(started, (made) => ({
    ...made,
    ref: { ...made.ref, contactKeys: ['other', 'legacy-1'] },
  }));
  expect(item).toMatchObject({
    standing: { present: true, foundBits: mixed.permissions },
    ref: { contactKeys: ['legacy-1', 'other'], address: new Personal(addressOf(1)) },
    plan: { kind: 'anonymize' },
  });
});

test('who is found without an id keeps those that are known', async () => {
  const started = await startUnwanted((room) => addByHand(room, 1, { externalId: undefined }));
  const item = await lookedUp(started, (made) => ({ ...made, ref: { ...made.ref, contactKeys: ['known'] } }));
  expect(item).toMatchObject({ standing: { present: true }, ref: { contactKeys: ['known'] } });
});

test('an erasure whose answer was lost is confirmed by nobody being there', async () => {
  const intent = (kind: 'anonymize' | 'upsert') => (item: Case) => ({
    ...item,
    standing: {
      ...item.standing,
      profile: {
        ...item.standing.profile,
        openIntents: [{ id: 'intent', kind, ageMs: 1, sealed: undefined, bits: undefined }],
      },
    },
  });
  const started = await startUnwanted((room) => addByHand(room, 7));
  expect((await lookedUp(started, intent('anonymize'))).plan).toMatchObject({ kind: 'anonymize' });
  expect((await lookedUp(started, intent('upsert'))).plan).toMatchObject({ kind: 'nothing', state: 'absent' });
  const wanted = await start(1);
  expect((await lookedUp(wanted, intent('anonymize'))).plan).toMatchObject({ kind: 'nothing', state: 'absent' });
});

test('who answers again is not paused any more', async () => {
  const started = await startUnwanted((room) => addByHand(room, 7));
  await started.room.core.store.targets.pause(first, { code: 'C', reason: 'r', forMs: 1, by: 'self' });
  await lookedUp(started);
  expect(started.room.alarms).toEqual([`clear target-paused ${first}`]);
});

test('a contact that everybody left is to go, past nobody’s explicit wish', async () => {
  const started = await start(2);
  const { room, batch, assignment } = started;
  knownAs(started, 1, { state: 'live' });
  assignment.members.delete(keyOf(room, 1));
  assignment.left.add(keyOf(room, 1));
  const item = caseOf(started, await judgeAll(batch, assignment), 1);
  const gone = leftBehind(item, assignment);
  expect(gone.plan).toEqual({ kind: 'anonymize', key: keyOf(room, 1) });
  expect(gone.judged.decision).toMatchObject({ action: 'anonymize', explicit: false });
  expect(leftBehind(item, { ...assignment, left: new Set() })).toBe(item);
  const absent = { ...item, standing: { ...item.standing, profile: { ...item.standing.profile, state: 'absent' } } };
  expect(leftBehind(absent as Case, assignment)).toBe(absent);
});

/** The member as if this rule had decided. */
function deciding(member: Member, rule: RuleName): Member {
  return { ...member, decision: { ...member.decision, action: 'ignore', rule } };
}

test('a contact that somebody stays with does not go, unless they were erased on request', async () => {
  const started = await start(1);
  const { room, batch, assignment } = started;
  knownAs(started, 1, { state: 'live' });
  assignment.left.add(keyOf(room, 1));
  const [item] = await judgeAll(batch, assignment);
  expect(leftBehind(item!, assignment)).toBe(item);
  const left = { ...item!.judged.decision, action: 'leave' as const };
  const saying = (rule: RuleName) => {
    const members = new Map([...item!.judged.members].map(([name, member]) => [name, deciding(member, rule)]));
    return { ...item!, judged: { ...item!.judged, members, decision: left } };
  };
  const ignored = saying('out-of-scope');
  expect(leftBehind(ignored, assignment)).toBe(ignored);
  expect(leftBehind(saying('erased-before'), assignment).plan).toEqual({ kind: 'anonymize', key: keyOf(room, 1) });
  const nobody = { ...item!, judged: { ...item!.judged, members: new Map() } };
  expect(leftBehind(nobody, assignment)).toBe(nobody);
});

test('a tired record is still parked by a step that fails without a class', async () => {
  const started = await start(1);
  const { room, batch, assignment } = started;
  assignment.members.set(keyOf(room, 1), [withAttempts(viewOf(started.views, 1), 8)]);
  const cases = await judgeAll(batch, assignment);
  await singles(batch, cases, new Set(), () => {
    throw new Error('broken');
  });
  expect(deliveryOf(room, 1).parked_code).toBe('UNEXPECTED');
});

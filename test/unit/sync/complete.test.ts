/** The end of a piece of work: what is stored with it, what stays open, and what the evidence says. */
import { expect, test } from '@jest/globals';
import { LeaseLostError, type OpenIntent } from '../../../src/store/profiles.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Batch } from '../../../src/sync/batch.ts';
import { approvedBy, complete, evidenceOf, lateEffectLeft } from '../../../src/sync/complete.ts';
import type { Core } from '../../../src/sync/core.ts';
import { circumstancesOf, type Judged, judge } from '../../../src/sync/judge.ts';
import { type Applied, noMeter } from '../../../src/sync/meter.ts';
import { lateEffectSeconds } from '../../support/fakes/fake-world.ts';
import {
  addPerson,
  addressOf,
  claimAndGather,
  deliveryOf,
  dueInMs,
  first,
  id,
  nameOf,
  openRoom,
  pullAll,
  type Room,
  recordOf,
  withoutClaim,
} from './room.ts';

const lateMs = lateEffectSeconds * 1000;

interface Started {
  readonly room: Room;
  readonly batch: Batch;
  readonly judged: Judged;
}

/** A contact and a lead at one address, judged. */
async function start(change: (judged: Judged) => Judged = (judged) => judged): Promise<Started> {
  const room = await openRoom();
  addPerson(room, 1, { columns: { new_events: false } });
  addPerson(room, 2, { email: addressOf(1) }, 'lead');
  await pullAll(room);
  const { batch, gathered } = await claimAndGather(room);
  const circumstance = await circumstancesOf(room.core, gathered.views);
  const judged = judge(room.core, first, gathered.views[0]!.key, gathered.views, circumstance);
  room.forget();
  return { room, batch, judged: change(judged) };
}

const intent = (kind: OpenIntent['kind'], ageMs: number, name = 'intent'): OpenIntent => ({
  id: name,
  kind,
  ageMs,
  sealed: undefined,
  bits: undefined,
});

async function openIntents({ batch, judged }: Started): Promise<string[]> {
  const [profile] = await batch.core.store.profiles.load(batch.lease, [judged.key]);
  return profile!.openIntents.map((open) => open.id);
}

test('nothing to complete is no transaction', async () => {
  const { room, batch } = await start();
  await complete(batch, []);
  expect(room.calls).toEqual([]);
});

test('profile, deliveries, notes and evidence are stored together', async () => {
  const started = await start();
  const { room, batch, judged } = started;
  await complete(batch, [
    {
      judged,
      change: { key: judged.key, state: 'live', contactKey: 'external' },
      appliesBits: true,
      evidence: [evidenceOf(batch, judged, 'sync', { kind: 'done', status: 200 })],
    },
  ]);
  const [profile] = await room.core.store.profiles.load(batch.lease, [judged.key]);
  expect(profile).toMatchObject({ state: 'live', contactKey: 'external' });
  for (const [n, table] of [
    [1, 'contact'],
    [2, 'lead'],
  ] as const) {
    expect(deliveryOf(room, n, table)).toMatchObject({ due_at: null, lease_token: null, profile_key: judged.key });
    expect(recordOf(room, n, table)).toMatchObject({
      email_key: judged.key,
      gone_at: null,
      last_action: 'sync',
      last_rule: 'eligible',
      last_reasons: ['eligible'],
    });
  }
  expect(deliveryOf(room, 1).crm_bits).toEqual({ Newsletter: true, Events: false });
  expect(deliveryOf(room, 2, 'lead').crm_bits).toEqual({ Newsletter: true, Events: true });
  expect(room.world.store.tables.evidence).toHaveLength(1);
});

test('bits count as applied only where that is said', async () => {
  const { room, batch, judged } = await start();
  await complete(batch, [{ judged }]);
  expect(deliveryOf(room, 1)).toMatchObject({ due_at: null, crm_bits: null });
});

test('a record whose table is not for the target has no bits there', async () => {
  const { room, batch, judged } = await start();
  const { lead: _, ...tables } = batch.target.settings.tables;
  const without: Batch = { ...batch, target: { ...batch.target, settings: { ...batch.target.settings, tables } } };
  await complete(without, [{ judged, appliesBits: true }]);
  expect(deliveryOf(room, 1).crm_bits).toEqual({ Newsletter: true, Events: false });
  expect(deliveryOf(room, 2, 'lead').crm_bits).toBeNull();
});

test('a deleted record is noted as gone, and has no bits', async () => {
  const { room, batch, judged } = await start((made) => ({
    ...made,
    views: made.views.map((view) => ({ ...view, reading: { kind: 'deleted' as const } })),
  }));
  await complete(batch, [{ judged, appliesBits: true }]);
  expect(recordOf(room, 1).gone_at).not.toBeNull();
  expect(deliveryOf(room, 1).crm_bits).toBeNull();
});

test('what was only read along is neither completed nor noted', async () => {
  const { room, batch, judged } = await start((made) => ({
    ...made,
    views: made.views.map((view) => (view.name === nameOf(1) ? withoutClaim(view) : view)),
  }));
  await complete(batch, [{ judged }]);
  expect(deliveryOf(room, 1).lease_token).toBe(batch.lease.token);
  expect(recordOf(room, 1).last_action).toBeNull();
  expect(deliveryOf(room, 2, 'lead').due_at).toBeNull();
});

test('a record that was not judged is not noted', async () => {
  const { room, batch, judged } = await start((made) => ({ ...made, members: new Map() }));
  await complete(batch, [{ judged }]);
  expect(recordOf(room, 1).last_action).toBeNull();
  expect(deliveryOf(room, 1).due_at).toBeNull();
});

test('what has to be done again is due again, and what is staged waits in its list', async () => {
  const again = await start();
  await complete(again.batch, [{ judged: again.judged, againInMs: 700 }]);
  expect(dueInMs(again.room, 1)).toBe(700);
  const waiting = await start();
  await complete(waiting.batch, [{ judged: waiting.judged, staged: true }]);
  expect(deliveryOf(waiting.room, 1)).toMatchObject({ due_at: null, staged: true });
});

test('where nothing is said of intents and evidence none is closed, and none written', async () => {
  const { room, batch, judged } = await start();
  const closed: string[] = [];
  const { store } = batch.core;
  const watched: Store = {
    ...store,
    transaction: (work) =>
      store.transaction((unit) =>
        work({
          ...unit,
          closeIntents(ids) {
            closed.push(...ids);
            return unit.closeIntents(ids);
          },
        }),
      ),
  };
  const watching = { ...batch, core: { ...batch.core, store: watched } };
  await complete(watching, [{ judged: { ...judged, views: [] } }]);
  await complete(watching, [{ judged, keepIntent: true, intentId: 'kept', met: [intent('upsert', lateMs)] }]);
  expect(closed).toEqual([]);
  expect(room.world.store.tables.evidence).toEqual([]);
});

test('own intents are closed, and those of others once they can no longer land', async () => {
  const started = await start();
  const { batch, judged } = started;
  const names = ['own', 'young', 'old', 'unmet'];
  await batch.core.store.profiles.begin(
    batch.lease,
    names.map((name) => ({ id: name, profileKey: judged.key, kind: 'upsert' })),
    [],
  );
  const met = [intent('upsert', lateMs - 1, 'young'), intent('upsert', lateMs, 'old')];
  await complete(batch, [{ judged: { ...judged, views: [] }, intentId: 'own', met, keepIntent: true }]);
  expect(await openIntents(started)).toEqual(names);
  await complete(batch, [{ judged, intentId: 'own', met }]);
  expect(await openIntents(started)).toEqual(['young', 'unmet']);
});

interface Watched extends Started {
  readonly applied: Applied[];
  readonly noted: unknown[];
}

/** As `start`, with the contact changed two seconds ago, by news of its own. */
async function startMeasured(modifiedOn?: string): Promise<Watched> {
  const started = await start((made) => ({
    ...made,
    views: made.views.map((view) => {
      const { claim } = view.ledger;
      const isContact = view.name === nameOf(1);
      const { reading } = view;
      const ledger = { ...view.ledger, claim: claim && { ...claim, lot: isContact ? undefined : 'a full read' } };
      return reading.kind === 'row' && modifiedOn !== undefined
        ? { ...view, ledger, reading: { ...reading, row: { ...reading.row, modifiedOn } } }
        : { ...view, ledger };
    }),
  }));
  const applied: Applied[] = [];
  const noted: unknown[] = [];
  const core: Core = {
    ...started.batch.core,
    meter: { ...noMeter, applied: (what) => void applied.push(what) },
    noteFinished: (target, finished) => void noted.push([target, finished]),
  };
  return { ...started, batch: { ...started.batch, core }, applied, noted };
}

const secondsAgo = (seconds: number): string => new Date(Date.UTC(2026, 0, 1) - seconds * 1000).toISOString();

test('what was brought to its end is measured, with the time since its change where that is a moment', async () => {
  const { batch, judged, applied, noted } = await startMeasured(secondsAgo(2));
  const finished = [{ judged }];
  await complete(batch, finished);
  const what = { target: first, action: 'sync', rule: 'eligible' };
  expect(applied).toEqual([
    { ...what, lagMs: 2000 },
    { ...what, lagMs: undefined },
  ]);
  expect(noted).toEqual([[first, finished]]);
});

test.each([
  ['a change that seems to come from the future took no time', secondsAgo(-5), 0],
  ['a row without a moment has none', undefined, undefined],
])('%s', async (_, modifiedOn, expected) => {
  const { batch, judged, applied } = await startMeasured(modifiedOn);
  await complete(batch, [{ judged }]);
  expect(applied[0]?.lagMs).toBe(expected);
});

test('a deletion has no moment', async () => {
  const { batch, judged, applied } = await startMeasured(secondsAgo(2));
  const views = judged.views.map((view) => ({ ...view, reading: { kind: 'deleted' as const } }));
  await complete(batch, [{ judged: { ...judged, views } }]);
  expect(applied.map(({ lagMs }) => lagMs)).toEqual([undefined, undefined]);
});

test('what goes on, what waits and what was only read along is not measured', async () => {
  for (const more of [{ againInMs: 5 }, { staged: true }]) {
    const { batch, judged, applied } = await startMeasured(secondsAgo(2));
    await complete(batch, [{ judged, ...more }]);
    expect(applied).toEqual([]);
  }
  const { batch, judged, applied } = await startMeasured(secondsAgo(2));
  await complete(batch, [{ judged: { ...judged, views: judged.views.map(withoutClaim) } }]);
  expect(applied).toEqual([]);
});

test('without the lease nothing of it is stored', async () => {
  const { room, batch, judged } = await start();
  await room.core.store.profiles.release(batch.lease);
  const finished = { judged, change: { key: judged.key, state: 'live' as const } };
  await expect(complete(batch, [finished])).rejects.toThrow(LeaseLostError);
  expect(deliveryOf(room, 1).lease_token).toBe(batch.lease.token);
});

test.each([
  ['nothing', [], undefined],
  ['what is old', [intent('upsert', lateMs)], undefined],
  ['what is very old', [intent('upsert', lateMs + 5)], undefined],
  ['the youngest', [intent('upsert', lateMs - 300), intent('reset', lateMs - 700.5)], 701],
])('%s can still land', async (_, intents, expected) => {
  const { batch } = await start();
  expect(lateEffectLeft(batch, intents)).toBe(expected);
});

test('an approval is told with its hold and its name', () => {
  expect(approvedBy({ hold: 3, by: 'somebody' })).toBe('approved hold 3 by somebody');
  expect(approvedBy(undefined)).toBeUndefined();
});

test('evidence names the record that was applied, all members, the rule and what the platform answered', async () => {
  const { room, batch, judged } = await start((made) => ({
    ...made,
    views: [...made.views].sort((a, b) => (a.name < b.name ? 1 : -1)),
  }));
  const outcome = { kind: 'done', status: 410, requestId: 'request', detail: 'the answer' } as const;
  expect(evidenceOf(batch, judged, 'anonymize', outcome, { approval: { hold: 3, by: 'somebody' } })).toEqual({
    target: first,
    crm_table: 'lead',
    record_id: id(2),
    profile_key: judged.key,
    members: [nameOf(1), nameOf(2, 'lead')],
    act: 'anonymize',
    rule: 'eligible',
    trigger: 'change',
    outcome: 'done',
    status: 410,
    request_id: 'request',
    answered_at: new Date(room.world.now()),
    detail: 'approved hold 3 by somebody; the answer',
    actor: 'somebody',
    configuration: 'model',
  });
});

test('evidence of what was not sent has no answer; an own sentence comes before the platform’s', async () => {
  const { batch, judged } = await start();
  expect(evidenceOf(batch, judged, 'hold', undefined)).toMatchObject({
    outcome: null,
    status: null,
    request_id: null,
    answered_at: null,
    detail: null,
    actor: null,
  });
  const outcome = { kind: 'done', status: 200, detail: 'the answer' } as const;
  expect(evidenceOf(batch, judged, 'hold', outcome, { detail: 'our sentence' }).detail).toBe('our sentence');
});

test('evidence names the record under our lease before one that was read along, and nobody where there is none', async () => {
  const { batch, judged } = await start((made) => ({
    ...made,
    views: made.views.map((view) => (view.name === nameOf(1) ? withoutClaim(view) : view)),
  }));
  expect(evidenceOf(batch, judged, 'sync', undefined)).toMatchObject({ crm_table: 'lead', record_id: id(2) });
  const looked = { ...judged, views: judged.views.map(withoutClaim) };
  expect(evidenceOf(batch, looked, 'sync', undefined)).toMatchObject({ crm_table: 'contact', record_id: id(1) });
  const empty = { ...judged, views: [] };
  expect(evidenceOf(batch, empty, 'sync', undefined)).toMatchObject({ crm_table: null, record_id: null, members: [] });
});

import type { PilotSettings, TargetSettings } from '../../../config/settings.ts';
import type { RecordId, RecordRef, TargetName } from '../../../config/words.ts';
import { formatRecordRef } from '../../../config/words.ts';
import type { Core } from '../../../src/sync/core.ts';
import { explain } from '../../../src/sync/explain.ts';
import { fullCycle } from '../../../src/sync/full-cycle.ts';
import { preview } from '../../../src/sync/preview.ts';
import { finishErasures, requestErasure } from '../../../src/sync/request-erasure.ts';
import { createFakeWorld, type FakeWorld } from '../../support/fakes/fake-world.ts';

const never = new AbortController().signal;
const target = 'main' as TargetName;
const scope = { onlyMarketing: false, whenOutOfScope: 'resetPermissions' } as const;
const choices = {
  targets: [{ name: 'main', identity: 'address', tables: { contact: scope, lead: scope } }],
  anonymizeInactive: { contact: false, lead: false, account: false },
} as const;

function ref(number: number, table: RecordRef['table'] = 'contact'): RecordRef {
  return { table, id: `${String(number).padStart(8, '0')}-0000-4000-8000-000000000000` as RecordId };
}

async function worldOf(people: Record<number, string>): Promise<FakeWorld> {
  const world = createFakeWorld();
  await world.configure(choices);
  for (const [number, email] of Object.entries(people)) world.crm.create(ref(Number(number)), { email });
  return world;
}

function withSettings(core: Core, more: Partial<TargetSettings>): Core {
  const targets = [...core.targets].map(
    ([name, one]) => [name, { ...one, settings: { ...one.settings, ...more } }] as const,
  );
  return { ...core, targets: new Map(targets) };
}

function worker(world: FakeWorld, more: Partial<TargetSettings>): Core {
  return world.worker({ bend: (core) => withSettings(core, more) });
}

function piloting(world: FakeWorld, pilot: PilotSettings): Core {
  return worker(world, { pilot });
}

function cycle(world: FakeWorld, core: Core): ReturnType<typeof fullCycle> {
  return fullCycle(core, { signal: never, patienceMs: 60_000, sleep: async (ms) => world.pass(ms) });
}

function addresses(world: FakeWorld): string[] {
  return [...(world.platforms.get('main')?.account.contacts ?? [])].map(({ address }) => address).sort();
}

/** What a preview says of each record, with these settings of the target. */
async function foretold(world: FakeWorld, more: Partial<TargetSettings>) {
  const stage = world.stage(choices);
  const settings = { ...stage.settings, targets: stage.settings.targets.map((one) => ({ ...one, ...more })) };
  const { lines, targets } = await preview({ ...stage, settings }, { lookUp: true, share: {}, signal: never });
  return { effects: new Map(lines.map((line) => [formatRecordRef(line.ref), line.effects])), target: targets[0] };
}

describe('a dry run', () => {
  it('sends nothing, keeps everything owed, and says so wherever somebody looks', async () => {
    const world = await worldOf({ 1: 'anna@one.example', 2: 'bert@two.example' });
    const core = worker(world, { dryRun: true });

    const summary = await cycle(world, core);
    const told = await foretold(world, { dryRun: true });
    const [explained] = (await explain(core, ref(1), { lookUp: false, evidence: 0 }, never)).targets;

    expect(addresses(world)).toEqual([]);
    expect(summary.targets).toMatchObject([{ target, dryRun: true, later: 2, applied: 0 }]);
    expect(await core.store.overview.counts()).toMatchObject([{ target, owed: 2 }]);
    expect(explained).toMatchObject({ decision: { action: 'sync' }, heldBack: expect.stringContaining('dry run') });
    expect(told.effects.get(formatRecordRef(ref(1)))).toEqual(['add']);
    expect(told.target).toMatchObject({ dryRun: true, calls: 2 });
  });

  it('ends with everything that is owed being sent', async () => {
    const world = await worldOf({ 1: 'anna@one.example' });
    await cycle(world, worker(world, { dryRun: true }));

    await cycle(world, worker(world, { dryRun: false }));

    expect(addresses(world)).toEqual(['anna@one.example']);
  });

  it('leaves an erasure open with its reason, and does not wait for it', async () => {
    const world = await worldOf({ 1: 'anna@one.example' });
    await cycle(world, world.worker());
    const core = worker(world, { dryRun: true });
    const { id } = await requestErasure(core, ref(1), 'somebody');

    const [progress] = await finishErasures(core, [id], {
      signal: never,
      patienceMs: 60_000,
      sleep: () => Promise.reject(new Error('there is nothing to wait for')),
    });
    const explained = await explain(core, ref(1), { lookUp: false, evidence: 0 }, never);

    expect(progress?.erasure.state).toBe('open');
    expect(explained.erasures[0]?.targets).toEqual([expect.stringMatching(/^main: not erased yet: .*dry run/)]);
    expect(addresses(world)).toEqual(['anna@one.example']);
  });
});

describe('a pilot', () => {
  it('takes on the records that are named, and leaves everybody else alone', async () => {
    const world = await worldOf({ 1: 'anna@one.example', 2: 'bert@two.example', 3: 'cleo@three.example' });
    const pilot = { records: [formatRecordRef(ref(2))] };
    const told = await foretold(world, { pilot });
    const core = piloting(world, pilot);

    await cycle(world, core);
    const [explained] = (await explain(core, ref(1), { lookUp: false, evidence: 0 }, never)).targets;
    const [invited] = (await explain(core, ref(2), { lookUp: false, evidence: 0 }, never)).targets;

    expect(addresses(world)).toEqual(['bert@two.example']);
    expect([1, 2, 3].map((number) => told.effects.get(formatRecordRef(ref(number))))).toEqual([
      ['outside'],
      ['add'],
      ['outside'],
    ]);
    expect(explained).toMatchObject({ decision: { action: 'sync' }, heldBack: expect.stringContaining('pilot') });
    expect(invited?.heldBack).toBeUndefined();
    expect(await core.store.overview.counts()).toMatchObject([{ target, owed: 0, parked: 0 }]);
  });

  it('takes on whoever says so in a column, and everybody of the same address with them', async () => {
    const world = await worldOf({ 1: 'anna@one.example' });
    world.crm.create(ref(2), { email: 'bert@two.example', columns: { new_pilot: true } });
    world.crm.create(ref(3, 'lead'), { email: 'Bert@two.example', doNotBulkEmail: true });
    const core = piloting(world, { records: [], when: { column: 'new_pilot', equals: true } });

    await cycle(world, core);
    const [lead] = (await explain(core, ref(3, 'lead'), { lookUp: false, evidence: 0 }, never)).targets;

    expect(addresses(world)).toEqual([]);
    expect(lead).toMatchObject({ decision: { action: 'resetPermissions', rule: 'do-not-bulk-email' } });
    expect(lead?.heldBack).toBeUndefined();
  });

  it('keeps whom it has taken on: their change, deletion and erasure are applied, also off the list', async () => {
    const world = await worldOf({ 1: 'anna@one.example', 2: 'bert@two.example', 3: 'cleo@three.example' });
    await cycle(world, piloting(world, { records: [1, 2, 3].map((number) => formatRecordRef(ref(number))) }));
    const off = piloting(world, { records: [] });
    world.crm.update(ref(1), { email: 'anna@moved.example' });
    world.crm.delete(ref(2));
    const { id } = await requestErasure(off, ref(3), 'somebody');

    await cycle(world, off);

    expect(addresses(world)).toEqual(['anna@moved.example']);
    expect((await world.store.erasures.get(id))?.state).toBe('done');
  });

  it('touches nobody from earlier times, and leaves their erasure open with its reason', async () => {
    const world = await worldOf({ 1: 'anna@one.example' });
    world.crm.update(ref(1), { doNotEmail: true });
    world.platforms.get('main')?.account.addByHand({ address: 'anna@one.example', externalId: 'legacy' });
    const core = piloting(world, { records: [] });
    const { id } = await requestErasure(core, ref(1), 'somebody');

    await cycle(world, core);

    expect(addresses(world)).toEqual(['anna@one.example']);
    expect(await world.store.erasures.targets(id)).toMatchObject([{ state: 'pending', waiting_code: 'NOT_IN_PILOT' }]);
  });
});

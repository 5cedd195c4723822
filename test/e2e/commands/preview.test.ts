import type { World } from '../../../fixtures/simulators/world.ts';
import { connector } from '../../support/connector.ts';
import { addJob, addPeople, addPerson, edit, remove, writes } from '../../support/crm-people.ts';
import { rowsOf } from '../../support/ledger-dump.ts';

interface Verdict {
  readonly action: string;
  readonly rule: string;
  readonly effects: readonly string[];
}

interface Part {
  readonly counts: readonly { readonly rule: string; readonly records: number; readonly changing: number }[];
  readonly targets: readonly { readonly calls: number; readonly held?: number; readonly asked: number }[];
  readonly lines?: readonly (Verdict & { readonly record: string })[];
}

interface Told {
  readonly preview: Part;
  readonly with?: Part;
  readonly differences?: readonly { readonly record: string; readonly before?: Verdict; readonly after?: Verdict }[];
  readonly exitCode: number;
}

/** Calls of Dynamics that change something, by kind. */
function changesIn(world: World): object {
  const kinds = Object.entries(world.dataverse.counts());
  return Object.fromEntries(kinds.filter(([kind]) => /^(create|update|delete|customize|action|other)/.test(kind)));
}

describe('connector preview', () => {
  const c = connector({ emptyDatabase: true });

  it('works before anything was ever read, and asks the target only when it is told to', async () => {
    addPeople(c.world, 3);
    const refused = addPerson(c.world, { donotemail: true });

    const told = await c.run('preview', '--json', '--list');
    const callsBefore = c.world.spotler.report().total;
    const looked = await c.run('preview', '--json', '--lookup');

    expect(told.stderr).toBe('');
    expect(told.code).toBe(0);
    const { preview } = told.json<Told>();
    expect(preview.counts).toMatchObject([
      { table: 'contact', action: 'sync', rule: 'eligible', records: 3, changing: 3, effects: { write: 3 } },
      { table: 'contact', action: 'anonymize', rule: 'do-not-email', records: 1, changing: 0, effects: { ask: 1 } },
    ]);
    expect(preview.lines?.find(({ record }) => record === `contact/${refused.id}`)).toMatchObject({ effects: ['ask'] });
    expect(callsBefore).toBe(0);
    expect(looked.json<Told>().preview.counts).toMatchObject([{ effects: { add: 3 } }, { changing: 0, effects: {} }]);
    expect(writes(c.world)).toEqual({});
  });

  it('announces what is to be done, and writes nothing into the ledger, Dynamics or the target', async () => {
    await c.configure({ notes: { for: 'everybody' } });
    const [renamed, deleted, asked, same] = addPeople(c.world, 4);
    await c.run('sync');
    expect(c.world.dataverse.counts()['create annotations']).toBe(4);
    edit(c.world, renamed!, { firstname: 'Renamed' });
    remove(c.world, deleted!);
    addJob(c.world, 'anonymize', asked!);
    const ledger = await rowsOf(c.database.url);
    const before = { calls: writes(c.world), changes: changesIn(c.world) };

    const told = await c.run('preview', '--json', '--list');

    expect(await rowsOf(c.database.url)).toEqual(ledger);
    expect({ calls: writes(c.world), changes: changesIn(c.world) }).toEqual(before);
    const lines = told.json<Told>().preview.lines ?? [];
    const of = (person: { id: string } | undefined): Verdict | undefined =>
      lines.find(({ record }) => record === `contact/${person?.id}`);
    expect(of(renamed)).toMatchObject({ action: 'sync', effects: ['update'] });
    expect(of(deleted)).toMatchObject({ action: 'anonymize', rule: 'deleted', effects: ['erase'] });
    expect(of(asked)).toMatchObject({ action: 'anonymize', rule: 'erased-on-request', effects: ['erase'] });
    expect(of(same)).toMatchObject({ action: 'sync', rule: 'eligible', effects: [] });
    expect(told.json<Told>().preview.targets).toMatchObject([{ calls: 3, held: 0, asked: 0 }]);
  });

  it('shows the difference that a setting would make, and what the brake would hold', async () => {
    await c.configure({ brake: { minCount: 1, maxCount: 1 } });
    const [active, ...gone] = addPeople(c.world, 3);
    await c.run('sync');
    for (const person of gone) edit(c.world, person, { statecode: 1, statuscode: 2 });
    await c.run('sync');

    const set = ['--set', 'rules.anonymizeContactWhenInactive=true'];
    const machine = await c.run('preview', ...set, '--json');
    const people = await c.run('preview', ...set, '--list');

    const { differences = [], exitCode } = machine.json<Told>();
    expect(differences.map(({ record }) => record).sort()).toEqual(gone.map(({ id }) => `contact/${id}`).sort());
    expect(differences[0]).toMatchObject({
      before: { action: 'sync', rule: 'inactive-kept', effects: [] },
      after: { action: 'anonymize', rule: 'inactive', effects: ['reset', 'hold'] },
    });
    expect(exitCode).toBe(3);
    expect(people.code).toBe(3);
    expect(people.stdout).toContain('2 records would be treated differently');
    expect(people.stdout).toContain('the brake holds 2 cases');
    expect(people.stdout).not.toContain(`contact/${active?.id}`);
    expect(people.stdout).toContain('Nothing was written anywhere.');
  });

  it('is recommended to whoever starts on a target with people on it, and is not forced on them', async () => {
    await fetch(`${c.world.spotler.adminUrl}/contacts`, {
      method: 'POST',
      body: JSON.stringify([{ properties: { email: 'somebody@earlier.example' } }]),
    });
    addPeople(c.world, 1);

    const first = await c.run('sync');
    const second = await c.run('sync');

    expect(first.code).toBe(0);
    expect(first.stderr).toContain('connector preview --lookup shows what becomes of them');
    expect(second.stderr).toBe('');
  });

  it('works beside a running worker, for one table and for a sample', async () => {
    addPeople(c.world, 5);
    addPerson(c.world, {}, 'lead');
    const worker = c.start('start', '--log-level', 'info');
    await worker.said(/"ready"/);

    const table = await c.run('preview', '--table', 'lead', '--json');
    const sample = await c.run('preview', '--sample', '2', '--json');

    expect(table.json<Told>().preview.counts).toMatchObject([{ table: 'lead', records: 1 }]);
    const counts = sample.json<Told>().preview.counts;
    expect(counts).toMatchObject([{ table: 'contact' }, { table: 'lead', records: 1 }]);
    expect(counts[0]?.records).toBeGreaterThanOrEqual(2);
    expect(sample.json<Told>().preview.targets[0]).not.toHaveProperty('held');
    expect(worker.process.exitCode).toBeNull();
  });
});

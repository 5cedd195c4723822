import { connector } from '../../support/connector.ts';
import { addPeople, addPerson } from '../../support/crm-people.ts';

interface Told {
  readonly preview: Part;
  readonly with?: Part;
  readonly differences?: readonly { readonly record: string; readonly before?: Verdict; readonly after?: Verdict }[];
  readonly exitCode: number;
}

interface Verdict {
  readonly action: string;
  readonly rule: string;
  readonly effects: readonly string[];
}

interface Part {
  readonly counts: readonly (Verdict & {
    readonly table: string;
    readonly records: number;
    readonly changing: number;
  })[];
  readonly targets: readonly { readonly calls: number; readonly held: number | null; readonly asked: number }[];
  readonly lines: readonly (Verdict & { readonly record: string })[];
}

describe('connector preview', () => {
  const c = connector();

  it('works before anything was ever read, and writes nothing', async () => {
    addPeople(c.world, 3);
    const asked = addPerson(c.world, { donotemail: true });

    const told = await c.run('preview', '--json', '--list');

    expect(told.stderr).toBe('');
    expect(told.code).toBe(0);
    const { preview } = told.json<Told>();
    expect(preview.counts).toMatchObject([
      { table: 'contact', action: 'sync', rule: 'eligible', records: 3, changing: 3, effects: { write: 3 } },
      { table: 'contact', action: 'anonymize', rule: 'do-not-email', records: 1, changing: 0, effects: { ask: 1 } },
    ]);
    expect(preview.lines.find(({ record }) => record === `contact/${asked.id}`)).toMatchObject({ effects: ['ask'] });
    expect(c.world.spotler.report().total).toBe(0);
  });
});

import { connector } from '../../support/connector.ts';
import { addPerson, edit, spoil, unsubscribe } from '../../support/crm-people.ts';

interface Explained {
  readonly inLedger: boolean;
  readonly targets: readonly {
    readonly record: {
      readonly facts?: object;
      readonly verdict?: object;
      readonly rules: readonly { fired: boolean; rule: string }[];
    };
    readonly others: readonly { readonly record: string }[];
    readonly decision?: {
      readonly action: string;
      readonly rule: string;
      readonly line: number;
      readonly owner?: string;
    };
    readonly next: string;
    readonly profile: { readonly state: string; readonly contactKeys: readonly string[] };
    readonly pending?: { readonly parked_code: string | null };
    readonly lookUp?: { readonly found: boolean; readonly permissions: readonly object[] };
  }[];
  readonly erasures: readonly { readonly state: string }[];
  readonly evidence: readonly { readonly act: string }[];
}

describe('connector explain', () => {
  const c = connector();

  it('names the rule, the other records, and what the target holds, without a word about the person', async () => {
    const address = 'anna.smit@people.example';
    const values = { emailaddress1: address, firstname: 'Annabella', lastname: 'Smitsema' };
    const contact = addPerson(c.world, values);
    const lead = addPerson(c.world, { ...values, donotbulkemail: true }, 'lead');
    await c.run('sync');

    const machine = await c.run('explain', `contact/${contact.id}`, '--json');
    const people = await c.run('explain', `contact/${contact.id}`);

    const [target] = machine.json<Explained>().targets;
    expect(target).toMatchObject({
      record: { facts: { table: 'contact', address: 'valid' }, verdict: { action: 'sync', rule: 'eligible' } },
      others: [{ record: `lead/${lead.id}` }],
      decision: { action: 'resetPermissions', rule: 'do-not-bulk-email', line: 4 },
      next: 'nothing',
    });
    expect(people.stdout).toContain('One record of this person says that they want no bulk email.');
    expect(machine.stdout + people.stdout).not.toMatch(/people\.example|Annabella|Smitsema/);
    expect(people.code).toBe(0);
  });

  it('says what would happen next, before any feed has shown it', async () => {
    const person = addPerson(c.world, { emailaddress1: null });
    const eligible = addPerson(c.world);

    const refused = await c.run('explain', `contact/${person.id}`, '--json');
    const written = await c.run('explain', `contact/${eligible.id}`, '--json');

    expect(refused.json<Explained>()).toMatchObject({
      inLedger: false,
      targets: [{ decision: { action: 'anonymize', rule: 'no-email' }, next: 'look up' }],
    });
    expect(written.json<Explained>().targets).toMatchObject([{ decision: { action: 'sync' }, next: 'write' }]);
    expect(c.world.spotler.report().total).toBe(0);
  });

  it('shows where the target differs from the CRM, when it is asked', async () => {
    const person = addPerson(c.world);
    await c.run('sync');
    await unsubscribe(c.world, person.email, 'Newsletter');

    const machine = await c.run('explain', `contact/${person.id}`, '--lookup', '--json');
    const people = await c.run('explain', `contact/${person.id}`, '--lookup');

    expect(machine.json<Explained>().targets[0]?.lookUp).toMatchObject({
      found: true,
      permissions: [
        { permission: 'Newsletter', crm: true, target: false },
        { permission: 'Events', crm: true, target: true },
      ],
    });
    expect(people.stdout).toMatch(/Newsletter +CRM yes +target no +differs/);
  });

  it('says why a record is parked', async () => {
    const person = addPerson(c.world);
    spoil(c.world, person, { donotemail: 'perhaps' });
    await c.run('sync');

    const machine = await c.run('explain', `contact/${person.id}`, '--json');
    const people = await c.run('explain', `contact/${person.id}`);

    const [target] = machine.json<Explained>().targets;
    expect(target).toMatchObject({ next: 'park' });
    expect(target?.pending?.parked_code).toEqual(expect.any(String));
    expect(people.stdout).toContain('cannot be understood');
    expect(people.stdout).not.toContain('perhaps');
  });

  it('shows erasures and evidence, and agrees with what the next sync does', async () => {
    const person = addPerson(c.world);
    await c.run('sync');
    await c.run('erase', `contact/${person.id}`);

    const erased = await c.run('explain', `contact/${person.id}`, '--json');
    const evidence = await c.run('evidence', `contact/${person.id}`);
    edit(c.world, person, { firstname: 'Again' });
    const changed = await c.run('explain', `contact/${person.id}`, '--json');

    expect(erased.json<Explained>()).toMatchObject({
      targets: [
        { decision: { action: 'leave', rule: 'erased-before' }, next: 'nothing', profile: { state: 'anonymized' } },
      ],
      erasures: [{ state: 'done' }],
    });
    expect(erased.json<Explained>().evidence.map(({ act }) => act)).toEqual(['anonymize', 'erasure-requested']);
    expect(evidence.stdout).toMatch(/main +anonymize .*done \(HTTP 204\), rule erased-on-request/);
    expect(changed.json<Explained>().targets).toMatchObject([{ decision: { action: 'sync' }, next: 'write' }]);
  });
});

import { connector } from '../../support/connector.ts';
import {
  addJob,
  addPeople,
  addPerson,
  contactOf,
  edit,
  jobState,
  livePeople,
  remove,
  spoil,
  writes,
} from '../../support/crm-people.ts';

interface Summary {
  readonly targets: readonly { readonly owedBefore: number; readonly applied: number; readonly parked: number }[];
  readonly exitCode: number;
}

async function postJson(url: string, body: object): Promise<void> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${answer.status}`);
}

describe('connector sync, of a whole CRM', () => {
  const c = connector({ people: 120, emptyDatabase: true });

  it('loads everybody, and writes nothing when nothing has changed', async () => {
    const first = await c.run('sync', '--json');
    const people = livePeople(c.world).length;
    const before = writes(c.world);

    const second = await c.run('sync');

    expect(first.stderr).toBe('');
    expect(first.json<Summary>()).toMatchObject({
      targets: [{ owedBefore: 120, applied: 120, parked: 0 }],
      exitCode: 0,
    });
    expect(first.code).toBe(0);
    expect(people).toBeGreaterThan(60);
    expect(writes(c.world)).toEqual(before);
    expect(second.stdout).toContain('0 owed, 0 applied');
    expect(second.code).toBe(0);
  });
});

describe('connector sync', () => {
  const c = connector();

  it('applies changes, a deletion and a marketing job in one go', async () => {
    const [edited, deleted, asked] = addPeople(c.world, 3);
    await c.run('sync');
    edit(c.world, edited!, { firstname: 'Renamed' });
    remove(c.world, deleted!);
    const job = addJob(c.world, 'anonymize', asked!);

    const result = await c.run('sync');

    expect(result.code).toBe(0);
    expect(contactOf(c.world, edited!.email)?.properties.firstName).toBe('Renamed');
    expect(contactOf(c.world, deleted!.email)).toBeUndefined();
    expect(contactOf(c.world, asked!.email)).toBeUndefined();
    expect(jobState(c.world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 410 Gone' });
  });

  it('ends with 1 and names what is parked, and `parked retry` takes it up again', async () => {
    const person = addPerson(c.world);
    spoil(c.world, person, { donotemail: 'perhaps' });

    const parked = await c.run('sync');
    const listed = await c.run('parked');
    c.world.dataverse.crm.store.table('contact').rows.get(person.id)!.values.donotemail = false;
    const untouched = await c.run('sync');
    const retried = await c.run('parked', 'retry', `contact/${person.id}`);
    const after = await c.run('sync');

    expect(parked.code).toBe(1);
    expect(parked.stdout).toContain('1 parked');
    expect(listed.stdout).toContain(`contact/${person.id}`);
    expect(listed.stdout).not.toContain(person.email);
    expect(untouched.code).toBe(1);
    expect(retried.stdout).toContain('1 parked delivery owed again');
    expect(after.code).toBe(0);
    expect(contactOf(c.world, person.email)).toBeDefined();
  });

  it('waits for what was put back for a moment', async () => {
    const person = addPerson(c.world);
    c.world.spotler.setFaults([{ kind: '503', match: 'POST /contact/list', times: 1 }]);

    const result = await c.run('sync');

    expect(result.code).toBe(0);
    expect(contactOf(c.world, person.email)).toBeDefined();
  });

  it('leaves a paused target alone and says so', async () => {
    await c.run('sync');
    const person = addPerson(c.world);
    await c.run('pause', 'main');

    const paused = await c.run('sync');
    const status = await c.run('status');
    const absent = contactOf(c.world, person.email);
    await c.run('resume', 'main');
    const resumed = await c.run('sync');

    expect(paused.code).toBe(1);
    expect(paused.stdout).toContain('main is paused: an operator paused it');
    expect(status.stdout).toContain('paused until somebody resumes it');
    expect(absent).toBeUndefined();
    expect(resumed.code).toBe(0);
    expect(contactOf(c.world, person.email)).toBeDefined();
  });

  it('refuses another organization, and a command refuses another configuration', async () => {
    await c.run('sync');
    await c.configure({ rules: { anonymizeContactWhenInactive: true } });

    const other = await c.run('reconcile');
    const taken = await c.run('sync');
    c.world.dataverse.crm.changeOrganizationId();
    const elsewhere = await c.run('sync');

    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain('CONFIGURATION_DIFFERS');
    expect(taken.code).toBe(0);
    expect(elsewhere).toMatchObject({ code: 2 });
    expect(elsewhere.stderr).toContain('ORGANIZATION_CHANGED');
  });

  it('refuses another account until it is accepted', async () => {
    await c.run('sync');
    const another = { consumerKey: 'another-key', consumerSecret: 'another-secret' };
    await postJson(`${c.world.spotler.adminUrl}/credentials`, another);
    await c.configure({}, another);

    const refused = await c.run('sync');
    const accepted = await c.run('targets', 'accept', 'main');
    const after = await c.run('sync');

    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('connector targets accept main');
    expect(accepted.code).toBe(0);
    expect(after.code).toBe(0);
  });
});

import { connector } from '../../support/connector.ts';
import {
  addPeople,
  addPerson,
  anonymizedCount,
  contactOf,
  edit,
  permissionsOf,
  remove,
} from '../../support/crm-people.ts';

describe('holds', () => {
  const c = connector();

  async function deleteTooMany() {
    const people = addPeople(c.world, 8);
    await c.configure({ brake: { minCount: 2, maxPercent: 1 } });
    await c.run('sync');
    for (const person of people.slice(0, 5)) remove(c.world, person);
    const held = await c.run('sync');
    const { stdout, code } = await c.run('holds');
    return { people, held, id: stdout.split(' ')[0]!, listed: stdout, listCode: code };
  }

  it('sync ends with 3, nobody is erased and nobody is mailed; approve lets the lot pass', async () => {
    const { people, held, id, listed, listCode } = await deleteTooMany();
    const erasedBefore = anonymizedCount(c.world);
    const bits = permissionsOf(c.world, people[0]!.email);

    const shown = await c.run('holds', 'show', id);
    const status = await c.run('status');
    const approved = await c.run('holds', 'approve', id);
    const after = await c.run('sync');

    expect(held.code).toBe(3);
    expect(held.stdout).toContain('1 hold to be reviewed');
    expect(listCode).toBe(3);
    expect(listed).toContain('5 cases');
    expect(shown.stdout).toContain(`contact/${people[0]!.id}`);
    expect(status.code).toBe(3);
    expect(erasedBefore).toBe(0);
    expect(bits).toEqual({ Newsletter: false, Events: false });
    expect(approved.code).toBe(0);
    expect(after.code).toBe(0);
    expect(anonymizedCount(c.world)).toBe(5);
  });

  it('reject leaves the people, and a second decision is refused', async () => {
    const { id } = await deleteTooMany();

    const rejected = await c.run('holds', 'reject', id);
    const again = await c.run('holds', 'approve', id);
    const after = await c.run('sync');

    expect(rejected.code).toBe(0);
    expect(again).toMatchObject({ code: 2 });
    expect(again.stderr).toContain(`there is no open hold ${id}`);
    expect(after.code).toBe(0);
    expect(anonymizedCount(c.world)).toBe(0);
  });

  it('tells when there is none', async () => {
    const none = await c.run('holds');
    const shown = await c.run('holds', 'show', '7');

    expect(none).toMatchObject({ code: 0, stdout: 'nothing is held\n' });
    expect(shown).toMatchObject({ code: 2, stderr: 'there is no hold 7\n' });
  });
});

describe('the suppression list', () => {
  const c = connector();

  it('erases a live person, creates nobody, and unsuppress lets them in again', async () => {
    const person = addPerson(c.world);
    await c.run('sync');

    const listed = await c.run('suppress', person.email.toUpperCase());
    await c.run('sync');
    const gone = contactOf(c.world, person.email);
    edit(c.world, person, { firstname: 'Again' });
    await c.run('sync');
    const still = contactOf(c.world, person.email);
    const removed = await c.run('unsuppress', person.email);
    await c.run('sync');
    const twice = await c.run('unsuppress', person.email);

    expect(listed.code).toBe(0);
    expect(listed.stdout).not.toContain(person.email);
    expect(gone).toBeUndefined();
    expect(still).toBeUndefined();
    expect(removed.code).toBe(0);
    expect(contactOf(c.world, person.email)).toBeDefined();
    expect(twice.code).toBe(1);
  });

  it('refuses another hash key, under which nobody would be found', async () => {
    const person = addPerson(c.world);
    await c.run('sync');
    await c.configure({ privacy: { hashKey: 'another-key-of-the-tests-0123456789abcdef' } });

    const refused = await c.run('suppress', person.email);

    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('HASH_KEY_DIFFERS');
  });
});

describe('reconcile', () => {
  const c = connector();

  it('tells what differed and leaves the work to a worker', async () => {
    const people = addPeople(c.world, 3);
    await c.run('sync');

    const same = await c.run('reconcile');
    remove(c.world, people[0]!);
    const found = await c.run('reconcile', '--json');
    await c.run('sync');

    expect(same.stdout).toContain('3 records in the CRM, 0 unknown before, 0 gone');
    expect(found.json<{ contact: object }>().contact).toMatchObject({ enumerated: 2 });
    expect(anonymizedCount(c.world)).toBe(1);
  });
});

describe('targets', () => {
  const c = connector();

  it.each([['pause'], ['resume'], ['targets accept']])('%s refuses a name that is not configured', async (command) => {
    const result = await c.run(...command.split(' '), 'other');

    expect(result).toMatchObject({ code: 2, stderr: 'there is no target "other" in this configuration\n' });
  });
});

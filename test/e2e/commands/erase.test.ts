import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connector } from '../../support/connector.ts';
import { addPeople, addPerson, anonymizedCount, contactOf, edit } from '../../support/crm-people.ts';

interface Erased {
  readonly record: string | null;
  readonly state: string;
  readonly targets: readonly { readonly target: string; readonly state: string; readonly status: number }[];
}

describe('connector erase', () => {
  const c = connector();

  it('erases a record everywhere, says so, and the next sync does not bring the person back', async () => {
    const person = addPerson(c.world);
    await c.run('sync');

    const erased = await c.run('erase', `contact/${person.id}`, '--json');
    await c.run('sync');

    expect(erased.code).toBe(0);
    expect(erased.json<Erased[]>()).toMatchObject([
      { record: `contact/${person.id}`, state: 'done', targets: [{ target: 'main', state: 'done', status: 204 }] },
    ]);
    expect(contactOf(c.world, person.email)).toBeUndefined();
  });

  it('says that the record can still be synchronised, and a change of it brings the person back', async () => {
    const person = addPerson(c.world);
    await c.run('sync');

    const erased = await c.run('erase', `contact/${person.id}`);
    edit(c.world, person, { firstname: 'Again' });
    await c.run('sync');

    expect(erased.stdout).toContain('main: erased (HTTP 204).');
    expect(erased.stdout).toContain('its next change creates the person again');
    expect(contactOf(c.world, person.email)?.properties.firstName).toBe('Again');
  });

  it('erases everybody with an address, by what the CRM says now, and never prints it', async () => {
    const address = 'shared@people.example';
    const contact = addPerson(c.world, { emailaddress1: address });
    const lead = addPerson(c.world, { emailaddress1: address }, 'lead');
    const moved = addPerson(c.world, { emailaddress1: address });
    await c.run('sync');
    edit(c.world, moved, { emailaddress1: 'elsewhere@people.example' });

    const erased = await c.run('erase', '--email', 'Shared@People.example', '--json');
    await c.run('sync');

    const records = erased.json<Erased[]>().map(({ record }) => record);
    expect(records.sort()).toEqual([`contact/${contact.id}`, `lead/${lead.id}`]);
    expect(erased.stdout + erased.stderr).not.toMatch(/people\.example/i);
    expect(erased.code).toBe(0);
    expect(contactOf(c.world, address)).toBeUndefined();
    expect(contactOf(c.world, 'elsewhere@people.example')).toBeDefined();
  });

  it('erases somebody whom only the platform knows', async () => {
    const address = 'alone@people.example';
    c.world.spotler.addContacts([{ externalId: 'earlier-1', properties: { email: address } }]);
    await c.run('sync');

    const erased = await c.run('erase', '--email', address);

    expect(erased.stdout).toContain('the address, which no record has: done');
    expect(erased.stdout).toContain('main: erased');
    expect(erased.code).toBe(0);
    expect(anonymizedCount(c.world)).toBe(1);
  });

  it('erases a record that no feed has shown yet, and the first sync does not create it', async () => {
    await c.run('sync');
    const person = addPerson(c.world);
    c.world.spotler.addContacts([{ externalId: 'earlier-2', properties: { email: person.email } }]);

    const erased = await c.run('erase', `contact/${person.id}`);
    await c.run('sync');

    expect(erased.stdout).toContain('main: erased');
    expect(contactOf(c.world, person.email)).toBeUndefined();
  });

  it('erases every record of a file, and nobody when a line of it is wrong', async () => {
    const people = addPeople(c.world, 3);
    await c.run('sync');
    const folder = await mkdtemp(join(tmpdir(), 'connector-ids-'));
    const file = join(folder, 'ids');
    const refs = people.map(({ id }) => `contact/${id}`);

    await writeFile(file, `${refs.join('\n')}\nnobody\n`);
    const refused = await c.run('erase', '--file', file);
    const left = people.filter(({ email }) => contactOf(c.world, email)).length;
    await writeFile(file, `${refs.join('\r\n')}\r\n\r\n`);
    const erased = await c.run('erase', '--file', file, '--json');
    await rm(folder, { recursive: true });

    expect(refused).toMatchObject({ code: 2, stderr: '--file: line 4 is no record; contact/<guid> is expected\n' });
    expect(left).toBe(3);
    expect(erased.json<Erased[]>().map(({ state }) => state)).toEqual(['done', 'done', 'done']);
    expect(anonymizedCount(c.world)).toBe(3);
  });

  it('only asks for it with --no-wait, and the next sync does it', async () => {
    const person = addPerson(c.world);
    await c.run('sync');

    const asked = await c.run('erase', `contact/${person.id}`, '--no-wait');
    const before = contactOf(c.world, person.email);
    const status = await c.run('status');
    await c.run('sync');

    expect(asked).toMatchObject({ code: 0 });
    expect(before).toBeDefined();
    expect(status.stdout).toContain('erasures  1 open one');
    expect(contactOf(c.world, person.email)).toBeUndefined();
  });

  it('stays open and ends with 1 while the platform refuses', async () => {
    const person = addPerson(c.world);
    await c.run('sync');
    c.world.spotler.setFaults([{ kind: '500', match: 'PUT /contact/anonymize' }]);

    const failed = await c.run('erase', `contact/${person.id}`, '--timeout', '2');
    c.world.spotler.setFaults([]);
    const later = await c.run('sync');

    expect(failed.stdout).toContain('main: not erased yet');
    expect(failed.code).toBe(1);
    expect(later.code).toBe(0);
    expect(contactOf(c.world, person.email)).toBeUndefined();
  });

  it('waits for a person above the hourly limit: exit code 3, and an approval lets it go on', async () => {
    const people = addPeople(c.world, 2);
    await c.configure({ brake: { maxExplicitPerHour: 1 } });
    await c.run('sync');
    await c.run('erase', `contact/${people[0]!.id}`);

    const held = await c.run('erase', `contact/${people[1]!.id}`, '--timeout', '1');
    const holds = await c.run('holds');
    const id = holds.stdout.split(' ')[0]!;
    const approved = await c.run('holds', 'approve', id);
    await c.run('sync');

    expect(held.code).toBe(3);
    expect(holds.code).toBe(3);
    expect(approved.code).toBe(0);
    expect(contactOf(c.world, people[1]!.email)).toBeUndefined();
  });

  it('refuses a table that is not synchronised', async () => {
    await c.configure({ tables: { account: undefined } });
    await c.run('sync');

    const refused = await c.run('erase', 'account/00000000-0000-0000-0000-000000000001');

    expect(refused).toMatchObject({ code: 2 });
    expect(refused.stderr).toContain('the table account is not synchronised');
  });
});

import { connector } from '../../support/connector.ts';
import { addPerson, livePeople } from '../../support/crm-people.ts';
import { rowsOf } from '../../support/ledger-dump.ts';

describe('connector report', () => {
  const c = connector();

  it('tells what a target holds of a person, to a terminal only, and keeps nothing', async () => {
    const person = addPerson(c.world, { firstname: 'Annabella', lastname: 'Smitsema\u001b[2J' });
    const stranger = addPerson(c.world, { donotemail: true });
    await c.run('sync');
    const ledger = await rowsOf(c.database.url);

    const refused = await c.run('report', `contact/${person.id}`);
    const told = await c.run('report', `contact/${person.id}`, '--redirected', '--log-level', 'trace');
    const nobody = await c.run('report', `contact/${stranger.id}`, '--redirected');

    expect(livePeople(c.world)).toHaveLength(1);
    expect(refused.code).toBe(2);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toContain('goes to a terminal only');
    expect(told.code).toBe(0);
    expect(told.stdout).toMatch(/firstName +Annabella/);
    expect(told.stdout).toContain(person.email);
    expect(told.stdout).toContain('Smitsema');
    expect(told.stdout).not.toContain('\u001b');
    expect(told.stderr).not.toMatch(/Annabella|Smitsema|people\.example/);
    expect(nobody.stdout).toContain('nobody is there');
    // That the target was called, and how often, is all that is left of it.
    expect({ ...(await rowsOf(c.database.url)), quota: [], activity: [] }).toEqual({
      ...ledger,
      quota: [],
      activity: [],
    });
  });
});

import { connector } from '../../support/connector.ts';
import { addPerson, contactOf, permissionsOf } from '../../support/crm-people.ts';
import { changeByHand } from '../../support/spotler-by-hand.ts';

describe('connector audit', () => {
  const c = connector();

  it('says what differs without a value of anybody, and mends it when it is told to', async () => {
    const person = addPerson(c.world, { new_events: false, firstname: 'Annabella' });
    await c.run('sync');
    await changeByHand(
      c.world,
      { email: person.email },
      {
        permissions: { Events: true },
        properties: { firstName: 'Xanthippe' },
      },
    );

    const looked = await c.run('audit', '--log-level', 'trace');
    const asData = await c.run('audit', '--sample', '5', '--json');
    const unchanged = contactOf(c.world, person.email);
    const mended = await c.run('audit', '--repair');
    await c.run('sync');

    expect([looked.code, asData.code, mended.code]).toEqual([3, 3, 0]);
    expect(looked.stdout).toContain(`contact/${person.id}  Events`);
    expect(looked.stdout).toContain(`contact/${person.id}  firstName`);
    expect(looked.stdout).toContain('Nothing was changed; mend it with: connector audit --repair');
    expect(looked.stdout + looked.stderr + asData.stdout).not.toMatch(/Annabella|Xanthippe|people\.example/);
    const { drifts, exitCode } = JSON.parse(asData.stdout) as { drifts: { cause: string }[]; exitCode: number };
    expect(drifts.map(({ cause }) => cause)).toEqual(['permission-up', 'changed-by-hand']);
    expect(exitCode).toBe(3);
    expect(unchanged?.properties).toMatchObject({ firstName: 'Xanthippe' });
    expect(mended.stdout).toContain('1 person owed again');
    expect(permissionsOf(c.world, person.email)).toEqual({ Newsletter: true, Events: false });
    expect(contactOf(c.world, person.email)?.properties).toMatchObject({ firstName: 'Annabella' });
  });
});

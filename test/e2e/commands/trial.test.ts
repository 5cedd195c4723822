import { connector } from '../../support/connector.ts';
import { addJob, addPeople, addPerson, jobState, livePeople, writes } from '../../support/crm-people.ts';

interface Status {
  readonly targets: readonly object[];
}

describe('trying a target out', () => {
  const c = connector();

  it('sends nothing in a dry run, then takes on a pilot only, and everybody in the end', async () => {
    await c.configure({}, { dryRun: true });
    const people = addPeople(c.world, 3);
    const asked = addPerson(c.world);
    const job = addJob(c.world, 'anonymize', asked);

    const dry = await c.run('sync');
    const dryStatus = await c.run('status', '--json');
    const announced = await c.run('preview');
    const answered = jobState(c.world, job);
    const wroteNothing = writes(c.world);
    await c.configure({}, { pilot: { records: [`contact/${people[1]!.id.toUpperCase()}`] } });
    await c.run('sync');
    const inPilot = livePeople(c.world).map(({ email }) => email);
    const pilotStatus = await c.run('status');
    const checked = await c.run('check');
    await c.configure({}, {});
    await c.run('sync');

    expect(dry.code).toBe(0);
    expect(dry.stdout).toContain('main is in a dry run: nothing was sent');
    expect(wroteNothing).toEqual({});
    expect(dryStatus.json<Status>().targets).toMatchObject([{ owed: 4, erasures: 1, dryRun: true, pilot: false }]);
    expect(announced.stdout).toMatch(/contact +sync +eligible +3 +3 added or taken over/);
    expect(announced.stdout).toContain('dry run: this is what would be sent');
    expect(answered).toMatchObject({ status: 'inProgress', detail: expect.stringContaining('dry run') });
    expect(inPilot).toEqual([people[1]!.email]);
    expect(pilotStatus.stdout).toContain('pilot: only the people that the configuration names are taken on');
    expect(checked.stdout).toMatch(/Only some people are taken on there: 1 record/);
    expect(livePeople(c.world)).toHaveLength(3);
    expect(jobState(c.world, job)).toMatchObject({ status: 'succeeded', code: 'HTTP 404 Not Found' });
  });
});

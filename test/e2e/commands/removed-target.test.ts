import { describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { connector } from '../../support/connector.ts';
import { addPeople, anonymizedCount } from '../../support/crm-people.ts';

async function evidenceOf(url: string, act: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query('select target, detail from evidence where act = $1 order by id', [act]);
    return rows.map(({ target, detail }) => `${target}: ${detail}`);
  } finally {
    await client.end();
  }
}

describe('a target that is taken out of the configuration', () => {
  const c = connector();

  it('is refused while people are on it, given up by name only, and that is evidence', async () => {
    addPeople(c.world, 3);
    await c.run('sync');
    await c.configure({}, { name: 'second' });

    const refused = await c.run('sync');
    const mistaken = await c.run('sync', '--abandon', 'second');
    const unknown = await c.run('sync', '--abandon', 'main', '--abandon', 'nobody');
    const givenUp = await c.run('sync', '--abandon', 'main');
    const again = await c.run('sync');
    const status = await c.run('status', '--json');

    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain('target main is no longer in the configuration but still holds 3 live profiles');
    expect(refused.stderr).toContain('--abandon main (TARGET_REMOVED)');
    expect(mistaken.stderr).toContain('this target is in the configuration; take it out first (NOTHING_TO_ABANDON)');
    expect(unknown.stderr).toContain('--abandon nobody: nothing is known of a target of this name');
    expect(givenUp.code).toBe(0);
    expect(again.code).toBe(0);
    expect(status.stdout).not.toContain('"main"');
    expect(anonymizedCount(c.world)).toBe(0);
    expect(await evidenceOf(c.database.url, 'abandon-target')).toEqual(['main: 3 live profiles, 0 open erasures']);
  });
});

import { readFile } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { connector } from '../../support/connector.ts';
import { addJob, addPeople, contactOf, edit } from '../../support/crm-people.ts';

const c = connector();
const doc = (name: string): Promise<string> =>
  readFile(new URL(`../../../docs/monitoring/${name}`, import.meta.url), 'utf8');

/** Every name of a metric in a text. */
const namesIn = (text: string): Set<string> => new Set(text.match(/connector_[a-z_]+/g));

/** What a scrape shows: families by type, and samples. */
function scraped(text: string): { families: Map<string, string>; value(sample: string): number } {
  const families = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]));
  return {
    families,
    value: (sample) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${sample} `))
          ?.split(' ')
          .at(-1),
      ),
  };
}

it('tells lags, opt-outs, erasures and calls; docs, alert rules and dashboard name what is really there', async () => {
  const people = addPeople(c.world, 4);
  await c.configure({
    dataverse: { pollSeconds: 1 },
    marketingJobs: { pollSeconds: 1 },
    brake: { maxCount: 100, minCount: 100 },
  });
  const worker = c.start('start');
  const { health } = JSON.parse(await worker.said(/"msg":"ready"/)) as { health: string };
  const metrics = async (): Promise<ReturnType<typeof scraped>> =>
    scraped(await (await fetch(`${health}/metrics`)).text());
  const until = async (sample: string, least: number): Promise<void> => {
    for (let round = 0; !((await metrics()).value(sample) >= least); round++) {
      if (round > 600) throw new Error(`${sample} stays at ${(await metrics()).value(sample)}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  };
  await until('connector_applied_total{target="main",action="sync",rule="eligible"}', 4);
  // A full read is no change: it says nothing about how late anything is.
  expect((await metrics()).value('connector_apply_lag_seconds_count{target="main"}')).toBeNaN();

  edit(c.world, people[0]!, { firstname: 'Later' });
  edit(c.world, people[1]!, { donotbulkemail: true });
  addJob(c.world, 'anonymize', people[2]!);
  await until('connector_apply_lag_seconds_count{target="main"}', 2);
  await until('connector_opt_out_lag_seconds_count{target="main"}', 1);
  await until('connector_erasure_seconds_count{target="main"}', 1);

  const now = await metrics();
  expect(contactOf(c.world, people[0]!.email)?.properties.firstName).toBe('Later');
  expect(now.value('connector_platform_calls_total{target="main"}')).toBeGreaterThan(0);
  const histograms = [...now.families].filter(([, type]) => type === 'histogram').map(([name]) => name);
  const real = new Set([...now.families.keys(), ...histograms.map((name) => `${name}_bucket`)]);
  const rules = await doc('alert-rules.yaml');
  const dashboard = await doc('dashboard.json');
  for (const text of [rules, dashboard]) expect([...namesIn(text)].filter((name) => !real.has(name))).toEqual([]);
  expect(parse(rules)).toMatchObject({ groups: [{ rules: expect.any(Array) }] });
  expect(JSON.parse(dashboard)).toMatchObject({ panels: expect.any(Array) });
  const documented = (await doc('README.md')).matchAll(/^\| `(connector_[a-z_]+)` \| (\w+) \|/gm);
  expect(new Map([...documented].map(([, name, type]) => [name, type]).sort() as [string, string][])).toEqual(
    new Map([...now.families].sort()),
  );
});

/** Each rule of .dependency-cruiser.cjs refuses what it is there for: one planted violation each. */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const require = createRequire(import.meta.url);
const configuration = require.resolve('../../.dependency-cruiser.cjs');
const program = join(dirname(configuration), 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs');

/** rule: file that breaks it → what it imports. Files that are only imported are made empty. */
const planted: Record<string, [from: string, to: string]> = {
  'rules-stand-alone': ['src/rules/a.ts', 'src/http/errors.ts'],
  'errors-are-words': ['src/errors/r.ts', 'src/http/client.ts'],
  'bottom-knows-nobody': ['src/http/b.ts', 'src/store/store.ts'],
  'config-knows-no-http': ['config/c.ts', 'src/http/client.ts'],
  'lower-knows-not-above': ['src/store/d.ts', 'src/sync/use-cases.ts'],
  'lower-rooms-stand-apart': ['src/store/e.ts', 'src/dataverse/crm.ts'],
  'middle-knows-not-above': ['src/queue/f.ts', 'jobs/index.ts'],
  'sync-knows-no-queue': ['src/sync/g.ts', 'src/queue/queues.ts'],
  'queue-knows-use-cases-only': ['src/queue/h.ts', 'src/sync/pull.ts'],
  'sync-knows-the-port-only': ['src/sync/i.ts', 'src/platforms/spotler/index.ts'],
  'registry-for-app': ['src/server/j.ts', 'src/platforms/registry.ts'],
  'platforms-stand-apart': ['src/platforms/spotler/k.ts', 'src/platforms/mailjet/index.ts'],
  'sql-in-the-store': ['src/sync/l.ts', 'pg'],
  'product-knows-no-tests': ['src/sync/m.ts', 'fixtures/people/index.ts'],
  'no-development-packages': ['src/http/n.ts', 'nock'],
  'model-stands-alone': ['test/model/o.ts', 'src/rules/facts.ts'],
  'simulators-stand-alone': ['fixtures/simulators/p.ts', 'src/http/client.ts'],
  resolvable: ['src/http/q.ts', 'src/http/not-there.ts'],
};
/** What the house is built of, and no rule minds. */
const allowed: [from: string, to: string][] = [
  ['src/errors/s.ts', 'src/http/errors.ts'],
  ['src/dataverse/t.ts', 'src/errors/s.ts'],
  ['src/app.ts', 'src/platforms/registry.ts'],
  ['src/app.ts', 'jobs/index.ts'],
  ['jobs/apply.ts', 'src/queue/job.ts'],
  ['src/queue/job.ts', 'src/sync/use-cases.ts'],
  ['src/sync/plan.ts', 'src/rules/facts.ts'],
  ['src/sync/plan.ts', 'src/platforms/platform.ts'],
  ['src/sync/plan.ts', 'src/store/store.ts'],
  ['src/store/quota.ts', 'src/http/errors.ts'],
  ['src/store/quota.ts', 'pg'],
  ['src/http/client.ts', 'config/words.ts'],
  ['test/model/decide.test.ts', 'src/rules/facts.ts'],
];

interface Violation {
  readonly from: string;
  readonly rule: { readonly name: string };
}

let folder: string;
let violations: Violation[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'connector-layers-'));
  const lines = new Map<string, string[]>();
  const add = (from: string, to: string): void => {
    const path = relative(dirname(from), to);
    // Half of the house's imports are types only: they count as well.
    const line = to.includes('/')
      ? `import type { X } from '${path.startsWith('.') ? path : `./${path}`}';`
      : `import '${to}';`;
    lines.set(from, [...(lines.get(from) ?? []), line]);
    if (/\.ts$/.test(to) && !to.includes('not-there') && !lines.has(to)) lines.set(to, []);
  };
  for (const [from, to] of [...Object.values(planted), ...allowed]) add(from, to);
  lines.set('src/http/round.ts', ["import { X as Y } from './trip.ts';", 'export const X = Y;']);
  lines.set('src/http/trip.ts', ["import { X as Y } from './round.ts';", 'export const X = Y;']);
  for (const [file, content] of lines) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), `${content.join('\n')}\nexport interface X { readonly x: 1 }\n`);
  }
  for (const name of ['pg', 'nock']) {
    await mkdir(join(folder, 'node_modules', name), { recursive: true });
    await writeFile(join(folder, 'node_modules', name, 'package.json'), JSON.stringify({ name, main: 'index.js' }));
    await writeFile(join(folder, 'node_modules', name, 'index.js'), '');
  }
  await writeFile(
    join(folder, 'package.json'),
    JSON.stringify({ type: 'module', dependencies: { pg: '1' }, devDependencies: { nock: '1' } }),
  );
  await writeFile(join(folder, 'tsconfig.json'), '{}');
  await cp(configuration, join(folder, '.dependency-cruiser.cjs'));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, '--output-type', 'json', 'src', 'jobs', 'config', 'fixtures', 'test'],
    { cwd: folder, maxBuffer: 50_000_000 },
  ).catch((error: { stdout: string }) => error);
  violations = (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations;
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('the layer check', () => {
  test.each(Object.entries(planted))('%s: %j is refused', (rule, [from]) => {
    expect(violations).toContainEqual(expect.objectContaining({ from, rule: expect.objectContaining({ name: rule }) }));
  });

  test('a cycle is refused', () => {
    expect(violations).toContainEqual(
      expect.objectContaining({ from: 'src/http/round.ts', rule: expect.objectContaining({ name: 'no-cycles' }) }),
    );
  });

  test('what the design allows is allowed', () => {
    const builders = new Set(allowed.map(([from]) => from));
    expect(violations.filter(({ from }) => builders.has(from))).toEqual([]);
  });

  test('every rule has a planted violation', () => {
    const { forbidden } = require('../../.dependency-cruiser.cjs') as { forbidden: { name: string }[] };
    expect(forbidden.map(({ name }) => name).sort()).toEqual([...Object.keys(planted), 'no-cycles'].sort());
  });
});

import { readFile } from 'node:fs/promises';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { generateConfiguration } from '../../../config/generate.ts';
import { loadSettings } from '../../../config/load.ts';
import { errorsPage } from '../../../src/errors/page.ts';
import { platformsPage } from '../../../src/platforms/describe.ts';
import { baseEnv, changed, platformSchemas } from './base.ts';

const root = new URL('../../../', import.meta.url);
const text = (path: string) => readFile(new URL(path, root), 'utf8');
const generated = generateConfiguration(platformSchemas);
const demoEnv = {
  DEMO_DATAVERSE_URL: 'http://127.0.0.1:4001',
  DEMO_AUTHORITY: 'https://localhost:4002/tenant',
  DEMO_CLIENT_ID: 'application',
  DEMO_CLIENT_SECRET: 'secret',
  DEMO_ANONYMIZE_WHEN_INACTIVE: 'false',
  DEMO_SPOTLER_URL: 'http://127.0.0.1:4003/integrationservice',
  DEMO_SPOTLER_KEY: 'key',
  DEMO_SPOTLER_SECRET: 'secret',
  DEMO_DATA_DIR: '/tmp/demo',
  DEMO_HASH_KEY: 'h'.repeat(32),
  DEMO_ADMIN_TOKEN: 'a'.repeat(32),
  DEMO_LOG_LEVEL: 'info',
};

function compiled() {
  return new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(JSON.parse(generated.jsonSchema));
}

describe('what is generated', () => {
  it('is in the repository as the schema says now (else: npm run generate)', async () => {
    expect(await text('config/connector.schema.json')).toBe(generated.jsonSchema);
    expect(await text('docs/configuration.md')).toBe(generated.reference);
    expect(await text('docs/platforms.md')).toBe(platformsPage());
    expect(await text('docs/errors.md')).toBe(errorsPage());
  });

  it('describes every key', () => {
    const bare = [...properties(JSON.parse(generated.jsonSchema), '')]
      .filter(([, node]) => !node.description)
      .map(([path]) => path);

    expect(bare.filter((path) => !/\.(column|lookup|as|map)$/.test(path))).toEqual([]);
  });

  it('has no words of our own in the editors schema', () => {
    // A key may be called secret; the mark of one is true.
    expect(generated.jsonSchema).not.toMatch(/"expected":|"secret": true/);
  });

  it.each([
    ['the example', 'config/connector.example.yaml'],
    ['the demo', 'config/demo.yaml'],
  ])('accepts %s in an editor', async (_, path) => {
    const validate = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true }).compile(
      JSON.parse(generated.jsonSchema),
    );

    const isValid = validate(parse(await text(path), { merge: true }));

    expect(validate.errors ?? []).toEqual([]);
    expect(isValid).toBe(true);
  });

  it('refuses a misspelt key in an editor', () => {
    const validate = compiled();

    expect(validate(parse(changed([['brake', 'maxCuont'], 3])))).toBe(false);
    expect(validate(parse(changed()))).toBe(true);
  });
});

describe('the example', () => {
  it('loads without a mistake, with and without what storage reads', async () => {
    const file = new URL('config/connector.example.yaml', root).pathname;
    const env = { ...baseEnv, DATABASE_URL: 'postgres://db.example/connector', REDIS_URL: 'redis://redis.example' };

    const withAll = await loadSettings({ file, env, platformSchemas });
    const embedded = await loadSettings({ file, env: baseEnv, platformSchemas });

    expect(withAll.storage.redisUrl?.reveal()).toBe('redis://redis.example');
    expect(embedded.storage.databaseUrl).toBeUndefined();
    expect(Object.keys(embedded.targets[0]?.tables ?? {})).toEqual(['contact', 'lead']);
  });

  it('shows every key of the schema', async () => {
    const example = await text('config/connector.example.yaml');
    const keys = [...properties(JSON.parse(generated.jsonSchema), '')].map(([path]) => path.split('.').at(-1) ?? '');

    const missing = [...new Set(keys)].filter((key) => !new RegExp(`(^|[\\s{#-])${key}:`, 'm').test(example));

    expect(missing).toEqual([]);
  });
});

describe('the demo', () => {
  it('loads without a mistake', async () => {
    const settings = await loadSettings({
      file: new URL('config/demo.yaml', root).pathname,
      env: demoEnv,
      platformSchemas,
    });

    expect(settings.server.port).toBe(0);
    expect(settings.tables.contact?.permissions['Product news']).toBe('new_productnews');
  });
});

interface Node {
  readonly description?: string;
  readonly properties?: Record<string, Node>;
  readonly additionalProperties?: boolean | Node;
  readonly items?: Node;
  readonly anyOf?: Node[];
}

function* properties(node: Node, path: string): Generator<[string, Node]> {
  for (const [key, inner] of Object.entries(node.properties ?? {})) {
    yield [`${path}.${key}`, inner];
    yield* properties(inner, `${path}.${key}`);
  }
  if (typeof node.additionalProperties === 'object') yield* properties(node.additionalProperties, `${path}.*`);
  if (node.items) yield* properties(node.items, `${path}[]`);
  for (const alternative of node.anyOf ?? []) yield* properties(alternative, path);
}

/**
 * `npm run generate`: writes config/connector.schema.json and docs/configuration.md from the schemas, those of the
 * platforms included, docs/platforms.md from what the adapters declare, docs/errors.md from the catalogue of errors. Writes nothing else. A test says when it has to be run.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { generateConfiguration } from '../config/generate.ts';
import { errorsPage } from './errors/page.ts';
import { platformsPage } from './platforms/describe.ts';
import { platforms } from './platforms/registry.ts';

const root = new URL('../', import.meta.url);
const platformSchemas = Object.fromEntries(Object.entries(platforms).map(([name, { schema }]) => [name, schema]));
const { jsonSchema, reference } = generateConfiguration(platformSchemas);

await mkdir(new URL('docs/', root), { recursive: true });
await writeFile(new URL('config/connector.schema.json', root), jsonSchema);
await writeFile(new URL('docs/configuration.md', root), reference);
await writeFile(new URL('docs/platforms.md', root), platformsPage());
await writeFile(new URL('docs/errors.md', root), errorsPage());
process.stdout.write(
  `written below ${fileURLToPath(root)}: config/connector.schema.json, docs/configuration.md, docs/platforms.md, docs/errors.md\n`,
);

import { readdirSync, readFileSync } from 'node:fs';

const folder = new URL('../../../src/rules/', import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith('.ts'));
const importsOf = (url: URL) =>
  [...readFileSync(url, 'utf8').matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]);

describe('the rules room', () => {
  it.each(files)('%s imports nothing from outside the room', (file) => {
    expect(importsOf(new URL(file, folder)).filter((path) => !path?.match(/^\.\/[a-z-]+\.ts$/))).toEqual([]);
  });

  it.each(files)('%s reads no clock, no chance and no environment', (file) => {
    expect(readFileSync(new URL(file, folder), 'utf8')).not.toMatch(
      /Date\.now|new Date\(|Math\.random|process\.|console\./,
    );
  });

  it.each(['combine-oracle.ts', 'decide-oracle.ts'])('is judged by %s, which imports nothing at all', (oracle) => {
    expect(importsOf(new URL(`../../model/${oracle}`, import.meta.url))).toEqual([]);
  });
});

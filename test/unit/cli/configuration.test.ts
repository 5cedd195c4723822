import { type ConfigurationFile, configurationFile, runConnector } from '../../support/command.ts';
import { badCases } from '../config/bad-cases.ts';
import { badPairs } from '../config/bad-pairs.ts';
import { baseEnv } from '../config/base.ts';
import { runHere } from './run-here.ts';

let file: ConfigurationFile;

beforeAll(async () => {
  file = await configurationFile('');
});

afterAll(() => file.remove());

describe('a configuration with mistakes', () => {
  it.each(badCases)('is exit code 2 with one line for each: $name', async ({ yaml, env, expect: expected }) => {
    await file.write(yaml);

    const { code, stderr, stdout } = await runHere(['status', '--config', file.path], env);

    const lines = stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(expected.length);
    for (const [index, { path, mend }] of expected.entries()) {
      expect(lines[index]).toMatch(/^[^ ].*: .*; expected /);
      expect(lines[index]!.startsWith(`${path === '' ? 'configuration' : path}: `)).toBe(true);
      expect(lines[index]).toContain(mend);
    }
    for (const secret of Object.values(baseEnv)) expect(stderr).not.toContain(secret);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });

  it.each([
    ['start', ['start']],
    ['sync', ['sync']],
    ['check', ['check']],
    ['erase', ['erase', 'contact/00000000-0000-0000-0000-000000000001']],
  ])('is refused by %s as a process, before anything is opened', async (_name, args) => {
    const bad = badPairs[0]!;
    await file.write(bad.yaml);

    const result = await runConnector([...args, '--config', file.path], { env: bad.env });

    expect(result.stderr.trimEnd().split('\n')).toHaveLength(bad.expect.length);
    expect(result.stderr).toContain(bad.expect[0]!.path);
    expect(result.code).toBe(2);
  });

  it('is looked for where CONNECTOR_CONFIG says', async () => {
    const result = await runConnector(['status'], { env: { CONNECTOR_CONFIG: '/nowhere/else.yaml' } });

    expect(result.stderr).toContain('a readable YAML file at /nowhere/else.yaml');
    expect(result.code).toBe(2);
  });

  it('is looked for in the current folder otherwise', async () => {
    const result = await runConnector(['status'], { cwd: '/' });

    expect(result.stderr).toContain('a readable YAML file at connector.yaml');
    expect(result.code).toBe(2);
  });
});

/** What holds for every command that there is: walked, so that a new one cannot be forgotten. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Command } from 'commander';
import { completionScript, shells } from '../../../src/cli-completion.ts';
import { examples } from '../../../src/cli-examples.ts';
import { createProgram } from '../../../src/cli-program.ts';
import { commandsOf, optionsOf, pathOf } from '../../../src/cli-tree.ts';
import { runHere } from './run-here.ts';

const run = promisify(execFile);
const program = createProgram(async () => undefined);
const commands = commandsOf(program);
const paths = commands.map(pathOf);

describe('every command', () => {
  it.each(paths)('%s has a description, examples in its help, and only options that say what they do', async (path) => {
    const command = commands[paths.indexOf(path)]!;

    const { code, stdout } = await runHere([...path.split(' '), '--help']);

    expect(code).toBe(0);
    expect(command.description()).toMatch(/^\S.*[^.]$/);
    for (const option of optionsOf(command))
      expect([option.flags, option.description]).toEqual([option.flags, expect.stringMatching(/\S/)]);
    for (const line of examples[path] ?? []) expect(stdout).toContain(`  connector ${line}\n`);
    expect(stdout).toContain(`Examples:\n  connector ${path}`);
    expect(stdout).toContain('--json');
    expect(stdout).not.toContain('\u001b');
  });

  it('is known to the list of examples, and nothing else is', () => {
    expect(Object.keys(examples).sort()).toEqual([...paths].sort());
  });

  it.each(Object.entries(examples).flatMap(([path, lines]) => lines.map((line) => [line, path])))(
    'understands its example: %s',
    async (line, path) => {
      const reached: string[] = [];
      const fresh = createProgram(async (command: Command) => {
        reached.push(pathOf(command));
      });

      await fresh.parseAsync(line.split(' > ')[0]!.split(' '), { from: 'user' });

      expect(reached).toEqual([path === 'targets' ? 'targets accept' : path]);
    },
  );
});

describe('a mistyped word', () => {
  it.each([
    ['a command', ['statsu'], /unknown command 'statsu'\n\(Did you mean status\?\)/],
    ['a command of a command', ['holds', 'aprove', '1'], /unknown command 'aprove'\n\(Did you mean approve\?\)/],
    ['a command of a command that takes a record', ['evidence', 'verfy'], /\(Did you mean verify\?\)/],
    ['a command of a command that does nothing itself', ['targets', 'acept', 'main'], /\(Did you mean accept\?\)/],
    ['a command, with nothing near', ['parked', 'everything'], /^error: unknown command 'everything'\n$/],
    ['an option', ['sync', '--jsn'], /unknown option '--jsn'\n\(Did you mean --json\?\)/],
    ['a shell', ['completion', 'tcsh'], /Allowed choices are bash, zsh, fish/],
  ])('in place of %s is exit code 2, with what was probably meant', async (_what, args, said) => {
    const result = await runHere(args);

    expect(result).toMatchObject({ code: 2, stdout: '' });
    expect(result.stderr).toMatch(said);
  });
});

describe('connector completion', () => {
  it.each(shells)('%s has every command and every option', async (shell) => {
    const { code, stdout, stderr } = await runHere(['completion', shell]);

    const missing = commands
      .flatMap((command) => [
        ...command.name().split(' '),
        ...optionsOf(command).map(({ long }) => (shell === 'fish' ? `-l ${long?.slice(2)} ` : (long ?? ''))),
      ])
      .filter((word) => !stdout.includes(word));
    expect(missing).toEqual([]);
    expect(stdout).toBe(completionScript(program, shell));
    expect([code, stderr]).toEqual([0, '']);
  });

  it.each([
    [['s'], 'start sync status setup suppress'],
    [['holds', 'a'], 'approve'],
    [['--config', 'holds', 'holds', 'sh'], 'show'],
    [['evidence', 'verify', '--con'], '--contains --config'],
    [['sync', '--log-level', 'd'], 'debug'],
    [['completion', 'f'], 'fish'],
    [['--config', ''], ''],
  ])('completes %j in bash', async (words, expected) => {
    const ask = `${completionScript(program, 'bash')}
      COMP_WORDS=(connector "$@"); COMP_CWORD=$#; _connector; echo "\${COMPREPLY[*]}"`;

    const { stdout, stderr } = await run('bash', ['--norc', '-c', ask, 'bash', ...words]);

    expect(stderr).toBe('');
    expect(stdout.trim()).toBe(expected);
  });
});

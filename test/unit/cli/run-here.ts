/** The same entry as the process, without starting one for each of some hundred cases. */
import { jest } from '@jest/globals';
import { run } from '../../../src/cli-program.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** `env` is all that the environment says besides what the tests themselves run with. */
export async function runHere(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const environment = process.env;
  const stdout: string[] = [];
  const stderr: string[] = [];
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => stdout.push(String(text)) > 0),
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => stderr.push(String(text)) > 0),
  ];
  process.env = { ...environment, ...env };
  try {
    const code = await run(args);
    return { code, stdout: stdout.join(''), stderr: stderr.join('') };
  } finally {
    process.env = environment;
    for (const spy of spies) spy.mockRestore();
  }
}

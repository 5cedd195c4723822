import { runConnector } from '../../support/command.ts';
import { runHere } from './run-here.ts';

describe('the command line', () => {
  it.each([
    ['no command', [], /Usage: connector/],
    ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'/],
    ['an unknown option', ['sync', '--fast'], /unknown option '--fast'/],
    ['an unknown level of the log', ['sync', '--log-level', 'loud'], /allowed choices are trace/i],
    ['explain without a record', ['explain'], /missing required argument 'record'/],
    ['a record that is none', ['explain', 'person/1'], /contact\/<guid>/],
    ['evidence of a record that is none', ['evidence', '1'], /contact\/<guid>/],
    ['erase with nothing', ['erase'], /needs one of/],
    ['erase with two subjects', ['erase', `contact/${'0'.repeat(8)}`, '--email', 'a@b.example'], /needs one of/],
    ['erase with an address that is none', ['erase', '--email', 'nobody'], /not an email address/],
    ['erase with a file that is not there', ['erase', '--file', '/nowhere/ids'], /the file cannot be read/],
    ['erase with a time that is none', ['erase', '--timeout', 'long', '--email', 'a@b.example'], /number of seconds/],
    ['a hold that is none', ['holds', 'approve', 'first'], /no id of a hold/],
    ['pause without a target', ['pause'], /missing required argument 'target'/],
    ['targets without a verb', ['targets'], /Usage: connector targets/],
    ['preview of a table that is none', ['preview', '--table', 'opportunity'], /contact, lead or account is expected/],
    ['preview of a sample that is none', ['preview', '--sample', '0'], /number above 0/],
    ['a solution whose name is none', ['setup', '--solution', 'No Name'], /A unique name is expected/],
    ['suppress with neither address nor record', ['suppress', 'somebody'], /neither an email address nor a record/],
  ])('answers %s with exit code 2', async (_name, args, said) => {
    const result = await runHere(args);

    expect(result.stderr).toMatch(said);
    expect(result.stdout).toBe('');
    expect(result.code).toBe(2);
  });

  it('shows help on standard output, with every command and every exit code', async () => {
    const { code, stdout } = await runHere(['--help']);

    const commands = [
      'start',
      'sync',
      'check',
      'setup',
      'status',
      'preview',
      'explain',
      'erase',
      'reconcile',
      'audit',
      'holds',
      'parked',
    ];
    for (const name of [...commands, 'pause', 'resume', 'targets', 'suppress', 'unsuppress', 'evidence']) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name}\\b`, 'm'));
    }
    expect(stdout).toContain('3 something is held');
    expect(code).toBe(0);
  });

  it.each([
    ['a command that it does not know', ['frobnicate'], 'unknown command'],
    ['a record that is none', ['erase', 'person/1'], 'contact/<guid>'],
  ])('ends the process with 2 for %s', async (_name, args, said) => {
    const result = await runConnector(args);

    expect(result.stderr).toContain(said);
    expect(result.code).toBe(2);
  });

  it('tells its version', async () => {
    const { code, stdout } = await runConnector(['--version']);

    expect(stdout.trim()).toMatch(/^\d+\.\d+\.\d+$/);
    expect(code).toBe(0);
  });
});

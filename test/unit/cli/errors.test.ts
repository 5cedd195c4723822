import { jest } from '@jest/globals';
import { explainFailure, type GlobalOptions } from '../../../src/cli-context.ts';
import { mendLines, showErrors } from '../../../src/cli-errors.ts';
import { mendOf, mendOfForeignWord } from '../../../src/errors/catalogue.ts';

const options: GlobalOptions = { config: 'none.yaml' };

async function printed(given: GlobalOptions, code?: string): Promise<string> {
  let text = '';
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await showErrors(given, code);
  } finally {
    write.mockRestore();
  }
  return text;
}

describe('connector errors', () => {
  it('tells of one code what happened, what goes on meanwhile and the mend', async () => {
    const text = await printed(options, 'BRAKE_HOLD');

    expect(text).toMatch(
      /^BRAKE_HOLD \(Operation\)\n {2}happened .*\n {2}meanwhile .*\n {2}mend .*connector holds approve/,
    );
  });

  it('is read by machines too, one code or all of them', async () => {
    const json = { ...options, json: true };

    expect(JSON.parse(await printed(json, 'HTTP_503'))).toMatchObject({ code: 'HTTP_<status>' });
    expect(JSON.parse(await printed(json))).toContainEqual(expect.objectContaining({ code: 'ADDRESS_HIDDEN' }));
  });

  it('refuses what is no code, with exit code 2, and says what a word of a platform is', async () => {
    await expect(showErrors(options, 'PROPERTY_INVALID')).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining(mendOfForeignWord),
    });
  });
});

describe('mendLines', () => {
  it('names each code once, with its mend', () => {
    const lines = mendLines(['ROW_TOO_LARGE', 'ROW_TOO_LARGE', 'OUTCOME_MANUAL'], false);

    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain(mendOf('ROW_TOO_LARGE'));
  });

  it('says nothing where there is nothing to do', () => {
    expect(mendLines(['ROW_CHANGED'], true)).toEqual([]);
  });

  it('has a mend for a word of the platform only where one may be', () => {
    expect(mendLines(['PROPERTY_INVALID'], true)[1]).toContain(mendOfForeignWord);
    expect(mendLines(['PROPERTY_INVALID'], false)).toEqual([]);
  });
});

describe('a failure that nobody foresaw', () => {
  function said(error: unknown): { text: string; exitCode: number } {
    let text = '';
    const write = jest.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
      text += String(chunk);
      return true;
    });
    try {
      return { exitCode: explainFailure(error), text };
    } finally {
      write.mockRestore();
    }
  }

  it('has a code and a mend, and none of its own words', () => {
    const { text, exitCode } = said(new TypeError('anna@customer.example'));

    expect(text).toMatch(/^unexpected failure: TypeError\n[\s\S]*\(UNEXPECTED\) .*report it/);
    expect(text).not.toContain('anna');
    expect(exitCode).toBe(1);
  });

  it('says nothing when whoever reads has gone', () => {
    expect(said(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))).toEqual({ text: '', exitCode: 1 });
  });
});

import { describe, expect, test } from '@jest/globals';
import { Personal } from '../../config/words.ts';
import { ConnectorError } from '../../src/http/errors.ts';
import { createLogger } from '../../src/logging.ts';

function logged(level: 'trace' | 'info' = 'info', secrets: string[] = []) {
  const lines: string[] = [];
  const logger = createLogger({
    level,
    secrets: secrets.map((secret) => new Personal(secret)),
    sink: { write: (line) => lines.push(line) },
  });
  return { logger, lines, last: () => JSON.parse(lines.at(-1)!) as Record<string, unknown> };
}

describe('a log line', () => {
  test('is one JSON object with level, time, sentence and fields', () => {
    const { logger, lines, last } = logged();
    logger.info({ target: 'main', claimed: 3 }, 'batch applied');
    expect(lines).toHaveLength(1);
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      target: 'main',
      claimed: 3,
      msg: 'batch applied',
    });
  });

  test('below the level is not written', () => {
    const { logger, lines } = logged();
    logger.debug({}, 'nobody sees this');
    expect(lines).toEqual([]);
  });
});

describe('secrets', () => {
  const secret = 'p@ss "wört"/+==';
  const spelled = [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(encodeURIComponent(secret)),
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('base64url'),
    Buffer.from(secret).toString('hex'),
    JSON.stringify({ key: secret }),
  ];

  test.each(spelled)('are masked in every spelling: %#', (text) => {
    const { logger, lines } = logged('info', [secret]);
    logger.info({ note: `before ${text} after` }, 'something happened');
    expect(lines[0]).toContain('[secret]');
    expect(lines[0]).not.toContain('wört');
    expect(lines[0]).not.toContain(Buffer.from(secret).toString('base64').slice(0, 12));
  });

  test('are masked from the moment they are registered', () => {
    const { logger, lines } = logged();
    logger.registerSecret(new Personal('late-secret'));
    logger.info({ note: 'late-secret' }, 'late-secret');
    expect(lines[0]).not.toContain('late-secret');
  });

  test('one that contains another leaves nothing of itself', () => {
    const { logger, lines } = logged('info', ['secret-one', 'secret-one-and-two']);
    logger.info({ note: 'secret-one-and-two' }, 'x');
    expect(lines[0]).not.toContain('and-two');
  });

  test('too short to be one hides nothing', () => {
    const { logger, last } = logged('info', ['in']);
    logger.info({ note: 'inside' }, 'x');
    expect(last().note).toBe('inside');
  });
});

describe('people', () => {
  test('a masked value stays masked', () => {
    const { logger, last } = logged();
    logger.info({ owner: new Personal('Anna Meier') }, 'x');
    expect(last().owner).toBe('[personal]');
  });

  test('fields that nobody should log are emptied', () => {
    const { logger, lines } = logged();
    logger.info({ email: 'Anna Meier', answer: { body: 'Anna Meier', headers: { a: 'Anna Meier' } } }, 'x');
    expect(lines[0]).not.toContain('Anna');
  });

  test('what looks like an address is masked wherever it stands', () => {
    const { logger, lines } = logged();
    logger.info(
      { note: 'to <anna.meier+x@acme.example>, ok', list: ['zoë@büro.example'] },
      'wrote to ben@acme.example',
    );
    expect(lines[0]).not.toMatch(/anna|zoë|ben@|acme/);
    expect(lines[0]).toContain('[address]');
    expect(() => JSON.parse(lines[0]!)).not.toThrow();
  });
});

describe('errors', () => {
  const foreign = Object.assign(new Error('"Anna Meier" is not a valid value'), { code: 'EINVAL' });
  const own = new ConnectorError('config', 'BAD_KEY', 'The key is refused.', {
    cause: foreign,
    status: 401,
    requestId: 'r1',
  });

  test('of our own show kind, code, status, request id and our sentence, and neither cause nor stack', () => {
    const { logger, last } = logged();
    logger.error({ error: own }, 'x');
    expect(last().error).toEqual({
      kind: 'config',
      code: 'BAD_KEY',
      status: 401,
      requestId: 'r1',
      message: 'The key is refused.',
    });
  });

  test('of others show class and code only', () => {
    const { logger, last } = logged();
    logger.error({ err: foreign }, 'x');
    expect(last().err).toEqual({ name: 'Error', code: 'EINVAL' });
  });

  test('at trace show frames and causes, and still no foreign words', () => {
    const { logger, lines, last } = logged('trace');
    logger.error({ error: own }, 'x');
    expect(last().error).toMatchObject({ code: 'BAD_KEY', cause: { code: 'EINVAL', frames: expect.any(Array) } });
    expect(lines[0]).not.toContain('Anna');
  });

  test('of libraries show none of what these put on them', () => {
    const { logger, lines, last } = logged('trace');
    const database = Object.assign(new Error('duplicate key'), {
      name: 'error',
      code: '23505',
      detail: 'Key (email)=(Anna Meier) already exists.',
      where: 'Anna Meier',
    });
    const http = Object.assign(new Error('Request failed for Anna Meier'), {
      name: 'AxiosError',
      code: 'ERR_BAD_REQUEST',
      status: 400,
      config: { data: 'Anna Meier', headers: { Authorization: 'Anna Meier' } },
      response: { data: 'Anna Meier' },
      toJSON: () => ({ message: 'Anna Meier' }),
    });
    logger.error({ err: database, reason: http, list: [http], inner: { failure: http } }, 'x');
    expect(lines[0]).not.toContain('Anna');
    expect(last()).toMatchObject({
      err: { name: 'error', code: '23505' },
      reason: { name: 'AxiosError', code: 'ERR_BAD_REQUEST', status: 400 },
      inner: { failure: { name: 'AxiosError' } },
    });
  });

  test('whose message or name looks like frames or words show neither', () => {
    const { logger, lines, last } = logged('trace');
    const error = new Error('first line\n    at Anna Meier (/home/anna:1:1)');
    const renamed = Object.assign(new Error('x'), { name: 'Anna Meier', code: 'Anna Meier' });
    logger.error({ err: error, other: renamed }, 'x');
    expect(lines[0]).not.toContain('Anna');
    const { frames } = last().err as { frames: string[] };
    expect(frames[0]).toMatch(/logging\.test\.ts:\d+:\d+/);
  });

  test.each(['err', 'error', 'cause'])('that are none are not looked at under %s', (field) => {
    const { logger, last } = logged();
    logger.error({ [field]: 'Anna Meier' }, 'x');
    expect(last()[field]).toEqual({ name: 'string' });
  });

  test('together show each of them at trace', () => {
    const { logger, lines, last } = logged('trace');
    logger.error({ err: new AggregateError([foreign, own], 'Anna Meier') }, 'x');
    expect(last().err).toMatchObject({ name: 'AggregateError', errors: [{ code: 'EINVAL' }, { code: 'BAD_KEY' }] });
    expect(lines[0]).not.toContain('Anna');
  });
});

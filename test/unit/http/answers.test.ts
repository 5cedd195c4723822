import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { errorFromStatus, parseJson, requestIdOf, retryAfterMs } from '../../../src/http/answers.ts';

const now = Date.parse('2026-01-01T00:00:00Z');

describe('Retry-After', () => {
  test.each([
    ['seconds', '120', 120_000],
    ['a fraction of a second', '0.5', 500],
    ['a date', 'Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['a date that has passed', 'Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['more than an hour', '86400', 3_600_000],
    ['nonsense', 'soon', undefined],
    ['nothing', '', undefined],
  ])('%s', (_name, value, expected) => {
    expect(retryAfterMs({ 'retry-after': value }, now)).toBe(expected);
  });

  test('is undefined without the header', () => {
    expect(retryAfterMs({}, now)).toBeUndefined();
  });
});

describe('the request id', () => {
  test('is taken from the first header known', () => {
    expect(requestIdOf({ 'x-request-id': 'b', 'x-ms-service-request-id': 'a-1' })).toBe('a-1');
  });

  test('is not taken when it could be anything', () => {
    expect(requestIdOf({ 'x-request-id': 'jan@person.example' })).toBeUndefined();
  });
});

describe('parseJson', () => {
  test('reads JSON', () => {
    expect(parseJson('{"a":[1]}', 'Mail')).toEqual({ a: [1] });
  });

  test.each([
    ['a page', '<html>jan@person.example</html>'],
    ['a cut body', '{"email":"jan@person.example"'],
    ['an empty body', ''],
  ])('%s is an error to retry that does not quote it', (_name, text) => {
    let error: unknown;
    try {
      parseJson(text, 'Mail');
    } catch (reason) {
      error = reason;
    }
    expect(error).toMatchObject({ kind: 'retry', code: 'HTTP_NOT_JSON' });
    expect(inspect(error)).not.toContain('person.example');
  });
});

describe('a status', () => {
  test.each([
    [429, 'wait'],
    [500, 'retry'],
    [503, 'retry'],
    [408, 'retry'],
    [401, 'config'],
    [403, 'config'],
    [407, 'config'],
    [404, 'gone'],
    [410, 'gone'],
    [400, 'park'],
    [413, 'park'],
    [422, 'park'],
  ])('%i is of kind %s', (status, kind) => {
    const error = errorFromStatus(status, { 'retry-after': '3', 'x-request-id': 'r9' }, now, {
      service: 'Mail',
      template: 'GET /x',
    });
    expect(error).toMatchObject({ kind, status, code: `HTTP_${status}`, retryAfterMs: 3_000, requestId: 'r9' });
  });

  test('429 without Retry-After leaves the wait open', () => {
    expect(errorFromStatus(429, {}, now, { service: 'Mail', template: 'GET /x' }).retryAfterMs).toBeUndefined();
  });
});

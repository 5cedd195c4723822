import { describe, expect, test } from '@jest/globals';
import { isSameSecret } from '../../../src/server/secret.ts';
import { cookieName, createSessions, sessionMs } from '../../../src/server/session.ts';
import { createTries } from '../../../src/server/tries.ts';

const token = 'a-token-of-the-tests';

function at(start: number) {
  let time = start;
  return { now: () => time, pass: (milliseconds: number) => (time += milliseconds) };
}

const cookie = (value: string): string => `other=1; ${cookieName}=${value}`;

describe('a session', () => {
  test('is known to every process with the same token, and to none with another', () => {
    const clock = at(1_000.25);
    const value = createSessions(token, clock.now).begin();
    expect(createSessions(token, clock.now).find(cookie(value))?.csrf).toMatch(/^[\w-]{43}$/);
    expect(createSessions(`${token}2`, clock.now).find(cookie(value))).toBeUndefined();
  });

  test('ends after its time', () => {
    const clock = at(1_000);
    const sessions = createSessions(token, clock.now);
    const value = sessions.begin();
    clock.pass(sessionMs - 1);
    expect(sessions.find(cookie(value))).toBeDefined();
    clock.pass(1);
    expect(sessions.find(cookie(value))).toBeUndefined();
  });

  test('ends with the log-out, and no other with it', () => {
    const sessions = createSessions(token, () => 1_000);
    const [one, other] = [sessions.begin(), sessions.begin()];
    sessions.end(cookie(one));
    expect(sessions.find(cookie(one))).toBeUndefined();
    expect(sessions.find(cookie(other))).toBeDefined();
  });

  test('each has a proof of its own for its forms', () => {
    const sessions = createSessions(token, () => 1_000);
    const proofs = [sessions.begin(), sessions.begin()].map((value) => sessions.find(cookie(value))?.csrf);
    expect(new Set(proofs).size).toBe(2);
  });

  test.each([
    ['a later end', (value: string) => value.replace(/^\d/, '9')],
    ['another mark', (value: string) => `${value.slice(0, -1)}${value.endsWith('A') ? 'B' : 'A'}`],
    ['something behind', (value: string) => `${value}A`],
    ['nothing', () => ''],
    [
      'the proof of its forms for a mark',
      (value: string) => value.replace(/[^.]+$/, createSessions(token, () => 0).find(cookie(value))?.csrf ?? ''),
    ],
  ])('is refused with %s', (_, forge) => {
    const sessions = createSessions(token, () => 1_000);
    const value = sessions.begin();
    expect(sessions.find(cookie(value))).toBeDefined();
    expect(sessions.find(cookie(forge(value)))).toBeUndefined();
  });

  test('nobody has one without a cookie', () => {
    expect(createSessions(token, () => 0).find(undefined)).toBeUndefined();
  });
});

describe('wrong tokens', () => {
  test('are slowed down after five a minute from one address, not from others', () => {
    const clock = at(0);
    const tries = createTries(clock.now);
    for (let n = 0; n < 4; n++) tries.failed('one');
    expect(tries.waitSeconds('one')).toBe(0);
    clock.pass(10_000);
    tries.failed('one');
    expect(tries.waitSeconds('one')).toBe(50);
    expect(tries.waitSeconds('other')).toBe(0);
    clock.pass(50_000);
    expect(tries.waitSeconds('one')).toBe(0);
  });

  test('are slowed down for everybody after a hundred', () => {
    const clock = at(0);
    const tries = createTries(clock.now);
    for (let n = 0; n < 100; n++) tries.failed(`address ${n}`);
    expect(tries.waitSeconds('new')).toBe(60);
  });
});

test.each([
  ['secret', 'secret', true],
  ['secret', 'secret2', false],
  ['', 'secret', false],
])('%j against %j: %j', (given, expected, same) => {
  expect(isSameSecret(given, expected)).toBe(same);
});

import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { createNudges, gapMs } from '../../../src/server/nudge.ts';

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
});

function recorded() {
  const passed: string[] = [];
  const nudges = createNudges<string>(async (kind) => {
    passed.push(kind);
  });
  return { passed, nudges };
}

test('the first is passed on at once, and all that follow within the gap as one', () => {
  const { passed, nudges } = recorded();
  for (let n = 0; n < 50; n++) nudges.nudge('contact');
  expect(passed).toEqual(['contact']);
  jest.advanceTimersByTime(gapMs);
  expect(passed).toEqual(['contact', 'contact']);
  jest.advanceTimersByTime(10 * gapMs);
  expect(passed).toHaveLength(2);
});

test('after a quiet gap the next is passed on at once again', () => {
  const { passed, nudges } = recorded();
  nudges.nudge('contact');
  jest.advanceTimersByTime(gapMs);
  nudges.nudge('contact');
  expect(passed).toEqual(['contact', 'contact']);
});

test('kinds do not wait for each other', () => {
  const { passed, nudges } = recorded();
  nudges.nudge('contact');
  nudges.nudge('lead');
  expect(passed).toEqual(['contact', 'lead']);
});

test('nothing is passed on after the end', () => {
  const { passed, nudges } = recorded();
  nudges.nudge('contact');
  nudges.nudge('contact');
  nudges.stop();
  jest.advanceTimersByTime(10 * gapMs);
  expect(passed).toEqual(['contact']);
});

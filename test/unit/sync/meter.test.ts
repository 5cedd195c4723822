import { describe, expect, it } from '@jest/globals';
import type { TargetName } from '../../../config/words.ts';
import type { Activity } from '../../../src/store/activity.ts';
import { createActivityCounter, lagBounds } from '../../../src/sync/meter.ts';

const main = 'main' as TargetName;

function book(failures = 0) {
  const added: (readonly Activity[])[] = [];
  let left = failures;
  return {
    added,
    async add(rows: readonly Activity[]): Promise<void> {
      if (left-- > 0) throw new Error('the database is away');
      added.push(rows);
    },
  };
}

describe('the activity', () => {
  it('is counted by action and rule, lags in classes, calls and refusals', async () => {
    const counter = createActivityCounter();
    counter.applied({ target: main, action: 'sync', rule: 'eligible', lagMs: 2000 });
    counter.applied({ target: main, action: 'sync', rule: 'eligible', lagMs: 2001 });
    counter.applied({ target: main, action: 'anonymize', rule: 'deleted', lagMs: undefined });
    counter.applied({ target: main, action: 'sync', rule: 'eligible', lagMs: (lagBounds.at(-1) ?? 0) * 1000 + 1 });
    counter.called(main);
    counter.called(main);
    counter.throttled(main);

    const written = book();
    await counter.flush(written);

    expect(written.added.flat().map(({ kind, name, n }) => `${kind} ${name} ${n}`)).toEqual([
      'action sync/eligible 3',
      'lag 2 1',
      'lag 5 1',
      'action anonymize/deleted 1',
      'lag +Inf 1',
      'call  2',
      'throttled  1',
    ]);
  });

  it('that could not be written down stays counted, and is written down once', async () => {
    const counter = createActivityCounter();
    const written = book(1);
    counter.called(main);

    await expect(counter.flush(written)).rejects.toThrow('away');
    counter.called(main);
    await counter.flush(written);
    await counter.flush(written);

    expect(written.added).toEqual([[{ kind: 'call', target: 'main', name: '', n: 2 }], []]);
  });
});

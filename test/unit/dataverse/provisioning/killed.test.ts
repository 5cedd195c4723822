import { expect, test } from '@jest/globals';
import { type Environment, madeIn, startEnvironment } from './environment.ts';

function fresh(): Environment {
  const environment = startEnvironment();
  environment.world.setChangeTracking('contact', false);
  return environment;
}

test('a run that was ended before or after any of its writes is completed by the next, and then nothing is left', async () => {
  const undisturbed = fresh();
  await undisturbed.run();
  const writes = undisturbed.writes.length;
  const whole = madeIn(undisturbed);

  expect(writes).toBeGreaterThan(20);
  // After a write is before the next: between them there are only reads.
  const moments = [...Array(writes).keys()].map((done) => ({ write: done + 1, when: 'before' as const }));
  for (const kill of [...moments, { write: writes, when: 'after' as const }]) {
    const environment = fresh();
    await environment.runKilled(kill);

    const resumed = await environment.run();
    const resumedWrites = environment.writes.length;
    const again = await environment.run();

    const moment = `${kill.when} write ${kill.write}, ${undisturbed.writes[kill.write - 1]}`;
    expect([moment, resumed.in('failed'), resumed.in('amiss')]).toEqual([moment, [], []]);
    expect([moment, madeIn(environment)]).toEqual([moment, whole]);
    expect([moment, environment.writes.length - resumedWrites, again.in('made')]).toEqual([moment, 0, []]);
  }
}, 120_000);

/** A platform that throttles, fails, cuts, or acts and does not answer. */
import { describe, expect, it } from '@jest/globals';
import type { FaultKind } from '../../../fixtures/simulators/kit.ts';
import { ConnectorError, isConnectorError } from '../../../src/http/errors.ts';
import type { Pace } from '../../../src/http/pace.ts';
import type { ConformanceSubject } from './subject.ts';
import { at, bits, born, failureOf, item, signal, type World, worldOf, write } from './support.ts';

/** Milliseconds a call may take where one is made to take longer. */
const patience = 150;

function countingPace(): Pace & { readonly waits: number[]; readonly calls: () => number } {
  const waits: number[] = [];
  let calls = 0;
  return {
    waits,
    calls: () => calls,
    async acquire() {
      calls += 1;
    },
    async throttled(ms) {
      waits.push(ms);
    },
  };
}

/** Every thing one can ask for, at somebody who is there. */
async function failuresOfAll(world: World, fault: { kind: FaultKind; status?: number }): Promise<ConnectorError[]> {
  const { subject, bench, adapter } = world;
  const ref = await born(world, 1);
  bench.setFaults([fault]);
  const failures = [
    await failureOf(adapter.find(ref, signal)),
    await failureOf(adapter.upsert([item(subject, 2)], signal)),
    await failureOf(adapter.anonymize(ref, signal)),
  ];
  if (adapter.capabilities.permissionReset !== 'unsupported') {
    failures.push(await failureOf(adapter.resetPermissions(ref, signal)));
  }
  bench.setFaults([]);
  return failures;
}

export function failureCases(subject: ConformanceSubject): void {
  const hasPermissions = subject.permissions.length > 0;

  describe('trouble', () => {
    const world = worldOf(subject);

    it('obeys a 429 that says how long, and tells the fleet', async () => {
      const pace = countingPace();
      const adapter = world().open({ pace });
      await born(world(), 1);
      world().bench.setFaults([{ kind: '429', retryAfterSeconds: 7 }]);

      const failure = await failureOf(adapter.upsert([item(subject, 2)], signal));

      expect(failure.kind).toBe('wait');
      expect(failure.retryAfterMs).toBeGreaterThan(5_000);
      expect(failure.retryAfterMs).toBeLessThan(9_000);
      expect(pace.waits.length).toBeGreaterThan(0);
    });

    it('obeys a 429 that does not say how long', async () => {
      const pace = countingPace();
      const adapter = world().open({ pace });
      const ref = await born(world(), 1);
      world().bench.setFaults([{ kind: '429' }]);

      const failures = [
        await failureOf(adapter.upsert([item(subject, 2)], signal)),
        await failureOf(adapter.find(ref, signal)),
        await failureOf(adapter.anonymize(ref, signal)),
      ];

      expect(failures.map(({ kind }) => kind)).toEqual(['wait', 'wait', 'wait']);
      expect(pace.waits.length).toBeGreaterThanOrEqual(3);
      expect(Math.min(...pace.waits)).toBeGreaterThan(0);
      expect(await world().bench.people()).toHaveLength(1);
    });

    it('asks the pace before every call', async () => {
      const pace = countingPace();
      const adapter = world().open({ pace });
      const before = total(world().bench.counts());

      await write(adapter, item(subject, 1));

      expect(pace.calls()).toBe(total(world().bench.counts()) - before);
    });

    it.each<FaultKind>(['500', '503', 'cut', 'truncated'])('takes %s for passing', async (kind) => {
      const failures = await failuresOfAll(world(), { kind });

      expect(new Set(failures.map((failure) => failure.kind))).toEqual(new Set(['retry']));
    });

    it('does not read an answer that is half JSON', async () => {
      const ref = await born(world(), 1);
      world().bench.setFaults([{ kind: 'truncatedJson', match: world().bench.kinds.find }]);

      expect((await failureOf(world().adapter.find(ref, signal))).kind).toBe('retry');
    });

    it.each([200, 403, 404])('takes no proxy page with status %d for an answer of the platform', async (status) => {
      const failures = await failuresOfAll(world(), { kind: 'html', status });

      expect(failures.every(({ kind }) => kind !== 'gone' && kind !== 'park')).toBe(true);
      expect(await world().bench.people()).toHaveLength(1);
    });

    it('does not say that nothing took effect when a part of a batch did', async () => {
      const { bulkSize } = world().adapter.capabilities;
      const batch = [1, 2, 3].map((number) => item(subject, number)).slice(0, bulkSize);
      await world().adapter.check(signal);
      world().bench.setFaults([{ kind: '429', match: world().bench.kinds.create, skip: 1 }]);

      const answer = await world()
        .adapter.upsert(batch, signal)
        .catch((error: unknown) => error);

      const landed = (await world().bench.people()).length;
      if (answer instanceof Error && !isConnectorError(answer)) throw answer;
      if (isConnectorError(answer)) expect(answer.mayHaveLanded).toBe(landed > 0);
      else expect(answer).toHaveLength(landed);
    });

    it('times out after the platform has created somebody; the repetition finds them', async () => {
      const { bench, adapter, open } = world();
      const hasty = open({ timeoutMs: patience });
      await adapter.check(signal);
      bench.setFaults([{ kind: 'slow', delayMs: 60_000, match: bench.kinds.create, times: 1 }]);

      const failure = await failureOf(hasty.upsert([item(subject, 1)], signal));
      const acted = await at(world(), 'person1@one.example');
      const again = await write(adapter, item(subject, 1));

      expect(failure).toMatchObject({ kind: 'retry', code: 'HTTP_TIMEOUT' });
      expect(acted).toBeDefined();
      expect(again).toMatchObject({ kind: 'done', created: false });
      expect(await bench.people()).toHaveLength(1);
      expect((await at(world(), 'person1@one.example'))?.fields).toHaveProperty([subject.textFields[0]], 'First 1');
    });

    it('times out after the platform has reset the permissions; the repetition is done', async () => {
      const { bench, adapter, open } = world();
      if (adapter.capabilities.permissionReset === 'unsupported') return;
      const hasty = open({ timeoutMs: patience });
      const ref = await born(world(), 1);
      bench.setFaults([{ kind: 'slow', delayMs: 60_000, match: bench.kinds.reset, times: 1 }]);

      const failure = await failureOf(hasty.resetPermissions(ref, signal));
      const acted = (await at(world(), 'person1@one.example'))?.permissions ?? {};
      const again = await adapter.resetPermissions(ref, signal);

      expect(failure).toMatchObject({ kind: 'retry', code: 'HTTP_TIMEOUT' });
      if (hasPermissions) expect(Object.values(acted)).toContain(false);
      expect(again.kind).toBe('done');
      expect((await at(world(), 'person1@one.example'))?.permissions).toEqual(bits(subject, false));
    });

    it('times out after the platform has erased somebody; the repetition ends it', async () => {
      const { bench, adapter, open } = world();
      const hasty = open({ timeoutMs: patience });
      const ref = await born(world(), 1);
      const id = (await at(world(), 'person1@one.example'))?.id ?? '';
      bench.setFaults([{ kind: 'slow', delayMs: 60_000, match: bench.kinds.erase, times: 1 }]);

      const failure = await failureOf(hasty.anonymize(ref, signal));
      const acted = await bench.isErased(id);
      const again = await adapter.anonymize(ref, signal);

      expect(failure).toMatchObject({ kind: 'retry', code: 'HTTP_TIMEOUT' });
      expect(acted).toBe(true);
      expect(again.kind).toBe('absent');
      expect(await bench.people()).toEqual([]);
    });

    it('goes on where an erasure was cut off in the middle', async () => {
      const { bench, adapter } = world();
      // As the core does: every id that the platform told is kept, and passed on from then on.
      let ref = await born(world(), 1);
      const started = total(bench.counts());
      await adapter.find(ref, signal);
      const lookUps = total(bench.counts()) - started;
      for (let calls = 0; calls <= lookUps + 30; calls += 1) {
        bench.setFaults([{ kind: 'cutAfter', skip: calls, times: 1 }]);
        const failed = await adapter.anonymize(ref, signal).then(
          () => false,
          () => true,
        );
        bench.setFaults([]);
        if (!failed) break;
        const again = await adapter.anonymize(ref, signal);
        expect(['done', 'absent']).toContain(again.kind);
        expect(await bench.people()).toEqual([]);
        ref = await born(world(), 1);
      }
      expect(await adapter.find(ref, signal)).toBeUndefined();
    });

    it('gives up when it is told to', async () => {
      const ended = AbortSignal.abort();

      const failure = await failureOf(world().adapter.upsert([item(subject, 1)], ended));

      expect(failure).toBeInstanceOf(ConnectorError);
      expect(failure.kind).toBe('retry');
      expect(await world().bench.people()).toEqual([]);
    });
  });
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** Use cases for tests of queue and jobs: each call is recorded and can be awaited; unset ones do nothing. */
import type { TableName, TargetName } from '../../config/words.ts';
import type { ApplyResult, PullResult, UseCases } from '../../src/sync/use-cases.ts';

export interface FakeUseCases extends UseCases {
  /** `pull contact`, `apply main`, `sweep` and so on, in order. */
  readonly calls: string[];
  /** Resolves once `call` was made `times` times in all. */
  called(call: string, times: number): Promise<void>;
}

export interface Behaviour {
  pull?(table: TableName, signal: AbortSignal): Promise<PullResult>;
  apply?(target: TargetName, signal: AbortSignal): Promise<ApplyResult>;
  marketingJobs?(signal: AbortSignal): Promise<void>;
  reconcile?(signal: AbortSignal): Promise<void>;
  dueTargets?(signal: AbortSignal): Promise<TargetName[]>;
  housekeeping?(signal: AbortSignal): Promise<void>;
  audit?(signal: AbortSignal): Promise<void>;
}

export function fakeUseCases(behaviour: Behaviour = {}): FakeUseCases {
  const calls: string[] = [];
  const waiting = new Set<() => void>();
  function record(call: string): void {
    calls.push(call);
    for (const check of waiting) check();
  }
  return {
    calls,
    called: (call, times) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (calls.filter((made) => made === call).length < times) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
    async pull(table, signal) {
      record(`pull ${table}`);
      return (await behaviour.pull?.(table, signal)) ?? { changes: 0, overtaken: false };
    },
    async apply(target, signal) {
      record(`apply ${target}`);
      return (await behaviour.apply?.(target, signal)) ?? { claimed: 0, more: false };
    },
    async marketingJobs(signal) {
      record('marketing-jobs');
      await behaviour.marketingJobs?.(signal);
    },
    async reconcile(signal) {
      record('reconcile');
      await behaviour.reconcile?.(signal);
    },
    async housekeeping(signal) {
      record('housekeeping');
      await behaviour.housekeeping?.(signal);
    },
    async audit(signal) {
      record('audit');
      await behaviour.audit?.(signal);
    },
    async dueTargets(signal) {
      record('sweep');
      return (await behaviour.dueTargets?.(signal)) ?? [];
    },
  };
}

/** A promise that a test settles. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

/**
 * One worker whose every port call waits at a gate until the scheduler opens it. Guarantees: between two gates nothing
 * but the worker's own code runs; `seen` grows with every answer, so that two workers with the same calls and answers
 * are in the same state. Calls that nobody else can disturb go through without a gate.
 */
import { createHash } from 'node:crypto';
import type { Store } from '../../../src/store/store.ts';
import type { Core, Target } from '../../../src/sync/core.ts';

/** Nothing that these answer is written by anybody in these scenarios, or it is read by nobody. */
const undisturbed =
  /^(targets|suppressions|installation|configurations|evidence|overview|wake|alarms)\.|^deliveries\.isDue$|^erasures\.(seal|renew|targets|byJob|get)$|^jobs\.|^crm\.(readJob|updateJob)$|^crm\.(organizationId|check|changeTrackingDays)$|hasNobody$|nextComparison$/;

export interface Gate {
  readonly name: string;
  readonly core: Core;
  /** The call that waits, or undefined when the worker computes or is done. */
  waiting(): string | undefined;
  isDone(): boolean;
  open(): void;
  start(work: (core: Core) => Promise<void>): void;
  seen(): string;
  /** What went wrong in the worker itself. */
  error(): unknown;
}

type Method = (...given: unknown[]) => unknown;

/** `besides` are further calls that need no gate in a scenario. */
export function gated(name: string, core: Core, besides: RegExp): Gate {
  const queue: { call: string; open: () => void }[] = [];
  let seen = '';
  let done = false;
  let failure: unknown;

  function note(text: string): void {
    seen = createHash('sha1').update(seen).update(text).digest('hex');
  }

  function wait(call: string, given: readonly unknown[]): Promise<void> | undefined {
    const isEmpty =
      given.some((part) => Array.isArray(part)) && given.every((part) => !Array.isArray(part) || part.length === 0);
    if (isEmpty || undisturbed.test(call) || besides.test(call)) return undefined;
    return new Promise((resolve) => {
      queue.push({ call, open: resolve });
    });
  }

  function port<Port extends object>(prefix: string, real: Port): Port {
    const methods = Object.entries(real).map(([property, value]) => {
      if (typeof value !== 'function') return [property, value];
      const call = `${prefix}.${property}`;
      return [
        property,
        async (...given: unknown[]): Promise<unknown> => {
          await wait(call, given);
          try {
            const answer = await (value as Method)(...given);
            note(`${call} ${JSON.stringify(answer, asText)}`);
            return answer;
          } catch (error) {
            note(`${call} failed ${String(error)}`);
            throw error;
          }
        },
      ];
    });
    return Object.fromEntries(methods) as Port;
  }

  const { store } = core;
  const families = Object.entries(store).map(([family, methods]) =>
    typeof methods === 'object' && methods !== null && family !== 'tables'
      ? [family, port(family, methods)]
      : [family, methods],
  );
  const gatedStore = {
    ...(Object.fromEntries(families) as Store),
    async transaction(work: Parameters<Store['transaction']>[0]) {
      await wait('store.transaction', []);
      return store.transaction(work);
    },
  } as Store;
  const targets = new Map(
    [...core.targets].map(([target, parts]): [typeof target, Target] => {
      const platform = port(target, parts.platform);
      return [target, { ...parts, platform, urgent: platform }];
    }),
  );
  return {
    name,
    core: { ...core, store: gatedStore, crm: port('crm', core.crm), targets },
    waiting: () => queue[0]?.call,
    isDone: () => done,
    open: () => queue.shift()?.open(),
    start(work) {
      void work(this.core)
        .catch((error: unknown) => {
          failure = error;
        })
        .finally(() => {
          done = true;
        });
    },
    seen: () => seen,
    error: () => failure,
  };
}

function asText(_key: string, value: unknown): unknown {
  if (value instanceof Set) return [...value];
  if (value instanceof Map) return [...value];
  return value;
}

/**
 * How often somebody may try a wrong token: five times a minute from one address, a hundred times from all together.
 * Guarantees: memory stays bounded by the second number. Of this process only: a fleet allows as much on each.
 */

const windowMs = 60_000;
const mostFromOne = 5;
const mostFromAll = 100;

export interface Tries {
  /** Seconds to wait before the next try; 0 when it may be now. */
  waitSeconds(address: string): number;
  failed(address: string): void;
}

export function createTries(now: () => number): Tries {
  let failures: { readonly address: string; readonly at: number }[] = [];

  return {
    waitSeconds(address) {
      failures = failures.filter(({ at }) => at > now() - windowMs);
      const own = failures.filter((failure) => failure.address === address);
      const oldest = own.length >= mostFromOne ? own[0] : failures.length >= mostFromAll ? failures[0] : undefined;
      return oldest === undefined ? 0 : Math.max(1, Math.ceil((oldest.at + windowMs - now()) / 1000));
    },
    failed(address) {
      failures.push({ address, at: now() });
    },
  };
}

/** What an HTTP client asks before each call and tells after a 429. The store keeps one for the whole fleet. */
export interface Pace {
  /** Resolves when one call may be sent; rejects when the signal aborts or the pace cannot be read (then nobody sends). */
  acquire(signal: AbortSignal): Promise<void>;
  /** A 429 was answered: nobody of the fleet sends before `retryAfterMs` from now, and the pace is lowered. */
  throttled(retryAfterMs: number): Promise<void>;
}

/** No limit at all; for services without a published one. */
export const unlimitedPace: Pace = {
  acquire: async (signal) => signal.throwIfAborted(),
  throttled: async () => undefined,
};

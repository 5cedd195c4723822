/**
 * Puts a hook before and after every method of a port. Guarantees: the method itself runs in one uninterrupted step
 * between the two, so that whoever waits at a hook decides the order in which workers meet. A hook that never settles
 * is a worker that died there.
 */
export interface PortHooks {
  /** `name.method`, before anything is done. */
  readonly before?: ((call: string) => Promise<void> | void) | undefined;
  /** The effect is there; the answer has not arrived. */
  readonly after?: ((call: string) => Promise<void> | void) | undefined;
}

type Method = (...given: unknown[]) => unknown;

export function hooked<Port extends object>(name: string, port: Port, hooks: PortHooks): Port {
  const entries = Object.entries(port).map(([property, value]) => {
    if (typeof value !== 'function') return [property, value];
    const call = `${name}.${property}`;
    const method = value as Method;
    return [
      property,
      async (...given: unknown[]): Promise<unknown> => {
        await hooks.before?.(call);
        let answer: unknown;
        let failure: { readonly error: unknown } | undefined;
        try {
          answer = await method(...given);
        } catch (error) {
          failure = { error };
        }
        await hooks.after?.(call);
        if (failure) throw failure.error;
        return answer;
      },
    ];
  });
  return Object.fromEntries(entries) as Port;
}
